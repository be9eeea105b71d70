package warehouse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// SQL runs one statement as a person typed it and copies what ClickHouse answers to out, in the statement's own FORMAT
// or else in the given one (such as TabSeparated, which has no header, or PrettyCompact for a terminal). An error of
// ClickHouse has its message. Over the native protocol, which has no output formats, the answer is TabSeparated and a
// FORMAT clause is an error.
func (w *Warehouse) SQL(ctx context.Context, statement, format string, out io.Writer) error {
	if w.url.Scheme == "clickhouse" {
		return w.sqlNative(ctx, statement, out)
	}
	res, err := w.post(ctx, statement, format)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		text, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
		return errors.Join(errors.New(strings.TrimSpace(string(text))), err)
	}
	tail := &exceptionTail{out: out, tag: res.Header.Get("X-ClickHouse-Exception-Tag")}
	if _, err := io.Copy(tail, res.Body); err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	return tail.end()
}

func (w *Warehouse) post(ctx context.Context, statement, format string) (*http.Response, error) {
	u := url.URL{Scheme: w.url.Scheme, Host: w.opt.Addr[0], Path: "/" + strings.TrimPrefix(w.opt.HttpUrlPath, "/")}
	q := url.Values{"default_format": {format}}
	for k, v := range w.opt.Settings {
		q.Set(k, fmt.Sprint(v))
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(statement))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "sluice")
	if w.opt.Auth.Username != "" {
		req.Header.Set("X-ClickHouse-User", w.opt.Auth.Username)
		req.Header.Set("X-ClickHouse-Key", w.opt.Auth.Password)
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: w.opt.TLS, DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment}}
	return client.Do(req)
}

// exceptionTail copies an answer and holds its end back, where ClickHouse writes the error of a statement that failed
// after its first rows.
type exceptionTail struct {
	out  io.Writer
	tag  string
	held []byte
}

// heldBytes is more than ClickHouse writes about an exception.
const heldBytes = 64 << 10

// Write takes a piece of the answer.
func (e *exceptionTail) Write(p []byte) (int, error) {
	e.held = append(e.held, p...)
	if over := len(e.held) - heldBytes; over > 0 && !e.framed() {
		if _, err := e.out.Write(e.held[:over]); err != nil {
			return 0, err
		}
		e.held = append(e.held[:0], e.held[over:]...)
	}
	return len(p), nil
}

func (e *exceptionTail) frame() []byte {
	return []byte("\r\n__exception__\r\n" + e.tag + "\r\n")
}

func (e *exceptionTail) framed() bool { return e.tag != "" && bytes.Contains(e.held, e.frame()) }

// end writes what was held back, and returns the error that stands there.
func (e *exceptionTail) end() error {
	rows, text := e.held, []byte(nil)
	if e.framed() {
		rows, text, _ = bytes.Cut(e.held, e.frame())
	}
	if _, err := e.out.Write(rows); err != nil {
		return err
	}
	if text == nil {
		return nil
	}
	if i := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte(" "+e.tag+"\r\n__exception__\r\n")), '\n'); i >= 0 {
		text = text[:i] // the line with the message's length
	}
	return errors.New(strings.TrimSpace(string(text)))
}

// sqlNative lets the server make the text of every value: a statement that gives rows is asked for as strings.
func (w *Warehouse) sqlNative(ctx context.Context, statement string, out io.Writer) error {
	statement = strings.TrimRight(strings.TrimSpace(statement), "; \t\r\n")
	if !givesRows(statement) {
		return w.conn.Exec(ctx, statement)
	}
	rows, err := w.conn.Query(ctx, "SELECT formatRow('TabSeparated', *) AS line FROM ("+statement+"\n)")
	if err != nil {
		return plain(err)
	}
	defer func() { _ = rows.Close() }()
	var line string
	for rows.Next() {
		if err := rows.Scan(&line); err != nil {
			return err
		}
		if _, err := io.WriteString(out, line); err != nil {
			return err
		}
	}
	return plain(rows.Err())
}

// givesRows says whether a statement can stand in a subquery.
func givesRows(statement string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(statement, "( \t\r\n"), " ")
	switch strings.ToUpper(strings.TrimSpace(word)) {
	case "SELECT", "WITH", "SHOW", "DESCRIBE", "DESC", "EXISTS", "EXPLAIN":
		return true
	}
	return false
}

// plain is an exception with ClickHouse's own message alone.
func plain(err error) error {
	if ex := (*driver.Exception)(nil); errors.As(err, &ex) {
		return fmt.Errorf("clickhouse: code %d: %s", ex.Code, ex.Message)
	}
	return err
}
