package watchlist

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"sluice/pkg/address"
)

// PageHash names a page by the SHA-256 of its bytes.
type PageHash [sha256.Size]byte

// String is the hash in hex.
func (h PageHash) String() string { return hex.EncodeToString(h[:]) }

// noPage stands in a table for a page without rows, which is not stored.
var noPage PageHash

// rowsPerPage is how many rows a page has on average, at most: some five kilobytes.
const rowsPerPage = 32

// ManifestPaged describes the form of a stored list in which its entries stay where they are stored. They stand in pages
// by the first bits of the fingerprints of their keys, so that a look-up needs one page of a list, and one entry more or
// less changes one page, or two.
type ManifestPaged struct {
	Bits   uint8   `json:"bits"`          // how many bits of a fingerprint tell its page
	Table  []Piece `json:"table"`         // the pages' hashes
	Listed []Piece `json:"listed"`        // a filter of the keys with a listed entry
	Any    []Piece `json:"any,omitempty"` // a filter of the keys with an entry of any use; none: Listed is that
}

func (m *ManifestPaged) check(entries int) error {
	// Of an entry there are two rows at most.
	if most := pageBits(2 * entries); m.Bits < 1 || m.Bits > most {
		return fmt.Errorf("%d entries are paged by %d bits: want 1 to %d", entries, m.Bits, most)
	}
	const head = len(tableMagic) + 2*sha256.Size + 1
	if err := checkPieces("page table", m.Table, head+len(noPage)<<m.Bits); err != nil {
		return err
	}
	// A filter that keeps whole fingerprints has 8 bytes of each row.
	most := 1024 + 16*entries
	if err := checkPieces("filter", m.Listed, most); err != nil {
		return err
	}
	if len(m.Any) == 0 {
		return nil
	}
	return checkPieces("filter", m.Any, most)
}

// pieces are all pieces, table first.
func (m *ManifestPaged) pieces() []Piece { return slices.Concat(m.Table, m.Listed, m.Any) }

// Pieces are the pieces of the second form of the list, none when it is stored in the first form alone.
func (l ManifestList) Pieces() []Piece {
	if l.Paged == nil {
		return nil
	}
	return l.Paged.pieces()
}

// Pages is a list of a snapshot laid out in pages.
type Pages struct {
	part   *part
	bits   uint8
	hashes []byte // one behind the other
}

// Pages lays out the list with the name, which must be there. It hashes every page, and keeps none.
func (s *Snapshot) Pages(name string) *Pages {
	p := &Pages{part: s.part(name)}
	p.bits = pageBits(len(p.part.index.slots))
	p.hashes = make([]byte, len(noPage)<<p.bits)
	var data []byte
	for i := range p.Len() {
		if data = p.Append(data[:0], i); len(data) > 0 {
			sum := sha256.Sum256(data)
			copy(p.hashes[i*len(sum):], sum[:])
		}
	}
	return p
}

// pageBits is by how many bits so many rows are paged.
func pageBits(rows int) uint8 { return uint8(max(1, bits.Len(uint(rows/rowsPerPage)))) }

// Len is the number of pages, those without rows too.
func (p *Pages) Len() int { return 1 << p.bits }

// Hash is the name of page i; ok is false for one without rows, which is not stored.
func (p *Pages) Hash(i int) (h PageHash, ok bool) {
	copy(h[:], p.hashes[i*len(h):])
	return h, h != noPage
}

// Append appends the bytes of page i to dst: of each row the fingerprint, whether it is of the P2SH-P2WPKH address of the
// entry's key, the length of the line, and the line.
func (p *Pages) Append(dst []byte, i int) []byte {
	x := &p.part.index
	first := uint64(i) << (64 - p.bits)
	at, _ := slices.BinarySearchFunc(x.slots, first, func(s slot, fp uint64) int { return cmp.Compare(s.fp, fp) })
	for ; at < len(x.slots) && x.slots[at].fp>>(64-p.bits) == uint64(i); at++ {
		s := x.slots[at]
		line := p.part.line(s.spot())
		dst = binary.LittleEndian.AppendUint64(dst, s.fp)
		dst = append(dst, byte(s.at&slotWrapped))
		dst = binary.AppendUvarint(dst, uint64(len(line)))
		dst = append(dst, line...)
	}
	return dst
}

