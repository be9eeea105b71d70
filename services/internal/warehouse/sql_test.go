package warehouse

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func sqlText(t testing.TB, w *Warehouse, statement string) string {
	t.Helper()
	var out bytes.Buffer
	if err := w.SQL(t.Context(), statement, "TabSeparated", &out); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return out.String()
}

func TestSQLFormats(t *testing.T) {
	w := open(t)
	for statement, want := range map[string]string{
		"SELECT 1, 'a\tb'":                 "1\ta\\tb\n",
		"SELECT 1 AS x FORMAT JSONEachRow": "{\"x\":1}\n",
		"SELECT 1 WHERE 0":                 "",
		"SELECT 1;":                        "1\n",
		"CREATE TABLE IF NOT EXISTS default.nothing (a UInt8) ENGINE = Memory": "",
	} {
		if got := sqlText(t, w, statement); got != want {
			t.Errorf("%s: %q, want %q", statement, got, want)
		}
	}
	var out bytes.Buffer
	must(t, w.SQL(t.Context(), "SELECT 1 AS x", "PrettyCompact", &out))
	if !strings.Contains(out.String(), "x") || !strings.Contains(out.String(), "┌") {
		t.Errorf("%s", out.String())
	}
}

func TestSQLShowsClickHousesMessage(t *testing.T) {
	w := open(t)
	var out bytes.Buffer
	if err := w.SQL(t.Context(), "SELECT * FROM nosuch", "TabSeparated", &out); err == nil || !strings.Contains(err.Error(), "UNKNOWN_TABLE") {
		t.Errorf("%v", err)
	}
	out.Reset()
	err := w.SQL(t.Context(), "SELECT number, throwIf(number = 200000, 'boo') FROM numbers(300000) SETTINGS max_threads = 1", "TabSeparated", &out)
	if err == nil || !strings.Contains(err.Error(), "boo") || strings.Contains(err.Error(), "__exception__") {
		t.Errorf("%v", err)
	}
	// How many rows are on their way when it fails is the server's affair; what comes is whole rows, and no message.
	if got := out.String(); got != "" && (!strings.HasPrefix(got, "0\t0\n") || strings.Contains(got, "exception") || !strings.HasSuffix(got, "\t0\n")) {
		t.Errorf("the rows before the failure: %.40q … %q", out.String(), out.String()[max(0, out.Len()-40):])
	}
	gone, err := Open(Config{DSN: "http://127.0.0.1:1"})
	must(t, err)
	if err := gone.SQL(t.Context(), "SELECT 1", "TabSeparated", &out); err == nil {
		t.Error("no error without a server")
	}
}

func TestSQLOfManyRowsIsWhole(t *testing.T) {
	w := open(t)
	var out bytes.Buffer
	must(t, w.SQL(t.Context(), "SELECT number FROM numbers(300000)", "TabSeparated", &out))
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != 300000 {
		t.Errorf("%d lines", n)
	}
	if err := w.SQL(t.Context(), "SELECT number FROM numbers(300000)", "TabSeparated", failing{}); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
}

var errFull = errors.New("full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }
