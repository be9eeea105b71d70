// Package realservers starts real servers for tests: Apache Kafka from its Maven coordinates and Debian's redis-server,
// on the loopback interface, each with a port and a folder of its own. They end with the test, and with the test's
// process, however that ends.
//
// Where a server cannot be had, the test is skipped with what to install; with SLUICE_REAL=require it fails instead.
package realservers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"
)

// requireEnv, set to "require", makes a missing server a failure.
const requireEnv = "SLUICE_REAL"

// lack ends a test that cannot have its server.
func lack(t testing.TB, format string, args ...any) {
	t.Helper()
	text := fmt.Sprintf(format, args...)
	if os.Getenv(requireEnv) == "require" {
		t.Fatalf("%s (%s=require)", text, requireEnv)
	}
	t.Skipf("%s (set %s=require to fail instead)", text, requireEnv)
}

// Server is a server process.
type Server struct {
	Addr string // host:port
	cmd  *exec.Cmd
	log  *tail
	done chan struct{}
}

// PID is the process.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Kill ends the process at once, without a word, as a crash does.
func (s *Server) Kill() { s.end(syscall.SIGKILL, time.Minute) }

// Stop asks the process to end, and kills it when it does not.
func (s *Server) Stop() { s.end(syscall.SIGTERM, 10*time.Second) }

func (s *Server) end(sig syscall.Signal, patience time.Duration) {
	_ = s.cmd.Process.Signal(sig)
	select {
	case <-s.done:
	case <-time.After(patience):
		_ = s.cmd.Process.Kill()
		<-s.done
	}
}

// start runs a command that serves addr, and waits until it answers to ready. It ends with the test.
func start(t testing.TB, addr string, patience time.Duration, ready func(ctx context.Context) error, cmd *exec.Cmd) *Server {
	t.Helper()
	s := launch(t, addr, cmd)
	s.await(t, patience, ready)
	return s
}

// launch runs a command that is to serve addr. It ends with the test.
func launch(t testing.TB, addr string, cmd *exec.Cmd) *Server {
	t.Helper()
	s := &Server{Addr: addr, cmd: cmd, log: &tail{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = s.log, s.log
	// A test process that is killed takes its servers along. The signal comes when the thread ends that started the
	// child, so a thread is kept for that.
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started := make(chan error)
	go runOnOwnThread(cmd, started, s.done)
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", cmd.Path, err)
	}
	t.Cleanup(func() {
		s.Stop()
		if t.Failed() {
			t.Logf("the last words of %s:\n%s", cmd.Path, s.log)
		}
	})
	return s
}

// await waits until the server answers to ready.
func (s *Server) await(t testing.TB, patience time.Duration, ready func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		err := ready(ctx)
		if err == nil {
			return
		}
		select {
		case <-s.done:
			t.Fatalf("%s ended before it served %s:\n%s", s.cmd.Path, s.Addr, s.log)
		case <-ctx.Done():
			t.Fatalf("%s does not serve %s after %s: %v\n%s", s.cmd.Path, s.Addr, patience, err, s.log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// tail keeps the last bytes of a server's output.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailBytes = 16 << 10

// Write implements io.Writer.
func (l *tail) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = append(l.buf, p...)
	if n := len(l.buf) - tailBytes; n > 0 {
		l.buf = append(l.buf[:0], l.buf[n:]...)
	}
	return len(p), nil
}

// String returns them.
func (l *tail) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(bytes.TrimSpace(l.buf))
}

// freePort returns a port that nothing listens on now.
func freePort(t testing.TB) int {
	t.Helper()
	var cfg net.ListenConfig
	l, err := cfg.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// Redis starts Debian's redis-server, with noeviction and without persistence, and returns its host:port.
func Redis(t testing.TB) string {
	t.Helper()
	return RedisServer(t).Addr
}

// RedisServer is Redis for tests that stop or kill it.
func RedisServer(t testing.TB, args ...string) *Server {
	t.Helper()
	path, err := exec.LookPath("redis-server")
	if err != nil {
		lack(t, "redis-server is not installed: apt-get install redis-server")
	}
	port := freePort(t)
	addr := fmt.Sprintf("127.0.0.1:%d", port)
	args = append([]string{"--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", t.TempDir(), "--maxmemory-policy", "noeviction"}, args...)
	return start(t, addr, 2*time.Minute, func(ctx context.Context) error { return pingRedis(ctx, addr) }, exec.CommandContext(context.Background(), path, args...))
}

func pingRedis(ctx context.Context, addr string) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline)
	}
	if _, err := io.WriteString(c, "PING\r\n"); err != nil {
		return err
	}
	answer := make([]byte, len("+PONG"))
	if _, err := io.ReadFull(c, answer); err != nil {
		return err
	}
	if text := string(answer); text != "+PONG" && text != "-NOAU" && text != "-NOPE" { // it serves, and wants to know whom
		return errors.New("it answers " + text)
	}
	return nil
}
