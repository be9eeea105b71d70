package clickhouse

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	chcompress "github.com/ClickHouse/ch-go/compress"
	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// hello is the first statement of clickhouse-go on every connection.
const hello = "SELECT displayName(), version(), revision(), timezone()"

// isHello looks whether the body is the driver's hello; it returns what the body is afterwards.
func (q *request) isHello(sql string, body io.Reader) (bool, io.Reader, error) {
	if sql != "" || !strings.Contains(q.r.UserAgent(), "clickhouse-go/") || q.r.ContentLength != int64(len(hello)) {
		return false, body, nil
	}
	b, err := io.ReadAll(body)
	return string(b) == hello, bytes.NewReader(b), err
}

// hello answers it. The driver reads this block in the layout of its own protocol version, and everything after it in
// the layout of the revision that it is told here. The engine always writes blocks of revision 0 (without block info,
// without the byte for custom serialization), so 0 is what it is told.
func (q *request) hello() error {
	var b chproto.Buffer
	b.Buf = append(b.Buf, 1, 0, 2, 0xff, 0xff, 0xff, 0xff, 0) // block info: not an overflow, no bucket
	b.PutUVarInt(4)                                           // columns
	b.PutUVarInt(1)                                           // rows
	for _, c := range [][2]string{{"displayName()", "embedded"}, {"version()", q.version}, {"revision()", ""}, {"timezone()", q.zone}} {
		b.PutString(c[0])
		if c[0] == "revision()" {
			b.PutString("UInt32")
			b.PutByte(0)
			b.PutUInt32(0)
			continue
		}
		b.PutString("String")
		b.PutByte(0)
		b.PutString(c[1])
	}
	q.start("Native")
	_, err := q.out.Write(b.Buf)
	return err
}

var contentTypes = map[string]string{
	"TABSEPARATED": "text/tab-separated-values; charset=UTF-8", "TSV": "text/tab-separated-values; charset=UTF-8",
	"CSV": "text/csv; charset=UTF-8", "JSON": "application/json; charset=UTF-8", "JSONCOMPACT": "application/json; charset=UTF-8",
	"JSONEACHROW": "application/x-ndjson; charset=UTF-8", "PRETTYCOMPACT": "text/plain; charset=UTF-8",
}

// start sends the headers and sets up where the result goes, once.
func (q *request) start(format string) {
	if q.sent {
		return
	}
	q.sent = true
	h := q.w.Header()
	h.Set("X-ClickHouse-Format", format)
	h.Set("Content-Type", first(contentTypes[strings.ToUpper(format)], "application/octet-stream"))
	q.out = q.w
	switch {
	case truthy(q.p.Get("compress")):
		m := chcompress.LZ4
		if strings.EqualFold(q.p.Get("network_compression_method"), "ZSTD") {
			m = chcompress.ZSTD
		}
		q.out = &blockWriter{w: q.w, c: chcompress.NewWriter(chcompress.Level(0), m)}
	case truthy(q.p.Get("enable_http_compression")):
		if w, name := encoder(q.r.Header.Get("Accept-Encoding"), q.w); w != nil {
			h.Set("Content-Encoding", name)
			q.out, q.finish = w, w.Close
		}
	}
}

// encoder returns the compressor for the first of these encodings that the client accepts, nil for none.
func encoder(accepted string, w io.Writer) (io.WriteCloser, string) {
	const level = 3
	switch {
	case strings.Contains(accepted, "br"):
		return brotli.NewWriterLevel(w, level), "br"
	case strings.Contains(accepted, "gzip"):
		z, _ := gzip.NewWriterLevel(w, level) // fails for a wrong level only
		return z, "gzip"
	case strings.Contains(accepted, "deflate"):
		z, _ := zlib.NewWriterLevel(w, level)
		return z, "deflate"
	case strings.Contains(accepted, "zstd"):
		z, _ := zstd.NewWriter(w)
		return z, "zstd"
	}
	return nil, ""
}

// blockWriter frames every write as ClickHouse's compressed blocks of at most 1 MiB.
type blockWriter struct {
	w io.Writer
	c *chcompress.Writer
}

func (b *blockWriter) Write(p []byte) (int, error) {
	for i := 0; i < len(p); i += 1 << 20 {
		if err := b.c.Compress(p[i:min(i+1<<20, len(p))]); err != nil {
			return 0, err
		}
		if _, err := b.w.Write(b.c.Data); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (q *request) summary(s stats) {
	n := func(v uint64) string { return strconv.FormatUint(v, 10) }
	b, _ := json.Marshal(map[string]string{ // a map of strings always has a JSON form
		"read_rows": n(s.readRows), "read_bytes": n(s.readBytes), "written_rows": n(s.wroteRows), "written_bytes": n(s.wroteBytes),
		"result_rows": n(s.rows), "elapsed_ns": strconv.FormatInt(int64(s.seconds*1e9), 10)})
	q.w.Header().Set("X-ClickHouse-Summary", string(b))
}

// tag is what frames an exception in the middle of a result.
func (q *request) tag() string { return q.id[:16] }

var (
	rewrapped = regexp.MustCompile(`^(Code: \d+\. DB::Exception: )(?:Code: \d+\. DB::Exception: )+`)
	version   = regexp.MustCompile(` \(version [0-9.]+\)\.? ?`)
)

// fail sends the error: as a status before the first byte, in band after it.
func (q *request) fail(err error) {
	if errors.Is(err, context.Canceled) && !q.sent {
		return // the client has gone away
	}
	code := codeOf(err)
	msg := rewrapped.ReplaceAllString(err.Error(), "$1")
	if !strings.HasPrefix(msg, "Code: ") {
		msg = "Code: " + strconv.Itoa(code) + ". DB::Exception: " + msg + " (STD_EXCEPTION)"
	}
	msg = strings.TrimRight(version.ReplaceAllString(msg, " "), " .") + " (version " + q.version + " (embedded))\n"
	if q.sent {
		if b, ok := q.out.(*blockWriter); ok {
			// Clients look for the text in the raw bytes: a frame that is not compressed.
			b.c = chcompress.NewWriter(chcompress.Level(0), chcompress.None)
		}
		_, _ = fmt.Fprintf(q.out, "\r\n__exception__\r\n%s\r\n%s%d %s\r\n__exception__\r\n", q.tag(), msg, len(msg), q.tag())
		return
	}
	q.sent = true
	h := q.w.Header()
	h.Del("X-ClickHouse-Summary")
	h.Set("Content-Type", "text/plain; charset=UTF-8")
	h.Set("X-ClickHouse-Exception-Code", strconv.Itoa(code))
	st := status(code)
	if st == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Basic realm="ClickHouse server HTTP API"`)
	}
	q.w.WriteHeader(st)
	var out io.Writer = q.w
	if truthy(q.p.Get("compress")) {
		out = &blockWriter{w: q.w, c: chcompress.NewWriter(chcompress.Level(0), chcompress.LZ4)}
	}
	_, _ = io.WriteString(out, msg)
}
