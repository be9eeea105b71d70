package watchlist

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
)

// on makes an entry of a list for an address on a network.
func on(t testing.TB, list, networkName, text string, categories ...taxonomy.Category) Entry {
	t.Helper()
	if len(categories) == 0 {
		categories = []taxonomy.Category{taxonomy.Sanctions}
	}
	e := Entry{
		List: list, EntryID: text, Network: networkName, Address: text, Key: TextKey(text),
		Entity: "Somebody", Category: categories[0], Categories: categories,
	}
	if n, ok := network.Lookup(networkName); ok {
		a, err := address.Parse(n, text)
		if err != nil {
			t.Fatal(err)
		}
		e.Address, e.Tag, e.Key = a.Text, a.Tag, a.Key
	}
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	return e
}

// anEntry draws entries of a few lists over a few hundred addresses, so that they often meet.
func anEntry(list string) *rapid.Generator[Entry] {
	bitcoin, _ := network.Lookup("bitcoin")
	return rapid.Custom(func(t *rapid.T) Entry {
		e := Entry{List: list, EntryID: fmt.Sprint(rapid.IntRange(1, 3).Draw(t, "id"))}
		var payload [20]byte
		payload[0], payload[19] = byte(rapid.IntRange(1, 40).Draw(t, "payload")), 7
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			e.Network, e.Address = "ethereum", fmt.Sprintf("0x%x", payload)
		case 1:
			e.Network, e.Address = "eos", fmt.Sprintf("D%x", payload)
		default:
			form := rapid.SampledFrom([]address.Form{address.P2PKH, address.P2WPKH, address.P2SH}).Draw(t, "form")
			a, err := address.Encode(bitcoin, form, payload[:])
			if err != nil {
				t.Fatal(err)
			}
			e.Network, e.Address = "bitcoin", a.Text
		}
		e.Key = keyOf(e.Network, e.Address)
		e.Categories = taxonomy.Sort(rapid.SliceOfN(rapid.SampledFrom(taxonomy.All()), 1, 3).Draw(t, "categories"))
		e.Category = e.Categories[0]
		e.Entity = rapid.SampledFrom([]string{"", "A", "\"B\" <ж>\n", "C\u2028"}).Draw(t, "entity")
		e.Measure = rapid.SampledFrom([]Measure{"", MeasureBlock}).Draw(t, "measure")
		e.Confidence = uint8(rapid.IntRange(0, 100).Draw(t, "confidence"))
		e.PartyListedAt = rapid.SampledFrom([]string{"", "2020-02-29"}).Draw(t, "date")
		switch e.Use = rapid.SampledFrom([]Use{UseListed, UseListed, UseAllow, UseOwn}).Draw(t, "use"); e.Use {
		case UseListed:
			e.Severity = rapid.SampledFrom([]string{"", "", "low"}).Draw(t, "severity")
			e.Names = rapid.SampledFrom([]Names{NamesNothing, NamesToken, NamesIssuer}).Draw(t, "names")
		case UseAllow:
			e.ForList = rapid.SampledFrom([]string{"", "a"}).Draw(t, "for list")
			e.ExpiresAt = rapid.SampledFrom([]string{"2026-11-23T14:00:00Z", "2026-11-22T14:00:00Z"}).Draw(t, "expiry")
			e.Author, e.Reason = "anna", "licence"
		case UseOwn:
			e.Service = rapid.SampledFrom([]Service{"", ServiceDeposit, ServiceHot}).Draw(t, "service")
			e.Customer = rapid.SampledFrom([]string{"", "c-1"}).Draw(t, "customer")
		}
		return e
	})
}

// someLists draws lists by name, some of them empty.
func someLists() *rapid.Generator[map[string][]Entry] {
	return rapid.Custom(func(t *rapid.T) map[string][]Entry {
		out := map[string][]Entry{}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "a-b", "b", "c.1"}), 0, 4, rapid.ID[string]).Draw(t, "names") {
			out[name] = rapid.SliceOfN(anEntry(name), 0, 30).Draw(t, "entries of "+name)
		}
		return out
	})
}

func build(t rapid.TB, lists map[string][]Entry) *Snapshot {
	b := NewBuilder()
	for name, entries := range lists {
		b.Add(name, entries)
	}
	s, err := b.Build()
	if err != nil {
		t.Fatal(err)
	}
	return s
}
