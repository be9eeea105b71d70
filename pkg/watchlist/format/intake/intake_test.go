package intake

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/address"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

func TestOpenTakesAByteOrderMarkAway(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte("\xef\xbb\xbfhello\n")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"": "", "h": "h", "hello\n": "hello\n", "\xef\xbb\xbfhello\n": "hello\n", packed.String(): "hello\n",
	} {
		r, err := Open(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || string(got) != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	if _, err := Open(strings.NewReader("\x1f\x8b")); err == nil {
		t.Error("a broken gzip header was taken")
	}
}

func TestListNames(t *testing.T) {
	for _, tt := range []struct{ list, fallback, file, want string }{
		{"mine", "ofac-sdn", "f.csv", "mine"},
		{"", "ofac-sdn", "f.csv", "ofac-sdn"},
		{"", "", "packs/Etherscan_word cloud.yaml.gz", "etherscan-word-cloud"},
		{"", "", `C:\lists\1_Phishing.csv`, "1-phishing"},
		{"", "", "ж.txt", "list"},
	} {
		got, err := Options{List: tt.list}.ListName(tt.fallback, []Input{{Name: tt.file}})
		if err != nil || got != tt.want {
			t.Errorf("%+v: %q, %v", tt, got, err)
		}
	}
	if _, err := (Options{List: "My List"}).ListName("", nil); err == nil {
		t.Error("a name with a space was taken")
	}
}

func collect(t *testing.T, opts Options, rows ...Row) ([]watchlist.Entry, Report) {
	t.Helper()
	c := NewCollector("test", "l", opts)
	for i, r := range rows {
		r.Place = Place{Input: "f", Line: i + 1}
		c.Add(r)
	}
	entries, report := c.Result()
	if report.Rows != report.Accepted+report.Repeated+report.RejectedRows {
		t.Errorf("rows do not add up: %+v", report)
	}
	return entries, report
}

func TestWhoseAddressItIs(t *testing.T) {
	const (
		bitcoin = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"
		script  = "31nadacWrgPeAQxKRMabhn3fPhnhi3hjKa"
		lower   = "0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535"
		tron    = "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"
	)
	evm := address.ChecksumEVM(lower)
	for what, tt := range map[string]struct {
		opts Options
		row  Row
		want []string // network and address
		note string
	}{
		"by form":              {Options{}, Row{Text: evm}, []string{"ethereum " + lower}, ""},
		"by ticker":            {Options{}, Row{Text: bitcoin, Ticker: "XBT"}, []string{"bitcoin " + bitcoin}, ""},
		"ticker of many":       {Options{}, Row{Text: bitcoin, Ticker: "USDT"}, []string{"bitcoin " + bitcoin}, ""},
		"ticker that lies":     {Options{}, Row{Text: tron, Ticker: "XBT"}, []string{"tron " + tron}, "filed under XBT"},
		"unknown ticker":       {Options{}, Row{Text: evm, Ticker: "SHIB"}, []string{"ethereum " + lower}, "filed under SHIB"},
		"token standard":       {Options{}, Row{Text: evm, Ticker: "BEP20"}, []string{"bsc " + lower}, ""},
		"foreign":              {Options{}, Row{Text: "binancecleos", Ticker: "EOS"}, []string{"eos binancecleos"}, "cannot be checked"},
		"verge":                {Options{}, Row{Text: "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", Ticker: "XVG"}, []string{"verge DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z"}, ""},
		"beacon chain":         {Options{}, Row{Text: "bnb1grpf0955h0ykzq3ar5nmum7y6gdfl6lxfn46h2", Ticker: "BNB"}, []string{"bnb-beacon bnb1grpf0955h0ykzq3ar5nmum7y6gdfl6lxfn46h2"}, ""},
		"moved":                {Options{Network: "aptos"}, Row{Text: "0xD05448f15a03f25b2816c4538b72bd54752ba7522d4831a4c9ea5a613becb47a"}, []string{"aptos 0xd05448f15a03f25b2816c4538b72bd54752ba7522d4831a4c9ea5a613becb47a"}, ""},
		"option":               {Options{Network: "bsc"}, Row{Text: evm}, []string{"bsc " + lower}, ""},
		"row beats option":     {Options{Network: "bsc"}, Row{Text: evm, Networks: []string{"eip155:137"}}, []string{"polygon " + lower}, ""},
		"ambiguous":            {Options{}, Row{Text: script}, []string{"bitcoin " + script, "litecoin "}, "entered for each"},
		"named, not ambiguous": {Options{Network: "bitcoin"}, Row{Text: script}, []string{"bitcoin " + script}, ""},
		"spaces":               {Options{}, Row{Text: " " + bitcoin + "\t"}, []string{"bitcoin " + bitcoin}, "spaces"},
		"kept":                 {Options{}, Row{Text: "5be5543ff73456ab", Ticker: "XMR", Keep: true}, []string{"monero 5be5543ff73456ab"}, "kept by its exact text"},
	} {
		entries, report := collect(t, tt.opts, tt.row)
		if len(entries) != len(tt.want) || report.RejectedRows != 0 {
			t.Errorf("%s: %d entries, rejected %v", what, len(entries), report.Rejected)
			continue
		}
		for i, e := range entries {
			if got := e.Network + " " + e.Address; !strings.HasPrefix(got, tt.want[i]) {
				t.Errorf("%s: %s, want %s", what, got, tt.want[i])
			}
			if back, err := watchlist.ParseEntry(e.AppendJSON(nil)); err != nil || back.Key != e.Key {
				t.Errorf("%s: read again it has another key: %v", what, err)
			}
		}
		if tt.note == "" && report.NoteCount != 0 || tt.note != "" && (report.NoteCount != 1 || !strings.Contains(report.Notes[0].Text, tt.note)) {
			t.Errorf("%s: notes %v, want one with %q", what, report.Notes, tt.note)
		}
	}
}

func TestRejectionsNamePlaceValueAndReason(t *testing.T) {
	for what, tt := range map[string]struct {
		opts Options
		row  Row
		want string
	}{
		"empty":           {Options{}, Row{Text: "  "}, "empty"},
		"zero":            {Options{}, Row{Text: "0x0000000000000000000000000000000000000000"}, "zero address"},
		"precompiled":     {Options{}, Row{Text: "0x0000000000000000000000000000000000000009"}, "precompiled"},
		"checksum":        {Options{Network: "bitcoin"}, Row{Text: "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhy"}, "checksum"},
		"no form":         {Options{}, Row{Text: "somebody"}, "it has the form of no network's addresses"},
		"no 0x":           {Options{}, Row{Text: "098b716b8aaf21512996dc57eb0615e2383e2f96"}, "40 hexadecimal digits: an address of ethereum and its like is 0x and 40"},
		"a tag behind it": {Options{}, Row{Text: "rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv:12345"}, "in the field tag"},
		"one short":       {Options{}, Row{Text: "0x098b716b8aaf21512996dc57eb0615e2383e2f9"}, "41 characters, want 0x and 40"},
		"mistyped":        {Options{}, Row{Text: "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzw"}, "form of an address, and its checksum is wrong"},
		"a private key":   {Options{}, Row{Text: "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"}, "a private key"},
		"network":         {Options{}, Row{Text: "somebody", Networks: []string{"bitcoin2"}}, `network "bitcoin2" is unknown`},
		"foreign, spaces": {Options{}, Row{Text: "a b", Ticker: "EOS"}, "no character of an address"},
		"foreign, long":   {Options{}, Row{Text: strings.Repeat("a", watchlist.MaxAddress+1), Ticker: "EOS"}, "too long"},
		"look-alike":      {Options{}, Row{Text: "12udаbs2TkX7NXCSj6KpqXfakjE52ZPLhz", Ticker: "WHAT"}, "no character of an address"},
		"unknown ticker":  {Options{}, Row{Text: "0x2F389CE8bD8fF92De3402FFCE4691d17fC4f6535", Ticker: "SHIB"}, "checksum"},
		"32 bytes in hex": {Options{}, Row{Text: "0xd05448f15a03f25b2816c4538b72bd54752ba7522d4831a4c9ea5a613becb47a"}, "it may be one of aptos, sui"},
		"a hash as ETH":   {Options{}, Row{Text: "0xd05448f15a03f25b2816c4538b72bd54752ba7522d4831a4c9ea5a613becb47a", Ticker: "ETH"}, "not an address of ethereum"},
		"category":        {Options{}, Row{Text: "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz", Entry: watchlist.Entry{Category: "bad"}}, `"bad" is none of`},
	} {
		entries, report := collect(t, tt.opts, tt.row)
		if len(entries) != 0 || report.RejectedRows != 1 {
			t.Errorf("%s: %d entries", what, len(entries))
			continue
		}
		if r := report.Rejected[0]; r.Input != "f" || r.Line != 1 || !strings.Contains(r.Text, tt.want) {
			t.Errorf("%s: %v, want %q", what, r, tt.want)
		}
	}
}

func TestRepetitionsAndCategories(t *testing.T) {
	const a = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"
	entries, report := collect(t, Options{Category: taxonomy.Scam},
		Row{Text: a}, Row{Text: a}, Row{Text: a, Entry: watchlist.Entry{Categories: []taxonomy.Category{taxonomy.Mixer, taxonomy.Sanctions}}},
		Row{Text: a, Terms: []string{"odd"}}, Row{Text: a, Entry: watchlist.Entry{Entity: strings.Repeat("ж", watchlist.MaxText)}},
	)
	if report.Accepted != 3 || report.Repeated != 2 || len(entries) != 2 || report.Entries != 2 {
		t.Errorf("%+v", report)
	}
	if !slices.Equal(report.Unmapped, []Count{{"odd", 1}}) {
		t.Errorf("unmapped %v", report.Unmapped)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.EntryID, a+"/") || e.Category != taxonomy.Scam && e.Category != taxonomy.Sanctions {
			t.Errorf("%+v", e)
		}
	}
	entries, _ = collect(t, Options{}, Row{Text: a})
	if entries[0].Category != taxonomy.UnnamedService {
		t.Errorf("a row that says nothing is %s", entries[0].Category)
	}
	if s := report.Summary(); !strings.Contains(s, "5 rows") || !strings.Contains(s, `"odd" (1)`) {
		t.Errorf("summary %q", s)
	}
}

