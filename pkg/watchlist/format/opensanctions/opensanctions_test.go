package opensanctions

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

const (
	btc  = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"
	evm  = "0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535"
	evm2 = "0x19aa5fe80d33a56d56c78e82ea5e50e5d80b4dff"
	tron = "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"
)

// sample has a wallet before and one behind its holder, a wallet with measures of its own, one that was let go, and one
// whose holder is missing.
var sample = strings.Join([]string{
	`{"id":"w1","caption":"` + btc + `","schema":"CryptoWallet","datasets":["us_ofac_sdn"],"first_seen":"2020-01-01T00:00:00","properties":{"publicKey":["` + btc + `"],"currency":["XBT"],"holder":["p1"]}}`,
	`{"id":"a1","caption":"1 Main St","schema":"Address","datasets":["us_ofac_sdn"],"properties":{"full":["1 Main St"]}}`,
	`{"id":"p1","caption":"Artem LIFSHITS","schema":"Person","datasets":["us_ofac_sdn"],"properties":{"name":["Artem LIFSHITS"],"topics":["sanction","wanted"]}}`,
	`{"id":"s1","caption":"Sanction","schema":"Sanction","properties":{"entity":["p1"],"authority":["Office of Foreign Assets Control"],"program":["Cyber"],"programId":["US-CYBER2"],"listingDate":["2020-09-10"]}}`,
	`{"id":"w2","caption":"A wallet","schema":"CryptoWallet","datasets":["il_mod_crypto"],"properties":{"publicKey":["` + evm + `","` + tron + `"],"currency":["USDT","TRX"],"topics":["crime.terror","made.up"],"holder":["p1"]}}`,
	`{"id":"s2","schema":"Sanction","properties":{"entity":["w2"],"authority":["NBCTF"],"startDate":["2021-06"],"listingDate":["2021-06-30"]}}`,
	`{"id":"w3","schema":"CryptoWallet","datasets":["il_mod_crypto"],"properties":{"publicKey":["` + evm2 + `"],"topics":["crime.terror"],"holder":["gone"]}}`,
	`{"id":"s3","schema":"Sanction","properties":{"entity":["w3"],"authority":["NBCTF"],"listingDate":["2021-01-01"],"endDate":["2022-02-02"]}}`,
	`{"id":"w4","schema":"CryptoWallet","datasets":["x"],"properties":{"topics":["crime"]}}`,
	`{"id":"w5","schema":"CryptoWallet","datasets":["x"],"properties":{"publicKey":["nobody"],"topics":["crime"],"currency":["BTC"]}}`,
}, "\n") + "\n"

// stream hides that bytes can be read again.
type stream struct{ io.Reader }

func texts(entries []watchlist.Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, string(e.AppendJSON(nil)))
	}
	slices.Sort(out)
	return out
}

