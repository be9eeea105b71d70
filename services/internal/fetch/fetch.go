// Package fetch gets the embedded ClickHouse engine: one shared library, published as an npm package, at one pinned
// version whose checksum stands in this source.
//
// Ensure downloads it once with the ordinary npm client, verifies it and unpacks the library into the user's cache;
// Locate only looks. Neither ever takes a library of another version from the cache. Nothing is fetched while Sluice
// runs: the build does it, and a running process without the library says what to do.
package fetch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/gofrs/flock"
)

// What is fetched. Integrity is the checksum of the packed file as npm writes it (dist.integrity); the two sizes are
// bytes, and bound what is unpacked.
const (
	Package   = "@chdb/lib-linux-x64-gnu"
	Version   = "26.7.3-stable.1"
	Integrity = "sha512-XP97mMqnc5tZpKQywR8N7cLTsHNiTmHr30pC5mzo3jWmukjKn2IBa60c2B/gWUNcuFjOMjWoorQICCqBVj5wpw=="

	packedBytes  = 177_817_999
	libraryBytes = 566_330_096
	libraryName  = "libchdb.so"
)

// EnvLib names an engine file that is there already; it is used as it is, whatever its version.
const EnvLib = "SLUICE_CLICKHOUSE_LIB"

// ErrMissing is returned, wrapped with what to do about it, when there is no engine on this machine.
var ErrMissing = errors.New("the ClickHouse engine is not there")

// ErrPlatform is returned, wrapped, where no engine is published for the operating system and processor.
var ErrPlatform = errors.New("the embedded ClickHouse engine runs on Linux on x86-64 (glibc) only")

const orDSN = "name a ClickHouse server with SLUICE_CLICKHOUSE_DSN (clickhouse://host:9000 or http://host:8123)"

// Locate returns the path of the engine without fetching it: the file that SLUICE_CLICKHOUSE_LIB names, else the one
// in the cache. Its error wraps ErrMissing or ErrPlatform and says what would help.
func Locate() (string, error) {
	return LocateAs(os.Getenv(EnvLib))
}

// LocateAs is Locate with the named file given by the caller; "" means none is named.
func LocateAs(named string) (string, error) {
	if err := platform(); err != nil {
		return "", err
	}
	if named != "" {
		return fileNamed(named)
	}
	e, err := cached()
	if err != nil {
		return "", err
	}
	if !e.present() {
		return "", fmt.Errorf("%w: fetch it with `make engine`, or set %s to a libchdb.so, or %s", ErrMissing, EnvLib, orDSN)
	}
	return e.path(), nil
}

// Ensure returns the path of the engine and fetches it first when it is not there. Progress goes to out: a bar when
// out is a terminal, else one line per step. Two processes at once do not clash: the second waits for the first.
func Ensure(ctx context.Context, out io.Writer) (string, error) {
	if err := platform(); err != nil {
		return "", err
	}
	if named := os.Getenv(EnvLib); named != "" {
		return fileNamed(named)
	}
	e, err := cached()
	if err != nil {
		return "", err
	}
	return e.ensure(ctx, out)
}

func platform() error {
	if runtime.GOOS == "linux" && runtime.GOARCH == "amd64" {
		return nil
	}
	return fmt.Errorf("%w, this is %s/%s: %s", ErrPlatform, runtime.GOOS, runtime.GOARCH, orDSN)
}

func fileNamed(path string) (string, error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("%w: %s=%s: %w", ErrMissing, EnvLib, path, err)
	}
	if !st.Mode().IsRegular() {
		return "", fmt.Errorf("%w: %s=%s is not a regular file", ErrMissing, EnvLib, path)
	}
	return path, nil
}

// engine is one version of the library in one folder, and how to get it there.
type engine struct {
	dir       string
	integrity string
	packed    int64
	library   int64
	pack      func(ctx context.Context, dir string) (tarball string, err error)
}

func cached() (engine, error) {
	root, err := os.UserCacheDir()
	if err != nil {
		return engine{}, fmt.Errorf("%w: no cache folder: %w; set %s to a libchdb.so, or %s", ErrMissing, err, EnvLib, orDSN)
	}
	return engine{
		dir:       filepath.Join(root, "sluice", "engine", Version),
		integrity: Integrity, packed: packedBytes, library: libraryBytes, pack: npmPack,
	}, nil
}

func (e engine) path() string { return filepath.Join(e.dir, libraryName) }

// present looks at the size only: the file got its name after it was verified and written whole.
func (e engine) present() bool {
	st, err := os.Stat(e.path())
	return err == nil && st.Mode().IsRegular() && st.Size() == e.library
}

func (e engine) ensure(ctx context.Context, out io.Writer) (string, error) {
	if e.present() {
		return e.path(), nil
	}
	if err := os.MkdirAll(e.dir, 0o755); err != nil {
		return "", fmt.Errorf("engine cache: %w", err)
	}
	lock := flock.New(filepath.Join(e.dir, "fetch.lock"))
	if _, err := lock.TryLockContext(ctx, 200*time.Millisecond); err != nil {
		return "", fmt.Errorf("engine cache %s: another fetch holds the lock: %w", e.dir, err)
	}
	defer func() { _ = lock.Unlock() }()
	if e.present() { // fetched while this process waited
		return e.path(), nil
	}
	if err := e.fetch(ctx, out); err != nil {
		return "", err
	}
	return e.path(), nil
}

func (e engine) fetch(ctx context.Context, out io.Writer) error {
	e.sweep()
	tmp, err := os.MkdirTemp(e.dir, "fetching-")
	if err != nil {
		return fmt.Errorf("engine cache: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()

	p := newProgress(out)
	done := p.watch("fetching the ClickHouse engine "+Version, tmp, e.packed)
	tarball, err := e.pack(ctx, tmp)
	done(err == nil)
	if err != nil {
		return err
	}
	p.say("verifying")
	if err := verify(tarball, e.integrity); err != nil {
		return err
	}
	file := filepath.Join(tmp, libraryName)
	count, done := p.count("unpacking", e.library)
	err = unpack(tarball, file, e.library, count)
	done(err == nil)
	if err != nil {
		return err
	}
	if err := os.Rename(file, e.path()); err != nil {
		return fmt.Errorf("engine cache: %w", err)
	}
	p.say("the ClickHouse engine is in " + e.path())
	return nil
}

// sweep removes what a fetch that was killed left behind; the caller holds the lock.
func (e engine) sweep() {
	left, err := filepath.Glob(filepath.Join(e.dir, "fetching-*"))
	if err != nil {
		return
	}
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}
