package clickhouse

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Bounds of the front. A SELECT's result has none: it is streamed, or bounded by the engine's memory limit.
const (
	parallelStatements = 32       // more wait for their turn
	statementBytes     = 16 << 20 // a statement without a body
	externalBytes      = 64 << 20 // external tables of one request together
)

// front is ClickHouse's HTTP interface over the engine of this process.
type front struct {
	args     []string // of every connection
	user     string
	password string
	anchor   *conn // never closed while serving: closing the last one stops the engine
	killMu   sync.Mutex
	killer   *conn
	slots    chan struct{}
	version  string
	zone     string
}

// newFront opens the engine with the arguments. There can be one in a process.
func newFront(args []string, user, password string) (*front, error) {
	f := &front{args: args, user: user, password: password, slots: make(chan struct{}, parallelStatements)}
	var err error
	if f.anchor, err = connect(args); err != nil {
		return nil, err
	}
	if f.killer, err = connect(args); err != nil {
		return nil, err
	}
	row, err := f.anchor.text("SELECT version(), timezone()", "TSV", nil)
	if err != nil {
		return nil, fmt.Errorf("the engine does not answer: %w", err)
	}
	f.version, f.zone, _ = strings.Cut(strings.TrimSpace(row), "\t")
	return f, nil
}

// close stops the engine; the HTTP server has drained before.
func (f *front) close() {
	f.killer.close()
	f.anchor.close()
	unload()
}

// exception is an error as ClickHouse says it: its text begins with "Code: N. DB::Exception: ".
type exception struct {
	code int
	text string
}

func (e exception) Error() string {
	return "Code: " + strconv.Itoa(e.code) + ". DB::Exception: " + e.text
}

// ServeHTTP answers one statement.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/ping", r.URL.Path == "/" && r.Method == http.MethodGet && r.URL.RawQuery == "":
		_, _ = io.WriteString(w, "Ok.\n")
		return
	case r.URL.Path != "/":
		http.Error(w, "There is no handle "+r.URL.Path, http.StatusNotFound)
		return
	}
	var id [16]byte
	_, _ = rand.Read(id[:]) // never fails
	q := &request{front: f, w: w, r: r, p: r.URL.Query(), id: hex.EncodeToString(id[:])}
	if err := q.serve(); err != nil {
		q.fail(err)
	}
	if q.finish != nil {
		_ = q.finish() // the client has gone away: nobody is left to tell
	}
}

func (f *front) allowed(r *http.Request) error {
	user, password, ok := r.BasicAuth()
	if !ok {
		user = first(r.Header.Get("X-ClickHouse-User"), r.URL.Query().Get("user"), "default")
		password = first(r.Header.Get("X-ClickHouse-Key"), r.URL.Query().Get("password"))
	}
	if user == f.user && subtle.ConstantTimeCompare([]byte(password), []byte(f.password)) == 1 {
		return nil
	}
	return exception{516, user + ": Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)"}
}

// connection waits for a turn and opens a connection for one request.
func (f *front) connection(ctx context.Context) (*conn, func(), error) {
	select {
	case f.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	c, err := connect(f.args)
	if err != nil {
		<-f.slots
		return nil, nil, err
	}
	return c, func() { c.close(); <-f.slots }, nil
}

// kill ends the statement that was marked with the id. A running statement has no other way to be cancelled before its
// first result.
func (f *front) kill(id string) {
	f.killMu.Lock()
	defer f.killMu.Unlock()
	_ = f.killer.exec("KILL QUERY WHERE startsWith(Settings['log_comment'], " + quoted(id) + ") ASYNC")
}

func first(s ...string) string {
	for _, x := range s {
		if x != "" {
			return x
		}
	}
	return ""
}

// status is the HTTP status of an exception's code, as the server chooses it.
func status(code int) int {
	switch code {
	case 192, 193, 497, 516:
		return http.StatusForbidden
	case 194:
		return http.StatusUnauthorized
	case 6, 26, 27, 36, 38, 41, 43, 53, 62, 70, 72, 117, 130, 131, 306, 349, 441, 456, 457:
		return http.StatusBadRequest
	case 16, 46, 47, 50, 56, 60, 63, 73, 81, 83, 115:
		return http.StatusNotFound
	case 159:
		return http.StatusRequestTimeout
	case 48:
		return http.StatusNotImplemented
	case 381:
		return http.StatusLengthRequired
	case 161, 396:
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusInternalServerError
}

// codeOf reads the code out of an error of the engine; 1001 is ClickHouse's own for "some exception of C++".
func codeOf(err error) int {
	var e exception
	if errors.As(err, &e) {
		return e.code
	}
	if _, tail, ok := strings.Cut(err.Error(), "Code: "); ok {
		digits, _, _ := strings.Cut(tail, ".")
		if n, err := strconv.Atoi(strings.TrimSpace(digits)); err == nil {
			return n
		}
	}
	return 1001
}
