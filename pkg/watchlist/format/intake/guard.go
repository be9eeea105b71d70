package intake

import (
	"fmt"
	"io"
)

// Guard bounds the size of one value of a document that is read value by value, so that a value of any size is not held
// in memory first and judged then.
type Guard struct {
	r           io.Reader
	read, limit int64
}

// NewGuard returns a guard that allows nothing yet.
func NewGuard(r io.Reader) *Guard { return &Guard{r: r} }

// ahead is what a decoder may read ahead of the value that it is asked for, in bytes.
const ahead = 64 << 10

// Allow lets at most bytes be read behind the offset, where the next value begins.
func (g *Guard) Allow(offset, bytes int64) { g.limit = offset + bytes + ahead }

// Read reads, and fails where the value is larger than allowed.
func (g *Guard) Read(p []byte) (int, error) {
	if g.read >= g.limit {
		return 0, fmt.Errorf("%w: one value of the document", ErrTooLarge)
	}
	if most := g.limit - g.read; int64(len(p)) > most {
		p = p[:most]
	}
	n, err := g.r.Read(p)
	g.read += int64(n)
	return n, err
}
