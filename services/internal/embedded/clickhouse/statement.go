package clickhouse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	chproto "github.com/ClickHouse/ch-go/proto"
)

// query runs a statement without a body. A SELECT in a format whose pieces can be joined is streamed, everything else
// is collected first.
func (q *request) query(sql, format string) error {
	name, _ := outputFormat(sql)
	out := first(name, format)
	kind := firstWord(sql)
	if kind != "SELECT" && kind != "WITH" || !joined[strings.ToUpper(out)] || truthy(q.p.Get("wait_end_of_query")) {
		return q.whole(sql, format, out)
	}
	st, err := q.conn.stream(sql, format, q.params())
	if err != nil {
		if strings.Contains(err.Error(), "Streaming query is not supported") { // WITH .. INSERT
			return q.whole(sql, format, out)
		}
		return err
	}
	defer st.close()
	for n := 0; ; n++ {
		r, ok, err := st.next()
		if err != nil {
			return err
		}
		if !ok {
			if n == 0 {
				return q.header(sql, out)
			}
			return nil
		}
		if n == 0 {
			q.start(out)
		}
		_, err = q.out.Write(r.bytes())
		r.free()
		if err == nil {
			err = q.r.Context().Err()
		}
		if err != nil {
			st.cancel()
			return err
		}
	}
}

func (q *request) whole(sql, format, out string) error {
	r, err := q.conn.run(sql, format, q.params())
	defer r.free()
	if err != nil {
		return err
	}
	q.summary(r.stats())
	if len(r.bytes()) == 0 {
		q.w.Header().Set("Content-Length", "0") // for clickhouse-go: there is no block to read
		q.sent = true
		return nil
	}
	q.start(out)
	_, err = q.out.Write(r.bytes())
	return err
}

// header writes what an empty result looks like. The engine's streams have no block at all for it; DESCRIBE gives the
// names and types without running the query.
func (q *request) header(sql, out string) error {
	if !strings.EqualFold(out, "Native") {
		q.start(out)
		return nil
	}
	_, at := outputFormat(sql)
	lines, err := q.conn.text("DESCRIBE TABLE ("+strings.TrimRight(sql[:at], "; \r\n\t")+"\n)", "JSONCompactEachRow", q.params())
	if err != nil {
		return err
	}
	var b chproto.Buffer
	columns := bytes.Split(bytes.TrimSpace([]byte(lines)), []byte("\n"))
	b.PutUVarInt(uint64(len(columns)))
	b.PutUVarInt(0) // rows
	for _, line := range columns {
		var c []string
		if err := json.Unmarshal(line, &c); err != nil || len(c) < 2 {
			return errors.Join(errors.New("DESCRIBE gave no name and type"), err)
		}
		b.PutString(c[0])
		b.PutString(c[1])
	}
	q.start(out)
	_, err = q.out.Write(b.Buf)
	return err
}

func (q *request) insert(ins insertion, data io.Reader) error {
	if err := inside(ins.head); err != nil {
		return err
	}
	if strings.EqualFold(ins.format, "Values") { // the one format whose data may hold expressions
		b, err := io.ReadAll(io.LimitReader(data, statementBytes+1))
		if err != nil {
			return err
		}
		if len(b) > statementBytes {
			return exception{62, fmt.Sprintf("VALUES are longer than %d bytes: use another format. (SYNTAX_ERROR)", statementBytes)}
		}
		if err := inside(string(b)); err != nil {
			return err
		}
		data = bytes.NewReader(b)
	}
	if err := q.feed(ins, data); err != nil {
		return err
	}
	q.sent = true
	q.w.Header().Set("X-ClickHouse-Format", ins.format)
	q.w.Header().Set("Content-Length", "0")
	return nil
}

// pieceBytes is how much of a body is given to the engine at once.
const pieceBytes = 1 << 20

// feed runs an INSERT with its body. The FORMAT clause is not in the statement: with it, an inline binary body is cut
// at a newline, and text behind a blank line of JSONEachRow runs as SQL.
func (q *request) feed(ins insertion, data io.Reader) error {
	st, err := q.conn.insert(ins.head, ins.format, q.params())
	if err != nil {
		return err
	}
	defer st.close()
	piece := make([]byte, pieceBytes)
	for {
		n, end := fill(data, piece)
		if _, err := st.Write(piece[:n]); err != nil {
			r, why := st.done()
			defer r.free()
			if why != nil {
				return why
			}
			return err
		}
		if errors.Is(end, io.EOF) {
			break
		}
		if end != nil { // the client went away in the middle: nothing of it may stay
			st.cancel()
			return end
		}
	}
	r, err := st.done()
	defer r.free()
	if err != nil {
		return err
	}
	q.summary(r.stats())
	return nil
}

// fill reads until p is full, or the end, or an error. io.ReadFull gives a short body and one that was torn off in the
// middle the same error; here io.EOF is a whole body's end, and nothing else is.
func fill(r io.Reader, p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		var m int
		m, err = r.Read(p[n:])
		n += m
	}
	return n, err
}