func TestReportsAreBounded(t *testing.T) {
	c := NewCollector("test", "l", Options{})
	for range MaxRemarks + 5 {
		c.Reject(Place{}, "x", CodeAddress, "y")
	}
	if _, r := c.Result(); len(r.Rejected) != MaxRemarks || r.RejectedRows != MaxRemarks+5 {
		t.Errorf("%d remarks of %d", len(r.Rejected), r.RejectedRows)
	}
}

func TestAnIDThatIsTheAddressNamesOneEntry(t *testing.T) {
	const a, b = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
	row := func(text, id, entity string, categories ...taxonomy.Category) Row {
		return Row{Text: text, Entry: watchlist.Entry{EntryID: id, Entity: entity, Categories: categories}}
	}
	rows := []Row{
		row(a, "", "X", taxonomy.Scam), row(a, "", "X", taxonomy.Mixer, taxonomy.Scam), row(a, "", "X", taxonomy.Sanctions),
		row(b, "", "Y", taxonomy.Scam), row(b, "", "Z", taxonomy.Scam), row(b, "", "Z", taxonomy.Mixer), row(b, "7", "Z", taxonomy.Mixer), row(b, "7", "Z", taxonomy.Scam),
	}
	entries, report := collect(t, Options{}, rows...)
	if report.Accepted != len(rows) || report.Entries != 5 || len(entries) != 5 {
		t.Fatalf("%+v\n%v", report, entries)
	}
	if e := entries[0]; e.EntryID != a || e.Category != taxonomy.Sanctions || !slices.Equal(e.Categories, []taxonomy.Category{taxonomy.Sanctions, taxonomy.Scam, taxonomy.Mixer}) {
		t.Errorf("rows that differ in their categories: %+v", e)
	}
	ids := map[string]int{}
	for _, e := range entries[1:] {
		ids[e.EntryID]++
		if e.EntryID != "7" && (!strings.HasPrefix(e.EntryID, b+"/") || len(e.EntryID) != len(b)+9) {
			t.Errorf("%+v", e)
		}
		if e.Entity == "Z" && e.EntryID != "7" && len(e.Categories) != 2 {
			t.Errorf("%+v", e)
		}
	}
	if len(ids) != 3 || ids["7"] != 2 { // ids of the publisher are left alone
		t.Errorf("%v", ids)
	}
	slices.Reverse(rows)
	again, _ := collect(t, Options{}, rows...)
	for i := range again {
		if watchlist.Compare(&again[i], &entries[i]) != 0 {
			t.Errorf("in another order: %+v, not %+v", again[i], entries[i])
		}
	}
}
