package watchlist

import (
	"slices"

	"github.com/FastFilter/xorfilter"
)

// smallFilter is the number of fingerprints up to which a sorted slice is as fast as a fuse filter, and exact.
const smallFilter = 64

// filter answers whether a fingerprint may be in a set. It has no false negatives; for large sets about 2 false
// positives in 100,000. It is immutable and safe for concurrent use.
type filter struct {
	fuse  *xorfilter.BinaryFuse[uint16]
	exact []uint64 // sorted; used when there is no fuse
}

// newFilter builds the filter; it takes over fps.
func newFilter(fps []uint64) filter {
	slices.Sort(fps)
	fps = slices.Compact(fps)
	if len(fps) <= smallFilter {
		return filter{exact: fps}
	}
	// The library may reorder what it is given and may give up on a set: the exact set is then the filter.
	fuse, err := xorfilter.NewBinaryFuse[uint16](slices.Clone(fps))
	if err != nil || !containsAll(fuse, fps) {
		return filter{exact: fps}
	}
	return filter{fuse: fuse}
}

func containsAll(fuse *xorfilter.BinaryFuse[uint16], fps []uint64) bool {
	for _, fp := range fps {
		if !fuse.Contains(fp) {
			return false
		}
	}
	return true
}

func (f *filter) mayContain(fp uint64) bool {
	if f.fuse != nil {
		return f.fuse.Contains(fp)
	}
	_, found := slices.BinarySearch(f.exact, fp)
	return found
}

// anyContains says whether a fingerprint may be in one of the filters.
func anyContains(filters []filter, fp uint64) bool {
	for i := range filters {
		if filters[i].mayContain(fp) {
			return true
		}
	}
	return false
}
