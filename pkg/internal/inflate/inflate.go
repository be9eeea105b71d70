// Package inflate opens inputs that come as they are or compressed: by gzip, bzip2 or zstd, or as members of a zip
// archive, told by their first bytes and never by their names. What it gives is bounded: an input that expands to more
// is an error, never a shorter input. An archive inside of another is refused, for a bound on each would bound nothing.
package inflate

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var (
	// ErrTooLarge is wrapped by the error of an input that has more bytes than its bound after decompression.
	ErrTooLarge = errors.New("input is too large")
	// ErrNested is wrapped by the error of a compressed input whose content is compressed again.
	ErrNested = errors.New("compressed inside of what is compressed: unpack it once")
)

const bufferBytes = 64 << 10

// maxWindow bounds what the decoder of zstd holds of what it has written, in bytes; `zstd --ultra -22` asks for it.
const maxWindow = 128 << 20

// Kind is how an input is packed.
type Kind int

// The kinds.
const (
	Plain Kind = iota
	Gzip
	Bzip2
	Zstd
	Zip
)

// headBytes is how many bytes tell the kind.
const headBytes = 4

// KindOf tells from its first four bytes how an input is packed.
func KindOf(head []byte) Kind {
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		return Gzip
	case len(head) < headBytes:
		return Plain
	case string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9':
		return Bzip2
	case head[0] == 0x28 && head[1] == 0xb5 && head[2] == 0x2f && head[3] == 0xfd:
		return Zstd
	case string(head[:4]) == "PK\x03\x04", string(head[:4]) == "PK\x05\x06":
		return Zip
	default:
		return Plain
	}
}

// Open returns the bytes of r as they were before compression, at most limit of them. A zip archive must hold one file;
// Files opens one with several.
func Open(r io.Reader, limit int64) (*bufio.Reader, error) {
	files, err := Files(r, limit)
	if err != nil {
		return nil, err
	}
	if len(files) != 1 {
		return nil, fmt.Errorf("zip: the archive holds %d files where one is wanted", len(files))
	}
	return files[0].Open()
}

// unpack returns the plain bytes of in, which is of the kind.
func unpack(in *bufio.Reader, kind Kind, left *int64, limit int64) (*bufio.Reader, error) {
	var plain io.Reader = in
	switch kind {
	case Gzip:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		plain = z
	case Bzip2:
		plain = bzip2.NewReader(in)
	case Zstd:
		z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		plain = z
	default:
	}
	out := bufio.NewReaderSize(&bounded{r: plain, left: left, limit: limit}, bufferBytes)
	if kind == Plain {
		return out, nil
	}
	// What breaks off here is reported when it is read.
	if head, err := out.Peek(headBytes); err == nil && KindOf(head) != Plain {
		return nil, ErrNested
	}
	return out, nil
}

// bounded fails where an io.LimitedReader would end. Several of one archive share what is left.
type bounded struct {
	r     io.Reader
	left  *int64
	limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > *b.left+1 {
		p = p[:*b.left+1]
	}
	n, err := b.r.Read(p)
	if int64(n) > *b.left {
		n, err = int(*b.left), fmt.Errorf("%w: more than %d bytes after decompression", ErrTooLarge, b.limit)
	}
	*b.left -= int64(n)
	return n, err
}
