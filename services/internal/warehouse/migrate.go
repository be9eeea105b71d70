package warehouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/pressly/goose/v3"

	"sluice/schemas"
)

// ErrSchema is wrapped by CheckVersion's error when the schema is not the one that this release writes.
var ErrSchema = errors.New("the ClickHouse schema is not this release's")

// schemaTable is where goose notes what was applied.
const schemaTable = schemas.Database + ".schema_migrations"

// Locker makes sure that one migration runs at a time over all machines. ClickHouse has no lock of its own.
type Locker interface {
	// Lock waits until it holds the lock, at most until ctx ends, and keeps it until unlock is called.
	Lock(ctx context.Context) (unlock func(context.Context) error, err error)
}

// Applied is one migration that Migrate ran.
type Applied struct {
	Version int64
	Name    string
}

// Migrate brings the schema to this release's version, under the lock, and returns what it applied. A nil lock is for a
// ClickHouse that no other process can reach. Every statement may be repeated: after an error in the middle, Migrate is
// simply called again.
func (w *Warehouse) Migrate(ctx context.Context, lock Locker) ([]Applied, error) {
	p, db, err := w.provider(lock)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	// goose keeps its table in the database, which therefore comes before it. Statements that are made of the cluster's
	// name take only a name that schemas.ClickHouse has checked.
	create := "CREATE DATABASE IF NOT EXISTS " + schemas.Database
	if w.cfg.Cluster != "" {
		create += " ON CLUSTER '" + w.cfg.Cluster + "'"
	}
	if err := w.conn.Exec(ctx, create); err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	results, err := p.Up(ctx)
	applied := make([]Applied, 0, len(results))
	for _, r := range results {
		if r.Error == nil {
			applied = append(applied, Applied{r.Source.Version, name(r.Source.Path)})
		}
	}
	if err != nil {
		return applied, fmt.Errorf("migrate: %w", err)
	}
	return applied, nil
}

// name is a migration's name without its number and extension.
func name(path string) string {
	_, rest, _ := strings.Cut(strings.TrimSuffix(path, ".sql"), "_")
	return rest
}

// CheckVersion compares the schema with this release. Services call it and change nothing.
func (w *Warehouse) CheckVersion(ctx context.Context) error {
	p, db, err := w.provider(nil)
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	var want int64
	for _, s := range p.ListSources() {
		want = max(want, s.Version)
	}
	var exists uint8
	if err := w.conn.QueryRow(ctx, "EXISTS TABLE "+schemaTable).Scan(&exists); err != nil {
		return err
	}
	var have int64
	if exists == 1 {
		if err := w.conn.QueryRow(ctx, "SELECT max(version_id) FROM "+schemaTable).Scan(&have); err != nil {
			return err
		}
	}
	switch {
	case have < want:
		return fmt.Errorf("%w: it has version %d, this release writes %d: run `sluice migrate`", ErrSchema, have, want)
	case have > want:
		return fmt.Errorf("%w: it has version %d, this release knows %d: run the newer release", ErrSchema, have, want)
	}
	return nil
}

func (w *Warehouse) provider(lock Locker) (*goose.Provider, *sql.DB, error) {
	files, err := schemas.ClickHouse(w.cfg.Cluster)
	if err != nil {
		return nil, nil, err
	}
	opt := *w.opt
	db := driver.OpenDB(&opt)
	options := []goose.ProviderOption{
		goose.WithTableName(schemaTable), goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()),
	}
	if lock != nil {
		options = append(options, goose.WithLocker(&gooseLock{lock: lock}))
	}
	p, err := goose.NewProvider(goose.DialectClickHouse, db, files, options...)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("migrations: %w", err), db.Close())
	}
	return p, db, nil
}

// gooseLock is a Locker in the form that goose wants.
type gooseLock struct {
	lock   Locker
	mu     sync.Mutex
	unlock func(context.Context) error
}

// Lock waits for the lock.
func (g *gooseLock) Lock(ctx context.Context, _ *sql.DB) error {
	unlock, err := g.lock.Lock(ctx)
	if err != nil {
		return fmt.Errorf("lock of the ClickHouse schema: %w", err)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.unlock = unlock
	return nil
}

// Unlock gives it back.
func (g *gooseLock) Unlock(ctx context.Context, _ *sql.DB) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.unlock == nil {
		return nil
	}
	return g.unlock(ctx)
}
