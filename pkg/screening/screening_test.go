package screening_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/pkg/address"
	"sluice/pkg/event"
	"sluice/pkg/network"
	"sluice/pkg/screening"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

var now = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

// parse reads a deposit with the members given, and defaults for the others.
func parse(t testing.TB, members string) *transfer.Parsed {
	t.Helper()
	p, err := transfer.Parse([]byte(`{"id":"t","customer_id":"c","asset":"X","amount":"10",`+
		`"occurred_at":"2026-06-15T12:00:00Z",`+members+`}`), now)
	if err != nil {
		t.Fatal(err)
	}
	return &p
}

func deposit(t testing.TB, from ...string) *transfer.Parsed {
	t.Helper()
	return parse(t, `"direction":"deposit","network":"ethereum","from":["`+strings.Join(from, `","`)+`"]`)
}

// evm is the n-th address.
func evm(n int) string { return fmt.Sprintf("0x%040x", n) }

// entry is an entry for an address on a network, with a category.
func entry(t testing.TB, networkName, text string, c taxonomy.Category) watchlist.Entry {
	t.Helper()
	return watchlist.Entry{
		List: "test", EntryID: text, Network: networkName, Address: text, Key: key(t, networkName, text),
		Entity: "E", Category: c, Categories: []taxonomy.Category{c},
	}
}

func key(t testing.TB, networkName, text string) address.Key {
	t.Helper()
	n, ok := network.Lookup(networkName)
	if !ok {
		return watchlist.TextKey(text)
	}
	a, err := address.Parse(n, text)
	if err != nil {
		t.Fatal(err)
	}
	return a.Key
}

