package bitcoin

import (
	"encoding/binary"
	"fmt"
)

// cursor reads a serialized block from front to back. It never reads past the end and never lets a count promise more
// items than the bytes that are left could hold, so a damaged count costs no memory.
type cursor struct {
	data []byte
	pos  int
}

func (c *cursor) left() int { return len(c.data) - c.pos }

// take returns the next n bytes, which stay part of the block's memory.
func (c *cursor) take(n int, what string) ([]byte, error) {
	if n > c.left() {
		return nil, fmt.Errorf("%s at byte %d needs %d bytes, %d are left: %w", what, c.pos, n, c.left(), ErrDamaged)
	}
	b := c.data[c.pos : c.pos+n : c.pos+n]
	c.pos += n
	return b, nil
}

func (c *cursor) uint32(what string) (uint32, error) {
	b, err := c.take(4, what)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (c *cursor) uint64(what string) (uint64, error) {
	b, err := c.take(8, what)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// compact reads Bitcoin's CompactSize. The shortest encoding is required, as Bitcoin Core requires it: another one would
// be another transaction id for the same content.
func (c *cursor) compact(what string) (uint64, error) {
	at := c.pos
	first, err := c.take(1, what)
	if err != nil {
		return 0, err
	}
	var value, least uint64
	switch first[0] {
	case 0xfd:
		b, err := c.take(2, what)
		if err != nil {
			return 0, err
		}
		value, least = uint64(binary.LittleEndian.Uint16(b)), 0xfd
	case 0xfe:
		b, err := c.take(4, what)
		if err != nil {
			return 0, err
		}
		value, least = uint64(binary.LittleEndian.Uint32(b)), 1<<16
	case 0xff:
		b, err := c.take(8, what)
		if err != nil {
			return 0, err
		}
		value, least = binary.LittleEndian.Uint64(b), 1<<32
	default:
		return uint64(first[0]), nil
	}
	if value < least {
		return 0, fmt.Errorf("%s at byte %d is %d in a longer encoding than needed: %w", what, at, value, ErrDamaged)
	}
	return value, nil
}

// count reads a number of items of which each takes at least size bytes.
func (c *cursor) count(size int, what string) (int, error) {
	at := c.pos
	n, err := c.compact(what)
	if err != nil {
		return 0, err
	}
	if n > uint64(c.left()/size) {
		return 0, fmt.Errorf("%s at byte %d is %d, but the %d bytes left hold at most %d: %w",
			what, at, n, c.left(), c.left()/size, ErrDamaged)
	}
	return int(n), nil
}

// bytes reads a length and that many bytes.
func (c *cursor) bytes(what string) ([]byte, error) {
	n, err := c.count(1, what)
	if err != nil {
		return nil, err
	}
	return c.take(n, what)
}
