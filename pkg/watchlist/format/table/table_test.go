package table

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/pkg/internal/testdata"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

type parser func(intake.Options, ...intake.Input) ([]watchlist.Entry, intake.Report, error)

func text(body string) intake.Input { return intake.Input{Name: "f", R: strings.NewReader(body)} }

func columns(fields map[intake.Field]string) intake.Mapping { return intake.Mapping{Fields: fields} }

// lines are the entries in short: network, address, category, entity, id, date.
func lines(entries []watchlist.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%s %s %s %q %s %s\n", e.Network, e.Address, e.Category, e.Entity, e.EntryID, e.AddressListedAt)
	}
	return b.String()
}

const (
	btc = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"
	evm = "0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535"
)

func TestFormats(t *testing.T) {
	for what, tt := range map[string]struct {
		parse parser
		opts  intake.Options
		body  string
		want  string
	}{
		"csv": {ParseCSV, intake.Options{}, "id,Address,Name Tag,Network,Category,Date\n7," + btc + ",Somebody,bitcoin,scam,2018-11-06\n",
			"bitcoin " + btc + " scam \"Somebody\" 7 2018-11-06\n"},
		"csv, columns named": {ParseCSV, intake.Options{Mapping: columns(map[intake.Field]string{intake.FieldAddress: "creator", intake.FieldEntity: "creator tag"})},
			"address,creator,creator tag\n" + btc + "," + evm + ",B\n", "ethereum " + evm + " unnamed_service \"B\" " + evm + " \n"},
		"csv without header": {ParseCSV, intake.Options{Category: taxonomy.Scam, Mapping: columns(map[intake.Field]string{intake.FieldAddress: "#2"})},
			"x," + btc + "\ny," + evm + "\n", "bitcoin " + btc + " scam \"\" " + btc + " \nethereum " + evm + " scam \"\" " + evm + " \n"},
		"csv, semicolons": {ParseCSV, intake.Options{}, "address;label\n" + evm + ";\"a;b\"\n", "ethereum " + evm + " unnamed_service \"a;b\" " + evm + " \n"},
		"csv, tabs":       {ParseCSV, intake.Options{}, "address\tlabels\n" + evm + "\t['phish-hack', 'heist']\n", "ethereum " + evm + " stolen_funds \"\" " + evm + " \n"},
		"csv, ticker":     {ParseCSV, intake.Options{}, "address,currency\n" + evm + ",BSC\n", "bsc " + evm + " unnamed_service \"\" " + evm + " \n"},
		"json texts":      {ParseJSON, intake.Options{Category: taxonomy.Scam}, `["` + btc + `", "` + evm + `"]`, "bitcoin " + btc + " scam \"\" " + btc + " \nethereum " + evm + " scam \"\" " + evm + " \n"},
		"json objects": {ParseJSON, intake.Options{}, `[{"address":"` + evm + `","comment":"Fake","date":"2018-11-06T10:00:00Z","labels":["phish-hack"],"id":7,"name":null}]`,
			"ethereum " + evm + " phishing \"\" 7 2018-11-06\n"},
		"json, columns":        {ParseJSON, intake.Options{Mapping: columns(map[intake.Field]string{intake.FieldAddress: "who"})}, `[{"who":"` + evm + `","address":"x"}]`, "ethereum " + evm + " unnamed_service \"\" " + evm + " \n"},
		"json object, labels":  {ParseJSON, intake.Options{}, `{"` + btc + `":"mixer","` + evm + `":"Somebody"}`, "bitcoin " + btc + " mixer \"mixer\" " + btc + " \nethereum " + evm + " unnamed_service \"Somebody\" " + evm + " \n"},
		"json object, objects": {ParseJSON, intake.Options{}, `{"` + evm + `":{"name":"B","labels":["heist"]}}`, "ethereum " + evm + " stolen_funds \"B\" " + evm + " \n"},
		"json, root":           {ParseJSON, intake.Options{Mapping: intake.Mapping{Root: "data.items"}}, `{"v":[1],"data":{"n":1,"items":["` + btc + `"],"m":2},"z":0}`, "bitcoin " + btc + " unnamed_service \"\" " + btc + " \n"},
		"json, inner member":   {ParseJSON, intake.Options{Mapping: columns(map[intake.Field]string{intake.FieldAddress: "a.b"})}, `[{"a":{"b":"` + btc + `"}}]`, "bitcoin " + btc + " unnamed_service \"\" " + btc + " \n"},
		"txt":                  {ParseText, intake.Options{Category: taxonomy.Mixer}, "# a list\n\n" + btc + "  # first\r\n\t" + evm, "bitcoin " + btc + " mixer \"\" " + btc + " \nethereum " + evm + " mixer \"\" " + evm + " \n"},
		"txt, network":         {ParseText, intake.Options{Network: "bsc"}, evm + "\n", "bsc " + evm + " unnamed_service \"\" " + evm + " \n"},
		"txt, nothing":         {ParseText, intake.Options{}, "# nothing\n", ""},
	} {
		entries, report, err := tt.parse(tt.opts, text(tt.body))
		if err != nil || report.RejectedRows != 0 {
			t.Errorf("%s: %v, rejected %v", what, err, report.Rejected)
			continue
		}
		if got := lines(entries); got != tt.want {
			t.Errorf("%s: got\n%swant\n%s", what, got, tt.want)
		}
	}
}

