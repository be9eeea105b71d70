package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/event"
	"sluice/schemas"
	"sluice/services/internal/httpx"
	"sluice/services/internal/stream"
)

// hostile are bodies of one transfer as an attacker or a broken client writes them, with a word of the answer that each
// must get. They come over HTTP as an object and as a line, and on the raw topic.
func hostile() map[string]struct{ body, want string } {
	good := body("t1", clean)
	with := func(old, replacement string) string {
		out := strings.Replace(good, old, replacement, 1)
		if out == good {
			panic(old)
		}
		return out
	}
	many := func(n int) string {
		one := make([]string, n)
		for i := range one {
			one[i] = fmt.Sprintf("%q", fmt.Sprintf("0x%040x", i+1))
		}
		return with(`["`+clean+`"]`, "["+strings.Join(one, ",")+"]")
	}
	type c = struct{ body, want string }
	return map[string]c{
		"a key twice":                 {with(`"id":"t1"`, `"id":"t1","id":"t2"`), "id"},
		"the address twice":           {with(`"to":`, `"to":["`+other+`"],"to":`), "to"},
		"a key in capitals":           {with(`"to":`, `"TO":["`+other+`"],"to":`), "TO"},
		"a key in capitals alone":     {with(`"id":`, `"Id":`), "Id"},
		"a key by an escape, twice":   {with(`"to":`, `"\u0074o":["`+other+`"],"to":`), "to"},
		"an unknown key":              {with(`"id":`, `"x":1,"id":`), "x"},
		"the server's own key":        {with(`"id":`, `"verdict":"cleared","id":`), "verdict"},
		"arrays a million deep":       {with(`["`+clean+`"]`, strings.Repeat("[", 500_000)+strings.Repeat("]", 500_000)), "nested deeper"},
		"objects a hundred kilo deep": {with(`"1.50"`, strings.Repeat(`{"a":`, 100_000)+"1"+strings.Repeat("}", 100_000)), "nested deeper"},
		"only opening brackets":       {strings.Repeat("[", 1<<20), ""},
		"an amount with an exponent":  {with(`"1.50"`, `"1e999999999"`), "amount"},
		"an amount as a number":       {with(`"1.50"`, `1e999999999`), "amount"},
		"an amount without end":       {with(`"1.50"`, `"`+strings.Repeat("9", 500_000)+`"`), "amount"},
		"an amount below zero":        {with(`"1.50"`, `"-1"`), "amount"},
		"an amount in other digits":   {with(`"1.50"`, `"١٢"`), "amount"},
		"not a number":                {with(`"1.50"`, `"NaN"`), "amount"},
		"an index beyond all numbers": {with(`"id":`, `"output_index":1e400,"id":`), "output_index"},
		"an index of many digits":     {with(`"id":`, `"output_index":`+strings.Repeat("1", 400_000)+`,"id":`), "output_index"},
		"an index below zero":         {with(`"id":`, `"output_index":-1,"id":`), "output_index"},
		"bytes that are no UTF-8":     {with(`"c1"`, "\"c\xff\xfe1\""), ""},
		"an overlong encoding":        {with(`"c1"`, "\"c\xc0\xaf1\""), ""},
		"half a surrogate pair":       {with(`"c1"`, `"c\ud800"`), ""},
		"a NUL byte":                  {with(`"c1"`, "\"c\x001\""), ""},
		"a NUL by an escape":          {with(`"c1"`, `"c\u00001"`), "customer_id"},
		"a line break in an id":       {with(`"t1"`, `"t\n1"`), "id"},
		"a byte order mark":           {"\xef\xbb\xbf" + good, ""},
		"two objects":                 {good + good, ""},
		"something behind it":         {good + "]", ""},
		"cut off":                     {good[:len(good)-20], ""},
		"an empty object":             {"{}", "id"},
		"null":                        {"null", ""},
		"a text":                      {`"` + strings.Repeat("x", 1000) + `"`, ""},
		"null for everything":         {with(`"withdrawal"`, `null`), "direction"},
		"a comment":                   {"/* x */" + good, ""},
		"a trailing comma":            {good[:len(good)-1] + ",}", ""},
		"a single quote":              {strings.ReplaceAll(good, `"`, `'`), ""},
		"1,001 addresses":             {many(1001), "1000"},
		"an id of half a megabyte":    {with(`"t1"`, `"`+strings.Repeat("x", 500_000)+`"`), "id"},
		"a memo of half a megabyte":   {with(`"id":`, `"memo":"`+strings.Repeat("x", 500_000)+`","id":`), "memo"},
		"a time before the chain":     {with(`2026-11-01T`, `1999-11-01T`), "occurred_at"},
		"a time in a far century":     {with(`2026-11-01T`, `9999-11-01T`), "occurred_at"},
		"a time that is none":         {with(`2026-11-01T`, `2026-13-45T`), "occurred_at"},
	}
}

