package network

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestTableIsSound(t *testing.T) {
	alias := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	caip2 := regexp.MustCompile(`^[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}$`)
	names := map[string]string{}
	first := map[Family]bool{}
	for _, n := range All() {
		if !alias.MatchString(n.Alias) || n.CAIP2 != "" && !caip2.MatchString(n.CAIP2) {
			t.Errorf("%+v: alias or CAIP-2 id ill-formed", n)
		}
		if n.Name == "" || n.Asset == "" || n.Decimals == 0 || n.Family == Unknown || n.Family >= familyEnd {
			t.Errorf("%+v: a member is missing", n)
		}
		for _, name := range []string{n.Alias, n.CAIP2} {
			if other, ok := names[name]; ok && name != "" {
				t.Errorf("%q names %s and %s", name, other, n.Alias)
			}
			names[name] = n.Alias
			if got, ok := Lookup(name); name != "" && (!ok || got != n) {
				t.Errorf("Lookup(%q) = %+v, want %+v", name, got, n)
			}
		}
		if n.Canonical() != n.Alias {
			t.Errorf("%s is written %q", n.Alias, n.Canonical())
		}
		if !first[n.Family] && n.Testnet {
			t.Errorf("%s is a testnet, and the first of its family", n.Alias)
		}
		first[n.Family] = true
		if (n.Family == EVM) != strings.HasPrefix(n.CAIP2, evmNamespace) {
			t.Errorf("%s: family %s with id %s", n.Alias, n.Family, n.CAIP2)
		}
		if strings.HasPrefix(n.CAIP2, evmNamespace) && (!chainID(n.CAIP2[len(evmNamespace):]) || n.Decimals != 18) {
			t.Errorf("%+v: no EVM chain", n)
		}
	}
	for _, f := range Families() {
		if !first[f] {
			t.Errorf("family %s has no network", f)
		}
	}
	for name, alias := range secondNames {
		if other, ok := names[name]; ok {
			t.Errorf("second name %q of %s is a name of %s", name, alias, other)
		}
		if n, ok := Lookup(name); !ok || n.Alias != alias {
			t.Errorf("Lookup(%q) = %+v, want %s", name, n, alias)
		}
		if tickers[strings.ToUpper(name)] != nil {
			t.Errorf("second name %q is a ticker", name)
		}
	}
}

func TestLookupIsExact(t *testing.T) {
	for _, name := range []string{
		"", "unknown", "Bitcoin", "BITCOIN", " bitcoin", "bitcoin ", "btc", "bip122", "bip122:", "bip122:000000000019D6689C085AE165831E93",
		"eip155", "eip155:", "eip155:0", "eip155:01", "eip155:-1", "eip155:+1", "eip155:1 ", "eip155:0x1", "EIP155:1", "eip155:１",
		"eip155:" + strings.Repeat("9", maxReference+1),
	} {
		if n, ok := Lookup(name); ok || n != (Network{}) {
			t.Errorf("Lookup(%q) = %+v, want none", name, n)
		}
	}
}

func TestAnyEVMChainIsANetwork(t *testing.T) {
	for _, name := range []string{"eip155:2", "eip155:728126428", "eip155:" + strings.Repeat("9", maxReference)} {
		n, ok := Lookup(name)
		if !ok || n.Family != EVM || n.CAIP2 != name || n.Alias != "" || n.Canonical() != name || n.Decimals != 18 || n.Testnet {
			t.Errorf("Lookup(%q) = %+v, %t", name, n, ok)
		}
	}
	if n, _ := Lookup("eip155:1"); n.Canonical() != "ethereum" {
		t.Errorf("eip155:1 is written %q, want its alias", n.Canonical())
	}
	if n := testing.AllocsPerRun(100, func() { Lookup("eip155:987654321"); Lookup("bitcoin") }); n != 0 {
		t.Errorf("%v allocations in a look-up", n)
	}
}

func TestAllIsACopy(t *testing.T) {
	All()[0].Alias = "changed"
	if All()[0].Alias != "bitcoin" {
		t.Error("the table was changed through All")
	}
}

