package clickhouse

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
)

// The functions of the library, by their C names. A connection is a session of its own on the one engine of the
// process, and runs one statement at a time.
var lib struct {
	connect    func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	closeConn  func(conn unsafe.Pointer)
	query      func(conn, q unsafe.Pointer, qn uintptr, f unsafe.Pointer, fn uintptr, names, nameLens, vals, valLens unsafe.Pointer, n uintptr) unsafe.Pointer
	stream     func(conn, q unsafe.Pointer, qn uintptr, f unsafe.Pointer, fn uintptr, names, nameLens, vals, valLens unsafe.Pointer, n uintptr) unsafe.Pointer
	fetch      func(conn, res unsafe.Pointer) unsafe.Pointer
	cancel     func(conn, res unsafe.Pointer)
	destroy    func(res unsafe.Pointer)
	buffer     func(res unsafe.Pointer) unsafe.Pointer
	length     func(res unsafe.Pointer) uintptr
	err        func(res unsafe.Pointer) unsafe.Pointer
	elapsed    func(res unsafe.Pointer) float64
	rows       func(res unsafe.Pointer) uint64
	readRows   func(res unsafe.Pointer) uint64
	readBytes  func(res unsafe.Pointer) uint64
	wroteRows  func(res unsafe.Pointer) uint64
	wroteBytes func(res unsafe.Pointer) uint64
	signals    func(enabled int32)
	shutdown   func() int32

	insert        func(conn, q unsafe.Pointer, qn uintptr, f unsafe.Pointer, fn uintptr, names, nameLens, vals, valLens unsafe.Pointer, n uintptr) unsafe.Pointer
	insertAppend  func(st, data unsafe.Pointer, n uintptr) int32
	insertDone    func(st unsafe.Pointer) unsafe.Pointer
	insertCancel  func(st unsafe.Pointer)
	insertErr     func(st unsafe.Pointer) unsafe.Pointer
	insertDestroy func(st unsafe.Pointer)

	sigaction func(sig int32, act, old unsafe.Pointer) int32
}

var symbols = []struct {
	fn   any
	name string
}{
	{&lib.connect, "chdb_connect"}, {&lib.closeConn, "chdb_close_conn"},
	{&lib.query, "chdb_query_with_params_n"}, {&lib.stream, "chdb_stream_query_with_params_n"},
	{&lib.fetch, "chdb_stream_fetch_result"}, {&lib.cancel, "chdb_stream_cancel_query"},
	{&lib.destroy, "chdb_destroy_query_result"}, {&lib.buffer, "chdb_result_buffer"}, {&lib.length, "chdb_result_length"},
	{&lib.err, "chdb_result_error"}, {&lib.elapsed, "chdb_result_elapsed"}, {&lib.rows, "chdb_result_rows_read"},
	{&lib.readRows, "chdb_result_storage_rows_read"}, {&lib.readBytes, "chdb_result_storage_bytes_read"},
	{&lib.wroteRows, "chdb_result_rows_written"}, {&lib.wroteBytes, "chdb_result_bytes_written"},
	{&lib.signals, "chdb_set_signal_handlers_enabled"}, {&lib.shutdown, "chdb_shutdown"},
	{&lib.insert, "chdb_stream_insert_with_params_n"}, {&lib.insertAppend, "chdb_stream_append"},
	{&lib.insertDone, "chdb_stream_done"}, {&lib.insertCancel, "chdb_stream_cancel_insert"},
	{&lib.insertErr, "chdb_stream_insert_error"}, {&lib.insertDestroy, "chdb_destroy_insert_stream"},
}

// handled are the signals whose handlers the library puts back to the default behind the host's back when it is told
// to leave them alone, and when it connects.
var handled = []syscall.Signal{
	syscall.SIGABRT, syscall.SIGSEGV, syscall.SIGILL, syscall.SIGBUS, syscall.SIGSYS, syscall.SIGFPE, syscall.SIGTSTP, syscall.SIGTRAP,
}

var signalMu sync.Mutex

