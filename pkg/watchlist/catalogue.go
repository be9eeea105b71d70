package watchlist

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"slices"

	"sluice/pkg/address"
)

// A catalogue says in which segments of a stored list the entries of a key stand, eight bytes an entry, in sheets by the
// first bits of the fingerprints of the keys: who asks about a few addresses reads a sheet and a segment for each, in the
// place of the list. It is an aid beside the manifest. Lists that are read whole as fast have none.
const (
	leastCatalogued = 20_000
	rowsPerSheet    = 4096
	segmentBits     = 24 // of a row are the number of the segment; the others are the first ones of the fingerprint
	catalogueMagic  = "sluice list catalogue 1 "
)

// Sheets is how many sheets the catalogue of the list has, 0 when it has no catalogue.
func (l ManifestList) Sheets() int {
	if l.Entries < leastCatalogued || len(l.Segments) >= 1<<segmentBits {
		return 0
	}
	return 1 << l.sheetBits()
}

func (l ManifestList) sheetBits() int { return bits.Len(uint(l.Entries / rowsPerSheet)) }

// Sheet is the number of the sheet on which a fingerprint stands. The list has a catalogue.
func (l ManifestList) Sheet(fingerprint uint64) int { return int(fingerprint >> (64 - l.sheetBits())) }

// Catalogue gives each sheet of the catalogue of a list to put, whose data is valid only during the call. The snapshot
// has the list, and l describes it. An error of put ends it.
func (s *Snapshot) Catalogue(l ManifestList, put func(i int, data []byte) error) error {
	slots := s.part(l.Name).index.slots
	var data []byte
	for i := range l.Sheets() {
		data = append(data[:0], make([]byte, sha256.Size)...)
		last := uint64(0)
		for len(slots) > 0 && l.Sheet(slots[0].fp) == i {
			row := slots[0].fp>>segmentBits<<segmentBits | uint64(slots[0].spot().block)
			if len(data) == sha256.Size || row != last {
				data = binary.LittleEndian.AppendUint64(data, row)
			}
			last, slots = row, slots[1:]
		}
		sum := l.sheetSum(i, data[sha256.Size:])
		copy(data, sum[:])
		if err := put(i, data); err != nil {
			return err
		}
	}
	return nil
}

// sheetSum is what a sheet begins with: a sheet is only ever taken for what it is.
func (l ManifestList) sheetSum(i int, rows []byte) [sha256.Size]byte {
	return sha256.Sum256(slices.Concat(fmt.Appendf(nil, "%s%s %d\n", catalogueMagic, l.Hash, i), rows))
}

// SegmentsOf are those in which entries of keys with a fingerprint may stand, by its sheet; in all others there are none.
// An error wraps ErrCorrupt.
func (l ManifestList) SegmentsOf(fingerprint uint64, sheet []byte) ([]Segment, error) {
	if len(sheet) < sha256.Size || len(sheet)%8 != 0 {
		return nil, fmt.Errorf("%w: a sheet of %d bytes", ErrCorrupt, len(sheet))
	}
	i, rows := l.Sheet(fingerprint), sheet[sha256.Size:]
	if sum := l.sheetSum(i, rows); !bytes.Equal(sum[:], sheet[:sha256.Size]) {
		return nil, fmt.Errorf("%w: it is not sheet %d of list %s", ErrCorrupt, i, l.Name)
	}
	var out []Segment
	for ; len(rows) > 0; rows = rows[8:] {
		row := binary.LittleEndian.Uint64(rows)
		if row>>segmentBits != fingerprint>>segmentBits {
			continue
		}
		at := int(row & (1<<segmentBits - 1))
		if at >= len(l.Segments) {
			return nil, fmt.Errorf("%w: sheet %d of list %s names segment %d of %d", ErrCorrupt, i, l.Name, at+1, len(l.Segments))
		}
		out = append(out, l.Segments[at])
	}
	return out, nil
}

// Lookup is Snapshot.Lookup in one segment of the list with the name, whose bytes are verified. Errors wrap ErrCorrupt.
func (g Segment) Lookup(list string, data []byte, k address.Key) (listed, wrapped []*Entry, err error) {
	d, err := g.decode(list, data)
	if err != nil {
		return nil, nil, err
	}
	p := &part{blocks: []block{d.block}, index: newIndex(d.slots)}
	listed, wrapped = p.lookup(k, k.Fingerprint(), nil, nil)
	return listed, wrapped, nil
}
