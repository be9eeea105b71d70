// Package clickhousetest lends tests an embedded ClickHouse: one engine for each test binary, started when the first
// test asks for it.
package clickhousetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"

	"sluice/services/internal/embedded/clickhouse"
	"sluice/services/internal/fetch"
)

// EnvRequire set to "require" makes a test fail where it would be skipped because there is no engine.
const EnvRequire = "SLUICE_REAL"

var shared struct {
	once   sync.Once
	dir    string
	engine *clickhouse.Engine
	err    error
}

// Main is what TestMain calls, with its result as the exit status. In the engine's own child process it is the engine.
func Main(m *testing.M) int {
	if len(os.Args) > 1 && os.Args[1] == clickhouse.Arg {
		return clickhouse.Main(os.Args[2:])
	}
	code := m.Run()
	if shared.engine != nil {
		_ = shared.engine.Stop()
	}
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir)
	}
	return code
}

// Engine returns the engine that this test binary's tests share. Without the library the test is skipped.
func Engine(t testing.TB) *clickhouse.Engine {
	t.Helper()
	shared.once.Do(func() { shared.err = start() })
	switch {
	case shared.err == nil:
		return shared.engine
	case (errors.Is(shared.err, fetch.ErrMissing) || errors.Is(shared.err, fetch.ErrPlatform)) && os.Getenv(EnvRequire) != "require":
		t.Skip(shared.err)
	default:
		t.Fatal(shared.err)
	}
	return nil
}

// DSN is where it is.
func DSN(t testing.TB) string {
	t.Helper()
	return Engine(t).DSN()
}

func start() error {
	dir, err := os.MkdirTemp("", "sluice-engine-")
	if err != nil {
		return err
	}
	shared.dir = dir
	e, err := clickhouse.New(clickhouse.Config{Dir: dir})
	if err != nil {
		return err
	}
	if err := e.Start(context.Background()); err != nil {
		return fmt.Errorf("shared engine: %w", err)
	}
	shared.engine = e
	return nil
}
