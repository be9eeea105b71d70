package lists

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/google/renameio/v2"

	"sluice/pkg/watchlist"
)

// copyMagic begins a copy: lines with the hash of the two lines behind it, the pointer and the manifest follow, then the
// segments in the manifest's order, which the manifest verifies.
const copyMagic = "sluice lists copy 1\n"

// maxHeader bounds the lines of a copy's header, in bytes.
const maxHeader = 64 << 20

// ErrNoCopy says that there is no copy to read.
var ErrNoCopy = errors.New("no copy of the lists")

// WriteCopy writes the snapshot and the pointer that put it in force to a file, which is either the old or the new copy,
// whole.
func WriteCopy(file string, p Pointer, s *watchlist.Snapshot) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	m, err := s.Write(func(watchlist.Segment, []byte) error { return nil })
	if err != nil {
		return err
	}
	manifest, err := m.Encode()
	if err != nil {
		return err
	}
	pointer, err := json.Marshal(p)
	if err != nil {
		return err
	}
	out, err := renameio.NewPendingFile(file, renameio.WithPermissions(0o600))
	if err != nil {
		return err
	}
	defer func() { _ = out.Cleanup() }() // of what was not put in place
	w := bufio.NewWriterSize(out, 1<<20)
	if _, err := fmt.Fprintf(w, "%s%s\n%s\n%s\n", copyMagic, headerHash(pointer, manifest), pointer, manifest); err != nil {
		return err
	}
	if _, err := s.Write(func(_ watchlist.Segment, data []byte) error { _, err := w.Write(data); return err }); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return out.CloseAtomicallyReplace()
}

// errTooMany says that a copy was not read because it is larger than what is to be held in memory.
var errTooMany = errors.New("the copy has too many entries to be held in memory")

// ReadCopy reads what WriteCopy wrote, and verifies it as if it came from Redis. ErrNoCopy: there is no file.
func ReadCopy(file string) (p Pointer, s *watchlist.Snapshot, err error) {
	return readCopy(file, func(int) bool { return false })
}

// readCopy is ReadCopy, unless there are too many entries.
func readCopy(file string, tooMany func(entries int) bool) (p Pointer, s *watchlist.Snapshot, err error) {
	in, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil, fmt.Errorf("%w: %s", ErrNoCopy, file)
	}
	if err != nil {
		return p, nil, err
	}
	defer func() { _ = in.Close() }()
	r := bufio.NewReaderSize(in, 1<<20)
	magic := make([]byte, len(copyMagic))
	if _, err := io.ReadFull(r, magic); err != nil || string(magic) != copyMagic {
		return p, nil, fmt.Errorf("%w: %s is no copy of lists", watchlist.ErrCorrupt, file)
	}
	var header [3][]byte
	for i := range header {
		if header[i], err = headerLine(r); err != nil {
			return p, nil, fmt.Errorf("%w: %s: header: %w", watchlist.ErrCorrupt, file, err)
		}
	}
	hash, pointer, manifest := header[0], header[1], header[2]
	if string(hash) != headerHash(pointer, manifest) {
		return p, nil, fmt.Errorf("%w: %s: the hash of the header does not fit", watchlist.ErrCorrupt, file)
	}
	if err := json.Unmarshal(pointer, &p); err != nil {
		return p, nil, fmt.Errorf("%w: %s: pointer: %w", watchlist.ErrCorrupt, file, err)
	}
	m, err := watchlist.ParseManifest(manifest)
	if err != nil {
		return p, nil, fmt.Errorf("%s: %w", file, err)
	}
	if m.Version != p.Version || m.Count != p.Count {
		return p, nil, fmt.Errorf("%w: %s: pointer and manifest do not agree", watchlist.ErrCorrupt, file)
	}
	if tooMany(m.Count) {
		return p, nil, fmt.Errorf("%w: %d", errTooMany, m.Count)
	}
	// The segments stand in the file in the order of the manifest: each is read before the next one, and decoded beside it.
	l := m.Begin(nil)
	missing := l.Missing()
	var mu sync.Mutex
	read := 0
	err = each(len(missing), runtime.GOMAXPROCS(0), func(int) error {
		mu.Lock()
		i := read
		read++
		data := make([]byte, missing[i].Bytes)
		_, err := io.ReadFull(r, data)
		mu.Unlock()
		if err != nil {
			return fmt.Errorf("%w: %s ends too early", watchlist.ErrCorrupt, file)
		}
		return l.Put(i, data)
	})
	if err != nil {
		return p, nil, err
	}
	s, err = l.Snapshot()
	return p, s, err
}

// headerHash is the hex SHA-256 of the two lines.
func headerHash(pointer, manifest []byte) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n", pointer, manifest))
	return hex.EncodeToString(sum[:])
}

// headerLine reads one line, without its end.
func headerLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxHeader:
			return nil, errors.New("the line is too long")
		case err == nil:
			return bytes.TrimSuffix(line, []byte("\n")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}
