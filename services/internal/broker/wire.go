package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/kafka-go/protocol"
)

// correlation is the same in every request: a connection carries one at a time, and a failed one closes it.
const correlation = 0x5157

func appendHeader(d []byte, key protocol.ApiKey, version int16, client string) []byte {
	d = append(d, 0, 0, 0, 0) // length, filled in by exchange
	d = binary.BigEndian.AppendUint16(d, uint16(key))
	d = binary.BigEndian.AppendUint16(d, uint16(version))
	d = binary.BigEndian.AppendUint32(d, correlation)
	return appendString(d, client)
}

func appendString(d []byte, s string) []byte {
	d = binary.BigEndian.AppendUint16(d, uint16(len(s)))
	return append(d, s...)
}

// exchange sends a request frame and reads the body of its response into into, or a larger buffer. limit bounds it.
func exchange(rw io.ReadWriter, frame, into []byte, limit int) ([]byte, error) {
	binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
	if _, err := rw.Write(frame); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return nil, err
	}
	n := int64(int32(binary.BigEndian.Uint32(head[:4]))) - 4
	if n < 0 || n > int64(limit) {
		return nil, fmt.Errorf("response of %d bytes, want at most %d", n, limit)
	}
	if got := binary.BigEndian.Uint32(head[4:]); got != correlation {
		return nil, fmt.Errorf("response to request %d, want %d", got, correlation)
	}
	if int64(cap(into)) < n {
		into = make([]byte, n+n/4)
	}
	into = into[:n]
	_, err := io.ReadFull(rw, into)
	return into, err
}

var errShortResponse = errors.New("response is shorter than it says")

// cursor reads a response. After an error it gives zeros, and the counts it gives never exceed what is left.
type cursor struct {
	b   []byte
	err error
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.b, c.err = nil, errShortResponse
		return nil
	}
	x := c.b[:n:n]
	c.b = c.b[n:]
	return x
}

func (c *cursor) int16() int16 {
	if x := c.take(2); x != nil {
		return int16(binary.BigEndian.Uint16(x))
	}
	return 0
}

func (c *cursor) int32() int32 {
	if x := c.take(4); x != nil {
		return int32(binary.BigEndian.Uint32(x))
	}
	return 0
}

func (c *cursor) int64() int64 {
	if x := c.take(8); x != nil {
		return int64(binary.BigEndian.Uint64(x))
	}
	return 0
}

// count reads the length of an array, whose elements take one byte at least.
func (c *cursor) count() int {
	n := int(c.int32())
	if n > len(c.b) {
		c.b, c.err = nil, errShortResponse
		return 0
	}
	return max(n, 0)
}

// string reads a string that may be null; it aliases the response.
func (c *cursor) string() []byte {
	n := int(c.int16())
	if n < 0 {
		return nil
	}
	return c.take(n)
}

func (c *cursor) bytes() []byte {
	n := int(c.int32())
	if n <= 0 {
		return nil
	}
	return c.take(n)
}

// unsupported says that a broker is too old for the one version of a call that is spoken here.
func unsupported(key protocol.ApiKey, want, have int16) error {
	return fmt.Errorf("the broker offers %s only up to version %d, want %d: it must be Kafka 2.4 or newer", key, have, want)
}
