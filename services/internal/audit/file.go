package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"
	"github.com/rs/zerolog"
)

// File is the log in a file, which several processes may share: each takes a lock for each record. It implements Writer.
type File struct {
	path string
	log  zerolog.Logger
	now  func() time.Time
	mu   sync.Mutex // a file lock belongs to the process
}

// Config says where the log is.
type Config struct {
	Path string
	Log  zerolog.Logger   // gets every record with its hash: a copy, and an anchor, outside of the folder
	Now  func() time.Time // nil: time.Now
}

// New makes a writer. It opens nothing.
func New(cfg Config) *File {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &File{path: cfg.Path, log: cfg.Log, now: cfg.Now}
}

// Path is where the log is.
func (f *File) Path() string { return f.path }

// lockPatience is how long Append waits for another process, whose turn takes one write.
const lockPatience = 10 * time.Second

// Append implements Writer.
func (f *File) Append(ctx context.Context, r Record) error {
	if err := r.check(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	lock := flock.New(f.path + ".lock")
	wait, cancel := context.WithTimeout(ctx, lockPatience)
	defer cancel()
	if _, err := lock.TryLockContext(wait, 5*time.Millisecond); err != nil {
		return fmt.Errorf("audit: %s: another process keeps the log: %w", f.path, err)
	}
	defer func() { _ = lock.Close() }()
	if err := f.append(r); err != nil {
		return fmt.Errorf("audit: %w; nothing was changed", err)
	}
	return nil
}

// append writes the record behind what is there. The lock is held.
func (f *File) append(r Record) error {
	file, err := os.OpenFile(f.path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	head, end, torn, err := tail(file)
	if err != nil {
		return fmt.Errorf("%s: %w; `sluice audit verify` tells more", f.path, err)
	}
	kept, err := readHead(f.path)
	if err != nil {
		return err
	}
	if kept.Seq > head.Seq {
		return fmt.Errorf("%s ends with record %d, and %s knows of %d: the log was cut off; `sluice audit verify` tells more",
			f.path, head.Seq, headPath(f.path), kept.Seq)
	}
	if kept.Seq == 0 && head.Seq > 1 {
		return fmt.Errorf("%s has %d records, and %s is missing: put it back, or move the log away after `sluice audit verify`",
			f.path, head.Seq, headPath(f.path))
	}
	if len(torn) > 0 { // a crash in the middle of a write: that record was never acknowledged
		digest := sha256.Sum256(torn)
		if err := file.Truncate(end); err != nil {
			return err
		}
		note := Record{At: f.now(), Actor: "service:audit", Action: LogTorn, Object: filepath.Base(f.path),
			Detail: map[string]string{"bytes": fmt.Sprint(len(torn)), "sha256": hex.EncodeToString(digest[:])}}
		if head, err = f.write(file, note, head); err != nil {
			return err
		}
	}
	if r.At.IsZero() {
		r.At = f.now()
	}
	_, err = f.write(file, r, head)
	return err
}

// write appends one record, makes it durable, and notes the new head.
func (f *File) write(file *os.File, r Record, after Head) (Head, error) {
	text, head, err := encode(r, after)
	if err != nil {
		return Head{}, err
	}
	if _, err := file.Write(text); err != nil {
		return Head{}, err
	}
	if err := file.Sync(); err != nil {
		return Head{}, err
	}
	if after.Seq == 0 { // the name is new too
		if err := syncDir(filepath.Dir(f.path)); err != nil {
			return Head{}, err
		}
	}
	if err := writeHead(f.path, head); err != nil {
		return Head{}, err
	}
	f.log.Info().RawJSON("record", bytes.TrimSuffix(text, []byte("\n"))).Msg("written to the audit log")
	return head, nil
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	return d.Sync()
}

// tail finds the last whole record of a log, where it ends, and what an interrupted write left behind it.
func tail(file *os.File) (head Head, end int64, torn []byte, err error) {
	info, err := file.Stat()
	if err != nil {
		return Head{}, 0, nil, err
	}
	size := info.Size()
	for want := int64(64 << 10); ; want *= 4 {
		from := max(0, size-want)
		b := make([]byte, size-from)
		if _, err := file.ReadAt(b, from); err != nil && !errors.Is(err, io.EOF) {
			return Head{}, 0, nil, err
		}
		last := bytes.LastIndexByte(b, '\n')
		before := bytes.LastIndexByte(b[:max(last, 0)], '\n')
		if from > 0 && before < 0 {
			if want > 2*maxLine {
				return Head{}, 0, nil, fmt.Errorf("its last line is longer than %d bytes", maxLine)
			}
			continue
		}
		end, torn = from+int64(last+1), b[last+1:]
		if last < 0 {
			return Head{}, end, torn, nil
		}
		_, l, hash, err := decode(b[before+1 : last])
		return Head{l.Seq, hash}, end, torn, err
	}
}

func headPath(log string) string { return log + ".head" }

// headText is the head file's content.
type headText struct {
	Seq  uint64 `json:"seq"`
	Hash string `json:"hash"`
}

func writeHead(log string, h Head) error {
	text, err := json.Marshal(headText{h.Seq, h.Hash.String()})
	if err != nil {
		return err
	}
	return renameio.WriteFile(headPath(log), append(text, '\n'), 0o600)
}

// readHead reads the head file beside the log; the zero Head when there is none.
func readHead(log string) (Head, error) {
	text, err := os.ReadFile(headPath(log))
	if errors.Is(err, os.ErrNotExist) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, err
	}
	var t headText
	if err := json.Unmarshal(text, &t); err != nil {
		return Head{}, fmt.Errorf("%s: %w", headPath(log), err)
	}
	hash, err := ParseHash(t.Hash)
	if err != nil {
		return Head{}, fmt.Errorf("%s: %w", headPath(log), err)
	}
	return Head{t.Seq, hash}, nil
}
