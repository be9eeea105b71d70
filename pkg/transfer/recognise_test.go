package transfer

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// plainBodies are bodies that Recognise takes: each with another member or bound.
var plainBodies = []string{
	`{"id":"t1","direction":"deposit","customer_id":"c1","network":"ethereum","asset":"ETH","amount":"1.5","from":["0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"],"to":["0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"],"occurred_at":"2026-11-01T00:00:00Z"}`,
	`{"id":"t1","direction":"withdrawal","stage":"attempt","customer_id":"c1","network":"bitcoin","asset":"BTC","asset_id":"bip122:000000000019d6689c085ae165831e93/slip44:0","amount":"0","fiat":{"amount":"0.00000001","currency":"EUR"},"tx_hash":"ab","output_index":0,"to":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"],"memo":"7","evidence":"log","occurred_at":"2009-01-03T00:00:00.000000001Z"}`,
	`{"id":"` + strings.Repeat("i", MaxIDBytes) + `","direction":"internal","customer_id":"c","counterparty_customer_id":"d","network":"eip155:77777","asset":"A","contract":"0xdac17f958d2ee523a2206206994597c13d831ec7","amount":"` + strings.Repeat("9", 38) + `.000000000000000000000000000001","tx_hash":"` + strings.Repeat("h", MaxHashBytes) + `","log_index":999999999,"initiator":"0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed","occurred_at":"2026-11-02T23:59:59.999999999Z"}`,
	`{"id":"t","direction":"deposit","customer_id":"c","network":"tron","asset":"USDT","amount":"10.01","from":["TJRabPrwbZy45sbavfcjinPJC18kjpRTv8","TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"],"from_amounts":["10","0.01"],"to":["TJRabPrwbZy45sbavfcjinPJC18kjpRTv8"],"memo":"a memo of 23 characters","evidence":"calldata","occurred_at":"2026-11-01T00:00:00.5Z"}`,
}

// unified is an address of zcash with a transparent, a Sapling and an Orchard receiver: ZIP 316's own vector.
const unified = "tu1fm5xassnx4us9jm60l0ntfcyy6awx7xy02nf2yfkq24uungm3pt0uuvtkjemrav8xvvzm6c4j3clpqwlx5qscvt4lyagng0jqxgu9jjd2cf42pwqnj7uwzua7swgjzfm4swmauuz0lu42nrv7vkx9kjkgjluvddsya20tsat5ejujgg66ulw8r0pdhh5vzhjy2yelhrh2wcsx06kf4z"

// checkRecognised holds Recognise to Parse: what it takes Parse takes, and makes the same of.
func checkRecognised(t interface{ Fatalf(string, ...any) }, p *Parser, body []byte) bool {
	r, ok := p.Recognise(body, fuzzNow)
	if !ok {
		return false
	}
	want, err := Parse(body, fuzzNow)
	if err != nil {
		t.Fatalf("%s\nis recognised, and Parse says %v", body, err)
	}
	var prints []uint64
	for _, party := range want.Parties {
		prints = append(prints, party.Key.Fingerprint())
	}
	switch {
	case string(r.Canonical()) != string(want.Canonical()):
		t.Fatalf("recognised as canonical:\n%s\n%s", r.Canonical(), want.Canonical())
	case r.FactID("t") != want.FactID("t"):
		t.Fatalf("%s\nhas two ids", body)
	case !slices.Equal(r.Prints, prints):
		t.Fatalf("%s\nhas fingerprints %x, recognised %x", body, prints, r.Prints)
	case want.Coverage != Coverage{} || len(want.Unscreenable) > 0:
		t.Fatalf("%s\nis recognised with coverage %+v, unscreenable %v", body, want.Coverage, want.Unscreenable)
	case string(r.TransferID) != want.Transfer.ID || string(r.CustomerID) != want.Transfer.CustomerID || r.Stage != want.Transfer.EffectiveStage():
		t.Fatalf("%s\nis recognised as %q of %q at %s", body, r.TransferID, r.CustomerID, r.Stage)
	}
	return true
}

func TestCanonicalBodiesAreRecognised(t *testing.T) {
	var p Parser
	for _, body := range plainBodies {
		for range memoryFrom { // addresses from memory too
			if !checkRecognised(t, &p, []byte(body)) {
				t.Fatalf("declined: %s", body)
			}
		}
	}
}

