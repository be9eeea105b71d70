// Package inflate opens inputs that come as they are or compressed by gzip or bzip2, told by their first bytes. What it
// gives is bounded: an input that expands to more is an error, never a shorter input.
package inflate

import (
	"bufio"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// ErrTooLarge is wrapped by the error of an input that has more bytes than its bound after decompression.
var ErrTooLarge = errors.New("input is too large")

const bufferBytes = 64 << 10

// Open returns the bytes of r as they were before compression, at most limit of them.
func Open(r io.Reader, limit int64) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, bufferBytes)
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	var plain io.Reader = in
	switch {
	case len(head) >= 2 && head[0] == 0x1f && head[1] == 0x8b:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		plain = z
	case len(head) == 4 && string(head[:3]) == "BZh" && head[3] >= '1' && head[3] <= '9':
		plain = bzip2.NewReader(in)
	}
	return bufio.NewReaderSize(&bounded{r: plain, left: limit, limit: limit}, bufferBytes), nil
}

// bounded fails where an io.LimitedReader would end.
type bounded struct {
	r           io.Reader
	left, limit int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), fmt.Errorf("%w: more than %d bytes after decompression", ErrTooLarge, b.limit)
	}
	b.left -= int64(n)
	return n, err
}
