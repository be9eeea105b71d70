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

// Use is what an entry does.
type Use string

// The uses.
const (
	UseListed Use = ""      // transfers that touch the address are hits
	UseAllow  Use = "allow" // hits of the address are shown as suppressed and not judged
	UseOwn    Use = "own"   // the address is the exchange's own
)

// Valid says whether u is a use.
func (u Use) Valid() bool { return u == UseListed || u == UseAllow || u == UseOwn }

// Names is what the party of an entry is to a token whose contract the address is.
type Names string

// What an entry may name. "" for an address that is more than that: a hit on it as a token contract is a fact about
// the token's users and no alert, unless it is sanctions.
const (
	NamesNothing Names = ""
	NamesToken   Names = "token"  // the token itself is what is listed
	NamesIssuer  Names = "issuer" // its issuer is
)

// Valid says whether n is one of the above.
func (n Names) Valid() bool { return n == NamesNothing || n == NamesToken || n == NamesIssuer }

// Service is what an own address serves for.
type Service string

// The services of own addresses.
const (
	ServiceDeposit Service = "deposit" // of one customer
	ServiceHot     Service = "hot"
	ServiceCold    Service = "cold"
	ServiceSweep   Service = "sweep"
)

// Valid says whether s is a service or "".
func (s Service) Valid() bool {
	return s == "" || s == ServiceDeposit || s == ServiceHot || s == ServiceCold || s == ServiceSweep
}

// Entry is one listed address as one list has it, or what the exchange itself says of an address.
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
	Confidence uint8  // 1-100 percent; 0: the publisher says nothing
	Severity   string // none|low|medium|high|severe, as whoever runs the list rates it; "": its categories' default

	PartyListedAt   string // YYYY-MM-DD, "" unknown; of the party, never to be read as the address's
	AddressListedAt string // YYYY-MM-DD, "" where the publisher dates only parties
	DelistedAt      string // YYYY-MM-DD, "" while listed

	Use      Use
	Names    Names
	Service  Service // own: what it serves for
	Customer string  // own: the pseudonym of the customer whose address it is, "" none's

	ForList  string // allow: the only list whose hits are suppressed, "" all
	ForEntry string // allow: the only entry of ForList, "" all

	// What follows is known of entries that people make.
	ExpiresAt string // RFC 3339 UTC in whole seconds, "" never: then a new snapshot goes without the entry
	KnownAt   string // RFC 3339 UTC in whole seconds, when it was made
	Author    string
	Reason    string
	Reference string // of the case or decision behind it
	Approver  string // the second person, where one is wanted
}
