package recordbatch

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// Codec is how the records of a batch are compressed.
type Codec int8

// The codecs of the format.
const (
	CodecNone Codec = iota
	CodecGzip
	CodecSnappy
	CodecLZ4
	CodecZstd
)

// Expander expands compressed batches. It keeps its decoders; it is used by one goroutine.
type Expander struct {
	limit int
	in    bytes.Reader
	gzip  *gzip.Reader
	lz4   *lz4.Reader
	zstd  *zstd.Decoder
}

// NewExpander makes an Expander that refuses to expand a batch to more than limit bytes.
func NewExpander(limit int) *Expander { return &Expander{limit: limit} }

// Expand appends the expanded payload of b to dst[:0] and returns it; nil for a batch that is not compressed.
func (e *Expander) Expand(dst []byte, b *Batch) ([]byte, error) {
	dst = dst[:0]
	e.in.Reset(b.payload)
	var err error
	switch b.Codec {
	case CodecNone:
		return nil, nil
	case CodecGzip:
		if e.gzip == nil {
			e.gzip = new(gzip.Reader)
		}
		if err = e.gzip.Reset(&e.in); err == nil {
			dst, err = e.read(dst, e.gzip)
		}
	case CodecSnappy:
		dst, err = e.snappy(dst, b.payload)
	case CodecLZ4:
		if e.lz4 == nil {
			e.lz4 = lz4.NewReader(nil)
		}
		e.lz4.Reset(&e.in)
		dst, err = e.read(dst, e.lz4)
	case CodecZstd:
		if e.zstd == nil {
			e.zstd, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(uint64(e.limit)), zstd.WithDecoderLowmem(true))
			if err != nil {
				return dst, err
			}
		}
		dst, err = e.zstd.DecodeAll(b.payload, dst)
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
			err = ErrExpanded
		}
	default:
		return dst, fmt.Errorf("%w: codec %d", ErrFormat, b.Codec)
	}
	if err != nil && !errors.Is(err, ErrExpanded) {
		err = fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return dst, err
}

// read appends what r gives, to the limit.
func (e *Expander) read(dst []byte, r io.Reader) ([]byte, error) {
	for {
		if len(dst) == cap(dst) {
			dst = slices.Grow(dst, max(64<<10, cap(dst)))
		}
		n, err := r.Read(dst[len(dst):min(cap(dst), e.limit+1)])
		dst = dst[:len(dst)+n]
		if len(dst) > e.limit {
			return dst, ErrExpanded
		}
		if err == io.EOF {
			return dst, nil
		}
		if err != nil {
			return dst, err
		}
	}
}

// xerial begins the framing that Java's snappy library puts around blocks.
var xerial = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

const xerialHeader = 16 // magic, version, oldest compatible version

// snappy expands one block, or the blocks of the xerial framing.
func (e *Expander) snappy(dst, src []byte) ([]byte, error) {
	if !bytes.HasPrefix(src, xerial) || len(src) < xerialHeader {
		return e.snappyBlock(dst, src)
	}
	src = src[xerialHeader:]
	for len(src) > 0 {
		if len(src) < 4 {
			return dst, io.ErrUnexpectedEOF
		}
		n := binary.BigEndian.Uint32(src)
		if uint64(n) > uint64(len(src)-4) {
			return dst, io.ErrUnexpectedEOF
		}
		var err error
		if dst, err = e.snappyBlock(dst, src[4:4+n]); err != nil {
			return dst, err
		}
		src = src[4+n:]
	}
	return dst, nil
}

func (e *Expander) snappyBlock(dst, block []byte) ([]byte, error) {
	n, err := snappy.DecodedLen(block)
	if err != nil {
		return dst, err
	}
	if n > e.limit-len(dst) {
		return dst, ErrExpanded
	}
	dst = slices.Grow(dst, n)
	out, err := snappy.Decode(dst[len(dst):len(dst)+n:len(dst)+n], block)
	if err != nil {
		return dst, err
	}
	return dst[:len(dst)+len(out)], nil
}