func TestWhatNeedsALookIsNotRecognised(t *testing.T) {
	var p Parser
	base := plainBodies[0]
	for what, body := range map[string]string{
		"a space":                    strings.Replace(base, `,"to"`, `, "to"`, 1),
		"a line's end":               base + "\n",
		"another order":              `{"direction":"deposit","id":"t1"` + base[len(`{"id":"t1","direction":"deposit"`):],
		"a default":                  strings.Replace(base, `"customer_id"`, `"stage":"confirmed","customer_id"`, 1),
		"an escape":                  strings.Replace(base, `"t1"`, `"t\u0031"`, 1),
		"beyond ASCII":               strings.Replace(base, `"t1"`, `"tä"`, 1),
		"a control character":        strings.Replace(base, `"t1"`, "\"t\x7f\"", 1),
		"an unknown member":          strings.Replace(base, `"asset"`, `"assets"`, 1),
		"a member twice":             strings.Replace(base, `"asset":"ETH"`, `"asset":"ETH","asset":"ETH"`, 1),
		"no sender":                  strings.Replace(base, `"from":["0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"],`, ``, 1),
		"an unknown sender":          strings.Replace(base, `0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed`, UnknownSender, 1),
		"mixed case":                 strings.Replace(base, `0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed`, `0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed`, 1),
		"an invalid address":         strings.Replace(base, `0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed`, `0x5a`, 1),
		"a shielded sender":          `{"id":"t1","direction":"deposit","customer_id":"c1","network":"zcash","asset":"ZEC","amount":"1.5","from":["zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya"],"occurred_at":"2026-11-01T00:00:00Z"}`,
		"a unified recipient":        `{"id":"t1","direction":"withdrawal","customer_id":"c1","network":"zcash","asset":"ZEC","amount":"1.5","to":["` + unified + `"],"occurred_at":"2026-11-01T00:00:00Z"}`,
		"an unknown network":         strings.Replace(base, `"ethereum"`, `"aethereum"`, 1),
		"another name of a network":  strings.Replace(base, `"ethereum"`, `"eip155:1"`, 1),
		"a zero behind the amount":   strings.Replace(base, `"1.5"`, `"1.50"`, 1),
		"a zero before the amount":   strings.Replace(base, `"1.5"`, `"01.5"`, 1),
		"a point without digits":     strings.Replace(base, `"1.5"`, `"1."`, 1),
		"39 digits":                  strings.Replace(base, `"1.5"`, `"1`+strings.Repeat("0", 38)+`"`, 1),
		"31 fraction digits":         strings.Replace(base, `"1.5"`, `"0.`+strings.Repeat("0", 30)+`1"`, 1),
		"a time with an offset":      strings.Replace(base, `00:00:00Z`, `00:00:00+00:00`, 1),
		"a zero behind the second":   strings.Replace(base, `00:00:00Z`, `00:00:00.10Z`, 1),
		"a day that is none":         strings.Replace(base, `2026-11-01`, `2026-02-29`, 1),
		"too early":                  strings.Replace(base, `2026-11-01`, `2009-01-02`, 1),
		"too late":                   strings.Replace(base, `2026-11-01T00:00:00Z`, `2026-11-03T00:00:00.000000001Z`, 1),
		"no asset":                   strings.Replace(base, `"asset":"ETH",`, ``, 1),
		"an id of 257 bytes":         strings.Replace(base, `"t1"`, `"`+strings.Repeat("i", MaxIDBytes+1)+`"`, 1),
		"a memo of 24 bytes":         strings.Replace(base, `,"occurred_at"`, `,"memo":"`+strings.Repeat("m", minMemoAddress)+`","occurred_at"`, 1),
		"a second customer":          strings.Replace(base, `"network"`, `"counterparty_customer_id":"d","network"`, 1),
		"output and log":             strings.Replace(base, `"from"`, `"output_index":1,"log_index":1,"from"`, 1),
		"ten digits of an index":     strings.Replace(base, `"from"`, `"log_index":4294967295,"from"`, 1),
		"fewer amounts than senders": strings.Replace(base, `"to"`, `"from_amounts":["1","2"],"to"`, 1),
		"an empty list":              strings.Replace(base, `"to":["0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"]`, `"to":[]`, 1),
		"another body behind it":     base + base,
		"nothing":                    ``,
		"too many addresses":         strings.Replace(base, `"to":[`, `"to":[`+strings.Repeat(`"0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359",`, maxRecognised), 1),
	} {
		if body == base {
			t.Fatalf("%s: the test changes nothing", what)
		}
		if checkRecognised(t, &p, []byte(body)) {
			t.Errorf("%s was recognised: %s", what, body)
		}
	}
}

func TestRecogniseAgreesOnEveryOneByteChange(t *testing.T) {
	var p Parser
	taken := 0
	compare := func(body []byte) {
		if checkRecognised(t, &p, body) {
			taken++
		}
	}
	for _, seed := range plainBodies {
		for i := range len(seed) {
			for _, c := range []byte("\"\\,:{}[] \t\x00\x1f\x7f\x80\xc3\xff0129-.eEnxaZ") {
				body := []byte(seed)
				body[i] = c
				compare(body)
			}
			compare([]byte(seed[:i] + seed[i+1:]))
			compare([]byte(seed[:i] + seed[i:i+1] + seed[i:]))
		}
	}
	if taken < 1000 {
		t.Errorf("only %d bodies were recognised: this test shows little", taken)
	}
}