// live is a listener with the route, and what it published.
func live(t *testing.T) (string, *broker) {
	t.Helper()
	a, b, _ := newAPI()
	mux, err := httpx.Mux(&httpx.Guard{Tenant: "default"}, a.Routes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := httpx.Listen(t.Context(), "127.0.0.1:0", nil, mux)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, time.Second) }()
	t.Cleanup(func() { cancel(); <-ended; http.DefaultClient.CloseIdleConnections() })
	return "http://" + s.Addr() + "/v1/transfers", b
}

func sendBytes(t *testing.T, url, kind, encoding string, body []byte) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func TestHostileBodiesAreAnsweredClearly(t *testing.T) {
	url, b := live(t)
	for name, c := range hostile() {
		t.Run(name, func(t *testing.T) {
			code, answer := sendBytes(t, url, "application/json", "", []byte(c.body))
			var p httpx.Problem
			if err := json.Unmarshal([]byte(answer), &p); err != nil || code != http.StatusUnprocessableEntity && code != http.StatusRequestEntityTooLarge {
				t.Fatalf("%d %.300s", code, answer)
			}
			if !strings.Contains(answer, c.want) || len(answer) > 64<<10 {
				t.Errorf("the answer of %d bytes does not say %q: %.500s", len(answer), c.want, answer)
			}
			if strings.ContainsAny(c.body, "\n") {
				return
			}
			code, answer = sendBytes(t, url, "application/x-ndjson", "", []byte(c.body+"\n"+body("line", clean)+"\n"))
			lines := strings.Split(strings.TrimSpace(answer), "\n")
			if code != http.StatusOK || len(lines) != 2 || !strings.Contains(lines[0], StatusRejected) || strings.Contains(lines[1], StatusRejected) {
				t.Errorf("as a line: %d %.500s", code, answer)
			}
		})
	}
	for _, m := range b.got {
		if id, ok := event.PeekID(m.Value); !ok || !bytes.Contains(m.Value, []byte(`"transfer_id":"line"`)) {
			t.Errorf("%s was published: %.200s", id, m.Value)
		}
	}
	if code, answer := sendBytes(t, url, "application/json", "", []byte(body("after", clean))); code != http.StatusAccepted {
		t.Errorf("a good transfer afterwards: %d %s", code, answer)
	}
}