func TestWrongRowsAreReported(t *testing.T) {
	for what, tt := range map[string]struct {
		parse parser
		body  string
		line  int
		want  string
	}{
		"csv, address":   {ParseCSV, "address,name\n" + btc + ",a\nnobody,b\n", 3, "no family"},
		"csv, short row": {ParseCSV, "name,address\na," + btc + "\nb\n", 3, "empty"},
		"csv, quote":     {ParseCSV, "address,name\n" + btc + ",a\n" + evm + ",b\"c\n", 3, "not valid CSV"},
		"json, number":   {ParseJSON, `["` + btc + `", 7]`, 2, "neither"},
		"json, object":   {ParseJSON, `["` + btc + `", {"name":"x"}]`, 2, "no column holds the address"},
		"json, nested":   {ParseJSON, `["` + btc + `", {"address":{"a":1}}]`, 2, "no text"},
		"json, twice":    {ParseJSON, `["` + btc + `", {"address":"a","address":"b"}]`, 2, "duplicate"},
		"txt":            {ParseText, btc + "\nnobody\n", 2, "no family"},
	} {
		entries, report, err := tt.parse(intake.Options{}, text(tt.body))
		if err != nil {
			// A member twice ends the reading of a JSON file: the text of the rest cannot be trusted.
			if strings.Contains(err.Error(), tt.want) {
				continue
			}
			t.Errorf("%s: %v", what, err)
			continue
		}
		if len(entries) != 1 || report.RejectedRows != 1 || report.Rejected[0].Line != tt.line || !strings.Contains(report.Rejected[0].Text, tt.want) {
			t.Errorf("%s: %d entries, rejected %v", what, len(entries), report.Rejected)
		}
	}
}

func TestWrongFilesAreRefused(t *testing.T) {
	for what, tt := range map[string]struct {
		parse parser
		opts  intake.Options
		body  string
		want  string
	}{
		"csv, empty":         {ParseCSV, intake.Options{}, "", "header"},
		"csv, no address":    {ParseCSV, intake.Options{}, "a,b\n", "there are a, b"},
		"csv, column":        {ParseCSV, intake.Options{Mapping: columns(map[intake.Field]string{intake.FieldAddress: "who"})}, "address\n", `no column "who"`},
		"csv, number":        {ParseCSV, intake.Options{Mapping: columns(map[intake.Field]string{intake.FieldAddress: "#0"})}, "a\n", `"#0"`},
		"csv, mixed":         {ParseCSV, intake.Options{Mapping: columns(map[intake.Field]string{intake.FieldAddress: "#1", intake.FieldEntity: "name"})}, "a\n", "either all"},
		"csv, only entity":   {ParseCSV, intake.Options{Mapping: columns(map[intake.Field]string{intake.FieldEntity: "#1"})}, "a\n", "address is missing"},
		"json, number alone": {ParseJSON, intake.Options{}, `7`, "JSON array"},
		"json, root":         {ParseJSON, intake.Options{Mapping: intake.Mapping{Root: "a.c"}}, `{"a":{"b":[]}}`, `no member "c"`},
		"json, no root":      {ParseJSON, intake.Options{Mapping: intake.Mapping{Root: "a"}}, `[]`, "stand in an object"},
		"json, large row":    {ParseJSON, intake.Options{}, `["` + strings.Repeat("x", 2*maxValue) + `"]`, "too large"},
		"csv, root":          {ParseCSV, intake.Options{Mapping: intake.Mapping{Root: "a"}}, "", "no members"},
		"txt, columns":       {ParseText, intake.Options{Mapping: columns(map[intake.Field]string{intake.FieldAddress: "#1"})}, "", "no columns"},
		"json, cut":          {ParseJSON, intake.Options{}, `["` + btc + `"`, "f: "},
		"json, more":         {ParseJSON, intake.Options{}, `[] []`, "follows"},
		"json, number":       {ParseJSON, intake.Options{Mapping: columns(map[intake.Field]string{intake.FieldAddress: "#1"})}, `[]`, "named members"},
		"txt, long line":     {ParseText, intake.Options{}, strings.Repeat("x", maxLine+1), "longer than"},
		"network":            {ParseText, intake.Options{Network: "bitcoin2"}, "", `network "bitcoin2" is unknown`},
		"category":           {ParseText, intake.Options{Category: "bad"}, "", `"bad" is none of`},
		"name of the list":   {ParseText, intake.Options{List: "Bad Name"}, "", "list name"},
		"csv, short header":  {ParseCSV, intake.Options{}, "\"\n", "header line"},
	} {
		if _, _, err := tt.parse(tt.opts, text(tt.body)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", what, err, tt.want)
		}
	}
}

