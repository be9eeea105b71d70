package lookback

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/pkg/address"
	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
)

func entry(t *testing.T, networkName, text string, use watchlist.Use, reason string) watchlist.Entry {
	t.Helper()
	n, ok := network.Lookup(networkName)
	if !ok {
		t.Fatal(networkName)
	}
	a, err := address.Parse(n, text)
	if err != nil {
		t.Fatal(err)
	}
	return watchlist.Entry{List: "l", EntryID: text, Network: networkName, Address: a.Text, Key: a.Key, Category: taxonomy.Scam,
		Categories: []taxonomy.Category{taxonomy.Scam}, Use: use, Author: "alice", Reason: "because" + reason, ExpiresAt: "2027-01-01T00:00:00Z"}
}

func snapshotOf(t *testing.T, entries ...watchlist.Entry) *watchlist.Snapshot {
	t.Helper()
	s, err := watchlist.NewBuilder().Add("l", entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestKeysThatAChangeOfTheListsConcerns(t *testing.T) {
	const evm, other, p2pkh = "0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a", "0x5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b5b", "1BoatSLRHtKNngkdXEeobR76b53LETtpyT"
	e := func(text string, use watchlist.Use, reason string) watchlist.Entry {
		return entry(t, "ethereum", text, use, reason)
	}
	pkh := entry(t, "bitcoin", p2pkh, watchlist.UseListed, "")
	wrapped, ok := address.WrappedSegwit(pkh.Key)
	if !ok {
		t.Fatal("a public key hash has no wrapped key")
	}
	key := func(x watchlist.Entry) string { return x.Key.String() }
	listed, otherListed := e(evm, watchlist.UseListed, ""), e(other, watchlist.UseListed, "")
	for name, c := range map[string]struct {
		before, after []watchlist.Entry
		want          []string
	}{
		"the first lists":                {nil, []watchlist.Entry{listed, otherListed}, []string{key(listed), key(otherListed)}},
		"nothing":                        {[]watchlist.Entry{listed}, []watchlist.Entry{listed}, nil},
		"added":                          {[]watchlist.Entry{listed}, []watchlist.Entry{listed, otherListed}, []string{key(otherListed)}},
		"removed":                        {[]watchlist.Entry{listed, otherListed}, []watchlist.Entry{otherListed}, []string{key(listed)}},
		"changed":                        {[]watchlist.Entry{listed}, []watchlist.Entry{e(evm, watchlist.UseListed, "another")}, []string{key(listed)}},
		"a public key hash":              {nil, []watchlist.Entry{pkh}, []string{key(pkh), wrapped.String()}},
		"a public key hash removed":      {[]watchlist.Entry{pkh}, nil, []string{key(pkh), wrapped.String()}},
		"own, and not listed":            {nil, []watchlist.Entry{e(evm, watchlist.UseOwn, "")}, nil},
		"allowed, and not listed":        {[]watchlist.Entry{e(evm, watchlist.UseAllow, "")}, nil, nil},
		"allowed, and listed":            {[]watchlist.Entry{listed}, []watchlist.Entry{listed, e(evm, watchlist.UseAllow, "")}, []string{key(listed)}},
		"allowed no more, listed":        {[]watchlist.Entry{listed, e(evm, watchlist.UseAllow, "")}, []watchlist.Entry{listed}, []string{key(listed)}},
		"own, and listed until now":      {[]watchlist.Entry{listed}, []watchlist.Entry{e(evm, watchlist.UseOwn, "")}, []string{key(listed)}},
		"listed elsewhere in the family": {nil, []watchlist.Entry{entry(t, "polygon", evm, watchlist.UseListed, "")}, []string{key(listed)}},
	} {
		var before *watchlist.Snapshot
		if c.before != nil {
			before = snapshotOf(t, c.before...)
		}
		keys := map[string]bool{}
		affected(before, snapshotOf(t, c.after...), func(k address.Key) { keys[k.String()] = true })
		got := slices.Sorted(maps.Keys(keys))
		slices.Sort(c.want)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestWhatIsToBeDone(t *testing.T) {
	on := func(seq uint64) activation.Activation {
		return activation.Activation{Seq: seq, Kind: activation.Lists, Version: fmt.Sprint("v", seq)}
	}
	order := func(seq uint64, scope activation.Scope, from uint64) activation.Activation {
		return activation.Activation{Seq: seq, Kind: activation.Rescreen, Scope: scope, FromSeq: from}
	}
	acts := []activation.Activation{on(1), on(2), order(3, activation.Held, 0), on(5), order(6, activation.Since, 2)}
	for _, c := range []struct {
		done []uint64
		upTo uint64
		want string // seq, first seq, scope, version before, versions
	}{
		{nil, 0, "5 1 lists - v1 v2 v5"},
		{nil, 1, "5 2 lists v1 v2 v5"},
		{nil, 2, "5 5 lists v2 v5"},
		{nil, 5, "3 3 held -"},
		{[]uint64{3}, 5, "6 2 since v1 v2 v5"},
		{[]uint64{3, 6}, 5, ""},
	} {
		done := map[uint64]bool{}
		for _, seq := range c.done {
			done[seq] = true
		}
		p, ok := decide(acts, done, c.upTo)
		got := ""
		if ok {
			before := "-"
			if p.before != nil {
				before = p.before.Version
			}
			got = fmt.Sprintf("%d %d %s %s", p.seq, p.fromSeq, p.scope, before)
			for _, a := range p.steps {
				got += " " + a.Version
			}
		}
		if got != c.want {
			t.Errorf("done %v, up to %d: %q, want %q", c.done, c.upTo, got, c.want)
		}
	}
	var many []activation.Activation
	for seq := range uint64(maxSteps + 2) {
		many = append(many, on(seq+1))
	}
	p, ok := decide(many, nil, 0)
	if !ok || len(p.steps) != maxSteps || p.fromSeq != 3 || p.seq != maxSteps+2 {
		t.Errorf("%d steps, from %d to %d", len(p.steps), p.fromSeq, p.seq)
	}
}

func TestWhenNobodyScreensWithOlderLists(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const age = 30 * time.Second
	old := func(seq uint64, ago time.Duration) lists.Screener {
		return lists.Screener{ID: "x", Seq: seq, MaxAge: age, At: now.Add(-ago)}
	}
	edge := lists.Settled(age)
	for name, c := range map[string]struct {
		since time.Duration
		all   []lists.Screener
		named time.Duration
		want  bool
	}{
		"all hold it":  {time.Hour, []lists.Screener{old(7, 0), old(9, 0)}, 0, true},
		"one does not": {time.Hour, []lists.Screener{old(7, 0), old(6, 0)}, 0, false},
		"one does not, and was silent to the bound": {time.Hour, []lists.Screener{old(6, edge)}, 0, false},
		"one does not, and was silent for longer":   {time.Hour, []lists.Screener{old(6, edge+1)}, 0, true},
		"nobody screens":                       {time.Hour, nil, 0, true},
		"the register is as old as the bound":  {edge, []lists.Screener{old(7, 0)}, 0, false},
		"the register is older than that":      {edge + 1, []lists.Screener{old(7, 0)}, 0, true},
		"no register, and not long enough":     {0, nil, edge, false},
		"no register, and longer than anybody": {0, nil, edge + 1, true},
		"one does not, and the pointer is old": {time.Hour, []lists.Screener{old(6, 0)}, edge + 1, true},
	} {
		s := lists.Screeners{Now: now, All: c.all}
		if c.since > 0 {
			s.Since = now.Add(-c.since)
		}
		if ok, waits := takenUp(s, 7, age, c.named); ok != c.want || ok == (waits != "") {
			t.Errorf("%s: %v %q", name, ok, waits)
		}
	}
}

func TestHowFarAGroupIsBehind(t *testing.T) {
	at := func(p int32, committed, start, end int64) stream.GroupOffset {
		return stream.GroupOffset{Partition: p, Committed: committed, Bounds: stream.Bounds{Start: start, End: end}}
	}
	ends := []stream.GroupOffset{at(0, 3, 0, 10), at(1, stream.OffsetNone, 0, 5), at(2, stream.OffsetNone, 0, 0)}
	for want, now := range map[int64][]stream.GroupOffset{
		12: ends,
		5:  {at(0, 10, 0, 90), at(1, stream.OffsetNone, 0, 50), at(2, stream.OffsetNone, 0, 9)},
		0:  {at(0, 12, 0, 90), at(1, stream.OffsetNone, 5, 50), at(2, stream.OffsetNone, 0, 9)}, // retention took what it did not read
	} {
		if got := behind(now, ends); got != want {
			t.Errorf("%d behind, want %d", got, want)
		}
	}
}

// randomTransfer is what ingest would have accepted.
func randomTransfer(t *rapid.T) transfer.Transfer {
	text := rapid.StringMatching(`[a-z"\\<é ]{1,9}`)
	numbers := rapid.StringMatching(`[1-9][0-9]{0,20}(\.[0-9]{0,29}[1-9])?`)
	hex := rapid.StringMatching(`0x[0-9a-f]{40}`)
	x := transfer.Transfer{ID: text.Draw(t, "id"), Direction: rapid.SampledFrom([]transfer.Direction{transfer.Deposit, transfer.Withdrawal}).Draw(t, "direction"),
		CustomerID: text.Draw(t, "customer"), Network: rapid.SampledFrom([]string{"ethereum", "polygon", "dreamland"}).Draw(t, "network"), Asset: "ETH",
		Amount: amount.MustParse(numbers.Draw(t, "amount")), From: rapid.SliceOfN(hex, 0, 3).Draw(t, "from"), To: []string{hex.Draw(t, "to")},
		Memo:       rapid.SampledFrom([]string{"", "me\tmo"}).Draw(t, "memo"),
		OccurredAt: time.Unix(rapid.Int64Range(1.3e9, 1.7e9).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()}
	if rapid.Bool().Draw(t, "attempt") {
		x.Stage = transfer.Attempt
	}
	if rapid.Bool().Draw(t, "with fiat") {
		x.Fiat = &transfer.Fiat{Amount: amount.MustParse(rapid.StringMatching(`[1-9][0-9]{0,9}(\.[0-9]{0,7}[1-9])?`).Draw(t, "fiat")), Currency: "EUR"}
	}
	if n := rapid.Uint32().Draw(t, "log index"); n%2 == 0 {
		x.LogIndex = &n
	}
	for range x.From {
		x.FromAmounts = append(x.FromAmounts, amount.MustParse(numbers.Draw(t, "from amount")))
	}
	return x
}

// Every record of rescreen.v1 begins with the bytes of the record on transfers.v1, and has its key and fingerprints.
func TestAFactIsMadeAgainAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := randomTransfer(t)
		p, err := transfer.Restore(transfer.AppendCanonical(nil, &x))
		if err != nil {
			t.Skip(err)
		}
		id := p.FactID("acme")
		var conflict transfer.ID
		r := Recorded{ID: id.String(), Tenant: "acme", Transfer: x, Verdict: rapid.SampledFrom([]string{"cleared", "flagged", "held"}).Draw(t, "verdict"), AcceptedAt: time.UnixMilli(1_700_000_000_123)}
		// The tables name the defaults.
		r.Transfer.Stage, r.Transfer.Evidence = x.EffectiveStage(), x.EffectiveEvidence()
		if rapid.Bool().Draw(t, "conflict") {
			conflict = transfer.ID{9, 8, 7}
			r.ConflictsWith = conflict.String()
		}
		var b rebuilder
		m, err := b.message(&r, "lookback", 7, 6)
		if err != nil {
			t.Fatal(err)
		}
		fact := event.AppendTransfer(nil, id, "acme", conflict, &p)
		if !strings.HasPrefix(string(m.Value), string(fact[:len(fact)-1])+`,"raised_by":"lookback","cause_seq":7`) || string(m.Key) != "acme/"+x.CustomerID {
			t.Errorf("%s %s\nof\n%s", m.Key, m.Value, fact)
		}
		if revised := strings.Contains(string(m.Value), `"previous_verdict":"`+r.Verdict+`"`); revised == (r.Verdict == "cleared") {
			t.Errorf("%s: %s", r.Verdict, m.Value)
		}
		h := stream.NewHeaders(m.Headers...)
		fp, _ := h.Get(event.HeaderFingerprint)
		at, _ := h.Get(event.HeaderAt)
		least, _ := h.Get(event.HeaderLists)
		marks, err := event.ParseAt(at)
		if err != nil || !marks.Accepted.Equal(r.AcceptedAt) || string(fp) != string(event.AppendFingerprints(nil, &p, r.ConflictsWith != "")) ||
			string(least) != string(event.AppendLists(nil, 6)) {
			t.Errorf("%v, %v, %x, %x", marks, err, fp, least)
		}
		for _, change := range []func(*Recorded){
			func(r *Recorded) { r.Tenant = "other" },
			func(r *Recorded) { r.ID = strings.Repeat("0", 32) },
			func(r *Recorded) { r.ID = "x" },
			func(r *Recorded) { r.Transfer.CustomerID += "x" },
			func(r *Recorded) { r.Transfer.Amount = amount.MustParse("0") },
			func(r *Recorded) { r.Transfer.OccurredAt = r.Transfer.OccurredAt.Add(1) },
			func(r *Recorded) { r.Transfer.To = append(r.Transfer.To, r.Transfer.To...) },
		} {
			other := r
			change(&other)
			if m, err := b.message(&other, "lookback", 7, 6); err == nil {
				t.Errorf("something else is sent for %s: %s", r.ID, m.Value)
			}
		}
	})
}
