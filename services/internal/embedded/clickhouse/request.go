package clickhouse

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	chcompress "github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// request is one statement on its way through.
type request struct {
	*front
	w      http.ResponseWriter
	r      *http.Request
	p      url.Values
	id     string // unique; the statement carries it in its log_comment, by which kill finds it
	conn   *conn
	out    io.Writer
	finish func() error // ends the compression
	sent   bool         // the status has gone out: a failure must go in band
}

// reserved are parameters of the URL that are not settings.
var reserved = map[string]bool{
	"query": true, "database": true, "default_format": true, "user": true, "password": true, "quota_key": true, "query_id": true,
	"compress": true, "decompress": true, "client_protocol_version": true, "stacktrace": true, "buffer_size": true,
	"wait_end_of_query": true, "role": true, "enable_http_compression": true, "http_zlib_compression_level": true,
}

// serve reads the request, sets the session up, and runs the statement.
func (q *request) serve() error {
	if err := q.allowed(q.r); err != nil {
		return err
	}
	if q.p.Get("session_id") != "" {
		return exception{48, "Sessions are not available in the embedded server. (NOT_IMPLEMENTED)"}
	}
	body, err := q.body()
	if err != nil {
		return err
	}
	h := q.w.Header()
	h.Set("X-ClickHouse-Server-Display-Name", "embedded")
	h.Set("X-ClickHouse-Timezone", q.zone)
	h.Set("X-ClickHouse-Query-Id", first(q.p.Get("query_id"), q.id))
	h.Set("X-ClickHouse-Exception-Tag", q.tag())

	sql := q.p.Get("query")
	tables, body, err := q.multipart(&sql, body)
	if err != nil {
		return err
	}
	isHello, body, err := q.isHello(sql, body)
	if err != nil {
		return err
	}
	if isHello {
		return q.hello()
	}

	c, done, err := q.connection(q.r.Context())
	if err != nil {
		return err
	}
	defer done()
	q.conn = c
	stop := q.watch()
	defer stop()
	if err := q.session(tables); err != nil {
		return err
	}
	return q.statement(sql, body)
}

// session applies the settings, the database and the external tables of the request.
func (q *request) session(tables []table) error {
	if err := q.settings(tables); err != nil {
		return err
	}
	if db := first(q.r.Header.Get("X-ClickHouse-Database"), q.p.Get("database")); db != "" {
		if err := q.conn.exec("USE " + quotedName(db)); err != nil {
			return err
		}
	}
	for _, t := range tables {
		if err := q.external(t); err != nil {
			return err
		}
	}
	if q.r.Method == http.MethodGet || q.r.Method == http.MethodHead {
		return q.conn.exec("SET readonly = 2")
	}
	return nil
}

// statement finds out whether sql, or the head of the body when there is none, is an INSERT with a body, and runs it.
func (q *request) statement(sql string, body io.Reader) error {
	if sql == "" {
		head := make([]byte, 256<<10) // an INSERT's own text is shorter
		n, err := fill(body, head)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		sql = string(head[:n])
	}
	if ins, ok := splitInsert(sql); ok {
		return q.insert(ins, io.MultiReader(strings.NewReader(sql[ins.data:]), body))
	}
	rest, err := io.ReadAll(io.LimitReader(body, statementBytes+1))
	if err != nil {
		return err
	}
	sql += string(rest)
	switch {
	case len(sql) > statementBytes:
		return exception{62, fmt.Sprintf("The statement is longer than %d bytes. (SYNTAX_ERROR)", statementBytes)}
	case strings.TrimSpace(sql) == "":
		return exception{62, "Empty query. (SYNTAX_ERROR)"}
	case many(sql):
		return exception{62, "Syntax error (Multi-statements are not allowed). (SYNTAX_ERROR)"}
	}
	if err := inside(sql); err != nil {
		return err
	}
	return q.query(sql, first(q.r.Header.Get("X-ClickHouse-Format"), q.p.Get("default_format"), "TabSeparated"))
}

// inside refuses what the grants do not: the library is a server and the client on its machine in one.
func inside(sql string) error {
	if clientSide(sql) {
		return exception{48, "INTO OUTFILE and FROM INFILE are not available over HTTP. (NOT_IMPLEMENTED)"}
	}
	if name, yes := reaches(sql); yes {
		return exception{497, user + ": Not enough privileges. The embedded server has no " + strings.ToLower(name) + "(). (ACCESS_DENIED)"}
	}
	return nil
}