func snapshot(t testing.TB, entries ...watchlist.Entry) *watchlist.Snapshot {
	t.Helper()
	s, err := watchlist.NewBuilder().Add("test", entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// only is the one hit of a result.
func only(t testing.TB, r screening.Result) screening.Hit {
	t.Helper()
	if len(r.Hits) != 1 {
		t.Fatalf("%d hits, want one: %+v", len(r.Hits), r.Hits)
	}
	return r.Hits[0]
}

func TestHitSaysWhatTheEntrySays(t *testing.T) {
	e := entry(t, "ethereum", evm(0xa1), taxonomy.Sanctions)
	e.Categories = []taxonomy.Category{taxonomy.Sanctions, taxonomy.Mixer}
	e.Authority, e.Program, e.Measure, e.Confidence = "OFAC", "CYBER2", watchlist.MeasureBlock, 90
	e.PartyListedAt, e.AddressListedAt, e.DelistedAt = "2020-01-01", "2021-01-01", "2027-01-01"
	r := screening.Screen(deposit(t, evm(0xa1)), snapshot(t, e))
	want := screening.Hit{
		List: "test", EntryID: evm(0xa1), Entity: "E",
		Category: taxonomy.Sanctions, Categories: []taxonomy.Category{taxonomy.Sanctions, taxonomy.Mixer},
		Authority: "OFAC", Program: "CYBER2", Measure: watchlist.MeasureBlock,
		Role: transfer.RoleSender, Side: transfer.SideCounterparty, Address: evm(0xa1), Match: screening.MatchExact,
		Exposure: screening.Direct, Share: screening.Whole(), Confidence: 90,
		Timing: screening.ListedBefore, PartyListedAt: "2020-01-01", AddressListedAt: "2021-01-01", DelistedAt: "2027-01-01",
	}
	if d := cmp.Diff(want, only(t, r)); d != "" {
		t.Error(d)
	}
	if r.Status != screening.Complete {
		t.Errorf("status %v", r.Status)
	}
}

func TestListedOnAnotherNetworkOfTheFamily(t *testing.T) {
	snap := snapshot(t, entry(t, "ethereum", evm(0xa1), taxonomy.Scam))
	p := parse(t, `"direction":"deposit","network":"eip155:137","from":["`+evm(0xa1)+`"]`)
	if h := only(t, screening.Screen(p, snap)); h.ListedOn != "ethereum" || h.Match != screening.MatchExact {
		t.Errorf("listed on %q, match %q", h.ListedOn, h.Match)
	}
}

func TestMatchTellsTheScriptOfAKey(t *testing.T) {
	const (
		p2pkh   = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
		p2wpkh  = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
		wrapped = "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"
	)
	cases := []struct {
		listed, on, sent, with string
		want                   screening.Match
	}{
		{p2pkh, "bitcoin", p2pkh, "bitcoin", screening.MatchExact},
		{p2pkh, "bitcoin", p2wpkh, "bitcoin", screening.MatchSameKey},
		{p2wpkh, "bitcoin", p2pkh, "bitcoin", screening.MatchSameKey},
		{p2pkh, "bitcoin", wrapped, "bitcoin", screening.MatchSameKey},
		{p2wpkh, "bitcoin", wrapped, "bitcoin", screening.MatchSameKey},
		{wrapped, "bitcoin", wrapped, "bitcoin", screening.MatchExact},
		// Base58 and CashAddr spell the same script.
		{p2pkh, "bitcoin", p2pkh, "bitcoin-cash", screening.MatchExact},
	}
	for _, c := range cases {
		p := parse(t, `"direction":"deposit","network":"`+c.with+`","from":["`+c.sent+`"]`)
		r := screening.Screen(p, snapshot(t, entry(t, c.on, c.listed, taxonomy.Scam)))
		if h := only(t, r); h.Match != c.want {
			t.Errorf("listed %s, sent %s on %s: %s, want %s", c.listed, c.sent, c.with, h.Match, c.want)
		}
	}
}

func TestAListedWrappedAddressListsNoKey(t *testing.T) {
	snap := snapshot(t, entry(t, "bitcoin", "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN", taxonomy.Scam))
	p := parse(t, `"direction":"deposit","network":"bitcoin","from":["1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"]`)
	if r := screening.Screen(p, snap); len(r.Hits) != 0 {
		t.Errorf("hits: %+v", r.Hits)
	}
}

func TestSidesByDirection(t *testing.T) {
	snap := snapshot(t,
		entry(t, "ethereum", evm(0xa1), taxonomy.Scam), entry(t, "ethereum", evm(0xa2), taxonomy.Scam),
		entry(t, "ethereum", evm(0xa3), taxonomy.Scam), entry(t, "ethereum", evm(0xa4), taxonomy.Scam),
		entry(t, "ethereum", evm(0xa5), taxonomy.Scam),
	)
	rest := `"network":"ethereum","from":["` + evm(0xa1) + `"],"to":["` + evm(0xa2) + `"],"contract":"` + evm(0xa3) +
		`","initiator":"` + evm(0xa4) + `","memo":"` + evm(0xa5) + `"`
	cases := map[string][2]transfer.Side{
		`"direction":"deposit",`:                                 {transfer.SideCounterparty, transfer.SideOwn},
		`"direction":"withdrawal",`:                              {transfer.SideOwn, transfer.SideCounterparty},
		`"direction":"internal","counterparty_customer_id":"o",`: {transfer.SideOwn, transfer.SideOwn},
	}
	for direction, ends := range cases {
		got := map[transfer.Role]transfer.Side{}
		for _, h := range screening.Screen(parse(t, direction+rest), snap).Hits {
			got[h.Role] = h.Side
		}
		want := map[transfer.Role]transfer.Side{
			transfer.RoleSender: ends[0], transfer.RoleRecipient: ends[1], transfer.RoleContract: transfer.SideToken,
			transfer.RoleInitiator: transfer.SideInitiator, transfer.RoleMemo: transfer.SideCounterparty,
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s\n%s", direction, d)
		}
	}
}

func TestShareOfTheInputs(t *testing.T) {
	snap := snapshot(t, entry(t, "ethereum", evm(0xa1), taxonomy.Scam))
	cases := []struct {
		name, members string
		known         bool
		millionths    uint32
	}{
		{"only sender", `"from":["A"]`, true, 1_000_000},
		{"amounts unknown", `"from":["A","B"]`, false, 0},
		{"a quarter", `"from":["A","B"],"from_amounts":["1","3"]`, true, 250_000},
		{"a third, rounded up", `"from":["A","B"],"from_amounts":["1","2"]`, true, 333_334},
		{"next to nothing is never nothing", `"from":["A","B"],"from_amounts":["0.000000000001","5"]`, true, 1},
		{"the same sender twice", `"from":["A","B","A"],"from_amounts":["1","2","1"]`, true, 500_000},
		{"nothing of nothing", `"from":["A","B"],"from_amounts":["0","0"]`, false, 0},
		{"nothing of something", `"from":["A","B"],"from_amounts":["0","1"]`, true, 0},
	}
	for _, c := range cases {
		members := strings.NewReplacer(`"A"`, `"`+evm(0xa1)+`"`, `"B"`, `"`+evm(0xb1)+`"`).Replace(c.members)
		h := only(t, screening.Screen(parse(t, `"direction":"deposit","network":"ethereum",`+members), snap))
		if want := (screening.Share{Known: c.known, Millionths: c.millionths}); h.Share != want {
			t.Errorf("%s: share %+v, want %+v", c.name, h.Share, want)
		}
	}
	p := parse(t, `"direction":"withdrawal","network":"ethereum","to":["`+evm(0xa1)+`"]`)
	if h := only(t, screening.Screen(p, snap)); h.Share.Known {
		t.Errorf("a recipient has a share: %+v", h.Share)
	}
}

func TestTimingReadsTheAddressDateAlone(t *testing.T) {
	cases := []struct {
		party, address string
		want           screening.Timing
	}{
		{"", "2026-06-14", screening.ListedBefore},
		{"", "2026-06-15", screening.TimingUnknown}, // the day itself
		{"", "2026-06-16", screening.ListedAfter},
		{"2020-01-01", "", screening.TimingUnknown},
		{"2027-01-01", "", screening.TimingUnknown},
		{"2020-01-01", "2026-06-16", screening.ListedAfter},
	}
	for _, c := range cases {
		e := entry(t, "ethereum", evm(0xa1), taxonomy.Scam)
		e.PartyListedAt, e.AddressListedAt = c.party, c.address
		if h := only(t, screening.Screen(deposit(t, evm(0xa1)), snapshot(t, e))); h.Timing != c.want {
			t.Errorf("party %q, address %q: %s, want %s", c.party, c.address, h.Timing, c.want)
		}
	}
}

func TestTags(t *testing.T) {
	const r = "rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv"
	tagged := entry(t, "xrp", r, taxonomy.Sanctions)
	tagged.Tag = "7"
	cases := []struct {
		tag, memo string
		want      screening.Match
		severity  taxonomy.Severity
	}{
		{"7", "7", screening.MatchExact, taxonomy.Severe},
		{"7", "8", screening.MatchBaseOnly, taxonomy.Low},
		{"7", "", screening.MatchBaseOnly, taxonomy.Low},
		{"7", " 007 ", screening.MatchExact, taxonomy.Severe},
		{"007", "7", screening.MatchExact, taxonomy.Severe},
		{"0", "000", screening.MatchExact, taxonomy.Severe},
		{"0", "7", screening.MatchBaseOnly, taxonomy.Low},
		{"0x7", "7", screening.MatchBaseOnly, taxonomy.Low},
		{"a7", "A7", screening.MatchBaseOnly, taxonomy.Low},
		{"", "8", screening.MatchExact, taxonomy.Severe},
	}
	for _, c := range cases {
		e := tagged
		e.Tag = c.tag
		p := parse(t, `"direction":"withdrawal","network":"xrp","to":["`+r+`"],"memo":"`+c.memo+`"`)
		h := only(t, screening.Screen(p, snapshot(t, e)))
		if h.Match != c.want || h.Severity() != c.severity {
			t.Errorf("entry tag %q, memo %q: %s of %s", c.tag, c.memo, h.Match, h.Severity())
		}
	}
}

func TestOwnAddresses(t *testing.T) {
	label := entry(t, "ethereum", evm(0xc1), taxonomy.Exchange)
	label.Entity = "Example Exchange"
	accused := entry(t, "ethereum", evm(0xc1), taxonomy.Exchange)
	accused.Entity = "Other"
	risky := entry(t, "ethereum", evm(0xc1), taxonomy.Scam)
	own := func(n int, name string) watchlist.Entry {
		e := entry(t, "ethereum", evm(n), taxonomy.Exchange)
		e.EntryID, e.Entity, e.Use = "own", name, watchlist.UseOwn
		return e
	}
	p := parse(t, `"direction":"withdrawal","network":"ethereum","from":["`+evm(0xc1)+`"],"to":["`+evm(0xb1)+`"]`)
	cases := []struct {
		name    string
		entries []watchlist.Entry
		hits    int
	}{
		{"no own addresses", []watchlist.Entry{label}, 1},
		{"its own label", []watchlist.Entry{label, own(0xc1, "EXAMPLE exchange")}, 0},
		{"another's label", []watchlist.Entry{accused, own(0xc1, "Example Exchange")}, 1},
		{"a label, no name given", []watchlist.Entry{label, own(0xc1, "")}, 0},
		{"a risk, no name given", []watchlist.Entry{risky, own(0xc1, "")}, 1},
		{"two names", []watchlist.Entry{label, accused, own(0xc1, "Other")}, 1},
		{"another address", []watchlist.Entry{label, own(0xc2, "")}, 1},
		{"own alone", []watchlist.Entry{own(0xc1, "")}, 0},
	}
	for _, c := range cases {
		if r := screening.Screen(p, snapshot(t, c.entries...)); len(r.Hits) != c.hits {
			t.Errorf("%s: %d hits, want %d", c.name, len(r.Hits), c.hits)
		}
	}
}

// allow is an allow entry for an address that has all it needs to suppress hits of grave entries.
func allow(t testing.TB, networkName, text string) watchlist.Entry {
	e := entry(t, networkName, text, taxonomy.Other)
	e.EntryID, e.Use = "licence-7", watchlist.UseAllow
	e.ExpiresAt, e.Author, e.Reason, e.Reference, e.Approver = "2027-01-01T00:00:00Z", "anna", "licence", "CASE-7", "bert"
	return e
}

func TestAllowedHitsAreToldAndNotJudged(t *testing.T) {
	scam, sanctioned := entry(t, "ethereum", evm(0xa1), taxonomy.Scam), entry(t, "ethereum", evm(0xa1), taxonomy.Sanctions)
	sanctioned.EntryID = "29702/36616"
	for name, c := range map[string]struct {
		listed watchlist.Entry
		change func(*watchlist.Entry)
		want   bool
	}{
		"all lists":                  {scam, func(*watchlist.Entry) {}, true},
		"that list":                  {scam, func(e *watchlist.Entry) { e.ForList = "test" }, true},
		"that entry":                 {scam, func(e *watchlist.Entry) { e.ForList, e.ForEntry = "test", scam.EntryID }, true},
		"another list":               {scam, func(e *watchlist.Entry) { e.ForList = "other" }, false},
		"another entry":              {scam, func(e *watchlist.Entry) { e.ForList, e.ForEntry = "test", "1" }, false},
		"another tag":                {scam, func(e *watchlist.Entry) { e.Tag = "7" }, false},
		"nobody approved a scam":     {scam, func(e *watchlist.Entry) { e.Approver, e.Reference = "", "" }, true},
		"sanctions":                  {sanctioned, func(*watchlist.Entry) {}, true},
		"sanctions, nobody approved": {sanctioned, func(e *watchlist.Entry) { e.Approver = "" }, false},
		"sanctions, no reference":    {sanctioned, func(e *watchlist.Entry) { e.Reference = "" }, false},
	} {
		a := allow(t, "ethereum", evm(0xa1))
		c.change(&a)
		h := only(t, screening.Screen(deposit(t, evm(0xa1)), snapshot(t, c.listed, a)))
		if (h.SuppressedBy == "test/licence-7") != c.want || h.Judged() == c.want {
			t.Errorf("%s: suppressed by %q", name, h.SuppressedBy)
		}
	}
}

func TestAnAllowEntryForOneOfTwoTagsLeavesTheOther(t *testing.T) {
	const r = "rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv"
	a := allow(t, "xrp", r)
	a.Tag = "7"
	for memo, want := range map[string]bool{"7": true, "8": false, "": false} {
		p := parse(t, `"direction":"withdrawal","network":"xrp","to":["`+r+`"],"memo":"`+memo+`"`)
		if h := only(t, screening.Screen(p, snapshot(t, entry(t, "xrp", r, taxonomy.Scam), a))); h.Judged() == want {
			t.Errorf("memo %q: suppressed by %q", memo, h.SuppressedBy)
		}
	}
}

func TestAllowAndOwnAnswerForTheWrappedAddressToo(t *testing.T) {
	const pkh, wrapped = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"
	p := parse(t, `"direction":"deposit","network":"bitcoin","from":["`+wrapped+`"]`)
	if h := only(t, screening.Screen(p, snapshot(t, entry(t, "bitcoin", pkh, taxonomy.Scam), allow(t, "bitcoin", pkh)))); h.Judged() || h.Match != screening.MatchSameKey {
		t.Errorf("%s, suppressed by %q", h.Match, h.SuppressedBy)
	}
	own := entry(t, "bitcoin", pkh, taxonomy.Exchange)
	own.EntryID, own.Use = "own", watchlist.UseOwn
	if r := screening.Screen(p, snapshot(t, entry(t, "bitcoin", wrapped, taxonomy.Exchange), own)); len(r.Hits) != 0 {
		t.Errorf("%d hits on the exchange's own", len(r.Hits))
	}
}

func TestATokensContractIsJudgedWhenTheEntryIsAboutTheToken(t *testing.T) {
	p := parse(t, `"direction":"deposit","network":"ethereum","from":["`+evm(0xb1)+`"],"contract":"`+evm(0xa3)+`"`)
	for _, c := range []struct {
		category taxonomy.Category
		names    watchlist.Names
		want     bool
	}{
		{taxonomy.Scam, "", false}, {taxonomy.Scam, watchlist.NamesToken, true}, {taxonomy.TokenContract, watchlist.NamesIssuer, true},
		{taxonomy.Sanctions, "", true}, {taxonomy.TerroristFinancing, "", false},
	} {
		e := entry(t, "ethereum", evm(0xa3), c.category)
		e.Names = c.names
		h := only(t, screening.Screen(p, snapshot(t, e)))
		if h.Judged() != c.want || h.Role != transfer.RoleContract || h.Names != c.names || h.Severity() != c.category.Severity() {
			t.Errorf("%s that names %q: judged %v, %s", c.category, c.names, h.Judged(), h.Severity())
		}
		// The same address at an end of the transfer is a hit like any other.
		if h := only(t, screening.Screen(deposit(t, evm(0xa3)), snapshot(t, e))); !h.Judged() {
			t.Errorf("%s as the sender is not judged", c.category)
		}
	}
}

func TestTheListsOwnerRatesAnEntry(t *testing.T) {
	e := entry(t, "xrp", "rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv", taxonomy.Exchange)
	e.Severity, e.Tag = "high", "7"
	for memo, want := range map[string]taxonomy.Severity{"7": taxonomy.High, "8": taxonomy.Low} {
		p := parse(t, `"direction":"withdrawal","network":"xrp","to":["rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv"],"memo":"`+memo+`"`)
		if h := only(t, screening.Screen(p, snapshot(t, e))); h.Severity() != want {
			t.Errorf("tag %s: %s", memo, h.Severity())
		}
	}
}

func TestWithoutListsNothingIsComplete(t *testing.T) {
	for _, snap := range []*watchlist.Snapshot{nil, {}} {
		r := screening.Screen(deposit(t, evm(1)), snap)
		if r.Status != screening.Degraded || len(r.Hits) != 0 || r.Clean() {
			t.Errorf("result %+v", r)
		}
	}
	if (&screening.Result{}).Clean() {
		t.Error("the zero result is clean")
	}
}

func TestCoverageDecidesTheStatus(t *testing.T) {
	snap := snapshot(t)
	cases := []struct {
		name, members string
		status        screening.Status
		coverage      transfer.Coverage
	}{
		{"known", `"direction":"deposit","network":"ethereum","from":["` + evm(1) + `"]`, screening.Complete, transfer.Coverage{}},
		{"minted", `"direction":"deposit","network":"bitcoin","from":["coinbase"]`, screening.Complete, transfer.Coverage{}},
		{"nobody", `"direction":"deposit","network":"ethereum"`, screening.Partial,
			transfer.Coverage{Counterparty: transfer.KnownNone, Reason: transfer.GapUnknownCounterparty}},
		{"half broken", `"direction":"deposit","network":"ethereum","from":["` + evm(1) + `","0x1"]`, screening.Partial,
			transfer.Coverage{Counterparty: transfer.KnownPartial, Reason: transfer.GapUnparsed}},
		{"own side broken", `"direction":"deposit","network":"ethereum","from":["` + evm(1) + `"],"to":["0x1"]`,
			screening.Partial, transfer.Coverage{Reason: transfer.GapUnparsed}},
	}
	for _, c := range cases {
		r := screening.Screen(parse(t, c.members), snap)
		if r.Status != c.status || r.Coverage != c.coverage {
			t.Errorf("%s: %v, %+v; want %v, %+v", c.name, r.Status, r.Coverage, c.status, c.coverage)
		}
	}
}

func TestTextsThatNobodyCanReadAreComparedAsTheyAre(t *testing.T) {
	listed := entry(t, "nowhere", "some text", taxonomy.Sanctions)
	p := parse(t, `"direction":"deposit","network":"elsewhere","from":["some text"]`)
	h := only(t, screening.Screen(p, snapshot(t, listed)))
	if h.ListedOn != "nowhere" || h.Match != screening.MatchExact || h.Side != transfer.SideCounterparty {
		t.Errorf("hit %+v", h)
	}
}

func TestOneEntryGivesOneHit(t *testing.T) {
	snap := snapshot(t, entry(t, "ethereum", evm(0xa1), taxonomy.Scam))
	only(t, screening.Screen(deposit(t, evm(0xa1), evm(0xb1), evm(0xa1)), snap))
}

func TestHitsStandInOneOrder(t *testing.T) {
	entries := []watchlist.Entry{
		entry(t, "ethereum", evm(1), taxonomy.Gambling), entry(t, "ethereum", evm(2), taxonomy.Sanctions),
		entry(t, "ethereum", evm(3), taxonomy.Ransomware), entry(t, "ethereum", evm(4), taxonomy.Mixer),
	}
	snap := snapshot(t, entries...)
	a := screening.Screen(deposit(t, evm(1), evm(2), evm(3), evm(4)), snap).Hits
	b := screening.Screen(deposit(t, evm(4), evm(3), evm(2), evm(1)), snap).Hits
	if d := cmp.Diff(a, b); d != "" {
		t.Error(d)
	}
	var categories []taxonomy.Category
	for _, h := range a {
		categories = append(categories, h.Category)
	}
	want := []taxonomy.Category{taxonomy.Sanctions, taxonomy.Ransomware, taxonomy.Mixer, taxonomy.Gambling}
	if !slices.Equal(categories, want) {
		t.Errorf("order %v, want %v", categories, want)
	}
}

func TestMoreHitsThanARecordHolds(t *testing.T) {
	const listed = screening.MaxHits + 1
	var entries []watchlist.Entry
	var from []string
	for i := range listed {
		c := taxonomy.Gambling
		if i == listed-1 {
			c = taxonomy.Sanctions
		}
		entries = append(entries, entry(t, "ethereum", evm(i+1), c))
		from = append(from, evm(i+1))
	}
	snap := snapshot(t, entries...)
	r := screening.Screen(deposit(t, from[:listed-1]...), snap)
	if len(r.Hits) != screening.MaxHits || r.Status != screening.Complete {
		t.Errorf("at the bound: %d hits, %v", len(r.Hits), r.Status)
	}
	r = screening.Screen(deposit(t, from...), snap)
	if len(r.Hits) != screening.MaxHits || r.Status != screening.Degraded || r.Hits[0].Category != taxonomy.Sanctions {
		t.Errorf("above the bound: %d hits, %v, first %s", len(r.Hits), r.Status, r.Hits[0].Category)
	}
}

func TestLongerHitsThanARecordHolds(t *testing.T) {
	var entries []watchlist.Entry
	var from []string
	for i := range 200 {
		e := entry(t, "ethereum", evm(i+1), taxonomy.Scam)
		e.Entity = strings.Repeat("n", watchlist.MaxText)
		entries = append(entries, e)
		from = append(from, evm(i+1))
	}
	r := screening.Screen(deposit(t, from...), snapshot(t, entries...))
	if r.Status != screening.Degraded || len(r.Hits) == 0 || len(screening.AppendHits(nil, r.Hits)) > screening.MaxHitBytes+2 {
		t.Errorf("%v with %d hits in %d bytes", r.Status, len(r.Hits), len(screening.AppendHits(nil, r.Hits)))
	}
}

func TestCleanTakesNoChances(t *testing.T) {
	snap := snapshot(t, entry(t, "ethereum", evm(0xa1), taxonomy.Scam))
	good := event.AppendFingerprints(nil, deposit(t, evm(1), evm(2)), false)
	if !screening.Clean(good, snap) {
		t.Fatal("a clean transfer is not clean")
	}
	format, coverage := slices.Clone(good), slices.Clone(good)
	format[0], coverage[1] = 2, 1
	cases := map[string][]byte{
		"no header":         nil,
		"format alone":      good[:1],
		"a cut fingerprint": good[:len(good)-1],
		"another format":    format,
		"partial coverage":  coverage,
		"a conflict":        event.AppendFingerprints(nil, deposit(t, evm(1)), true),
		"a listed sender":   event.AppendFingerprints(nil, deposit(t, evm(1), evm(0xa1)), false),
		"a broken own address": event.AppendFingerprints(nil,
			parse(t, `"direction":"deposit","network":"ethereum","from":["`+evm(1)+`"],"to":["0x1"]`), false),
	}
	var sieve screening.Sieve
	headers, want := [][]byte{good}, []bool{true}
	for name, fp := range cases {
		if screening.Clean(fp, snap) {
			t.Errorf("%s: clean", name)
		}
		headers, want = append(headers, fp, good), append(want, false, true)
	}
	for range 2 {
		if got := sieve.Clean(headers, snap); !slices.Equal(got, want) {
			t.Errorf("all at once: %v, want %v", got, want)
		}
	}
	for name, lists := range map[string]screening.Lists{"no lists": nil, "lists never built": &watchlist.Snapshot{}} {
		if screening.Clean(good, lists) || slices.Contains(sieve.Clean(headers, lists), true) {
			t.Errorf("%s: clean", name)
		}
	}
	if n := testing.AllocsPerRun(100, func() { sieve.Clean([][]byte{good, good}, snap) }); n != 0 {
		t.Errorf("%v allocations for all at once", n)
	}
	if n := testing.AllocsPerRun(100, func() { screening.Clean(good, snap) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkClean asks for a thousand transfers, one by one and all at once.
func BenchmarkClean(b *testing.B) {
	var entries []watchlist.Entry
	for i := range 100_000 {
		entries = append(entries, entry(b, "ethereum", evm(i+1_000_000), taxonomy.Scam))
	}
	snap := snapshot(b, entries...)
	headers := make([][]byte, 1000)
	for i := range headers {
		headers[i] = event.AppendFingerprints(nil, parse(b, fmt.Sprintf(`"direction":"deposit","network":"ethereum","from":["%s"],"to":["%s"],"contract":"%s"`,
			evm(3*i+1), evm(3*i+2), evm(3*i+3))), false)
	}
	var sieve screening.Sieve
	for name, all := range map[string]func() bool{
		"one_by_one": func() bool {
			ok := true
			for _, fp := range headers {
				ok = screening.Clean(fp, snap) && ok
			}
			return ok
		},
		"at_once": func() bool { return !slices.Contains(sieve.Clean(headers, snap), false) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !all() {
					b.Fatal("not clean")
				}
			}
		})
	}
}

func TestShieldedAddressesAreComparedAsTheyAre(t *testing.T) {
	const shielded = "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya"
	p := parse(t, `"direction":"deposit","network":"zcash","from":["`+shielded+`"]`)
	r := screening.Screen(p, snapshot(t, entry(t, "nowhere", shielded, taxonomy.Ransomware)))
	if h := only(t, r); h.Side != transfer.SideCounterparty || r.Coverage.Counterparty != transfer.KnownNone {
		t.Errorf("hit %+v, coverage %+v", h, r.Coverage)
	}
}
