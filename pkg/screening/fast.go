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

// usable reports whether there is a snapshot at all. Whether it is fresh enough is for the caller to know.
func usable(lists Lists) bool { return lists != nil && lists.Version() != "" }
