package screening

import (
	"sluice/pkg/address"
	"sluice/pkg/event"
	"sluice/pkg/watchlist"
)

// Lists is what screening looks up in: a *watchlist.Snapshot, or what a batch of transfers needs of one. Nil, and one
// without a version, are no usable lists.
type Lists interface {
	// Version is the content hash of all lists.
	Version() string
	// MayContain says whether a key with this fingerprint may be listed; false is certain.
	MayContain(fingerprint uint64) bool
	// Lookup returns the entries of a key, of every use, and those that list the public key hash whose P2SH-P2WPKH
	// key it is.
	Lookup(k address.Key) (listed, wrapped []*watchlist.Entry)
}

// Clean reports from the fingerprint header alone that screening finds nothing: the whole counterparty is known, there
// is no conflict, and no address is listed. False means "look closer" and is the answer to anything unexpected: another
// format, a cut header, keys left out, no usable lists. It allocates nothing.
func Clean(fp []byte, lists Lists) bool {
	prints, err := event.ParseFingerprints(fp)
	if err != nil || prints.Coverage != 0 || !usable(lists) {
		return false
	}
	for i := range prints.Len() {
		if lists.MayContain(prints.At(i)) {
			return false
		}
	}
	return true
}

// Sieve is Clean for many headers at once, which is faster: where the filter of large lists is not in the processor's cache,
// the looks into it do not wait for each other. It reuses its memory: it must not be used by two goroutines at once.
type Sieve struct {
	prints []uint64
	of     []int32 // by print: its header
	clean  []bool
}

// Clean says of each header, in their order, what Clean says of it. The answer is valid until the next call.
func (s *Sieve) Clean(headers [][]byte, lists Lists) []bool {
	s.prints, s.of, s.clean = s.prints[:0], s.of[:0], s.clean[:0]
	known := usable(lists)
	for i, fp := range headers {
		prints, err := event.ParseFingerprints(fp)
		clean := known && err == nil && prints.Coverage == 0
		s.clean = append(s.clean, clean)
		if !clean {
			continue
		}
		for k := range prints.Len() {
			s.prints, s.of = append(s.prints, prints.At(k)), append(s.of, int32(i))
		}
	}
	for k, print := range s.prints {
		if lists.MayContain(print) {
			s.clean[s.of[k]] = false
		}
	}
	return s.clean
}

// usable reports whether there is a snapshot at all. Whether it is fresh enough is for the caller to know.
func usable(lists Lists) bool { return lists != nil && lists.Version() != "" }
