package kafka

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// maxFrame is the largest request; Kafka's own limit.
const maxFrame = 100 << 20

// minFrame is a request header with a null client id.
const minFrame = 10

var errFrame = errors.New("refused a frame that is no Kafka request")

// listen makes a listener whose connections are closed at the first frame that kfake would not survive: it allocates
// whatever a length says, and an API key that it does not know ends the process.
func listen(network, address string) (net.Listener, error) {
	var cfg net.ListenConfig
	l, err := cfg.Listen(context.Background(), network, address)
	if err != nil {
		return nil, err
	}
	return guardedListener{l}, nil
}

type guardedListener struct{ net.Listener }

// Accept implements net.Listener.
func (l guardedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &guardedConn{Conn: c}, nil
}

// guardedConn looks at the first eight bytes of each frame: length, API key, version.
type guardedConn struct {
	net.Conn
	left   uint32 // bytes of the frame that were not read yet, behind head
	head   [8]byte
	unread int // bytes of head
}

// Read implements net.Conn. It is used by one goroutine at a time.
func (c *guardedConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if c.unread == 0 && c.left == 0 {
		if _, err := io.ReadFull(c.Conn, c.head[:]); err != nil {
			return 0, err
		}
		size := binary.BigEndian.Uint32(c.head[:])
		if size < minFrame || size > maxFrame || !known(int16(binary.BigEndian.Uint16(c.head[4:])), int16(binary.BigEndian.Uint16(c.head[6:]))) {
			_ = c.Close()
			return 0, errFrame
		}
		c.left, c.unread = size-4, len(c.head)
	}
	if c.unread > 0 {
		n := copy(p, c.head[len(c.head)-c.unread:])
		c.unread -= n
		return n, nil
	}
	if uint64(len(p)) > uint64(c.left) {
		p = p[:c.left]
	}
	n, err := c.Conn.Read(p)
	c.left -= uint32(n)
	return n, err
}

// known says whether a request is one that clients make: not between brokers, and of a version that exists. A client
// may ask for any version of ApiVersions, to be told which there are.
func known(key, version int16) bool {
	const firstInternal, lastInternal, apiVersions = 4, 7, 18
	if key >= firstInternal && key <= lastInternal || version < 0 {
		return false
	}
	req := kmsg.RequestForKey(key)
	return req != nil && (key == apiVersions || version <= req.MaxVersion())
}
