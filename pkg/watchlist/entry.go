// Package watchlist holds what is listed: entries, the immutable snapshot of all lists, the difference of two
// snapshots, the guards a load must pass, and the segment format in which a snapshot travels.
//
// It is pure: it opens no file and no connection, and reads no clock. Publishers' files become entries in the packages
// under format/; the watchlist service stores, activates and distributes snapshots; screening looks up in them.
package watchlist

import (
	"sluice/pkg/address"
	"sluice/pkg/taxonomy"
)

// Measure is what an authority orders about a listed party.
type Measure string

// The measures. "" means that the publisher names none.
const (
	MeasureNone    Measure = "none"
	MeasureBlock   Measure = "block"
	MeasureReject  Measure = "reject"
	MeasureSpecial Measure = "special_measures"
	MeasureSeizure Measure = "seizure"
	MeasureIssuer  Measure = "issuer_freeze"
)

// Valid says whether m is a measure or "".
func (m Measure) Valid() bool {
	switch m {
	case "", MeasureNone, MeasureBlock, MeasureReject, MeasureSpecial, MeasureSeizure, MeasureIssuer:
		return true
	default:
		return false
	}
}

// Entry is one listed address as one list has it.
type Entry struct {
	List    string // name of the list, such as "ofac-sdn"
	EntryID string // the publisher's id of the entry, stable between versions of the list

	Network string      // canonical name of the network it is listed on
	Address string      // canonical text, without the tag
	Tag     string      // "" : the entry hits every tag of the address
	Key     address.Key // of Address; TextKey where no family reads the network's addresses

	Entity     string              // the party, as the publisher names it
	Category   taxonomy.Category   // primary
	Categories []taxonomy.Category // all of them, the primary one included, by rank
	Authority  string              // such as "OFAC"
	Program    string              // such as "CYBER2"
	Measure    Measure
	Confidence uint8 // 1-100 percent; 0: the publisher says nothing

	PartyListedAt   string // YYYY-MM-DD, "" unknown; of the party, never to be read as the address's
	AddressListedAt string // YYYY-MM-DD, "" where the publisher dates only parties
	DelistedAt      string // YYYY-MM-DD, "" while listed
}
