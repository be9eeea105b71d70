package address

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"sluice/pkg/internal/testdata"
)

// scriptKey is the key that an output script pays to, read without any of the package's parsers.
func scriptKey(t *testing.T, script string) Key {
	t.Helper()
	b, err := hex.DecodeString(script)
	if err != nil {
		t.Fatal(err)
	}
	const family = 2 // network.Bitcoin
	switch {
	case len(b) == 25 && b[0] == 0x76:
		return NewKey(family, PKH, b[3:23])
	case len(b) == 23 && b[0] == 0xa9:
		return NewKey(family, SH, b[2:22])
	case len(b) == 22 && b[0] == 0:
		return NewKey(family, PKH, b[2:])
	case len(b) == 34 && b[0] == 0:
		return NewKey(family, WSH, b[2:])
	case len(b) == 34 && b[0] == 0x51:
		return NewKey(family, TR, b[2:])
	case b[0] > 0x50 && b[0] <= 0x60:
		return NewKey(family, Witness(b[0]-0x50), b[2:])
	}
	t.Fatalf("script %s", script)
	return Key{}
}

func readJSON(t *testing.T, into any, elem ...string) {
	t.Helper()
	b, err := os.ReadFile(testdata.Dir(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatal(err)
	}
}

func TestBitcoinCoreValid(t *testing.T) {
	var vectors [][3]json.RawMessage
	readJSON(t, &vectors, "addresses", "bitcoin-core", "key_io_valid.json")
	networks := map[string]string{
		"main": "bitcoin", "test": "bitcoin-testnet", "testnet4": "bitcoin-testnet4", "signet": "bitcoin-signet", "regtest": "bitcoin-regtest",
	}
	addresses, keys := 0, 0
	for _, v := range vectors {
		var text, script string
		var about struct {
			Chain       string
			IsPrivkey   bool
			TryCaseFlip bool
		}
		if json.Unmarshal(v[0], &text) != nil || json.Unmarshal(v[1], &script) != nil || json.Unmarshal(v[2], &about) != nil {
			t.Fatalf("vector %s", v)
		}
		name := networks[about.Chain]
		if about.IsPrivkey {
			if bad := refused(t, name, text); bad.Code != Secret || bad.Text != "" || strings.Contains(bad.Error(), text) {
				t.Errorf("private key of %s: code %s, error %q: want it named and not repeated", name, bad.Code, bad)
			}
			keys++
			continue
		}
		addresses++
		a := mustParse(t, name, text)
		if want := scriptKey(t, script); a.Key != want {
			t.Errorf("%s %s: key %s, want %s", name, text, a.Key, want)
		}
		if about.TryCaseFlip {
			if b := mustParse(t, name, strings.ToUpper(text)); b.Key != a.Key || b.Text != a.Text {
				t.Errorf("%s in capitals: %s %s, want %s %s", text, b.Text, b.Key, a.Text, a.Key)
			}
		}
		if name == "bitcoin" {
			continue
		}
		if bad := refused(t, "bitcoin", text); bad.Code != Testnet || !strings.Contains(bad.Reason, "testnet") {
			t.Errorf("%s on bitcoin: %s %q, want it refused as a testnet address", text, bad.Code, bad.Reason)
		}
		if b := mustParse(t, "bitcoin", text, AllowTestnet()); b.Key != a.Key || !b.Testnet {
			t.Errorf("%s on bitcoin with testnets: %+v, want the key %s, marked", text, b, a.Key)
		}
	}
	t.Logf("%d addresses and %d private keys", addresses, keys)
	if addresses+keys != 70 {
		t.Errorf("%d vectors, want 70", addresses+keys)
	}
}

func TestBitcoinCoreInvalid(t *testing.T) {
	var vectors [][1]string
	readJSON(t, &vectors, "addresses", "bitcoin-core", "key_io_invalid.json")
	if len(vectors) != 70 {
		t.Errorf("%d vectors, want 70", len(vectors))
	}
	for _, v := range vectors {
		for _, name := range []string{"bitcoin", "bitcoin-testnet", "bitcoin-signet", "bitcoin-regtest"} {
			refused(t, name, v[0])
			refused(t, name, v[0], AllowTestnet())
		}
	}
}

func TestBitcoinJS(t *testing.T) {
	var vectors struct {
		Standard []struct {
			Network, Hash, Base58check, Bech32, Data string
			Version                                  int
		}
		Bech32  []struct{ Address, Data string }
		Invalid struct{ Bech32, FromBase58Check []struct{ Address string } }
	}
	readJSON(t, &vectors, "addresses", "bitcoinjs", "address.json")
	names := map[string]string{"bitcoin": "bitcoin", "litecoin": "litecoin", "testnet": "bitcoin-testnet", "regtest": "bitcoin-regtest"}
	n := 0
	for _, v := range vectors.Standard {
		for _, text := range []string{v.Base58check, v.Bech32} {
			payload := v.Hash + v.Data
			if text == "" || names[v.Network] == "" {
				continue
			}
			n++
			if a := mustParse(t, names[v.Network], text); hex.EncodeToString(a.Key.Payload()) != payload || !strings.EqualFold(a.Text, text) {
				t.Errorf("%s %s: %s %s, want payload %s", v.Network, text, a.Text, a.Key, payload)
			}
		}
	}
	for _, v := range vectors.Bech32 {
		n++
		a := mustParse(t, "bitcoin", v.Address, AllowTestnet())
		program, err := hex.DecodeString(v.Data)
		if err != nil {
			t.Fatal(err)
		}
		if want := NewKey(a.Key.Family, a.Key.Kind, program); a.Key != want {
			t.Errorf("%s: %s, want %s", v.Address, a.Key, want)
		}
	}
	for _, v := range append(vectors.Invalid.Bech32, vectors.Invalid.FromBase58Check...) {
		n++
		refused(t, "bitcoin", v.Address, AllowTestnet())
	}
	t.Logf("%d addresses", n)
	if n < 25 {
		t.Errorf("%d addresses, want all", n)
	}
}

func TestSipaVectors(t *testing.T) {
	count := map[string]int{}
	for _, line := range lines(t, testdata.Dir(t, "addresses", "sipa-bech32", "vectors.tsv"))[1:] {
		c := strings.Split(line, "\t")
		var text string
		if err := json.Unmarshal([]byte(`"`+c[1]+`"`), &text); err != nil {
			t.Fatalf("%q: %v", c[1], err)
		}
		count[c[0]]++
		var decoded bech32Text
		p := decodeBech32(&decoded, text)
		switch c[0] {
		case "valid_bech32", "valid_bech32m":
			want := bech32Spec
			if c[0] == "valid_bech32m" {
				want = bech32mSpec
			}
			if !p.ok() || decoded.spec != want {
				t.Errorf("%s %q: %v, checksum %#x", c[0], text, p, decoded.spec)
			}
		case "invalid_bech32":
			if p.ok() && decoded.spec == bech32Spec {
				t.Errorf("%s %q was read", c[0], text)
			}
		case "invalid_bech32m":
			if p.ok() && decoded.spec == bech32mSpec {
				t.Errorf("%s %q was read", c[0], text)
			}
		case "valid_address":
			if a := mustParse(t, "bitcoin", text, AllowTestnet()); a.Key != scriptKey(t, c[2]) || a.Text != strings.ToLower(text) {
				t.Errorf("%s: %s %s, want the key of script %s", text, a.Text, a.Key, c[2])
			}
		case "invalid_address":
			refused(t, "bitcoin", text, AllowTestnet())
		default:
			t.Errorf("list %q is not asserted", c[0])
		}
	}
	t.Log(count)
}

// The tables of the two proposals hold what sipa's vectors do, and BIP-173 those for which BIP-350 changed the
// checksum: their witness version 1 and above is not valid any more.
func TestBIPTables(t *testing.T) {
	row := regexp.MustCompile(`^\* <tt>([^<]+)</tt>(?:: <tt>([0-9a-f]+)</tt>|: (.*))?$`)
	count := 0
	for _, name := range []string{"bip-0173.mediawiki", "bip-0350.mediawiki"} {
		for _, line := range lines(t, testdata.Dir(t, "addresses", "bips", name)) {
			m := row.FindStringSubmatch(line)
			if m == nil || m[2] == "" && m[3] == "" {
				continue
			}
			count++
			if m[2] == "" {
				refused(t, "bitcoin", m[1], AllowTestnet())
				continue
			}
			if version := m[2][:2]; name == "bip-0173.mediawiki" && version != "00" {
				if bad := refused(t, "bitcoin", m[1], AllowTestnet()); bad.Code != Checksum {
					t.Errorf("%s: %s, want the checksum refused", m[1], bad.Code)
				}
				continue
			}
			if a := mustParse(t, "bitcoin", m[1], AllowTestnet()); a.Key != scriptKey(t, m[2]) {
				t.Errorf("%s: %s, want the key of script %s", m[1], a.Key, m[2])
			}
		}
	}
	t.Logf("%d rows", count)
	if count < 50 {
		t.Errorf("%d rows, want those of both tables", count)
	}
}

func TestCashAddrSpecification(t *testing.T) {
	translated, sized := 0, 0
	for _, line := range lines(t, testdata.Dir(t, "addresses", "bch-cashaddr", "cashaddr.md")) {
		c := strings.Split(strings.Trim(line, "|"), "|")
		for i := range c {
			c[i] = strings.TrimSpace(c[i])
		}
		switch {
		case len(c) == 2 && strings.HasPrefix(c[1], "bitcoincash:"):
			translated++
			legacy, cash := mustParse(t, "bitcoin-cash", c[0]), mustParse(t, "bitcoin-cash", c[1])
			if legacy.Text != c[1] || cash.Text != c[1] || legacy.Key != cash.Key || mustParse(t, "bitcoin", c[0]).Key != cash.Key {
				t.Errorf("%s and %s: %+v, %+v", c[0], c[1], legacy, cash)
			}
		case len(c) == 4 && strings.IndexByte(c[2], ':') > 0 && c[2][0] != '-':
			sized++
			want, err := hex.DecodeString(c[3])
			if err != nil {
				t.Fatal(err)
			}
			prefix, digits, _ := strings.Cut(c[2], ":")
			var hash [64]byte
			kind, n, p := decodeCash(&hash, prefix, digits)
			if !p.ok() || hex.EncodeToString(hash[:n]) != strings.ToLower(c[3]) {
				t.Errorf("%s: %v %x, want %x", c[2], p, hash[:n], want)
			}
			if text, ok := encodeCash(prefix, kind, want); !ok || text != c[2] {
				t.Errorf("%x: %s, want %s", want, text, c[2])
			}
		}
	}
	t.Logf("%d translations, %d sizes", translated, sized)
	if translated != 6 || sized != 32 {
		t.Errorf("%d translations and %d sizes, want 6 and 32", translated, sized)
	}
}

func TestEIP55Specification(t *testing.T) {
	n := 0
	for _, text := range lines(t, testdata.Dir(t, "addresses", "erc55", "erc-55.md")) {
		if !strings.HasPrefix(text, "0x") || len(text) != evmLength {
			continue
		}
		n++
		a := mustParse(t, "ethereum", text)
		if a.Text != strings.ToLower(text) || ChecksumEVM(a.Text) != text {
			t.Errorf("%s: canonical %s, spelled %s", text, a.Text, ChecksumEVM(a.Text))
		}
		for i := range text {
			flipped := []byte(text)
			flipped[i] ^= 0x20
			if c := flipped[i]; i < 2 || (c|0x20) < 'a' || (c|0x20) > 'f' {
				continue
			}
			if upper, lower := strings.ToUpper(string(flipped[2:])), strings.ToLower(string(flipped[2:])); string(flipped[2:]) == upper || string(flipped[2:]) == lower {
				continue
			}
			if bad := refused(t, "ethereum", string(flipped)); bad.Code != Checksum {
				t.Errorf("%s: %s, want the checksum refused", flipped, bad.Code)
			}
		}
	}
	if n != 8 {
		t.Errorf("%d addresses, want 8", n)
	}
}
