package screening

import (
	"sluice/pkg/event"
	"sluice/pkg/watchlist"
)

// Clean reports from the fingerprint header alone that screening finds nothing: the whole counterparty is known, there
// is no conflict, and no address is listed. False means "look closer" and is the answer to anything unexpected: another
// format, a cut header, keys left out, no usable lists. It allocates nothing.
func Clean(fp []byte, snap *watchlist.Snapshot) bool {
	prints, err := event.ParseFingerprints(fp)
	if err != nil || prints.Coverage != 0 || !usable(snap) {
		return false
	}
	for i := range prints.Len() {
		if snap.MayContain(prints.At(i)) {
			return false
		}
	}
	return true
}

// usable reports whether there is a snapshot at all. Whether it is fresh enough is for the caller to know.
func usable(snap *watchlist.Snapshot) bool { return snap.Version() != "" }
