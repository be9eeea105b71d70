package stream

// arena keeps copies of fetched bytes while a lane gathers, so that one fetch buffer serves all fetches however little
// each brings.
type arena struct {
	chunks [][]byte
	used   int // chunks that hold something
}

const arenaChunk = 1 << 20

// copy returns a copy of b that lives until reset.
func (a *arena) copy(b []byte) []byte {
	if a.used > 0 {
		if c := a.chunks[a.used-1]; cap(c)-len(c) >= len(b) {
			c = append(c, b...)
			a.chunks[a.used-1] = c
			return c[len(c)-len(b):]
		}
	}
	if a.used == len(a.chunks) {
		a.chunks = append(a.chunks, nil)
	}
	c := a.chunks[a.used][:0]
	if cap(c) < len(b) {
		c = make([]byte, 0, max(arenaChunk, len(b)))
	}
	c = append(c, b...)
	a.chunks[a.used] = c
	a.used++
	return c
}

func (a *arena) size() int {
	n := 0
	for _, c := range a.chunks[:a.used] {
		n += len(c)
	}
	return n
}

func (a *arena) reset() { a.used = 0 }
