package watchlist

import (
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

// WriteSegments gives each segment of the list with the name to put, whose data is valid only during the call. The
// result describes them all. An error of put ends it.
func (s *Snapshot) WriteSegments(name string, put func(Segment, []byte) error) ([]Segment, error) {
	p := s.part(name)
	if p == nil {
		return nil, nil
	}
	var out []Segment
	var data []byte
	for i := range p.blocks {
		data = append(data[:0], p.blocks[i].text...)
		if err := put(p.blocks[i].Segment, data); err != nil {
			return nil, err
		}
		out = append(out, p.blocks[i].Segment)
	}
	return out, nil
}

// Verify says whether data is the segment, byte for byte.
func (g Segment) Verify(data []byte) error {
	if len(data) != g.Bytes {
		return fmt.Errorf("%w: segment %s has %d bytes, want %d", ErrCorrupt, g.SHA256, len(data), g.Bytes)
	}
	if sum := hexSum(data); sum != g.SHA256 {
		return fmt.Errorf("%w: segment %s has the hash %s", ErrCorrupt, g.SHA256, sum)
	}
	return nil
}