// The tickers of OFAC's lists, as they are spelled there.
func TestOFACTickers(t *testing.T) {
	for ticker, want := range map[string]string{
		"XBT": "bitcoin", "ETH": "ethereum", "XMR": "monero", "LTC": "litecoin", "ZEC": "zcash", "DASH": "dash", "BTG": "bitcoin-gold",
		"ETC": "ethereum-classic", "BSV": "bitcoin-sv", "BCH": "bitcoin-cash", "XRP": "xrp", "ARB": "arbitrum", "BSC": "bsc", "TRX": "tron",
		"USDT": "tron ethereum bitcoin solana ton polkadot", "USDC": "ethereum solana stellar algorand hedera noble",
		"XVG": "verge", "BNB": "bsc bnb-beacon", "ADA": "cardano", "DOT": "polkadot", "KSM": "kusama", "TON": "ton", "ATOM": "cosmos", "ALGO": "algorand",
		"NEAR": "near", "APT": "aptos", "SUI": "sui", "HBAR": "hedera", "": "", "NOSUCH": "", "bitcoin": "", strings.Repeat("X", maxTicker+1): "",
		"xbt": "bitcoin", "Eth": "ethereum",
	} {
		var aliases []string
		for _, n := range ByTicker(ticker) {
			aliases = append(aliases, n.Alias)
		}
		if got := strings.Join(aliases, " "); got != want {
			t.Errorf("ByTicker(%q) = %q, want %q", ticker, got, want)
		}
	}
}

func TestTickersNameNetworksOfTheTable(t *testing.T) {
	for ticker, aliases := range tickers {
		if len(ticker) > maxTicker || ticker != strings.ToUpper(ticker) || len(aliases) == 0 {
			t.Errorf("ticker %q", ticker)
		}
		for _, alias := range aliases {
			if n, ok := Lookup(alias); !ok || n.Testnet || n.Alias != alias {
				t.Errorf("ticker %s: %q is no main network", ticker, alias)
			}
		}
	}
}

func TestFamilyNames(t *testing.T) {
	for _, f := range Families() {
		if got, ok := ParseFamily(f.String()); !ok || got != f || f.String() == "unknown" || f.String() != strings.ToLower(f.String()) {
			t.Errorf("family %d: %q is read as %d, %t", f, f, got, ok)
		}
	}
	for _, name := range []string{"", "unknown", "EVM", "ethereum"} {
		if f, ok := ParseFamily(name); ok {
			t.Errorf("%q is read as family %s", name, f)
		}
	}
	if got := Family(200).String(); got != "unknown" {
		t.Errorf("Family(200) is called %q", got)
	}
}

func TestNearest(t *testing.T) {
	for name, want := range map[string]string{
		"bitcon": "bitcoin", "Ethereum": "ethereum", "etherum": "ethereum", "btc": "bitcoin", "usdt": "tron ethereum bitcoin", "BITCOIN-CASH": "bitcoin-cash",
		" tron ": "tron", "ripple-": "xrp", "": "", "completely-else": "", strings.Repeat("b", maxMisspelt+1): "",
	} {
		if got := strings.Join(Nearest(name), " "); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
		}
	}
	if got := Nearest("bitcoin-xx"); len(got) > maxNearest || !slices.Contains(got, "bitcoin-sv") {
		t.Errorf("Nearest(bitcoin-xx) = %q", got)
	}
}

// FuzzLookup holds Lookup to names that it writes itself, and Nearest to networks that exist.
func FuzzLookup(f *testing.F) {
	for _, seed := range []string{"bitcoin", "eip155:1", "eip155:99", "btc", "ripple", "", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if n, ok := Lookup(name); ok {
			if again, ok := Lookup(n.Canonical()); !ok || again != n {
				t.Fatalf("%q: %+v is read back as %+v", name, n, again)
			}
		}
		for _, near := range Nearest(name) {
			if _, ok := Lookup(near); !ok {
				t.Fatalf("%q: near %q is no network", name, near)
			}
		}
		for _, n := range ByTicker(name) {
			if n.Family == Unknown {
				t.Fatalf("%q: %+v", name, n)
			}
		}
	})
}
