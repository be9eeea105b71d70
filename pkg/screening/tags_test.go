package screening_test

import (
	"testing"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/screening"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

// tagged are the families whose addresses have tags: an address, with the tag in it where its spelling can hold one.
var tagged = []struct{ network, address, tag string }{
	{"xrp", "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", "1"},
	{"stellar", "MA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVAAAAAAAAAAAAAJLK", "9223372036854775808"},
	{"monero", "4LL9oSLmtpccfufTMvppY6JwXNouMBzSkbLYfpAV5Usx3skxNgYeYTRj5UzqtReoS44qo9mtmXCqY45DJ852K5Jv2bYXZKKQePHES9khPK", "8a125052fe6f3877"},
	{"cosmos", "cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh", "104"},
	{"bnb-beacon", "bnb1grpf0955h0ykzq3ar5nmum7y6gdfl6lxfn46h2", "104"},
	{"ton", "0:ca6e321c7cce9ecedf0a8ca2492ec8592494aa5fb5ce0387dff96ef6af982a3e", "104"},
	{"hedera", "0.0.1234", "104"},
	{"algorand", "7777777777777777777777777777777777777777777777777774MSJUVU", "104"},
}

// An entry with a tag hits that tag, however the transfer gives it; another tag, or none, of the address is base_only;
// an entry without a tag hits all of them.
func TestEntriesWithTagsInEveryFamily(t *testing.T) {
	for _, c := range tagged {
		n, ok := network.Lookup(c.network)
		if !ok {
			t.Errorf("no network %s", c.network)
			continue
		}
		a, err := address.Parse(n, c.address)
		if err != nil {
			t.Errorf("%s: %v", c.network, err)
			continue
		}
		if a.Tag != "" && a.Tag != c.tag {
			t.Errorf("%s: the address has the tag %q", c.network, a.Tag)
		}
		of := func(tag string) watchlist.Entry {
			return watchlist.Entry{List: "test", EntryID: "1", Network: c.network, Address: a.Text, Tag: tag, Key: a.Key,
				Category: taxonomy.Sanctions, Categories: []taxonomy.Category{taxonomy.Sanctions}}
		}
		ways := map[string]struct {
			to, memo string
			want     screening.Match
		}{
			"as the memo":   {a.Text, c.tag, screening.MatchExact},
			"another memo":  {a.Text, c.tag + "7", screening.MatchBaseOnly},
			"without a tag": {a.Text, "", screening.MatchBaseOnly},
		}
		if a.Tag != "" {
			ways["in the address"] = struct {
				to, memo string
				want     screening.Match
			}{c.address, "", screening.MatchExact}
		}
		for name, way := range ways {
			p := parse(t, `"direction":"withdrawal","network":"`+c.network+`","to":["`+way.to+`"],"memo":"`+way.memo+`"`)
			h := only(t, screening.Screen(p, snapshot(t, of(c.tag))))
			if h.Match != way.want || (h.Severity() == taxonomy.Severe) != (way.want == screening.MatchExact) {
				t.Errorf("%s, %s: %s, %s", c.network, name, h.Match, h.Severity())
			}
			if h := only(t, screening.Screen(p, snapshot(t, of("")))); h.Match != screening.MatchExact {
				t.Errorf("%s, %s, an entry without a tag: %s", c.network, name, h.Match)
			}
		}
	}
}
