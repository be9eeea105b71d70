package address

import (
	"testing"

	"github.com/btcsuite/btcd/btcutil"
	oraclecheck "github.com/btcsuite/btcd/btcutil/base58"
	"github.com/btcsuite/btcd/chaincfg"
	"pgregory.net/rapid"

	"sluice/pkg/network"
)

// encodings are the payloads that each family has addresses for.
var encodings = map[network.Family][]struct {
	form      Form
	low, high int
}{
	network.EVM:      {{Plain, 20, 20}},
	network.Bitcoin:  {{P2PKH, 20, 20}, {P2SH, 20, 20}, {P2WPKH, 20, 20}, {P2WSH, 32, 32}, {P2TR, 32, 32}},
	network.Litecoin: {{P2PKH, 20, 20}, {P2SH, 20, 20}, {P2WPKH, 20, 20}, {P2WSH, 32, 32}, {P2TR, 32, 32}},
	network.Dogecoin: {{P2PKH, 20, 20}, {P2SH, 20, 20}},
	network.Dash:     {{P2PKH, 20, 20}, {P2SH, 20, 20}},
	network.Zcash:    {{P2PKH, 20, 20}, {P2SH, 20, 20}},
	network.Tron:     {{Plain, 20, 20}},
	network.Solana:   {{Plain, 32, 32}},
	network.XRP:      {{Plain, 20, 20}},
	network.Stellar:  {{Plain, 32, 32}},
	network.Monero:   {{Plain, 64, 64}},
	network.Verge:    {{P2PKH, 20, 20}, {P2SH, 20, 20}},
	network.Cardano:  {{P2PKH, 28, 28}, {P2SH, 28, 28}},
	network.Polkadot: {{Plain, 32, 32}},
	network.TON:      {{Plain, 32, 32}},
	network.Cosmos:   {{Plain, 20, 20}},
	network.Algorand: {{Plain, 32, 32}},
	network.NEAR:     {{Plain, 32, 32}},
	network.Aptos:    {{Plain, 32, 32}},
	network.Sui:      {{Plain, 32, 32}},
	network.Hedera:   {{Plain, 24, 24}},
}

// Every payload of every network of the table is written, read back, and canonical.
func TestEncodeRoundTrip(t *testing.T) {
	networks := network.All()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.SampledFrom(networks).Draw(rt, "network")
		e := rapid.SampledFrom(encodings[n.Family]).Draw(rt, "form")
		payload := bytesOf(e.low, e.high).Draw(rt, "payload")
		if n.Family == network.Hedera { // three numbers of 63 bits
			payload[0], payload[8], payload[16] = payload[0]&0x7f, payload[8]&0x7f, payload[16]&0x7f
		}
		a, err := Encode(n, e.form, payload)
		if err != nil {
			if (e.form == P2WPKH || e.form == P2WSH || e.form == P2TR) && rulesUTXO(n.Alias).hrp == "" {
				return
			}
			rt.Fatalf("%s %s %x: %v", n.Alias, e.form, payload, err)
		}
		family := n.Family
		if n.Alias == "injective" {
			family = network.EVM
		}
		if want := NewKey(family, a.Key.Kind, payload); a.Key != want {
			rt.Fatalf("%s: key %s, want %s", a.Text, a.Key, want)
		}
		if b, err := Parse(n, a.Text); err != nil || b != a {
			rt.Fatalf("%s: read as %+v, %v, want %+v", a.Text, b, err, a)
		}
		if key, err := ParseKey(a.Key.String()); err != nil || key != a.Key {
			rt.Fatalf("%s: read as %s, %v", a.Key, key, err)
		}
		if key, err := DecodeKey(a.Key.Append(nil)); err != nil || key != a.Key {
			rt.Fatalf("%s: wire form read as %s, %v", a.Key, key, err)
		}
		found := false
		for _, g := range Readings(a.Text) {
			found = found || g.Address.Key == a.Key
		}
		if !found && !n.Testnet {
			rt.Fatalf("%s of %s is not among its readings", a.Text, n.Alias)
		}
	})
}

func TestEncodeAgreesWithTheOracle(t *testing.T) {
	mainnet := &chaincfg.MainNetParams
	rapid.Check(t, func(rt *rapid.T) {
		hash, program := bytesOf(20, 20).Draw(rt, "hash"), bytesOf(32, 32).Draw(rt, "program")
		expect := func(name string, form Form, payload []byte, want string) {
			if a, err := Encode(net(t, name), form, payload); err != nil || a.Text != want {
				rt.Fatalf("%s %s %x: %s, %v, want %s", name, form, payload, a.Text, err, want)
			}
		}
		pkh, err1 := btcutil.NewAddressPubKeyHash(hash, mainnet)
		sh, err2 := btcutil.NewAddressScriptHashFromHash(hash, mainnet)
		wpkh, err3 := btcutil.NewAddressWitnessPubKeyHash(hash, mainnet)
		wsh, err4 := btcutil.NewAddressWitnessScriptHash(program, mainnet)
		tr, err5 := btcutil.NewAddressTaproot(program, mainnet)
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if err != nil {
				rt.Fatal(err)
			}
		}
		expect("bitcoin", P2PKH, hash, pkh.EncodeAddress())
		expect("bitcoin", P2SH, hash, sh.EncodeAddress())
		expect("bitcoin", P2WPKH, hash, wpkh.EncodeAddress())
		expect("bitcoin", P2WSH, program, wsh.EncodeAddress())
		expect("bitcoin", P2TR, program, tr.EncodeAddress())
		expect("bitcoin-sv", P2PKH, hash, pkh.EncodeAddress())
		for name, versions := range map[string][2]byte{
			"bitcoin-gold": {0x26, 0x17}, "litecoin": {0x30, 0x32}, "dogecoin": {0x1e, 0x16}, "dash": {0x4c, 0x10}, "bitcoin-testnet": {0x6f, 0xc4},
		} {
			expect(name, P2PKH, hash, oraclecheck.CheckEncode(hash, versions[0]))
			expect(name, P2SH, hash, oraclecheck.CheckEncode(hash, versions[1]))
		}
		expect("zcash", P2PKH, hash, oraclecheck.CheckEncode(append([]byte{0xb8}, hash...), 0x1c))
		expect("zcash", P2SH, hash, oraclecheck.CheckEncode(append([]byte{0xbd}, hash...), 0x1c))
		expect("tron", Plain, hash, oraclecheck.CheckEncode(hash, 0x41))
	})
}

