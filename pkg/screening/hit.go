package screening

import (
	"slices"

	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// Match is how the transfer's address agrees with the listed one.
type Match string

// The matches.
const (
	// MatchExact: the same address, however it is spelled.
	MatchExact Match = "exact"
	// MatchSameKey: another address of the same public key.
	MatchSameKey Match = "same_key"
	// MatchCluster: an address that is held to be of the same wallet.
	MatchCluster Match = "cluster"
	// MatchBaseOnly: the same base address with another tag, so most likely another person. Never above low.
	MatchBaseOnly Match = "base_only"
)

// Exposure tells a hit on an address of the transfer itself from one further back.
type Exposure string

// The exposures.
const (
	Direct   Exposure = "direct"
	Indirect Exposure = "indirect"
)

// Timing is whether the address was on the list when the transfer occurred, as far as the publisher dates addresses.
// The date on which a party was listed never decides it: addresses are added to parties years later, and a party that
// is listed again carries the later date.
type Timing string

// The timings.
const (
	ListedBefore  Timing = "listed_before"
	ListedAfter   Timing = "listed_after"
	TimingUnknown Timing = "unknown"
)

// Hit is one listed address in a transfer, as one entry of one list has it. Texts are "" and numbers 0 where unknown;
// the JSON form then leaves the member out.
type Hit struct {
	List    string
	EntryID string
	Entity  string

	Category   taxonomy.Category   // primary
	Categories []taxonomy.Category // all, the primary one included, by rank

	Authority string
	Program   string
	Measure   watchlist.Measure
	Names     watchlist.Names // what the party is to the token whose contract the address is
	Rated     string          // severity that the list's owner gives the entry, "" the categories' default

	Role     transfer.Role
	Side     transfer.Side
	Address  string // the transfer's, canonical, without its tag
	Match    Match
	ListedOn string // the network the entry names, when the transfer is on another one of the family

	Exposure   Exposure
	Hops       uint8 // 0: the transfer's own address
	Share      Share // of the transfer's value that is this address's, known for senders alone
	Confidence uint8 // 1-100 percent, as the publisher says

	Timing          Timing
	PartyListedAt   string // YYYY-MM-DD
	AddressListedAt string // YYYY-MM-DD
	KnownAt         string // RFC 3339: when Sluice first had the entry
	DelistedAt      string // YYYY-MM-DD
	SuppressedBy    string // LIST/ENTRY_ID of the allow entry for which the hit is shown and not judged
}

// Judged reports whether rules look at the hit at all. They leave alone what is suppressed, and an address that is
// listed and only the contract of the token that moved: lists hold token contracts for many reasons, and everybody who
// uses the token would be flagged. The entry must name the token or its issuer, or list the address for sanctions.
func (h *Hit) Judged() bool {
	if h.SuppressedBy != "" {
		return false
	}
	return h.Role != transfer.RoleContract || h.Names != watchlist.NamesNothing ||
		h.Category == taxonomy.Sanctions || slices.Contains(h.Categories, taxonomy.Sanctions)
}

// Severity is the hit's own: what the list's owner says, else the worst of its categories, and never above low for a
// base_only match.
func (h *Hit) Severity() taxonomy.Severity {
	worst, err := taxonomy.ParseSeverity(h.Rated)
	if err != nil {
		worst = h.Category.Severity()
		for _, c := range h.Categories {
			worst = max(worst, c.Severity())
		}
	}
	if h.Match == MatchBaseOnly {
		worst = min(worst, taxonomy.Low)
	}
	return worst
}
