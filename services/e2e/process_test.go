package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// process is a command of the stack that runs on: a service, or a server. It has a process group of its own, and ends
// with the test and with the test's process, however that ends.
type process struct {
	name string
	args []string
	env  []string // beside the stack's
	log  string   // file

	from int64 // where in the log this start of it begins
	cmd  *exec.Cmd
	done chan struct{}
}

// start starts it, again after it has ended. Its output is appended to its log.
func (p *process) start(env []string) error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	if p.from, err = log.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	cmd := exec.Command(binary, p.args...)
	cmd.Env = append(append(os.Environ(), env...), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	started, done := make(chan error), make(chan struct{})
	go func() {
		// Linux sends the parent-death signal when the thread ends that made the child.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its state
			close(done)
		}
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start %s: %w", p.name, err)
	}
	p.cmd, p.done = cmd, done
	return nil
}

// alive says whether it runs.
func (p *process) alive() bool {
	if p.done == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// end sends a signal to the process alone, not to its children, and returns its exit status, -1 after a signal.
func (p *process) end(sig syscall.Signal) (int, error) {
	if !p.alive() {
		return p.cmd.ProcessState.ExitCode(), nil
	}
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(patience):
		return 0, fmt.Errorf("%s runs on %s after %v", p.name, patience, sig)
	}
}

// close ends it with everything that it has started.
func (p *process) close() {
	if !p.alive() {
		return
	}
	_ = syscall.Kill(-p.pid(), syscall.SIGCONT)
	if _, err := p.end(syscall.SIGTERM); err != nil {
		_ = syscall.Kill(-p.pid(), syscall.SIGKILL)
		<-p.done
	}
}

// lastWords are the last lines of its log.
func (p *process) lastWords() string {
	const lines = 60
	text, _ := os.ReadFile(p.log)
	all := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// resident is the memory that a process has in use, in bytes.
func resident(pid int) (int64, error) { return memoryOf(pid, "VmRSS:") }

// peakOf is the most memory that a process had in use, in bytes.
func peakOf(pid int) (int64, error) { return memoryOf(pid, "VmHWM:") }

func memoryOf(pid int, line string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for got := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(got, line); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("no %s", line)
}

// childOf finds the child of a process that has word as its first argument, 0 when there is none.
func childOf(parent int, word string) int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, stat := range stats {
		text, err := os.ReadFile(stat)
		if err != nil {
			continue // it has ended
		}
		// pid (name) state ppid …; the name may hold anything
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(parent) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(stat), "cmdline"))
		if args := strings.Split(string(line), "\x00"); len(args) > 1 && args[1] == word {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
			return pid
		}
	}
	return 0
}

// outcome is how a command ended.
type outcome struct {
	out, err string
	exit     int
	took     time.Duration
	peak     int64 // most memory that it had in use, in bytes
}

func (o outcome) String() string {
	return fmt.Sprintf("exit %d\n%s%s", o.exit, o.out, o.err)
}

// command runs a command of the binary to its end.
func command(ctx context.Context, env []string, stdin string, args ...string) (outcome, error) {
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	began := time.Now()
	err := cmd.Run()
	took := time.Since(began)
	var ended *exec.ExitError
	if errors.As(err, &ended) && ctx.Err() == nil {
		err = nil
	}
	if err != nil {
		return outcome{}, fmt.Errorf("sluice %s: %w: %s", strings.Join(args, " "), err, said.String())
	}
	o := outcome{out: out.String(), err: said.String(), exit: cmd.ProcessState.ExitCode(), took: took}
	if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		o.peak = used.Maxrss << 10
	}
	return o, nil
}

// poll is how often the tests look again.
const poll = 100 * time.Millisecond

// patience is how long a test, or a client in it, waits for what must come. No promise of time is tested here: a busy
// machine is slow, and a pipeline that does not recover is as stuck after five minutes as after one.
const patience = 5 * time.Minute

// eventually looks until there is nothing to object to, and fails the test when there still is after patience.
func eventually(t testing.TB, what string, look func() error) {
	t.Helper()
	eventuallyWithin(t, patience, what, look)
}

// eventuallyWithin is eventually for what takes longer.
func eventuallyWithin(t testing.TB, within time.Duration, what string, look func() error) {
	t.Helper()
	if err := await(within, look); err != nil {
		t.Fatalf("%s: not within %s: %v", what, within, err)
	}
}

func await(within time.Duration, look func() error) error {
	deadline := time.Now().Add(within)
	for {
		err := look()
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(poll)
	}
}
