package intake

import (
	"bytes"
	"slices"

	"github.com/cespare/xxhash/v2"

	"sluice/pkg/watchlist"
)

// pile keeps the entries of a list as text, a third of what they take otherwise, until all of them are known: which
// entries share an address is seen at the end alone.
type pile struct {
	chunks [][]byte // canonical JSON, one line behind the other
	places []uint64 // of the lines, in the same order: hashes of what tells apart that which shares an address
}

// chunkBytes is how much is allocated for lines at a time, and lines are at most as long.
const chunkBytes = 1 << 20

func (p *pile) add(e *watchlist.Entry, line []byte) {
	last := len(p.chunks) - 1
	if last < 0 || cap(p.chunks[last])-len(p.chunks[last]) <= len(line) {
		p.chunks = append(p.chunks, make([]byte, 0, max(chunkBytes, len(line)+1)))
		last++
	}
	p.chunks[last] = append(append(p.chunks[last], line...), '\n')
	h := xxhash.New()
	for _, text := range []string{e.Network, "\x00", e.Address, "\x00", e.Tag} {
		_, _ = h.WriteString(text) // never fails
	}
	p.places = append(p.places, h.Sum64())
}

// empty gives each entry to into, with its id as ownIDs has it, and says how many they are. The text of what was given is
// let go on the way.
func (p *pile) empty(into func(*watchlist.Entry)) (n int) {
	byHash := slices.Sorted(slices.Values(p.places))
	shared := map[uint64]bool{}
	for i := 1; i < len(byHash); i++ {
		if byHash[i] == byHash[i-1] {
			shared[byHash[i]] = true
		}
	}
	var together []watchlist.Entry
	places := p.places
	for i, chunk := range p.chunks {
		for line := range bytes.Lines(chunk) {
			e, err := watchlist.ParseEntry(line[:len(line)-1])
			if err != nil { // Add has validated it
				panic("intake: an entry that is valid cannot be read again: " + err.Error())
			}
			if shared[places[0]] {
				together = append(together, e)
			} else {
				into(&e)
				n++
			}
			places = places[1:]
		}
		p.chunks[i] = nil
	}
	together = ownIDs(sorted(together))
	for i := range together {
		into(&together[i])
	}
	return n + len(together)
}