// Whatever text: bitcoin's own addresses are those that the oracle reads.
func TestBitcoinParsesWithTheOracle(t *testing.T) {
	mainnet := &chaincfg.MainNetParams
	bitcoin := net(t, "bitcoin")
	rapid.Check(t, func(rt *rapid.T) {
		payload := bytesOf(20, 32).Draw(rt, "payload")
		text := oraclecheck.CheckEncode(payload[:20], rapid.Byte().Draw(rt, "version"))
		if rapid.Bool().Draw(rt, "segwit") {
			text = encodeBech32(rapid.SampledFrom([]uint32{bech32Spec, bech32mSpec}).Draw(rt, "spec"), "bc", rapid.Uint8Range(0, 3).Draw(rt, "witness"), payload)
		}
		if rapid.Bool().Draw(rt, "damage") {
			i := rapid.IntRange(0, len(text)-1).Draw(rt, "place")
			text = text[:i] + string(rapid.SampledFrom([]byte(bitcoinBase58.digits)).Draw(rt, "digit")) + text[i+1:]
		}
		a, err := Parse(bitcoin, text)
		oracle, oracleErr := btcutil.DecodeAddress(text, mainnet)
		if _, bare := oracle.(*btcutil.AddressPubKey); bare || oracleErr != nil {
			// It does not know witness versions above 1, nor version 1 without 32 bytes.
			if err == nil && a.Form != WitnessFuture {
				rt.Fatalf("%s: %+v, oracle %v", text, a, oracleErr)
			}
			return
		}
		if err != nil && oracle.IsForNet(mainnet) || err == nil && string(a.Key.Payload()) != string(oracle.ScriptAddress()) {
			rt.Fatalf("%s: %+v %v, oracle %x", text, a, err, oracle.ScriptAddress())
		}
	})
}

func TestEncodeRefuses(t *testing.T) {
	for _, c := range []struct {
		network string
		form    Form
		payload int
	}{
		{"ethereum", Plain, 19}, {"ethereum", Plain, 21}, {"ethereum", P2PKH, 20},
		{"bitcoin", Plain, 20}, {"bitcoin", P2PKH, 19}, {"bitcoin", P2PKH, 32}, {"bitcoin", CashAddr, 20}, {"bitcoin", P2WPKH, 32}, {"bitcoin", P2TR, 20},
		{"bitcoin", WitnessFuture, 21}, {"bitcoin", WitnessFuture, 0},
		{"bitcoin-cash", P2WPKH, 20}, {"bitcoin-cash", P2PKH, 32}, {"bitcoin-sv", P2SH, 32}, {"dogecoin", P2WPKH, 20}, {"zcash", TEX, 20},
		{"tron", Plain, 21}, {"tron", Hex, 20}, {"solana", Plain, 31}, {"xrp", Plain, 21}, {"stellar", Plain, 33}, {"monero", Plain, 32},
	} {
		if a, err := Encode(net(t, c.network), c.form, make([]byte, c.payload)); err == nil {
			t.Errorf("%s %s of %d bytes: %s", c.network, c.form, c.payload, a.Text)
		}
	}
	if _, err := Encode(network.Network{CAIP2: "x:y"}, Plain, nil); err == nil {
		t.Error("an address of no family was written")
	}
}

// The witness versions and lengths at their bounds.
func TestWitnessBounds(t *testing.T) {
	bitcoin := net(t, "bitcoin")
	for _, c := range []struct {
		version byte
		size    int
		ok      bool
		kind    string
	}{
		{1, 1, false, ""}, {1, 2, true, "w1"}, {1, 40, true, "w1"}, {1, 41, false, ""}, {2, 32, true, "w2"}, {16, 40, true, "w16"}, {17, 20, false, ""},
	} {
		payload := append([]byte{c.version}, make([]byte, c.size)...)
		a, err := Encode(bitcoin, WitnessFuture, payload)
		if (err == nil) != c.ok || c.ok && (a.Key.Kind.String() != c.kind || a.Form != WitnessFuture) {
			t.Errorf("version %d, %d bytes: %+v, %v", c.version, c.size, a, err)
		}
		if c.ok {
			stable(t, bitcoin, a)
		}
		text := encodeBech32(bech32mSpec, "bc", c.version, payload[1:])
		if _, err := Parse(bitcoin, text); (err == nil) != c.ok {
			t.Errorf("%s (version %d, %d bytes): %v", text, c.version, c.size, err)
		}
	}
	for size := range 41 {
		text := encodeBech32(bech32Spec, "bc", 0, make([]byte, size))
		if _, err := Parse(bitcoin, text); (err == nil) != (size == 20 || size == 32) {
			t.Errorf("%s (version 0, %d bytes): %v", text, size, err)
		}
	}
}