// keepSignals runs f and gives Go its signal handlers back.
func keepSignals(f func()) {
	signalMu.Lock()
	defer signalMu.Unlock()
	var saved [8][256]byte // struct sigaction is 152 bytes on this platform
	for i, s := range handled {
		lib.sigaction(int32(s), nil, unsafe.Pointer(&saved[i][0]))
	}
	f()
	for i, s := range handled {
		lib.sigaction(int32(s), unsafe.Pointer(&saved[i][0]), nil)
	}
}

// load loads the library once in this process.
func load(path string) error {
	libc, err := purego.Dlopen("libc.so.6", purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("the embedded engine needs glibc: %w", err)
	}
	purego.RegisterLibFunc(&lib.sigaction, libc, "sigaction")
	so, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return fmt.Errorf("load the engine %s: %w", path, err)
	}
	for _, s := range symbols {
		p, err := purego.Dlsym(so, s.name)
		if err != nil {
			return fmt.Errorf("load the engine %s: it is another version, without %s: %w", path, s.name, err)
		}
		purego.RegisterFunc(s.fn, p)
	}
	keepSignals(func() { lib.signals(0) })
	return nil
}

// unload stops the engine's threads; every connection must be closed.
func unload() { lib.shutdown() }

var empty [1]byte

func pointer(s string) unsafe.Pointer { // never nil
	if s == "" {
		return unsafe.Pointer(&empty[0])
	}
	return unsafe.Pointer(unsafe.StringData(s))
}

func text(p unsafe.Pointer) string {
	if p == nil {
		return ""
	}
	n := 0
	for *(*byte)(unsafe.Add(p, n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(p), n))
}

// conn is one connection.
type conn struct {
	handle unsafe.Pointer // chdb_connection *
	c      unsafe.Pointer // chdb_connection
}

func connect(args []string) (*conn, error) {
	argv := append([]string{"clickhouse"}, args...)
	bufs := make([][]byte, len(argv))
	ptrs := make([]unsafe.Pointer, len(argv)+1)
	var pin runtime.Pinner
	defer pin.Unpin()
	for i, a := range argv {
		bufs[i] = append([]byte(a), 0)
		pin.Pin(&bufs[i][0])
		ptrs[i] = unsafe.Pointer(&bufs[i][0])
	}
	pin.Pin(&ptrs[0])
	var h unsafe.Pointer
	keepSignals(func() { h = lib.connect(int32(len(argv)), unsafe.Pointer(&ptrs[0])) })
	runtime.KeepAlive(bufs)
	if h == nil {
		return nil, errors.New("the engine does not open: its folder is in use by another process, not writable, or a setting is wrong")
	}
	return &conn{handle: h, c: *(*unsafe.Pointer)(h)}, nil
}

func (c *conn) close() { lib.closeConn(c.handle) }

// params are bound {name:Type} values in memory that C may read.
type params struct {
	names, vals       []unsafe.Pointer
	nameLens, valLens []uintptr
	pin               runtime.Pinner
	p                 [4]unsafe.Pointer
}

func bind(ps []param) *params {
	a := &params{}
	for _, p := range ps {
		n, v := pointer(p.name), pointer(p.value)
		a.pin.Pin((*byte)(n))
		a.pin.Pin((*byte)(v))
		a.names, a.vals = append(a.names, n), append(a.vals, v)
		a.nameLens, a.valLens = append(a.nameLens, uintptr(len(p.name))), append(a.valLens, uintptr(len(p.value)))
	}
	if len(ps) > 0 {
		a.p = [4]unsafe.Pointer{unsafe.Pointer(&a.names[0]), unsafe.Pointer(&a.nameLens[0]), unsafe.Pointer(&a.vals[0]), unsafe.Pointer(&a.valLens[0])}
	}
	return a
}

// run runs one statement and returns its whole result, which the caller frees also when err is not nil.
func (c *conn) run(q, format string, ps []param) (result, error) {
	a := bind(ps)
	defer a.pin.Unpin()
	r := result{lib.query(c.c, pointer(q), uintptr(len(q)), pointer(format), uintptr(len(format)), a.p[0], a.p[1], a.p[2], a.p[3], uintptr(len(ps)))}
	runtime.KeepAlive(q)
	runtime.KeepAlive(format)
	runtime.KeepAlive(ps)
	runtime.KeepAlive(a)
	return r, r.failure()
}

