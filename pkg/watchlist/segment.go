package watchlist

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// SegmentBytes is the size at which a list is cut into segments, and MaxSegmentBytes the largest that is read: a
// segment is closed by the line that takes it over SegmentBytes.
const (
	SegmentBytes    = 1 << 20
	MaxSegmentBytes = SegmentBytes + 64<<10
)

// ErrCorrupt is wrapped by every error about a manifest or segment that is not what it should be: damaged, cut, from
// another version, or not canonical. Nothing of such a snapshot may be used.
var ErrCorrupt = errors.New("corrupt list data")

// Segment describes one piece of a list: lines of canonical entry JSON, each ended by a newline, in canonical order.
// Its hash is its name: equal pieces of several versions are stored once.
type Segment struct {
	SHA256  string `json:"sha256"` // hex, of the bytes
	Entries int    `json:"entries"`
	Bytes   int    `json:"bytes"`
}

// WriteSegments cuts the list with the name into segments and gives each to put, whose data is valid only during the
// call. The result describes them all. An error of put ends it.
func (s *Snapshot) WriteSegments(name string, put func(Segment, []byte) error) ([]Segment, error) {
	var out []Segment
	var data []byte
	n := 0
	flush := func() error {
		sum := sha256.Sum256(data)
		seg := Segment{SHA256: hex.EncodeToString(sum[:]), Entries: n, Bytes: len(data)}
		if err := put(seg, data); err != nil {
			return err
		}
		out = append(out, seg)
		data, n = data[:0], 0
		return nil
	}
	entries := s.List(name)
	for i := range entries {
		data = append(entries[i].AppendJSON(data), '\n')
		n++
		if len(data) >= SegmentBytes {
			if err := flush(); err != nil {
				return nil, err
			}
		}
	}
	if n > 0 {
		if err := flush(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Verify says whether data is the segment, byte for byte.
func (g Segment) Verify(data []byte) error {
	if len(data) != g.Bytes {
		return fmt.Errorf("%w: segment %s has %d bytes, want %d", ErrCorrupt, g.SHA256, len(data), g.Bytes)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != g.SHA256 {
		return fmt.Errorf("%w: segment %s has the hash %x", ErrCorrupt, g.SHA256, sum)
	}
	return nil
}

// entries verifies the segment and reads its entries, which must all be of the list.
func (g Segment) entries(list string, data []byte, in interner) ([]Entry, error) {
	if err := g.Verify(data); err != nil {
		return nil, err
	}
	out := make([]Entry, 0, min(g.Entries, len(data)/32))
	for line := range bytes.Lines(data) {
		e, err := ParseEntry(line)
		if err != nil {
			return nil, fmt.Errorf("%w: segment %s, line %d: %w", ErrCorrupt, g.SHA256, len(out)+1, err)
		}
		if e.List != list {
			return nil, fmt.Errorf("%w: segment %s, line %d: an entry of list %q in list %q", ErrCorrupt, g.SHA256, len(out)+1, e.List, list)
		}
		in.entry(&e)
		out = append(out, e)
	}
	if len(out) != g.Entries {
		return nil, fmt.Errorf("%w: segment %s has %d entries, want %d", ErrCorrupt, g.SHA256, len(out), g.Entries)
	}
	return out, nil
}

// interner keeps one copy of texts that many entries share.
type interner map[string]string

func (in interner) text(s *string) {
	if have, ok := in[*s]; ok {
		*s = have
		return
	}
	in[*s] = *s
}

func (in interner) entry(e *Entry) {
	for _, s := range [...]*string{&e.List, &e.Network, &e.Entity, &e.Authority, &e.Program, &e.PartyListedAt, &e.AddressListedAt, &e.DelistedAt} {
		in.text(s)
	}
}
