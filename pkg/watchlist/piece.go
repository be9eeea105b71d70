package watchlist

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/FastFilter/xorfilter"
)

// Piece describes a part of a blob that belongs to a list and is stored as segments are: its hash is its name.
type Piece struct {
	SHA256 string `json:"sha256"` // hex, of the bytes
	Bytes  int    `json:"bytes"`
}

// segment is the piece as what is verified, fetched and stored like it.
func (p Piece) segment() Segment { return Segment{SHA256: p.SHA256, Bytes: p.Bytes} }

// cutBlob gives a blob piece by piece to put, whose data is valid only during the call.
func cutBlob(blob []byte, put func(Piece, []byte) error) ([]Piece, error) {
	var out []Piece
	for some := range slices.Chunk(blob, SegmentBytes) {
		p := Piece{SHA256: hexSum(some), Bytes: len(some)}
		if err := put(p, some); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

// checkPieces says what is impossible about the pieces of a blob of at most so many bytes.
func checkPieces(what string, pieces []Piece, most int) error {
	n := 0
	for _, p := range pieces {
		if p.Bytes < 1 || p.Bytes > MaxSegmentBytes || len(p.SHA256) != 64 {
			return fmt.Errorf("%s: piece %q of %d bytes is impossible", what, p.SHA256, p.Bytes)
		}
		n += p.Bytes
	}
	if n < 1 || n > most {
		return fmt.Errorf("%s of %d bytes: want 1 to %d", what, n, most)
	}
	return nil
}

// A blob begins with what it is and of which list's content, so that blobs of two versions are never taken for each
// other.
const (
	tableMagic  = "sluice list pages 1 "
	filterMagic = "sluice list filter 1 "
)

func blobHead(magic, listHash string) []byte { return []byte(magic + listHash + "\n") }

// open returns what stands behind the head of a blob.
func openBlob(magic, listHash string, blob []byte) ([]byte, error) {
	body, ok := bytes.CutPrefix(blob, blobHead(magic, listHash))
	if !ok {
		return nil, fmt.Errorf("%w: a blob that does not begin with %q", ErrCorrupt, magic+listHash)
	}
	return body, nil
}

// The two kinds of filters in a blob.
const (
	exactFilter = 0 // sorted fingerprints
	fuseFilter  = 1
)

// fuseHead is what stands before the fingerprints of a fuse filter: a seed and four numbers.
const fuseHead = 8 + 4*4

// append appends the filter; numbers are little endian.
func (f *filter) append(dst []byte) []byte {
	if f.fuse == nil {
		dst = append(dst, exactFilter)
		for _, fp := range f.exact {
			dst = binary.LittleEndian.AppendUint64(dst, fp)
		}
		return dst
	}
	dst = append(dst, fuseFilter)
	dst = binary.LittleEndian.AppendUint64(dst, f.fuse.Seed)
	for _, n := range []uint32{f.fuse.SegmentLength, f.fuse.SegmentLengthMask, f.fuse.SegmentCount, f.fuse.SegmentCountLength} {
		dst = binary.LittleEndian.AppendUint32(dst, n)
	}
	for _, fp := range f.fuse.Fingerprints {
		dst = binary.LittleEndian.AppendUint16(dst, fp)
	}
	return dst
}

// readFilter reads what append wrote. A filter that could look outside of its fingerprints is refused.
func readFilter(data []byte) (filter, error) {
	if len(data) == 0 {
		return filter{}, fmt.Errorf("%w: an empty filter", ErrCorrupt)
	}
	kind, data := data[0], data[1:]
	switch {
	case kind == exactFilter && len(data)%8 == 0:
		f := filter{exact: make([]uint64, len(data)/8)}
		for i := range f.exact {
			f.exact[i] = binary.LittleEndian.Uint64(data[8*i:])
			if i > 0 && f.exact[i] <= f.exact[i-1] {
				return filter{}, fmt.Errorf("%w: the fingerprints of a filter are not sorted", ErrCorrupt)
			}
		}
		return f, nil
	case kind == fuseFilter && len(data) > fuseHead && len(data)%2 == 0:
		u := &xorfilter.BinaryFuse[uint16]{Seed: binary.LittleEndian.Uint64(data)}
		for i, n := range []*uint32{&u.SegmentLength, &u.SegmentLengthMask, &u.SegmentCount, &u.SegmentCountLength} {
			*n = binary.LittleEndian.Uint32(data[8+4*i:])
		}
		data = data[fuseHead:]
		length, count := uint64(u.SegmentLength), uint64(u.SegmentCount)
		if length == 0 || length&(length-1) != 0 || uint64(u.SegmentLengthMask) != length-1 || count == 0 ||
			uint64(u.SegmentCountLength) != count*length || uint64(len(data)/2) != (count+2)*length {
			return filter{}, fmt.Errorf("%w: a filter of %d segments of %d with %d fingerprints", ErrCorrupt, count, length, len(data)/2)
		}
		u.Fingerprints = make([]uint16, len(data)/2)
		for i := range u.Fingerprints {
			u.Fingerprints[i] = binary.LittleEndian.Uint16(data[2*i:])
		}
		return filter{fuse: u}, nil
	default:
		return filter{}, fmt.Errorf("%w: a filter of kind %d with %d bytes", ErrCorrupt, kind, len(data))
	}
}
