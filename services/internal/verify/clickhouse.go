package verify

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// clickHouse asks a ClickHouse over its HTTP interface, with nothing but net/http.
type clickHouse struct {
	base           string // scheme://host:port/
	user, password string
	client         *http.Client
}

// The ports of ClickHouse's HTTP interface, and what says in a DSN that the connection is encrypted.
const (
	httpPort  = "8123"
	httpsPort = "8443"
)

// HTTPInterface derives the URL of ClickHouse's HTTP interface from a DSN: an http or https one is itself; of a
// clickhouse:// one, which names the port of the native protocol, host, user and password are taken, with the HTTP
// interface's own port. secure asks for TLS even where the DSN does not. derived says that the port was a guess, which a
// person should hear of.
func HTTPInterface(dsn string, secure bool) (u *url.URL, derived bool, err error) {
	u, err = url.Parse(dsn)
	if err != nil || u.Host == "" {
		return nil, false, errors.New("clickhouse: it is no URL: want http://user:password@host:8123")
	}
	q := u.Query()
	secure = secure || q.Get("secure") == "true" || u.Scheme == "https"
	switch u.Scheme {
	case "http", "https":
	case "clickhouse":
		derived = true
		first, _, _ := strings.Cut(u.Host, ",")
		host, _, err := net.SplitHostPort(first)
		if err != nil {
			host = strings.Trim(first, "[]")
		}
		port := httpPort
		if secure {
			port = httpsPort
		}
		u.Host = net.JoinHostPort(host, port)
	default:
		return nil, false, fmt.Errorf("clickhouse: scheme %q: want http, https or clickhouse", u.Scheme)
	}
	u.Scheme = "http"
	if secure {
		u.Scheme = "https"
	}
	if u.User == nil && q.Get("username") != "" {
		u.User = url.UserPassword(q.Get("username"), q.Get("password"))
	}
	u.Path, u.RawQuery = "/", ""
	return u, derived, nil
}

func openClickHouse(s ClickHouse, patience time.Duration) (*clickHouse, error) {
	u, _, err := HTTPInterface(s.DSN, s.TLS != nil)
	if err != nil {
		return nil, err
	}
	c := &clickHouse{base: u.Scheme + "://" + u.Host + "/", user: u.User.Username()}
	c.password, _ = u.User.Password()
	if c.user == "" {
		c.user, c.password = s.User, s.Password
	} else if c.password == "" {
		c.password = s.Password
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = s.TLS
	transport.DialContext = (&net.Dialer{Timeout: patience}).DialContext
	transport.TLSHandshakeTimeout = patience
	c.client = &http.Client{Transport: transport}
	return c, nil
}

func (c *clickHouse) close() { c.client.CloseIdleConnections() }

// external is a table that is sent beside a statement: TabSeparated rows under a name.
type external struct {
	name, structure string
	rows            bytes.Buffer
	n               int
}

// add appends a row; texts are escaped.
func (e *external) add(values ...any) {
	for i, v := range values {
		if i > 0 {
			e.rows.WriteByte('\t')
		}
		if text, ok := v.(string); ok {
			_, _ = tsvEscaper.WriteString(&e.rows, text) // to memory
			continue
		}
		fmt.Fprint(&e.rows, v)
	}
	e.rows.WriteByte('\n')
	e.n++
}

var tsvEscaper = strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`, "\x00", `\0`)

func (e *external) reset() { e.rows.Reset(); e.n = 0 }

// settings are those on which the meaning of an answer depends. What a profile of the server says of them does not count:
// by some, half an answer looks like a whole one, and what is missing like what is there.
var settings = map[string]string{
	"default_format": "JSONCompactEachRow", "output_format_json_quote_64bit_integers": "0",
	"result_overflow_mode": "throw", "read_overflow_mode": "throw", "timeout_overflow_mode": "throw", "set_overflow_mode": "throw",
	"join_overflow_mode": "throw", "group_by_overflow_mode": "throw", "distinct_overflow_mode": "throw", "sort_overflow_mode": "throw",
	"limit": "0", "offset": "0", "use_query_cache": "0", "skip_unavailable_shards": "0",
	"join_use_nulls": "0", "join_default_strictness": "ALL", "transform_null_in": "0", "prefer_column_name_to_alias": "0",
}

// rowBytes bounds one row of an answer: a transfer of a thousand addresses with its hits fits.
const rowBytes = 16 << 20

// query runs a statement and calls each for every row, a JSON array, which is valid only during the call.
func (c *clickHouse) query(ctx context.Context, sql string, ext *external, each func(row []byte) error) error {
	body, kind, err := c.body(sql, ext)
	if err != nil {
		return err
	}
	q := url.Values{}
	for name, value := range settings {
		q.Set(name, value)
	}
	if ext != nil {
		q.Set(ext.name+"_structure", ext.structure)
		q.Set(ext.name+"_format", "TabSeparated")
		q.Set("query", sql)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"?"+q.Encode(), body)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", kind)
	if c.user != "" {
		req.Header.Set("X-ClickHouse-User", c.user)
		req.Header.Set("X-ClickHouse-Key", c.password)
	}
	res, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("ClickHouse: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 4<<10))
		return fmt.Errorf("ClickHouse: %s: %s", res.Status, strings.TrimSpace(string(text)))
	}
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(make([]byte, 256<<10), rowBytes)
	for lines.Scan() {
		line := lines.Bytes()
		if len(line) == 0 {
			continue
		}
		if line[0] != '[' { // what goes wrong after the first rows is told in the middle of the answer
			return fmt.Errorf("ClickHouse: %.1000s", line)
		}
		if err := each(line); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("ClickHouse: answer: %w", err)
	}
	return nil
}

// body is the statement, or the external table where there is one.
func (c *clickHouse) body(sql string, ext *external) (io.Reader, string, error) {
	if ext == nil {
		return strings.NewReader(sql), "text/plain", nil
	}
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile(ext.name, ext.name)
	if err == nil {
		_, err = part.Write(ext.rows.Bytes())
	}
	if err == nil {
		err = w.Close()
	}
	return &b, w.FormDataContentType(), err
}

// scan decodes a row into pointers, one for each column.
func scan(row []byte, into ...any) error {
	n := len(into)
	if err := json.Unmarshal(row, &into); err != nil {
		return fmt.Errorf("ClickHouse: row %.200s: %w", row, err)
	}
	if len(into) != n {
		return fmt.Errorf("ClickHouse: row of %d columns, want %d: %.200s", len(into), n, row)
	}
	return nil
}

// one runs a statement whose answer is one row.
func (c *clickHouse) one(ctx context.Context, sql string, into ...any) error {
	found := false
	err := c.query(ctx, sql, nil, func(row []byte) error {
		found = true
		return scan(row, into...)
	})
	if err == nil && !found {
		err = fmt.Errorf("ClickHouse: no answer to %.200s", sql)
	}
	return err
}

// quoted is text as a literal of SQL.
func quoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(text) + "'"
}