func TestHostileSizes(t *testing.T) {
	url, _ := live(t)
	gz := func(n int) []byte {
		var out bytes.Buffer
		w := gzip.NewWriter(&out)
		_, _ = io.CopyN(w, spaces{}, int64(n))
		_ = w.Close()
		return out.Bytes()
	}
	zs := func(n int) []byte {
		var out bytes.Buffer
		w, _ := zstd.NewWriter(&out)
		_, _ = io.CopyN(w, spaces{}, int64(n))
		_ = w.Close()
		return out.Bytes()
	}
	long := strings.Replace(body("long", clean), `"id"`, `"memo":"`+strings.Repeat("x", 10<<20)+`","id"`, 1)
	for name, c := range map[string]struct {
		kind, encoding string
		body           []byte
		status         int
		want           string
	}{
		"a gzip bomb":               {"application/x-ndjson", "gzip", gz(96 << 20), 413, "after decompression"},
		"a zstd bomb":               {"application/x-ndjson", "zstd", zs(96 << 20), 413, "after decompression"},
		"a gzip bomb as one object": {"application/json", "gzip", gz(96 << 20), 413, "1048576"},
		"gzip that is none":         {"application/json", "gzip", []byte("{}"), 400, "could not be read"},
		"gzip that is cut off":      {"application/json", "gzip", gz(1000)[:20], 400, "could not be read"},
		"an encoding nobody knows":  {"application/json", "br", []byte("{}"), 415, "gzip"},
		"an object of 10 MB":        {"application/json", "", []byte(long), 413, "1048576"},
		"a line of 10 MB":           {"application/x-ndjson", "", []byte(long + "\n" + body("next", clean)), 200, StatusRejected},
		"ten thousand bad lines":    {"application/x-ndjson", "", bytes.Repeat([]byte("{\n"), 10_000), 200, StatusRejected},
		"a good transfer, gzip":     {"application/json", "gzip", packedGzip(t, body("packed", clean)), 202, StatusAccepted},
		"a good transfer of 1,000":  {"application/json", "", []byte(strings.Replace(body("thousand", clean), `["`+clean+`"]`, "["+strings.Repeat(`"`+clean+`",`, 999)+`"`+clean+`"]`, 1)), 422, "to"},
	} {
		code, answer := sendBytes(t, url, c.kind, c.encoding, c.body)
		if code != c.status || !strings.Contains(answer, c.want) {
			t.Errorf("%s: %d %.300s; want %d with %q", name, code, answer, c.status, c.want)
		}
		if name == "a line of 10 MB" && !strings.Contains(answer, `"transfer_id":"next"`) {
			t.Errorf("the line behind it: %s", answer)
		}
	}
	if code, answer := sendBytes(t, url, "application/json", "", []byte(body("after", clean))); code != http.StatusAccepted {
		t.Errorf("a good transfer afterwards: %d %s", code, answer)
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func packedGzip(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// On the raw topic each goes to the dead letter topic as it came, and what stands beside it passes.
func TestHostileRecordsOnTheRawTopic(t *testing.T) {
	raw := NewRaw(RawConfig{Tenant: "acme", Now: func() time.Time { return noon }}, NewMetrics(prometheus.NewRegistry()))
	in := &stream.Batch{Topic: schemas.Raw}
	want := map[int64]string{}
	add := func(value string) {
		in.Records = append(in.Records, stream.Record{Topic: schemas.Raw, Offset: int64(len(in.Records)), Value: []byte(value)})
	}
	add(body("before", clean))
	for name, c := range hostile() {
		want[int64(len(in.Records))] = name
		add(c.body)
	}
	add("")
	add(strings.Repeat("x", 10<<20))
	add(body("after", clean))
	out := stream.NewOut(stream.OutConfig{Stage: "ingest", Partitions: stream.FixedPartitions(6)})
	if err := raw.Handle(t.Context(), in, out); err != nil || out.Err() != nil {
		t.Fatal(err, out.Err())
	}
	transfers, dead := 0, 0
	out.Each(func(r *stream.Record) {
		switch r.Topic {
		case schemas.Transfers:
			transfers++
		case schemas.DeadLetters:
			dead++
			if reason, _ := r.Headers.Get(event.HeaderDeadReason); len(reason) == 0 {
				t.Errorf("a dead letter without a reason: %.100s", r.Value)
			}
		}
	})
	if transfers != 2 || dead != len(want)+2 {
		t.Errorf("%d transfers, want 2; %d dead letters, want %d", transfers, dead, len(want)+2)
	}
}
