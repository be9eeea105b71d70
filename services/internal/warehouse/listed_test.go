package warehouse

import (
	"testing"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/recorder"
)

func TestRecordedListsAreReadBackAsTheyWere(t *testing.T) {
	w := fresh(t)
	entries := []watchlist.Entry{
		{List: "l", EntryID: "1", Network: "ethereum", Address: "0x098b716b8aaf21512996dc57eb0615e2383e2f96", Entity: "it's", Category: taxonomy.Category("sanctions"),
			Categories: []taxonomy.Category{"sanctions", "mixer"}, Authority: "OFAC", Program: "DPRK3", Measure: watchlist.MeasureBlock, Confidence: 90,
			PartyListedAt: "2019-09-13", AddressListedAt: "2022-04-14", DelistedAt: "2026-01-01"},
		{List: "l", EntryID: "2", Network: "xrp", Address: "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", Tag: "7", Category: "scam", Categories: []taxonomy.Category{"scam"}},
		{List: "l", EntryID: "3", Network: "ethereum", Address: "0x098b716b8aaf21512996dc57eb0615e2383e2f97", Category: "scam", Categories: []taxonomy.Category{"scam"}},
	}
	keyed := func(entries []watchlist.Entry) []watchlist.Entry {
		for i := range entries {
			e, err := watchlist.ParseEntry(entries[i].AppendJSON(nil))
			must(t, err)
			entries[i] = e
		}
		return entries
	}
	entries = keyed(entries)
	want, err := watchlist.NewBuilder().Add("l", entries[:2]).Build()
	must(t, err)
	var b recorder.History
	for i := range entries {
		must(t, b.Add(&entries[i], "added", &activation.Activation{Seq: 5, At: midnight}))
	}
	must(t, b.Add(&entries[2], "removed", &activation.Activation{Seq: 6, At: midnight}))
	must(t, w.InsertHistory(t.Context(), &b))
	must(t, w.InsertHistory(t.Context(), &b))
	got, seq, err := w.Listed(t.Context())
	must(t, err)
	back, err := watchlist.NewBuilder().Add("l", keyed(got)).Build()
	must(t, err)
	if seq != 6 || back.Version() != want.Version() || !back.Diff(want).Empty() {
		t.Errorf("seq %d, %d entries: %+v", seq, len(got), got)
	}
	if empty, seq, err := fresh(t).Listed(t.Context()); err != nil || len(empty) != 0 || seq != 0 {
		t.Errorf("an empty history: %v, %d, %v", empty, seq, err)
	}
}