// result is memory of the engine until free.
type result struct{ p unsafe.Pointer }

func (r result) failure() error {
	if r.p == nil {
		return errors.New("the engine returned nothing")
	}
	if e := text(lib.err(r.p)); e != "" {
		return errors.New(e)
	}
	return nil
}

// bytes is valid until free.
func (r result) bytes() []byte {
	n := lib.length(r.p)
	if n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(lib.buffer(r.p)), int(n))
}

func (r result) free() {
	if r.p != nil {
		lib.destroy(r.p)
	}
}

func (r result) stats() stats {
	return stats{readRows: lib.readRows(r.p), readBytes: lib.readBytes(r.p), wroteRows: lib.wroteRows(r.p),
		wroteBytes: lib.wroteBytes(r.p), rows: lib.rows(r.p), seconds: lib.elapsed(r.p)}
}

// rowStream is a SELECT whose result comes in pieces.
type rowStream struct {
	c *conn
	r unsafe.Pointer
}

func (c *conn) stream(q, format string, ps []param) (*rowStream, error) {
	a := bind(ps)
	defer a.pin.Unpin()
	r := result{lib.stream(c.c, pointer(q), uintptr(len(q)), pointer(format), uintptr(len(format)), a.p[0], a.p[1], a.p[2], a.p[3], uintptr(len(ps)))}
	runtime.KeepAlive(q)
	runtime.KeepAlive(format)
	runtime.KeepAlive(ps)
	runtime.KeepAlive(a)
	if err := r.failure(); err != nil {
		r.free()
		return nil, err
	}
	return &rowStream{c, r.p}, nil
}

// next returns the next piece, which the caller frees; ok is false at the end.
func (s *rowStream) next() (r result, ok bool, err error) {
	r = result{lib.fetch(s.c.c, s.r)}
	if err := r.failure(); err != nil {
		r.free()
		return result{}, false, err
	}
	if lib.length(r.p) == 0 && lib.rows(r.p) == 0 {
		r.free()
		return result{}, false, nil
	}
	return r, true, nil
}

// cancel must come before close when the end was not reached.
func (s *rowStream) cancel() { lib.cancel(s.c.c, s.r) }
func (s *rowStream) close()  { lib.destroy(s.r) }

// bodyInsert is an INSERT whose body is fed in pieces.
type bodyInsert struct{ st unsafe.Pointer }

func (c *conn) insert(q, format string, ps []param) (*bodyInsert, error) {
	a := bind(ps)
	defer a.pin.Unpin()
	st := lib.insert(c.c, pointer(q), uintptr(len(q)), pointer(format), uintptr(len(format)), a.p[0], a.p[1], a.p[2], a.p[3], uintptr(len(ps)))
	runtime.KeepAlive(q)
	runtime.KeepAlive(format)
	runtime.KeepAlive(ps)
	runtime.KeepAlive(a)
	if st == nil {
		return nil, errors.New("the engine returned no insert")
	}
	if e := text(lib.insertErr(st)); e != "" {
		lib.insertDestroy(st)
		return nil, errors.New(e)
	}
	return &bodyInsert{st}, nil
}

// Write gives the engine a piece of the body.
func (i *bodyInsert) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	rc := lib.insertAppend(i.st, unsafe.Pointer(&b[0]), uintptr(len(b)))
	runtime.KeepAlive(b)
	if rc != 0 {
		return 0, errors.New(text(lib.insertErr(i.st)))
	}
	return len(b), nil
}

// done ends the body; the caller frees the result also when err is not nil.
func (i *bodyInsert) done() (result, error) {
	r := result{lib.insertDone(i.st)}
	return r, r.failure()
}
func (i *bodyInsert) cancel() { lib.insertCancel(i.st) }
func (i *bodyInsert) close()  { lib.insertDestroy(i.st) }
