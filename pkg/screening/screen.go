package screening

import (
	"cmp"
	"slices"
	"sluice/pkg/address"
	"sluice/pkg/amount"
	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// The most that a record holds of hits, in number and in bytes of JSON; a usual one takes 450. A transfer with more is
// degraded, and so held: the worst hits are kept.
const (
	MaxHits     = 256
	MaxHitBytes = 256 << 10
)

// Result is what screening found. The zero value is degraded.
type Result struct {
	Status   Status
	Coverage transfer.Coverage
	Hits     []Hit // the worst first

	Quarantined bool // the record could not be processed; it is held for that and not for being degraded
}

// Clean reports whether there is nothing to say of the transfer: its record gains the lists' number alone.
func (r *Result) Clean() bool {
	return r.Status == Complete && r.Coverage == transfer.Coverage{} && len(r.Hits) == 0 && r.inputs() == Inputs{}
}

// Screen looks up every address of a parsed transfer: both ends, token contract, initiator and memo. Without usable
// lists the result is degraded and has no hits.
func Screen(p *transfer.Parsed, lists Lists) Result {
	r := Result{Status: Complete, Coverage: p.Coverage}
	if len(p.Unscreenable) > 0 {
		r.Coverage.Reason = transfer.GapUnparsed // of our own side too: the transfer cannot be screened
	}
	if r.Coverage != (transfer.Coverage{}) {
		r.Status = Partial
	}
	if !usable(lists) {
		r.Status = Degraded
		return r
	}
	s := screener{p: p, lists: lists, result: &r}
	for i := range p.Parties {
		s.party(&p.Parties[i])
	}
	texts := Unparsed(p)
	for i := range texts {
		s.text(&texts[i])
	}
	sortHits(r.Hits)
	r.Hits = slices.CompactFunc(r.Hits, func(a, b Hit) bool { return compareHits(&a, &b) == 0 })
	if n := fitting(r.Hits); n < len(r.Hits) {
		r.Hits = r.Hits[:n]
		r.Status = Degraded
	}
	return r
}

// fitting is how many of the hits a record holds.
func fitting(hits []Hit) int {
	var scratch []byte
	size := 0
	for i := range hits {
		scratch = AppendHit(scratch[:0], &hits[i])
		if size += len(scratch) + 1; i == MaxHits || size > MaxHitBytes {
			return i
		}
	}
	return len(hits)
}

// screener is one transfer on its way through the lists.
type screener struct {
	p      *transfer.Parsed
	lists  Lists
	result *Result
}

func (s *screener) party(party *transfer.Party) {
	listed, wrapped := s.lists.Lookup(party.Key)
	known := claims{party, listed, wrapped}
	for _, e := range listed {
		if e.Use == watchlist.UseListed {
			s.hit(known, e, s.match(party, e))
		}
	}
	for _, e := range wrapped {
		if e.Use == watchlist.UseListed {
			s.hit(known, e, tagged(party, e, MatchSameKey))
		}
	}
}

// text looks up an address letter by letter.
func (s *screener) text(party *transfer.Party) {
	listed, _ := s.lists.Lookup(party.Key)
	known := claims{party, listed, nil}
	for _, e := range listed {
		if e.Use == watchlist.UseListed {
			s.hit(known, e, tagged(party, e, MatchExact))
		}
	}
}

// match compares the spellings: two scripts of one public key have one key, and only one of them is a segwit address;
// two addresses of one Cardano key differ in their stake part, and a unified address holds more than the key that hit.
// Base58 against CashAddr is the same script on another network of the family, and so is another prefix of one key.
func (s *screener) match(party *transfer.Party, e *watchlist.Entry) Match {
	if party.Text == e.Address {
		return tagged(party, e, MatchExact)
	}
	mine, listed := form(s.p.Net, party.Text), formOn(e.Network, e.Address)
	if mine.Partial() || listed.Partial() || (mine == address.P2WPKH) != (listed == address.P2WPKH) {
		return tagged(party, e, MatchSameKey)
	}
	return tagged(party, e, MatchExact)
}

// tagged is the match m, unless the entry is for another tag than the transfer's.
func tagged(party *transfer.Party, e *watchlist.Entry, m Match) Match {
	if !forTag(e.Tag, party.Tag) {
		return MatchBaseOnly
	}
	return m
}

func formOn(networkName, text string) address.Form {
	n, ok := network.Lookup(networkName)
	if !ok {
		return address.Plain
	}
	return form(n, text)
}

// form is how a text is spelled, Plain for one that is no address of the network.
func form(n network.Network, text string) address.Form {
	a, err := address.Parse(n, text)
	if err != nil {
		return address.Plain
	}
	return a.Form
}

// hit adds the hit of a listed entry, unless the address is the exchange's own and the entry says no more than that.
func (s *screener) hit(known claims, e *watchlist.Entry, m Match) {
	if known.ours(e) {
		return
	}
	party, t := known.party, &s.p.Transfer
	h := Hit{
		List: e.List, EntryID: e.EntryID, Entity: e.Entity,
		Category: e.Category, Categories: withPrimary(e),
		Authority: e.Authority, Program: e.Program, Measure: e.Measure, Names: e.Names, Rated: e.Severity,
		Role: party.Role, Side: party.Side, Address: party.Text, Match: m,
		Exposure: Direct, Share: s.share(party), Confidence: e.Confidence,
		Timing:        timing(e, t),
		PartyListedAt: e.PartyListedAt, AddressListedAt: e.AddressListedAt, DelistedAt: e.DelistedAt,
		KnownAt: e.KnownAt, SuppressedBy: known.allowed(e),
	}
	if e.Network != t.Network {
		h.ListedOn = e.Network
	}
	s.result.Hits = append(s.result.Hits, h)
}

// withPrimary are the categories of an entry, the primary one among them, by rank.
func withPrimary(e *watchlist.Entry) []taxonomy.Category {
	if slices.Contains(e.Categories, e.Category) {
		return e.Categories
	}
	return taxonomy.Sort(append(slices.Clone(e.Categories), e.Category))
}

// share is the part of the inputs that the sender's address pays. It is known for the only sender, and where the
// transfer names the amounts; of anybody but a sender there is none.
func (s *screener) share(party *transfer.Party) Share {
	t := &s.p.Transfer
	switch {
	case party.Role != transfer.RoleSender:
		return Share{}
	case len(t.From) == 1:
		return Whole()
	case len(t.FromAmounts) != len(t.From):
		return Share{}
	}
	total, ok := amount.Sum(t.FromAmounts)
	if !ok {
		return Share{}
	}
	part := t.FromAmounts[party.Index]
	for i := range s.p.Parties {
		other := &s.p.Parties[i]
		if other.Role == transfer.RoleSender && other.Index != party.Index && other.Key == party.Key {
			part, _ = part.Add(t.FromAmounts[other.Index]) // not more than the total, which fits
		}
	}
	return ShareOf(part, total)
}

// timing compares days. On the day of listing itself nobody knows which came first.
func timing(e *watchlist.Entry, t *transfer.Transfer) Timing {
	if e.AddressListedAt == "" {
		return TimingUnknown
	}
	switch day := t.OccurredAt.UTC().Format("2006-01-02"); cmp.Compare(e.AddressListedAt, day) {
	case -1:
		return ListedBefore
	case 1:
		return ListedAfter
	}
	return TimingUnknown
}

// sortHits puts the worst first, and what is equally bad into one order.
func sortHits(hits []Hit) {
	slices.SortFunc(hits, func(a, b Hit) int { return compareHits(&a, &b) })
}

// compareHits is 0 for hits that say the same: one address may stand several times among the senders, and one entry
// may be reached in two ways.
func compareHits(a, b *Hit) int {
	return cmp.Or(
		cmp.Compare(b.Severity(), a.Severity()),
		cmp.Compare(a.Category.Rank(), b.Category.Rank()),
		cmp.Compare(sideRank(a.Side), sideRank(b.Side)),
		cmp.Compare(roleRank(a.Role), roleRank(b.Role)),
		cmp.Compare(a.List, b.List),
		cmp.Compare(a.EntryID, b.EntryID),
		cmp.Compare(a.Address, b.Address),
		cmp.Compare(a.ListedOn, b.ListedOn),
		cmp.Compare(a.Match, b.Match),
		cmp.Compare(a.Entity, b.Entity),
		cmp.Compare(a.Authority, b.Authority),
		cmp.Compare(a.Program, b.Program),
		cmp.Compare(a.Measure, b.Measure),
		cmp.Compare(a.Confidence, b.Confidence),
		cmp.Compare(a.PartyListedAt, b.PartyListedAt),
		cmp.Compare(a.AddressListedAt, b.AddressListedAt),
		cmp.Compare(a.DelistedAt, b.DelistedAt),
		slices.Compare(a.Categories, b.Categories),
		cmp.Compare(a.Names, b.Names),
		cmp.Compare(a.Rated, b.Rated),
		cmp.Compare(a.KnownAt, b.KnownAt),
		cmp.Compare(a.SuppressedBy, b.SuppressedBy),
	)
}

var (
	sideOrder = []transfer.Side{
		transfer.SideCounterparty, transfer.SideOwn, transfer.SideToken, transfer.SideInitiator,
	}
	roleOrder = []transfer.Role{
		transfer.RoleSender, transfer.RoleRecipient, transfer.RoleContract, transfer.RoleInitiator, transfer.RoleMemo,
	}
)

func sideRank(s transfer.Side) int { return slices.Index(sideOrder, s) }
func roleRank(r transfer.Role) int { return slices.Index(roleOrder, r) }