func TestWalletsAreJoinedWithTheirHolders(t *testing.T) {
	want := []string{
		`{"network":"bitcoin","address":"` + btc + `","category":"sanctions","categories":["sanctions","illicit_actor"],"entity":"Artem LIFSHITS","list":"l","entry_id":"w1","authority":"Office of Foreign Assets Control","program":"US-CYBER2","party_listed_at":"2020-09-10"}`,
		`{"network":"ethereum","address":"` + evm + `","category":"sanctions","categories":["sanctions","terrorist_financing","illicit_actor"],"entity":"Artem LIFSHITS","list":"l","entry_id":"w2/` + evm + `","authority":"NBCTF","program":"US-CYBER2","party_listed_at":"2020-09-10","address_listed_at":"2021-06-30"}`,
		`{"network":"ethereum","address":"` + evm2 + `","category":"terrorist_financing","categories":["terrorist_financing"],"entity":"","list":"l","entry_id":"w3","authority":"NBCTF","address_listed_at":"2021-01-01","delisted_at":"2022-02-02"}`,
		`{"network":"tron","address":"` + tron + `","category":"sanctions","categories":["sanctions","terrorist_financing","illicit_actor"],"entity":"Artem LIFSHITS","list":"l","entry_id":"w2/` + tron + `","authority":"NBCTF","program":"US-CYBER2","party_listed_at":"2020-09-10","address_listed_at":"2021-06-30"}`,
	}
	slices.Sort(want)
	for what, r := range map[string]io.Reader{"a file, read twice": strings.NewReader(sample), "a stream, read once": stream{strings.NewReader(sample)}} {
		entries, report, err := Parse(intake.Options{List: "l"}, intake.Input{Name: "f", R: r})
		if err != nil {
			t.Fatal(what, err)
		}
		if got := texts(entries); !slices.Equal(got, want) {
			t.Errorf("%s: got\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if report.Rows != 6 || report.RejectedRows != 2 || report.Rejected[0].Line != 9 || report.Rejected[1].Line != 10 {
			t.Errorf("%s: %s, rejected %v", what, report.Summary(), report.Rejected)
		}
		if !slices.Equal(report.Unmapped, []intake.Count{{Term: "topic made.up", Rows: 1}}) {
			t.Errorf("%s: unmapped %v", what, report.Unmapped)
		}
		missing := slices.ContainsFunc(report.Notes, func(r intake.Remark) bool { return r.Code == intake.CodeNoOwner && r.Value == "gone" })
		if !missing {
			t.Errorf("%s: nothing says that a holder is missing: %v", what, report.Notes)
		}
	}
}

func TestTheNestedFormHasItsHolderInside(t *testing.T) {
	body := `{"id":"w","schema":"CryptoWallet","datasets":["d"],"properties":{"publicKey":["` + btc + `"],"holder":[{"id":"p","caption":"P","schema":"Person","properties":{"topics":["sanction"],"sanctions":[{"id":"s","schema":"Sanction","properties":{"authority":["A"],"listingDate":["2020-01-01"]}}]}}]}}` + "\n"
	entries, _, err := Parse(intake.Options{List: "l"}, intake.Input{Name: "f", R: strings.NewReader(body)})
	if err != nil || len(entries) != 1 || entries[0].Entity != "P" || entries[0].Authority != "A" || entries[0].PartyListedAt != "2020-01-01" {
		t.Errorf("%v, %v", texts(entries), err)
	}
}

func TestWhatIsNoDumpIsRefused(t *testing.T) {
	for what, body := range map[string]string{
		"cut": sample[:len(sample)-20], "not JSON": "x\n", "an array": "[1]\n", "no schema": `{"id":"CryptoWallet"}` + "\n",
		"a member twice": `{"id":"CryptoWallet","id":"b"}`, "a long line": `"` + strings.Repeat("x", MaxLine) + `"`,
	} {
		for _, r := range []io.Reader{strings.NewReader(body), stream{strings.NewReader(body)}} {
			if _, _, err := Parse(intake.Options{}, intake.Input{Name: "f.json", R: r}); err == nil || !strings.Contains(err.Error(), "f.json") {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

func TestALineThatIsBrokenIsRejectedWithItsPlace(t *testing.T) {
	whole := strings.ReplaceAll(sample, `,"holder":["gone"]`, "")
	for what, tt := range map[string]struct{ line, why string }{
		"no JSON":        {`{"id":"p9","schema":"Person",`, "at byte 29"},
		"a broken one":   {`{"id":"w9","schema":"CryptoWallet" "properties":{}}`, "at byte 35"},
		"a member twice": {`{"id":"p9","schema":"Person","schema":"Person"}`, "duplicate"},
		"no entity":      {`["p9"]`, "properties an object"},
		"no schema":      {`{"id":"p9"}`, "no schema"},
	} {
		body := tt.line + "\n" + whole
		for how, r := range map[string]io.Reader{"a file": strings.NewReader(body), "a stream": stream{strings.NewReader(body)}} {
			entries, report, err := Parse(intake.Options{List: "l"}, intake.Input{Name: "f", R: r})
			if err != nil {
				t.Errorf("%s, %s: %v", what, how, err)
				continue
			}
			if len(entries) != 4 || report.Rows != 7 || report.RejectedRows != 3 {
				t.Errorf("%s, %s: %s", what, how, report.Summary())
			}
			if b := report.Rejected[0]; b.Line != 1 || b.Value != tt.line || b.Code != intake.CodeMalformed || !strings.Contains(b.Text, tt.why) {
				t.Errorf("%s, %s: %v", what, how, b)
			}
		}
	}
}

// A wallet whose holder cannot be read would be listed for less than it is.
func TestABrokenLineThatMayBeAHolderRefusesTheFile(t *testing.T) {
	body := strings.ReplaceAll(sample, `{"id":"p1",`, `{"id":"p1"`)
	for _, r := range []io.Reader{strings.NewReader(body), stream{strings.NewReader(body)}} {
		_, _, err := Parse(intake.Options{List: "l"}, intake.Input{Name: "f", R: r})
		if err == nil || !strings.Contains(err.Error(), "f:3") || !strings.Contains(err.Error(), `holder "p1" of the wallet "w1"`) {
			t.Errorf("%v", err)
		}
	}
}

func TestBrokenLinesAreBounded(t *testing.T) {
	good := `{"id":"w","schema":"CryptoWallet","properties":{"publicKey":["` + btc + `"]}}` + "\n"
	for n, ok := range map[int]bool{MaxBroken: true, MaxBroken + 1: false} {
		_, report, err := Parse(intake.Options{List: "l"}, intake.Input{Name: "f", R: strings.NewReader(good + strings.Repeat("x\n", n))})
		if ok != (err == nil) || ok && report.RejectedRows != n {
			t.Errorf("%d: %v", n, err)
		}
	}
}

func TestAStreamIsHeldWithinABound(t *testing.T) {
	var body strings.Builder
	for i := range 100 {
		fmt.Fprintf(&body, `{"id":"Q%02d","caption":"P","schema":"Person","properties":{}}`+"\n", i)
	}
	const each = int64(len("Q00") + len("P") + overhead)
	for what, tt := range map[string]struct {
		most   int64
		stream bool
		ok     bool
	}{
		"at the bound": {100 * each, true, true}, "above it": {100*each - 1, true, false}, "a file": {1, false, true},
	} {
		var r io.Reader = strings.NewReader(body.String())
		if tt.stream {
			r = stream{r}
		}
		err := newDump(tt.most).collect([]intake.Input{{Name: "f", R: r}})
		if tt.ok && err != nil || !tt.ok && (!errors.Is(err, intake.ErrTooLarge) || !strings.Contains(err.Error(), "by its name")) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`{"id":"w","schema":"CryptoWallet","properties":{"publicKey":["` + btc + `"],"holder":[{"id":"x"}]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		in := intake.Input{Name: "f", R: bytes.NewReader(body)}
		entries, r, err := Parse(intake.Options{List: "l"}, in)
		once, _, err1 := Parse(intake.Options{List: "l"}, intake.Input{Name: "f", R: stream{bytes.NewReader(body)}})
		if errors.Is(err, errLine) != errors.Is(err1, errLine) {
			return // a stream holds fewer kinds of parties, so that more holders may stand on a broken line
		}
		if (err == nil) != (err1 == nil) {
			t.Fatalf("as a file %v, as a stream %v", err, err1)
		}
		if err != nil {
			return
		}
		if r.Rows != r.Accepted+r.Repeated+r.LeftOut+r.RejectedRows || r.Entries != len(entries) || len(once) != len(entries) {
			t.Fatalf("rows do not add up: %+v, %d from a stream", r, len(once))
		}
		for i := range entries {
			if err := entries[i].Validate(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
