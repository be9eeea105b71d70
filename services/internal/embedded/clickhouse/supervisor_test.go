package clickhouse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

func kill(t *testing.T, pid int) {
	t.Helper()
	if pid <= 1 {
		t.Fatalf("pid %d", pid)
	}
	must(t, syscall.Kill(pid, syscall.SIGKILL))
}

func alive(pid int) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(b), ") Z ")
}

func TestKilledEngineIsBackSoonWithEveryAcknowledgedBatch(t *testing.T) {
	e := start(t, t.TempDir())
	dsn := e.DSN()
	c := dial(t, dsn, nil)
	must(t, c.Exec(t.Context(), "CREATE TABLE k (b UInt64, i UInt64, s String) ENGINE = MergeTree ORDER BY (b, i)"))
	const rows, rounds, each = 1000, 3, 5
	for round := range uint64(rounds) {
		for b := range uint64(each) {
			batch, err := c.PrepareBatch(t.Context(), "INSERT INTO k")
			must(t, err)
			for i := range uint64(rows) {
				must(t, batch.Append(round*each+b, i, "some text"))
			}
			must(t, batch.Send())
		}
		old := e.PID()
		killed := time.Now()
		kill(t, old)
		eventually(t, "another child", func() bool { return e.Ready() && e.PID() != old })
		t.Logf("back after %v", time.Since(killed).Round(time.Millisecond))
		var stored, torn uint64
		eventually(t, "an answer", func() bool { // pooled connections of the old child fail once
			return c.QueryRow(t.Context(), "SELECT count(), countIf(n != 1000) FROM (SELECT b, count() n FROM k GROUP BY b)").Scan(&stored, &torn) == nil
		})
		if want := (round + 1) * each; stored != want || torn != 0 {
			t.Fatalf("%d batches, %d of them torn; acknowledged were %d", stored, torn, want)
		}
	}
	if e.DSN() != dsn {
		t.Errorf("the address changed: %s", e.DSN())
	}
	if e.Restarts() != rounds {
		t.Errorf("%d restarts counted, want %d", e.Restarts(), rounds)
	}
}

func TestRequestDuringARestartWaitsForTheNextChild(t *testing.T) {
	e := start(t, t.TempDir())
	for range 3 {
		old := e.PID()
		kill(t, old)
		eventually(t, "the old child's end", func() bool { return !alive(old) })
		if code, body := post(t, e, "SELECT 1"); code != 200 || body != "1\n" {
			t.Fatalf("%d %q", code, body)
		}
	}
}

func TestStopEndsTheChildAndFreesTheFolder(t *testing.T) {
	dir := t.TempDir()
	e := start(t, dir)
	if code, body := post(t, e, "CREATE TABLE s (a UInt8) ENGINE = MergeTree ORDER BY a"); code != 200 {
		t.Fatal(body)
	}
	pid := e.PID()
	must(t, e.Stop())
	must(t, e.Stop())
	if alive(pid) || e.Ready() {
		t.Error("the child is still there")
	}
	again := start(t, dir)
	if code, body := post(t, again, "SELECT count() FROM s"); code != 200 || body != "0\n" {
		t.Errorf("%d %q", code, body)
	}
}

func TestSecondEngineOnAFolderIsRefusedAndTheFirstGoesOn(t *testing.T) {
	dir := t.TempDir()
	e := start(t, dir)
	second, err := New(Config{Dir: dir})
	must(t, err)
	if err := second.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Errorf("want an error that says why, got %v", err)
	}
	if code, body := post(t, e, "SELECT 1"); code != 200 {
		t.Error(body)
	}
}

func TestNewRefusesAnEmptyFolderAndAMissingLibrary(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("no error for an empty Dir")
	}
	if _, err := New(Config{Dir: t.TempDir(), Lib: "/nowhere/libchdb.so"}); err == nil || !strings.Contains(err.Error(), "/nowhere/libchdb.so") {
		t.Errorf("want an error that names the file, got %v", err)
	}
}

func TestWrongLibrarySaysSo(t *testing.T) {
	need(t)
	lib := t.TempDir() + "/lib.so"
	must(t, os.WriteFile(lib, []byte("not a library"), 0o600))
	e, err := New(Config{Dir: t.TempDir(), Lib: lib})
	must(t, err)
	if err := e.Start(t.Context()); err == nil || !strings.Contains(err.Error(), "load the engine "+lib) {
		t.Errorf("want an error that says why, got %v", err)
	}
}

// parentArg makes the test binary a parent of an engine: it prints the child's pid and waits for its own end.
const parentArg = "engine-parent"

func parent(dir string) int {
	e, err := New(Config{Dir: dir})
	if err == nil {
		err = e.Start(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(e.PID())
	select {}
}

func TestEngineEndsWithItsParentHoweverThatEnds(t *testing.T) {
	need(t)
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		t.Run(s.String(), func(t *testing.T) {
			cmd := exec.Command(os.Args[0], parentArg, t.TempDir())
			out, err := cmd.StdoutPipe()
			must(t, err)
			must(t, cmd.Start())
			line, err := bufio.NewReader(out).ReadString('\n')
			must(t, err)
			pid, err := strconv.Atoi(strings.TrimSpace(line))
			must(t, err)
			if !alive(pid) {
				t.Fatal("no child")
			}
			must(t, cmd.Process.Signal(s))
			_ = cmd.Wait()
			eventually(t, "the child's end", func() bool { return !alive(pid) })
		})
	}
}

func TestStatementThatRunsWhenStoppedIsKilled(t *testing.T) {
	e := start(t, t.TempDir())
	c := dial(t, e.DSN(), nil)
	failed := make(chan error, 1)
	go func() {
		var x uint64
		failed <- c.QueryRow(context.Background(), "SELECT max(sipHash64(number)) FROM numbers(200000000000)").Scan(&x)
	}()
	eventually(t, "the statement runs", func() bool {
		_, body := post(t, e, "SELECT count() FROM system.processes WHERE query LIKE '%sipHash64%' AND query NOT LIKE '%processes%'")
		return body == "1\n"
	})
	pid := e.PID()
	must(t, e.Stop())
	if err := <-failed; err == nil {
		t.Error("the statement came to an end")
	} else if ex := (*driver.Exception)(nil); errors.As(err, &ex) {
		t.Logf("as the client sees it: %v", ex)
	}
	if alive(pid) {
		t.Error("the child is still there")
	}
}
