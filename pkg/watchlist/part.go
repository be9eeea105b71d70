package watchlist

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"sluice/pkg/address"
)

// part is the content of one list in memory: its lines as they travel, and an index by key. It is immutable, shared
// by all snapshots that have the same content, and has no pointer for each entry: the garbage collector has a block of
// a megabyte to look at where there are thousands of entries. An entry is decoded when it is asked for.
type part struct {
	hash    string // of the list
	entries int
	blocks  []block
	index   index
	listed  filter // of keys with a listed entry; of parts that are too large for the snapshot's common filter
}

// block is a segment in memory.
type block struct {
	Segment
	text string
}

// spot is where an entry stands: the number of its block, and how many bytes into it.
type spot struct{ block, offset int }

// line is the line at a spot, without its end.
func (p *part) line(at spot) string {
	rest := p.blocks[at.block].text[at.offset:]
	end := strings.IndexByte(rest, '\n')
	return rest[:end]
}

// lines goes through the lines in canonical order, without their ends.
func (p *part) lines(yield func(spot, string) bool) {
	for i := range p.blocks {
		text := p.blocks[i].text
		for at := 0; at < len(text); {
			end := at + strings.IndexByte(text[at:], '\n')
			if !yield(spot{i, at}, text[at:end]) {
				return
			}
			at = end + 1
		}
	}
}

// lookup appends the entries of a key, and those of the public key hash whose P2SH-P2WPKH key it is. They are decoded
// from copies of their lines, so that who keeps one does not keep a block.
func (p *part) lookup(k address.Key, fp uint64, listed, wrapped []*Entry) (l, w []*Entry) {
	for _, s := range p.index.find(fp) {
		e := &Entry{}
		restore(strings.Clone(p.line(s.spot())), e)
		if !s.wrapped() {
			if e.Key == k {
				listed = append(listed, e)
			}
		} else if of, ok := address.WrappedSegwit(e.Key); ok && of == k {
			wrapped = append(wrapped, e)
		}
	}
	return listed, wrapped
}

// seal gives a part of blocks its hash and its filter. The blocks are decoded, in order, and the index is made.
func (p *part) seal() *part {
	h := newTextHash()
	for i := range p.blocks {
		h.write(p.blocks[i].text)
		p.entries += p.blocks[i].Entries
	}
	p.hash = h.sum()
	if p.index.listed > commonFilter {
		p.listed = newFilter(p.index.appendListed(make([]uint64, 0, p.index.listed)))
	}
	return p
}

// decoded is a segment that was read.
type decoded struct {
	block
	slots       []slot // of block 0, as they come
	first, last string // lines
}

// decode verifies the segment and reads its lines, which must be canonical, in canonical order, and all of the list.
func (g Segment) decode(list string, data []byte) (decoded, error) {
	if err := g.Verify(data); err != nil {
		return decoded{}, err
	}
	d := decoded{block: block{g, string(data)}, slots: make([]slot, 0, g.Entries+g.Entries/2)}
	this, before := &Entry{}, &Entry{}
	var canonical []byte
	n := 0
	for at := 0; at < len(d.text); n++ {
		end := strings.IndexByte(d.text[at:], '\n')
		if end < 0 {
			return decoded{}, fmt.Errorf("%w: segment %s, line %d: has no end", ErrCorrupt, g.SHA256, n+1)
		}
		line := d.text[at : at+end]
		fast, err := parseEntry(line, this)
		if err == nil && !fast {
			if canonical = this.AppendJSON(canonical[:0]); string(canonical) != line {
				err = fmt.Errorf("entry %q is not written canonically", this.EntryID)
			}
		}
		if err == nil && this.List != list {
			err = fmt.Errorf("an entry of list %q in list %q", this.List, list)
		}
		if err == nil && n > 0 && compareLines(before, this, d.last, line) >= 0 {
			err = fmt.Errorf("entry %q does not stand in canonical order", this.EntryID)
		}
		if err != nil {
			return decoded{}, fmt.Errorf("%w: segment %s, line %d: %w", ErrCorrupt, g.SHA256, n+1, err)
		}
		if n == 0 {
			d.first = line
		}
		d.last = line
		d.slots = appendSlots(d.slots, this, spot{0, at})
		before, this = this, before
		at += end + 1
	}
	if n != g.Entries {
		return decoded{}, fmt.Errorf("%w: segment %s has %d entries, want %d", ErrCorrupt, g.SHA256, n, g.Entries)
	}
	return d, nil
}

// textHash is SHA-256 of texts, in hex.
type textHash struct {
	h       hash.Hash
	scratch []byte
}

func newTextHash() *textHash { return &textHash{sha256.New(), make([]byte, 0, 64<<10)} }

func (t *textHash) write(text string) {
	for len(text) > 0 {
		n := min(len(text), cap(t.scratch))
		t.scratch = append(t.scratch[:0], text[:n]...)
		t.h.Write(t.scratch)
		text = text[n:]
	}
}

func (t *textHash) sum() string { return hex.EncodeToString(t.h.Sum(nil)) }

// ends are the first and the last line of a block's text.
func ends(text string) (first, last string) {
	first, _, _ = strings.Cut(text, "\n")
	whole := strings.TrimSuffix(text, "\n")
	return first, whole[strings.LastIndexByte(whole, '\n')+1:]
}
