package address

// The major types of CBOR (RFC 8949) that Cardano's first addresses use.
const (
	cborUint  = 0
	cborBytes = 2
	cborArray = 4
	cborMap   = 5
	cborTag   = 6
)

// cbor reads one item after another, each number in its shortest form. After a failure it reads nothing more.
type cbor struct {
	rest   []byte
	failed bool
}

// head reads the head of an item of a major type: its value, length or count.
func (c *cbor) head(major byte) uint64 {
	if c.failed || len(c.rest) == 0 || c.rest[0]>>5 != major {
		c.failed = true
		return 0
	}
	short := c.rest[0] & 0x1f
	c.rest = c.rest[1:]
	if short < 24 {
		return uint64(short)
	}
	width := 1 << (short - 24)
	if short > 27 || len(c.rest) < width {
		c.failed = true
		return 0
	}
	var n uint64
	for _, b := range c.rest[:width] {
		n = n<<8 | uint64(b)
	}
	c.rest = c.rest[width:]
	if n < 24 || width > 1 && n>>(8*width/2) == 0 {
		c.failed = true // a shorter form says the same
	}
	return n
}

// bytes reads a byte string.
func (c *cbor) bytes() []byte {
	n := c.head(cborBytes)
	if c.failed || n > uint64(len(c.rest)) {
		c.failed = true
		return nil
	}
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}
