package shared

import (
	"strings"
	"testing"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

func TestTheDataFileIsSound(t *testing.T) {
	all := table()
	kinds := map[Kind]int{}
	for key, a := range all {
		kinds[a.Kind]++
		if why, no := key.Unlistable(); no {
			t.Errorf("%s is nobody's: %s", a.Text, why)
		}
		if a.Meaning() == "" {
			t.Errorf("%s: a hit means nothing", a.Text)
		}
	}
	for kind := range meaning {
		if kinds[kind] < 3 {
			t.Errorf("%d addresses of kind %s", kinds[kind], kind)
		}
	}
}

func TestAContractIsKnownOnEveryNetworkOfItsFamily(t *testing.T) {
	bsc, _ := network.Lookup("bsc")
	a, err := address.Parse(bsc, "0x000000000022d473030f116ddee9f6b43ac78ba3")
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := Lookup(a.Key); !ok || s.Kind != Router || s.Name != "Permit2" {
		t.Errorf("%+v, %v", s, ok)
	}
	if _, ok := Lookup(address.Key{}); ok {
		t.Error("no address is shared")
	}
}

func TestABrokenDataFileIsRefused(t *testing.T) {
	const good = "ethereum\t0xdac17f958d2ee523a2206206994597c13d831ec7\ttoken_contract\tUSDT\thttps://tether.to\n"
	if _, err := parse(good); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		good + good, strings.Replace(good, "ethereum", "etherium", 1), strings.Replace(good, "0xd", "0x", 1),
		strings.Replace(good, "token_contract", "token", 1), strings.Replace(good, "https://tether.to", "tether", 1), "a\tb\n",
	} {
		if _, err := parse(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}