// TestARememberedAddressIsReadAsAtFirst reads spellings of many kinds twice: what the memory gives is what Parse gave.
func TestARememberedAddressIsReadAsAtFirst(t *testing.T) {
	body := func(network, sender string) []byte {
		return fmt.Appendf(nil, `{"id":"t","direction":"deposit","customer_id":"c","network":%q,"asset":"A","amount":"1","from":[%q],"to":[],"occurred_at":"2026-11-01T00:00:00Z"}`, network, sender)
	}
	spellings := [][2]string{
		{"ethereum", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"}, {"bsc", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"},
		{"ethereum", "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"}, {"eip155:77777", "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"},
		{"bitcoin", "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"}, {"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
		{"bitcoin-cash", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}, {"bitcoin", " 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
		{"bitcoin", Coinbase}, {"bitcoin", UnknownSender}, {"near", Coinbase}, {"near", UnknownSender}, {"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"},
		{"nowhere", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}, {"xrp", "XVLhHMPHU98es4dbozjVtdWzVrDjtV5fdx1mHp98tDMoQXb"}, {"bitcoin", "short"},
	}
	var p Parser
	for round := range memoryFrom {
		for _, s := range spellings {
			got, err := p.Parse(body(s[0], s[1]), fuzzNow)
			want, errFirst := Parse(body(s[0], s[1]), fuzzNow)
			if err != nil || errFirst != nil {
				t.Fatalf("%v: %v, %v", s, err, errFirst)
			}
			if string(got.Canonical()) != string(want.Canonical()) || fmt.Sprint(got.Parties, got.Coverage, got.Unscreenable) != fmt.Sprint(want.Parties, want.Coverage, want.Unscreenable) {
				t.Fatalf("%v, round %d: %s %v, at first %s %v", s, round, got.Canonical(), got.Parties, want.Canonical(), want.Parties)
			}
		}
	}
}

func TestTheMemoryForAddressesIsBounded(t *testing.T) {
	for n, want := range map[int]int{-1: 4096, 4096: 4096, 4097: 8192, 65_536: 65_536, 1 << 40: 1 << maxBits} {
		var p Parser
		p.Remember(n)
		for range memoryFrom {
			checkRecognised(t, &p, []byte(plainBodies[1]))
		}
		if got := len(p.addresses.lines); got != want {
			t.Errorf("%d addresses: room for %d, want %d", n, got, want)
		}
	}
}

// Whatever was remembered and pushed out, an address is recognised as the one that it is: more addresses than there are
// places, short ones and such as do not fit a line, of two networks.
func TestAFullMemoryTakesNoAddressForAnother(t *testing.T) {
	var p Parser
	p.addresses.bits = 4
	var made []string
	bitcoin, _ := network.Lookup("bitcoin")
	for i := range 200 {
		payload := make([]byte, 32)
		payload[0], payload[31] = byte(i), byte(i%3)
		for _, form := range []address.Form{address.P2PKH, address.P2WPKH, address.P2TR} {
			size := 20
			if form == address.P2TR {
				size = 32
			}
			a, err := address.Encode(bitcoin, form, payload[:size])
			if err != nil {
				t.Fatal(err)
			}
			made = append(made, a.Text)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		body := strings.Replace(plainBodies[1], "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", rapid.SampledFrom(made).Draw(t, "address"), 1)
		if !checkRecognised(t, &p, []byte(body)) {
			t.Fatalf("declined: %s", body)
		}
	})
}

func TestTheMemoryForNetworksIsBounded(t *testing.T) {
	var p Parser
	for n := range 2 * memoryNetworks {
		body := strings.Replace(plainBodies[0], "ethereum", fmt.Sprintf("eip155:%d", 1_000_000+n), 1)
		for range 2 {
			if !checkRecognised(t, &p, []byte(body)) {
				t.Fatalf("declined: %s", body)
			}
		}
	}
	if n := len(p.addresses.networks); n != memoryNetworks {
		t.Errorf("%d networks are remembered", n)
	}
}

// The ends of the span in which a transfer may have occurred, on each side of a second and of its parts.
func TestTheTimeOfARecognisedBodyIsBounded(t *testing.T) {
	var p Parser
	for _, now := range []time.Time{fuzzNow, fuzzNow.Add(999_999_999), fuzzNow.Add(123_000_000), fuzzNow.In(time.FixedZone("", -3600)), fuzzNow} {
		for _, bound := range []time.Time{Earliest, now.Add(MaxAhead)} {
			for _, off := range []time.Duration{-time.Second, -1, 0, 1, time.Second} {
				at := bound.Add(off)
				body := strings.Replace(plainBodies[0], "2026-11-01T00:00:00Z", at.UTC().Format(time.RFC3339Nano), 1)
				_, err := Parse([]byte(body), now)
				if _, ok := p.Recognise([]byte(body), now); ok != (err == nil) {
					t.Errorf("at %v, %v is recognised: %v; Parse says %v", now, at, ok, err)
				}
			}
		}
	}
}

func FuzzRecogniseAgreesWithParse(f *testing.F) {
	for _, body := range slices.Concat(plainBodies, seeds) {
		f.Add([]byte(body))
	}
	var p Parser
	f.Fuzz(func(t *testing.T, body []byte) { checkRecognised(t, &p, body) })
}

func BenchmarkRecognise(b *testing.B) {
	var p Parser
	body := []byte(deposit)
	now := fuzzNow.Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := p.Recognise(body, now); !ok {
			b.Fatal("declined")
		}
	}
}
