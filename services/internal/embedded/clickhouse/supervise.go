package clickhouse

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rs/zerolog"
)

// supervise keeps a child running until ctx ends.
func (e *Engine) supervise(ctx context.Context) {
	// The parent-death signal is sent when the thread ends that started the child, not the process: this goroutine
	// keeps its thread for as long as there is a child.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(e.done)

	pause, attempts := time.Duration(0), 0
	for {
		started := time.Now()
		err := e.child(ctx)
		e.up.Store(false)
		e.pid.Store(0)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > steady {
			pause = 0
		}
		e.last.Store(&err)
		if attempts++; attempts >= startAttempts && !e.answered() {
			return
		}
		e.restarts.Add(1)
		e.cfg.Log.Warn().Err(err).Dur("pause", pause).Uint64("restarts", e.Restarts()).Msg("the ClickHouse engine ended, starting it again")
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(max(2*pause, firstPause), maxPause)
	}
}

// answered says whether any child ever was ready.
func (e *Engine) answered() bool {
	select {
	case <-e.first:
		return true
	default:
		return false
	}
}

// child runs one child to its end and says why it ended.
func (e *Engine) child(ctx context.Context) error {
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	readyR, readyW, err := os.Pipe()
	if err != nil {
		return err
	}
	defer func() { _ = readyR.Close() }()

	cmd := exec.CommandContext(context.WithoutCancel(ctx), exe, Arg) // endWith ends it, gently first
	cmd.ExtraFiles = []*os.File{listenerFD - 3: e.listener, readyFD - 3: readyW}
	cmd.SysProcAttr = dieWithParent()
	out := &lines{log: e.cfg.Log}
	cmd.Stdout, cmd.Stderr = out, out
	in, err := cmd.StdinPipe()
	if err != nil {
		_ = readyW.Close()
		return err
	}
	err = cmd.Start()
	_ = readyW.Close()
	if err != nil {
		_ = in.Close()
		return fmt.Errorf("start %s: %w", exe, err)
	}
	e.pid.Store(int64(cmd.Process.Pid))

	ended := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { e.awaitReady(readyR) })
	wg.Go(func() { e.endWith(ctx, cmd.Process, ended) })
	// The pipe stays open until Wait closes it: its end is what tells the child that the parent has gone.
	if err := json.NewEncoder(in).Encode(ServeConfig{Dir: e.cfg.Dir, Lib: e.cfg.Lib, User: user, Password: e.password,
		Memory: e.cfg.Memory, Grace: e.cfg.StopTimeout / 3}); err != nil {
		e.cfg.Log.Debug().Err(err).Msg("the ClickHouse engine ended before it read its configuration")
	}
	err = cmd.Wait()
	close(ended)
	_ = readyR.Close() // a grandchild cannot hold it open: there is none, but nothing here depends on that
	wg.Wait()
	if err == nil {
		err = errors.New("ended by itself")
	}
	if why := out.said(); why != "" {
		return fmt.Errorf("%w: %s", err, why)
	}
	return err
}

func (e *Engine) awaitReady(r io.Reader) {
	if line, err := bufio.NewReader(r).ReadString('\n'); err != nil || line != "ready\n" {
		return
	}
	e.up.Store(true)
	e.firstly.Do(func() { close(e.first) })
	e.cfg.Log.Info().Int("pid", e.PID()).Str("address", e.addr).Msg("the ClickHouse engine answers")
}

// endWith asks the child to end when ctx does, and kills it when it takes too long.
func (e *Engine) endWith(ctx context.Context, p *os.Process, ended <-chan struct{}) {
	select {
	case <-ended:
		return
	case <-ctx.Done():
	}
	_ = p.Signal(syscall.SIGTERM)
	timeout := time.NewTimer(e.cfg.StopTimeout)
	defer timeout.Stop()
	select {
	case <-ended:
	case <-timeout.C:
		e.cfg.Log.Warn().Msg("the ClickHouse engine does not end, killing it")
		_ = p.Kill()
	}
}

// keptLines is how much of what a child said goes into the error about its end.
const keptLines = 8

// lines logs what the child says, and keeps the first lines of it: a crash begins with its reason.
type lines struct {
	log  zerolog.Logger
	mu   sync.Mutex
	part []byte
	kept []string
}

// Write takes a piece of output.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.part = append(l.part, p...)
	for {
		i := bytes.IndexByte(l.part, '\n')
		if i < 0 && len(l.part) < 64<<10 {
			return len(p), nil
		}
		if i < 0 {
			i = len(l.part) - 1
		}
		line := string(bytes.TrimRight(l.part[:i+1], "\r\n"))
		l.part = l.part[i+1:]
		l.log.Debug().Str("line", line).Msg("the ClickHouse engine says")
		if len(l.kept) < keptLines {
			l.kept = append(l.kept, line)
		}
	}
}

func (l *lines) said() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.kept, "; ")
}