// Describe gives the pieces of table and filters to put, whose data is valid only during the call, and returns what the
// manifest has to say of the form.
func (p *Pages) Describe(put func(Piece, []byte) error) (m ManifestPaged, err error) {
	m.Bits = p.bits
	if m.Table, err = cutBlob(append(blobHead(tableMagic, p.part.hash), p.hashes...), put); err != nil {
		return m, err
	}
	all, listed := make([]uint64, 0, len(p.part.index.slots)), make([]uint64, 0, p.part.index.listed)
	for _, s := range p.part.index.slots {
		all = append(all, s.fp)
		if s.listed() {
			listed = append(listed, s.fp)
		}
	}
	same := len(all) == len(listed)
	f := p.part.listed
	if p.part.index.listed <= commonFilter {
		f = newFilter(listed)
	}
	if m.Listed, err = cutBlob(f.append(blobHead(filterMagic, p.part.hash)), put); err != nil || same {
		return m, err
	}
	f = newFilter(all)
	m.Any, err = cutBlob(f.append(blobHead(filterMagic, p.part.hash)), put)
	return m, err
}

// pageRow is one row of a page.
type pageRow struct {
	fp      uint64
	wrapped bool
	line    []byte
}

// pageRows goes through the rows of a page whose hash was verified; false: it is not laid out as Append does.
func pageRows(data []byte, yield func(pageRow)) bool {
	for len(data) > 0 {
		if len(data) < 10 {
			return false
		}
		row := pageRow{fp: binary.LittleEndian.Uint64(data), wrapped: data[8]&slotWrapped != 0}
		n, width := binary.Uvarint(data[9:])
		if width <= 0 || n > uint64(len(data)-9-width) {
			return false
		}
		data = data[9+width:]
		row.line, data = data[:n], data[n:]
		yield(row)
	}
	return true
}

// match appends the entry of a row to those of a key, when it is one.
func (r *pageRow) match(k address.Key, listed, wrapped []*Entry) (l, w []*Entry) {
	e := &Entry{}
	restore(string(r.line), e)
	if !r.wrapped {
		if e.Key == k {
			listed = append(listed, e)
		}
	} else if of, ok := address.WrappedSegwit(e.Key); ok && of == k {
		wrapped = append(wrapped, e)
	}
	return listed, wrapped
}

// pagedPart is the content of a list of which only filters and the pages' hashes are in memory. It is immutable.
type pagedPart struct {
	hash   string
	bits   uint8
	hashes []byte
	listed filter
	every  filter // of the keys of entries of any use
}

// page is the name of the page on which a fingerprint's rows stand, noPage when there are none.
func (p *pagedPart) page(fp uint64) (h PageHash) {
	if !p.every.mayContain(fp) {
		return noPage
	}
	copy(h[:], p.hashes[int(fp>>(64-p.bits))*len(h):])
	return h
}

// readPaged makes the part of its blobs, which are whole.
func readPaged(l ManifestList, table, listed, anyUse []byte) (*pagedPart, error) {
	p := &pagedPart{hash: l.Hash, bits: l.Paged.Bits}
	var err error
	if p.hashes, err = openBlob(tableMagic, l.Hash, table); err != nil {
		return nil, err
	}
	if len(p.hashes) != len(noPage)<<p.bits {
		return nil, fmt.Errorf("%w: a page table of %d bytes, want %d", ErrCorrupt, len(p.hashes), len(noPage)<<p.bits)
	}
	read := func(blob []byte) (filter, error) {
		body, err := openBlob(filterMagic, l.Hash, blob)
		if err != nil {
			return filter{}, err
		}
		return readFilter(body)
	}
	if p.listed, err = read(listed); err != nil {
		return nil, err
	}
	if p.every = p.listed; len(l.Paged.Any) > 0 {
		p.every, err = read(anyUse)
	}
	return p, err
}

// sortHashes puts hashes into an order of their own.
func sortHashes(hashes []PageHash) {
	slices.SortFunc(hashes, func(a, b PageHash) int { return strings.Compare(string(a[:]), string(b[:])) })
}
