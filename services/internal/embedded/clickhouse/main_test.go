package clickhouse

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/rs/zerolog"

	"sluice/services/internal/fetch"
)

// The package's tests share one engine, which starts when the first test needs it; tests of crashes start their own.
var shared struct {
	once   sync.Once
	dir    string
	engine *Engine
	err    error
}

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Arg {
		os.Exit(Main(os.Args[2:]))
	}
	if len(os.Args) > 1 && os.Args[1] == parentArg {
		os.Exit(parent(os.Args[2]))
	}
	os.Exit(run(m))
}

func run(m *testing.M) int {
	code := m.Run()
	if shared.engine != nil {
		_ = shared.engine.Stop()
	}
	if shared.dir != "" {
		_ = os.RemoveAll(shared.dir)
	}
	return code
}

func startShared() error {
	dir, err := os.MkdirTemp("", "sluice-engine-")
	if err != nil {
		return err
	}
	shared.dir = dir
	if shared.engine, err = New(Config{Dir: dir}); err != nil {
		return err
	}
	return shared.engine.Start(context.Background())
}

// need skips the test where there is no engine, unless real servers are required.
func need(t testing.TB) *Engine {
	t.Helper()
	shared.once.Do(func() { shared.err = startShared() })
	if shared.err == nil {
		return shared.engine
	}
	if (errors.Is(shared.err, fetch.ErrMissing) || errors.Is(shared.err, fetch.ErrPlatform)) && os.Getenv("SLUICE_REAL") != "require" {
		t.Skip(shared.err)
	}
	t.Fatal(shared.err)
	return nil
}

// dial is clickhouse-go as everybody uses it.
func dial(t testing.TB, dsn string, change func(*driver.Options)) driver.Conn {
	t.Helper()
	opt, err := driver.ParseDSN(dsn)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(opt)
	}
	c, err := driver.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// database makes an empty database for the test.
func database(t testing.TB, c driver.Conn) string {
	t.Helper()
	name := "t" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, t.Name())
	must(t, c.Exec(t.Context(), "DROP DATABASE IF EXISTS "+name))
	must(t, c.Exec(t.Context(), "CREATE DATABASE "+name))
	return name
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// post sends a statement as curl would, with parameters, and returns status and body.
func post(t testing.TB, e *Engine, body string, params ...string) (int, string) {
	t.Helper()
	u, err := url.Parse(e.DSN())
	must(t, err)
	q := url.Values{}
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	u.RawQuery = q.Encode()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u.String(), strings.NewReader(body))
	must(t, err)
	req.Close = true // a connection kept from before a crash would fail once
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, string(b)
}

// start starts an engine for this test alone.
func start(t testing.TB, dir string) *Engine {
	t.Helper()
	need(t)
	e, err := New(Config{Dir: dir, Log: zerolog.New(zerolog.NewTestWriter(t)), StopTimeout: 6 * time.Second})
	must(t, err)
	must(t, e.Start(t.Context()))
	t.Cleanup(func() { must(t, e.Stop()) })
	return e
}

// eventually polls until ok, for what another process does.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within 15 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