// body undoes Content-Encoding and decompress=1.
func (q *request) body() (io.Reader, error) {
	var r io.Reader = q.r.Body
	var err error
	switch enc := q.r.Header.Get("Content-Encoding"); enc {
	case "", "identity":
	case "gzip":
		r, err = gzip.NewReader(r)
	case "deflate":
		r, err = zlib.NewReader(r)
	case "br":
		r = brotli.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	default:
		return nil, exception{48, "Unknown compression method: " + enc + ". (NOT_IMPLEMENTED)"}
	}
	if err == nil && truthy(q.p.Get("decompress")) {
		r = plainEOF{chcompress.NewReader(r)}
	}
	return r, err
}

// plainEOF makes the wrapped end of the block reader a plain one, which the io package insists on.
type plainEOF struct{ *chcompress.Reader }

func (b plainEOF) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && errors.Is(err, io.EOF) {
		err = io.EOF
	}
	return n, err
}

func truthy(s string) bool { return s == "1" || s == "true" }

// table is an external table, sent beside the statement.
type table struct {
	name, format, structure string
	data                    []byte
}

// multipart takes the parts of a form apart: the statement, its parameters, external tables. It returns the body that
// is left.
func (q *request) multipart(sql *string, body io.Reader) ([]table, io.Reader, error) {
	kind, args, _ := mime.ParseMediaType(q.r.Header.Get("Content-Type")) // what cannot be read is no form
	if kind != "multipart/form-data" {
		return nil, body, nil
	}
	var tables []table
	left := int64(externalBytes)
	mr := multipart.NewReader(body, args["boundary"])
	for {
		p, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return tables, bytes.NewReader(nil), nil
		}
		if err != nil {
			return nil, nil, err
		}
		b, err := io.ReadAll(io.LimitReader(p, left+1))
		if err != nil {
			return nil, nil, err
		}
		if left -= int64(len(b)); left < 0 {
			return nil, nil, exception{161, fmt.Sprintf("External tables are larger than %d bytes. (TOO_MANY_COLUMNS)", externalBytes)}
		}
		switch n := p.FormName(); {
		case p.FileName() == "" && n == "query":
			*sql += string(b)
		case strings.HasPrefix(n, "param_"):
			q.p.Set(n, string(b))
		default:
			tables = append(tables, table{n, first(q.p.Get(n+"_format"), "TabSeparated"), q.p.Get(n + "_structure"), b})
		}
	}
}

func (q *request) external(t table) error {
	if err := q.conn.exec("CREATE TEMPORARY TABLE " + quotedName(t.name) + " (" + t.structure + ")"); err != nil {
		return err
	}
	return q.feed(insertion{head: "INSERT INTO " + quotedName(t.name), format: t.format}, bytes.NewReader(t.data))
}

// settings turns every parameter of the URL that has no meaning of its own into a setting, as the server does.
func (q *request) settings(tables []table) error {
	own := func(k string) bool {
		return reserved[k] || strings.HasPrefix(k, "param_") || slices.ContainsFunc(tables, func(t table) bool {
			return k == t.name+"_format" || k == t.name+"_structure" || k == t.name+"_types"
		})
	}
	set := []string{"log_comment = " + quoted(strings.TrimSpace(q.id+" "+q.p.Get("log_comment")))}
	for k, v := range q.p {
		if own(k) || k == "log_comment" {
			continue
		}
		if strings.ContainsFunc(k, func(r rune) bool { return r > 127 || !isWord(byte(r)) }) || k == "" {
			return exception{115, "Unknown setting " + quoted(k) + ". (UNKNOWN_SETTING)"}
		}
		set = append(set, k+" = "+quoted(v[0]))
	}
	return q.conn.exec("SET " + strings.Join(set, ", "))
}

func (q *request) params() (ps []param) {
	for k, v := range q.p {
		if name, ok := strings.CutPrefix(k, "param_"); ok {
			ps = append(ps, param{name, v[0]})
		}
	}
	return ps
}

// watch kills the running statement when the client goes away, until the function that it returns is called.
func (q *request) watch() func() {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		select {
		case <-done:
		case <-q.r.Context().Done():
			q.kill(q.id)
		}
	})
	return func() { close(done); wg.Wait() }
}
