package intake

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
)

// MaxExpanded is the largest size of a file after decompression, in bytes.
const MaxExpanded = 2 << 30

// ErrTooLarge is wrapped by the error of a file that is larger than MaxExpanded after decompression.
var ErrTooLarge = errors.New("file is too large")

var (
	gzipMagic  = []byte{0x1f, 0x8b}
	bzip2Magic = []byte("BZh")
	utf8BOM    = []byte{0xef, 0xbb, 0xbf}
)

// Open returns the bytes of a file as they were before compression, told by its first bytes, without a byte order mark.
// Reading more than MaxExpanded bytes ends in ErrTooLarge.
func Open(r io.Reader) (io.Reader, error) { return open(r, MaxExpanded) }

func open(r io.Reader, limit int64) (io.Reader, error) {
	br := bufio.NewReaderSize(r, 64<<10)
	head, err := br.Peek(3)
	if err != nil && err != io.EOF {
		return nil, err
	}
	var plain io.Reader = br
	switch {
	case bytes.HasPrefix(head, gzipMagic):
		zr, err := gzip.NewReader(br)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		plain = zr
	case bytes.HasPrefix(head, bzip2Magic):
		plain = bzip2.NewReader(br)
	}
	out := bufio.NewReaderSize(&bounded{r: plain, left: limit}, 64<<10)
	if head, err := out.Peek(len(utf8BOM)); err == nil && bytes.Equal(head, utf8BOM) {
		if _, err := out.Discard(len(utf8BOM)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// bounded fails where an io.LimitedReader would end: a file that is cut is not a shorter file.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if int64(len(p)) > b.left+1 {
		p = p[:b.left+1]
	}
	n, err := b.r.Read(p)
	if int64(n) > b.left {
		n, err = int(b.left), fmt.Errorf("%w: more than %d bytes after decompression", ErrTooLarge, MaxExpanded)
	}
	b.left -= int64(n)
	return n, err
}
