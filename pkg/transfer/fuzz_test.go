package transfer

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// seeds are bodies on both sides of every rule of the scanner.
var seeds = []string{
	`{"id":"t1","direction":"deposit","customer_id":"c1","network":"ethereum","asset":"ETH","amount":"1.5","from":["0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"],"to":["0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"],"occurred_at":"2026-11-01T00:00:00Z"}`,
	`{"id":"t1","direction":"withdrawal","stage":"attempt","customer_id":"c1","network":"bitcoin","asset":"BTC","asset_id":"bip122:000000000019d6689c085ae165831e93/slip44:0","amount":"0.50","fiat":{"amount":"1.0","currency":"EUR"},"tx_hash":"ab","output_index":0,"from":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa","x"],"from_amounts":["0.2","0.30"],"to":[],"memo":"ä","initiator":"x","evidence":"log","occurred_at":"2026-11-01T00:00:00.5+01:00"}`,
	` { "occurred_at" : "2026-11-01T00:00:00Z" , "amount":"1" ,"asset":"A","network":"eip155:1","customer_id":"c","counterparty_customer_id":"d","direction":"internal","id":"i","log_index":4294967295 }` + "\n",
	`{"id":"coinbase","direction":"deposit","customer_id":"c","network":"bitcoin","asset":"BTC","amount":"6.25","from":["coinbase"],"to":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"],"output_index":0,"occurred_at":"2009-01-03T18:15:05Z"}`,
	`{"id":"a","id":"b"}`, `{"ID":"a"}`, `{"id":null}`, `{"id":"\u0061"}`, `{"id":"a",}`, `{"id":"a"}x`, `{}`, `[]`, ``, `{"fiat":{}}`,
	`{"fiat":{"amount":"1","amount":"1"}}`, `{"log_index":01}`, `{"log_index":1.0}`, `{"log_index":-1}`, `{"log_index":4294967296}`,
	`{"log_index":99999999999999999999}`, `{"from":[],"to":["a",]}`, `{"from":["` + strings.Repeat(`a","`, 1001) + `"]}`, "{\"memo\":\"\xff\"}", "{\"memo\":\"\x00\"}",
}

var fuzzNow = time.Date(2026, time.November, 2, 0, 0, 0, 0, time.UTC)

// FuzzScannerAgreesWithReference holds the two decoders equal: what the scanner takes, the reference takes, and with the
// same values. It also holds the canonical text to what it promises.
func FuzzScannerAgreesWithReference(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > MaxBody {
			return
		}
		var fast, slow input
		var found, lenient problems
		slow.decode(body, false, &found)
		if fast.scan(body, string(body)) {
			if !found.empty() {
				t.Fatalf("the scanner takes what the reference refuses: %v", found.list)
			}
			if a, b := comparable(fast), comparable(slow); !reflect.DeepEqual(a, b) {
				t.Fatalf("the scanner reads\n%+v\nthe reference\n%+v", a, b)
			}
		}
		slow.decode(body, true, &lenient)
		if len(lenient.list)+lenient.omitted > len(found.list)+found.omitted {
			t.Fatalf("readers find more wrong than the edge: %v and %v", lenient.list, found.list)
		}
		checkParsed(t, body)
	})
}

// comparable tells nil from empty no more.
func comparable(in input) input {
	in.from, in.to, in.fromAmounts = append([]string{}, in.from...), append([]string{}, in.to...), append([]string{}, in.fromAmounts...)
	return in
}

// checkParsed checks that what was accepted is canonical: it reads back as itself, with the same identity.
func checkParsed(t *testing.T, body []byte) {
	p, err := Parse(body, fuzzNow)
	if err != nil {
		var rejection *Rejection
		if !errors.As(err, &rejection) || len(rejection.Problems) == 0 {
			t.Fatalf("error %v", err)
		}
		return
	}
	again, err := Parse(p.Canonical(), fuzzNow)
	if err != nil {
		t.Fatalf("%s\nis accepted, and its canonical text is not: %v", body, err)
	}
	if string(again.Canonical()) != string(p.Canonical()) || again.FactID("t") != p.FactID("t") {
		t.Fatalf("%s\nand then\n%s", p.Canonical(), again.Canonical())
	}
	restored, err := Restore(p.Canonical())
	if err != nil {
		t.Fatalf("%s\ncannot be read back: %v", p.Canonical(), err)
	}
	if fmt.Sprint(restored.Parties) != fmt.Sprint(p.Parties) || restored.Coverage != p.Coverage {
		t.Fatalf("parties\n%v\n%v\nbecame\n%v\n%v", p.Parties, p.Coverage, restored.Parties, restored.Coverage)
	}
}

func TestSeedsAreTakenByTheScannerWhereTheyShould(t *testing.T) {
	for i, seed := range seeds {
		var in input
		if got, want := in.scan([]byte(seed), seed), i < 4; got != want {
			t.Errorf("scan of %.80s = %v", seed, got)
		}
	}
}

func FuzzTime(f *testing.F) {
	for _, text := range []string{"2026-11-01T00:00:00Z", "2024-02-29T23:59:59.123456789-23:59", "2026-11-01t00:00:00z", "2026-11-01T00:00:00.Z", "2026-13-01T00:00:00Z", "2026-11-01T24:00:00Z"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, rule := parseTime(text)
		if rule != "" {
			return
		}
		want, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			t.Fatalf("%q is taken, and the library says %v", text, err)
		}
		if !got.Equal(want) || got.Location() != time.UTC {
			t.Fatalf("%q is %v, want %v", text, got, want)
		}
	})
}

// TestScannerAgreesOnEveryOneByteChange walks where a fuzzer only stumbles: each byte of a usual body replaced, removed or
// doubled.
func TestScannerAgreesOnEveryOneByteChange(t *testing.T) {
	taken := 0
	compare := func(body []byte) {
		var fast, slow input
		if !fast.scan(body, string(body)) {
			return
		}
		taken++
		var found problems
		slow.decode(body, false, &found)
		if !found.empty() {
			t.Fatalf("%s\nis taken by the scanner, and the reference finds %v", body, found.list)
		}
		if a, b := comparable(fast), comparable(slow); !reflect.DeepEqual(a, b) {
			t.Fatalf("%s\nis read as\n%+v\nand\n%+v", body, a, b)
		}
	}
	for _, seed := range seeds[:4] {
		for i := range len(seed) {
			for _, c := range []byte("\"\\,:{}[] \t\x00\x1f\x7f\x80\xc3\xff0129-.eEnxa") {
				body := []byte(seed)
				body[i] = c
				compare(body)
			}
			compare([]byte(seed[:i] + seed[i+1:]))
			compare([]byte(seed[:i] + seed[i:i+1] + seed[i:]))
		}
	}
	if taken < 1000 {
		t.Errorf("the scanner took only %d bodies: this test shows little", taken)
	}
}
