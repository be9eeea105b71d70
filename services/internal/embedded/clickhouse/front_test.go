package clickhouse

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNothingReachesFilesOrOtherServers(t *testing.T) {
	e := need(t)
	secret := filepath.Join(t.TempDir(), "secret.csv")
	must(t, os.WriteFile(secret, []byte("1,secret\n"), 0o644))
	target := filepath.Join(t.TempDir(), "out.csv")
	for _, statement := range []string{
		"SELECT * FROM file('" + secret + "', 'CSV', 'a UInt8, b String')",
		"SELECT * FROM file('../users.xml', 'LineAsString', 'l String')",
		"INSERT INTO FUNCTION file('" + target + "', 'CSV', 'a UInt8') SELECT 1",
		"SELECT 1 INTO OUTFILE '" + target + "'",
		"select 1 into/**/outfile '" + target + "' format CSV",
		"CREATE TABLE IF NOT EXISTS f1 (a UInt8) ENGINE = Memory",
		"INSERT INTO f1 FROM INFILE '" + secret + "' FORMAT CSV",
		"SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a UInt8')",
		"SELECT * FROM remote('127.0.0.1:1', system.one)",
		"SELECT * FROM s3('http://127.0.0.1:1/bucket/key', 'CSV', 'a UInt8')",
		"SELECT * FROM icebergLocal('/etc')",
		"SELECT * FROM filesystem('/etc')",
		"SELECT file('" + secret + "')",
		"SELECT `fi\\le` /* x */ -- y\n ('" + secret + "')",
		"SELECT \"FILE\"('" + secret + "')",
		"INSERT INTO f1 VALUES (length(file('" + secret + "')))",
		"CREATE TABLE f9 (a String DEFAULT file('" + secret + "')) ENGINE = Memory",
		"SELECT 1 FORMAT Template SETTINGS format_template_resultset = '" + secret + "'",
		"CREATE DICTIONARY f5 (a UInt64, b String) PRIMARY KEY a SOURCE(HTTP(url 'http://127.0.0.1:1/' format 'CSV')) LAYOUT(FLAT()) LIFETIME(0)",
		"CREATE TABLE f6 (a UInt8) ENGINE = Executable('x.sh', TSV)",
		"SYSTEM SHUTDOWN",
		"SELECT * FROM executable('/bin/cat', 'TSV', 'a String', (SELECT 1))",
		"SELECT * FROM mysql('127.0.0.1:1', 'd', 't', 'u', 'p')",
		"SELECT * FROM sqlite('" + secret + "', 't')",
		"SELECT * FROM python('x')",
		"CREATE TABLE f2 (a UInt8, b String) ENGINE = File(CSV, '" + secret + "')",
		"CREATE TABLE f3 (a UInt8) ENGINE = URL('http://127.0.0.1:1/', 'CSV')",
		"CREATE DATABASE f4 ENGINE = Filesystem('/')",
		"BACKUP TABLE system.one TO File('" + target + "')",
		"CREATE USER x IDENTIFIED BY 'y'",
		"GRANT FILE ON *.* TO default",
		"SELECT 1; SELECT 2",
	} {
		code, body := post(t, e, statement)
		if strings.HasPrefix(statement, "CREATE TABLE IF NOT EXISTS f1") {
			if code != 200 {
				t.Errorf("%s: %s", statement, body)
			}
			continue
		}
		if code == 200 || strings.Contains(body, "secret\n") || !strings.HasPrefix(body, "Code: ") {
			t.Errorf("%s: %d %s", statement, code, body)
		}
	}
	if _, err := os.Stat(target); err == nil {
		t.Error("a file was written")
	}
}

