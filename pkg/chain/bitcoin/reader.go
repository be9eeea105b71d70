package bitcoin

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"sluice/pkg/chain/internal/build"
)

// Reader converts inputs of serialized blocks in any of three wrappings:
//
//   - one block as its bytes and nothing else;
//   - blocks with the network's magic and their length before each, as Bitcoin Core's blk files have them, zeros at
//     the end being ignored;
//   - blocks in hexadecimal, one a line, as `bitcoin-cli getblock HASH 0` prints them.
//
// A block is verified as a whole before its first transfer is given.
type Reader struct {
	build *build.Builder
}

// NewReader gives its transfers to b.
func NewReader(b *build.Builder) *Reader { return &Reader{build: b} }

// magic begins every block of Bitcoin's main network in a file of blocks.
var magic = []byte{0xf9, 0xbe, 0xb4, 0xd9}

// hexSample is how many bytes must be hex digits for an input to be hexadecimal: a whole header's version and more.
const hexSample = 16

// Add reads one input to its end.
func (r *Reader) Add(in io.Reader) error {
	br := bufio.NewReader(in)
	head, err := br.Peek(hexSample)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	switch {
	case len(head) == 0:
		return fmt.Errorf("empty input: %w", ErrDamaged)
	case bytes.HasPrefix(head, magic):
		return r.framed(br)
	case isHex(head):
		return r.hexLines(br)
	}
	data, err := io.ReadAll(io.LimitReader(br, MaxBlock+1))
	if err != nil {
		return err
	}
	return r.block(data)
}

// Close has nothing left to give.
func (r *Reader) Close() error { return nil }

func (r *Reader) block(data []byte) error {
	b, err := Parse(data)
	if err != nil {
		return err
	}
	return Give(r.build, b)
}

func (r *Reader) framed(br *bufio.Reader) error {
	for n := 1; ; n++ {
		var frame [8]byte
		_, err := io.ReadFull(br, frame[:])
		if errors.Is(err, io.EOF) || err == nil && frame == [8]byte{} {
			return r.zeros(br) // the space that a blk file has in store
		}
		if err != nil {
			return fmt.Errorf("block %d: its magic and length: %w", n, ErrDamaged)
		}
		size := binary.LittleEndian.Uint32(frame[4:])
		if !bytes.Equal(frame[:4], magic) || size > MaxBlock {
			return fmt.Errorf("block %d: %x is not the magic and a length of at most %d: %w", n, frame, MaxBlock, ErrDamaged)
		}
		// The length is only believed as far as bytes follow.
		data, err := io.ReadAll(io.LimitReader(br, int64(size)))
		if err == nil && len(data) < int(size) {
			err = fmt.Errorf("%d of %d bytes: %w", len(data), size, ErrDamaged)
		}
		if err == nil {
			err = r.block(data)
		}
		if err != nil {
			return fmt.Errorf("block %d: %w", n, err)
		}
	}
}

func (r *Reader) zeros(br *bufio.Reader) error {
	for {
		c, err := br.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case c != 0:
			return fmt.Errorf("bytes other than zeros follow the last block: %w", ErrDamaged)
		}
	}
}

func (r *Reader) hexLines(br *bufio.Reader) error {
	lines := bufio.NewScanner(br)
	lines.Buffer(make([]byte, 0, 1<<16), 2*MaxBlock+2)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		data := make([]byte, hex.DecodedLen(len(line)))
		if _, err := hex.Decode(data, line); err != nil {
			return fmt.Errorf("line %d: %w: %w", n, err, ErrDamaged)
		}
		if err := r.block(data); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return lines.Err()
}

func isHex(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}
