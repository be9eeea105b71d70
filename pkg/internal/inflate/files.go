package inflate

import (
	"archive/zip"
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

const (
	// MaxArchive is the largest zip archive that is read from a stream, in bytes, for its directory stands at its end
	// and it has to be held in memory until then. One that can be read at any place, such as a file, has no such bound.
	MaxArchive = 256 << 20
	// MaxFiles is the largest number of files in an archive.
	MaxFiles = 1000
)

// File is one file of an input: the input itself, or a file of the archive that it is.
type File struct {
	Name string // inside the archive; "" where the input is none
	open func() (*bufio.Reader, error)
}

// Open returns the bytes of the file as they were before compression. A file of an archive can be opened again, and each
// time counts against the bound of the input.
func (f File) Open() (*bufio.Reader, error) { return f.open() }

// Files returns the files of an input: one where it is no zip archive. Together they give at most limit bytes.
func Files(r io.Reader, limit int64) ([]File, error) {
	in := bufio.NewReaderSize(r, bufferBytes)
	head, err := in.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	kind := KindOf(head)
	left := limit
	if kind != Zip {
		return []File{{open: func() (*bufio.Reader, error) { return unpack(in, kind, &left, limit) }}}, nil
	}
	at, size, err := random(r, in)
	if err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(at, size)
	if err != nil {
		return nil, fmt.Errorf("zip: %w", err)
	}
	return members(archive, &left, limit)
}

// random returns an archive as something that can be read at any place: r itself where it can, else its bytes.
func random(r io.Reader, in *bufio.Reader) (io.ReaderAt, int64, error) {
	type file interface {
		io.ReaderAt
		io.Seeker
	}
	if f, ok := r.(file); ok {
		// A pipe that looks like a file cannot seek.
		if size, err := f.Seek(0, io.SeekEnd); err == nil {
			return f, size, nil
		}
	}
	whole, err := io.ReadAll(io.LimitReader(in, MaxArchive+1))
	if err != nil {
		return nil, 0, err
	}
	if len(whole) > MaxArchive {
		return nil, 0, fmt.Errorf("%w: a zip archive from a stream has at most %d bytes: give it as a file", ErrTooLarge, MaxArchive)
	}
	return bytes.NewReader(whole), int64(len(whole)), nil
}

func members(archive *zip.Reader, left *int64, limit int64) ([]File, error) {
	var out []File
	for _, f := range archive.File {
		// Folders, and what some systems put beside every file.
		if f.FileInfo().IsDir() || strings.HasPrefix(f.Name, "__MACOSX/") || path.Base(f.Name) == ".DS_Store" {
			continue
		}
		if len(out) == MaxFiles {
			return nil, fmt.Errorf("zip: the archive holds more than %d files", MaxFiles)
		}
		if f.Flags&1 != 0 {
			return nil, fmt.Errorf("zip: %s is encrypted", f.Name)
		}
		out = append(out, File{Name: f.Name, open: func() (*bufio.Reader, error) {
			r, err := f.Open()
			if err != nil {
				return nil, fmt.Errorf("zip: %s: %w", f.Name, err)
			}
			// The decoder holds nothing that has to be closed: the archive's own reader is in memory or the caller's.
			plain := bufio.NewReaderSize(&bounded{r: r, left: left, limit: limit}, bufferBytes)
			if head, err := plain.Peek(headBytes); err == nil && KindOf(head) != Plain {
				return nil, fmt.Errorf("zip: %s: %w", f.Name, ErrNested)
			}
			return plain, nil
		}})
	}
	if len(out) == 0 {
		return nil, errors.New("zip: the archive holds no file")
	}
	return out, nil
}