func TestPublishedTables(t *testing.T) {
	for _, tt := range []struct {
		parse          parser
		file           []string
		rows, rejected int
		primary        taxonomy.Category
	}{
		{ParseCSV, []string{"etherscan-labels", "etherscan_accounts_blocked.csv"}, 661, 2, taxonomy.Scam},
		{ParseCSV, []string{"etherscan-labels", "etherscan_accounts_bridge.csv"}, 166, 0, taxonomy.Scam},
		{ParseCSV, []string{"forta-labels", "1_phishing_scams.csv"}, 6726, 2, taxonomy.Phishing},
		{ParseCSV, []string{"forta-labels", "1_malicious_smart_contracts.csv"}, 753, 0, ""},
		{ParseCSV, []string{"forta-labels", "10_malicious_smart_contracts.csv"}, 1, 0, taxonomy.Scam},
		{ParseJSON, []string{"mew-darklist", "addresses-darklist.json"}, 693, 1, taxonomy.Scam},
		{ParseText, []string{"ofac-brave-history", "lists-2024-12-19", "sanctioned_addresses_XBT.txt"}, 435, 0, taxonomy.Scam},
	} {
		path := testdata.Dir(t, tt.file...)
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		entries, report, err := tt.parse(intake.Options{Category: taxonomy.Scam}, intake.Input{Name: filepath.Base(path), R: bytes.NewReader(body)})
		if err != nil {
			t.Fatal(err)
		}
		if report.Rows != tt.rows || report.RejectedRows != tt.rejected || report.Rows != report.Accepted+report.Repeated+report.LeftOut+report.RejectedRows {
			t.Errorf("%s: %s, want %d rows, %d rejected: %v", path, report.Summary(), tt.rows, tt.rejected, report.Rejected)
		}
		for _, e := range entries {
			if tt.primary != "" && e.Category != tt.primary {
				t.Errorf("%s: %s is %s", path, e.Address, e.Category)
			}
		}
	}
}

func fuzz(f *testing.F, parse parser, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, r, err := parse(intake.Options{}, intake.Input{Name: "f", R: bytes.NewReader(body)})
		if err != nil {
			return
		}
		if r.Rows != r.Accepted+r.Repeated+r.LeftOut+r.RejectedRows || r.Entries != len(entries) {
			t.Fatalf("rows do not add up: %+v", r)
		}
		for i := range entries {
			if _, err := watchlist.ParseEntry(entries[i].AppendJSON(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzParseCSV(f *testing.F) {
	fuzz(f, ParseCSV, "address,name\n"+btc+",a\n", "address;currency\n"+evm+";BSC\n", "a\n\"")
}

func FuzzParseJSON(f *testing.F) {
	fuzz(f, ParseJSON, `{"`+evm+`":"a","b":{}}`, `["`+btc+`"]`, `[{"address":"`+evm+`","labels":["x"]}]`, `[7,[`)
}

func FuzzParseText(f *testing.F) {
	fuzz(f, ParseText, btc+"\n# x\n"+evm, "31nadacWrgPeAQxKRMabhn3fPhnhi3hjKa")
}