func TestBodyOfAnInsertIsDataToItsEnd(t *testing.T) {
	e := need(t)
	post(t, e, "CREATE OR REPLACE TABLE bodies (a String) ENGINE = MergeTree ORDER BY a")
	for _, body := range []string{
		"INSERT INTO bodies FORMAT JSONEachRow\n{\"a\":\"1\"}\n\n{\"a\":\"2\"}\n",
		"INSERT INTO bodies VALUES ('3'), ('4; DROP TABLE bodies')",
		"INSERT INTO bodies (a) SETTINGS max_threads = 1 FORMAT TSV\n5\n6\n",
	} {
		if code, out := post(t, e, body); code != 200 {
			t.Errorf("%q: %s", body, out)
		}
	}
	// What follows a blank line is data too, never a statement.
	if code, out := post(t, e, "INSERT INTO bodies FORMAT JSONEachRow\n{\"a\":\"7\"}\n\nDROP TABLE bodies"); code == 200 {
		t.Errorf("taken: %s", out)
	}
	if _, out := post(t, e, "SELECT count() FROM bodies"); out != "6\n" {
		t.Errorf("%s rows, want 6", out)
	}
	if code, out := post(t, e, "SELECT a FROM bodies WHERE a = {x:String}", "param_x", "5"); code != 200 || out != "5\n" {
		t.Errorf("%d %q", code, out)
	}
}

func TestBodyThatIsTornOffLeavesNothing(t *testing.T) {
	e := need(t)
	post(t, e, "CREATE OR REPLACE TABLE torn (a UInt64) ENGINE = MergeTree ORDER BY a")
	u, err := url.Parse(e.DSN())
	must(t, err)
	c, err := net.Dial("tcp", u.Host)
	must(t, err)
	password, _ := u.User.Password()
	_, err = io.WriteString(c, "POST /?query=INSERT+INTO+torn+FORMAT+TSV&user=default&password="+password+" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1\n2\n\r\n")
	must(t, err)
	eventually(t, "the insert runs", func() bool {
		_, out := post(t, e, "SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO torn%'")
		return out == "1\n"
	})
	must(t, c.Close())
	eventually(t, "the insert has ended", func() bool {
		_, out := post(t, e, "SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO torn%'")
		return out == "0\n"
	})
	if _, out := post(t, e, "SELECT count() FROM torn"); out != "0\n" {
		t.Errorf("%s rows of a body that never ended", out)
	}
}

func TestGetCannotWrite(t *testing.T) {
	e := need(t)
	res, err := http.Get(e.DSN() + "/?query=CREATE+TABLE+g+(a+UInt8)+ENGINE=Memory")
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode == 200 {
		t.Error("a GET made a table")
	}
	res, err = http.Get(e.DSN() + "/?query=SELECT+%7Bx:UInt8%7D%2B1&param_x=4&default_format=JSONEachRow")
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	if b, _ := io.ReadAll(res.Body); string(b) != "{\"plus(_CAST(4, 'UInt8'), 1)\":5}\n" && !strings.Contains(string(b), ":5}") {
		t.Errorf("%s", b)
	}
}

func TestLimitsOfMemoryAreInForce(t *testing.T) {
	e := need(t)
	if _, out := post(t, e, "SELECT value FROM system.server_settings WHERE name IN ('max_server_memory_usage', 'mark_cache_size') ORDER BY name"); out != "134217728\n2147483648\n" {
		t.Errorf("%q", out)
	}
	start := time.Now()
	if code, out := post(t, e, "SELECT length(groupArray(number)) FROM numbers(400000000)"); code == 200 || !strings.Contains(out, "MEMORY_LIMIT") {
		t.Errorf("after %v: %d %.200s", time.Since(start), code, out)
	}
	if code, out := post(t, e, "SELECT 1"); code != 200 {
		t.Error(out)
	}
}

func TestUnknownAndUnsupportedAreRefused(t *testing.T) {
	e := need(t)
	for _, c := range []struct {
		body   string
		params []string
		want   string
	}{
		{"SELECT 1", []string{"session_id", "x"}, "Code: 48."},
		{"SELECT 1", []string{"bad-name", "1"}, "Code: 115."},
		{"SELECT 1", []string{"nosuchsetting", "1"}, "Code: 115."},
		{" \n", nil, "Code: 62."},
		{"SELECT 1", []string{"database", "no`such"}, "Code: 81."},
		{"SELECT '" + strings.Repeat("x", statementBytes) + "'", nil, "Code: 62."},
	} {
		if code, out := post(t, e, c.body, c.params...); code == 200 || !strings.HasPrefix(out, c.want) {
			t.Errorf("%.20q %v: %d %.200s, want %s", c.body, c.params, code, out, c.want)
		}
	}
}
