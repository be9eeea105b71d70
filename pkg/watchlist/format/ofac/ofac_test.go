package ofac

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/address"
	"sluice/pkg/internal/testdata"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

func open(t testing.TB, path string) intake.Input {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return intake.Input{Name: filepath.Base(path), R: f}
}

func text(name, body string) intake.Input {
	return intake.Input{Name: name, R: strings.NewReader(body)}
}

// sample is the advanced XML in small: a person with a name in two scripts, an entity under two programs.
const sample = `<?xml version="1.0" encoding="utf-8"?>
<Sanctions xmlns="https://example.test/advanced" Version="3">
 <ReferenceValueSets>
  <FeatureTypeValues>
   <FeatureType ID="8">Birthdate</FeatureType>
   <FeatureType ID="344">Digital Currency Address - XBT</FeatureType>
   <FeatureType ID="887">Digital Currency Address - USDT</FeatureType>
   <FeatureType ID="746">Digital Currency Address - XVG</FeatureType>
  </FeatureTypeValues>
  <NamePartTypeValues><NamePartType ID="1520">Last Name</NamePartType><NamePartType ID="1521">First Name</NamePartType></NamePartTypeValues>
  <SanctionsTypeValues><SanctionsType ID="1705">Block</SanctionsType><SanctionsType ID="2">Directive 1</SanctionsType><SanctionsType ID="1">Program</SanctionsType></SanctionsTypeValues>
 </ReferenceValueSets>
 <DistinctParties>
  <DistinctParty FixedRef="1"><Profile ID="1">
   <Identity Primary="true">
    <Alias Primary="false"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID="9">NOT THIS</NamePartValue></DocumentedNamePart></DocumentedName></Alias>
    <Alias Primary="true">
     <DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID="11">Artem</NamePartValue></DocumentedNamePart><DocumentedNamePart><NamePartValue NamePartGroupID="10">Lifshits</NamePartValue></DocumentedNamePart></DocumentedName>
     <DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID="12">ЛИФШИЦ</NamePartValue></DocumentedNamePart></DocumentedName>
    </Alias>
    <NamePartGroups><MasterNamePartGroup><NamePartGroup ID="10" NamePartTypeID="1520"/></MasterNamePartGroup><MasterNamePartGroup><NamePartGroup ID="11" NamePartTypeID="1521"/></MasterNamePartGroup></NamePartGroups>
   </Identity>
   <Feature ID="70" FeatureTypeID="8"><FeatureVersion><VersionDetail>1990</VersionDetail></FeatureVersion></Feature>
   <Feature ID="71" FeatureTypeID="344"><FeatureVersion><VersionDetail DetailTypeID="1432">12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz</VersionDetail></FeatureVersion></Feature>
   <Feature ID="72" FeatureTypeID="344"><FeatureVersion><VersionDetail>TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq</VersionDetail></FeatureVersion></Feature>
   <Feature ID="73" FeatureTypeID="746"><FeatureVersion><VersionDetail>DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z</VersionDetail></FeatureVersion></Feature>
  </Profile></DistinctParty>
  <DistinctParty FixedRef="2"><Profile ID="2">
   <Identity Primary="true"><Alias Primary="true"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID="20">SUEX &amp; CO</NamePartValue></DocumentedNamePart></DocumentedName></Alias></Identity>
   <Feature ID="80" FeatureTypeID="887"><FeatureVersion><VersionDetail>0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535</VersionDetail></FeatureVersion></Feature>
   <Feature ID="81" FeatureTypeID="887"><FeatureVersion><VersionDetail>0x0000000000000000000000000000000000000000</VersionDetail></FeatureVersion></Feature>
  </Profile></DistinctParty>
  <DistinctParty FixedRef="3"><Profile ID="3"><Identity Primary="true"/></Profile></DistinctParty>
 </DistinctParties>
 <SanctionsEntries>
  <SanctionsEntry ID="1" ProfileID="1"><EntryEvent><Comment>no program</Comment><Date><Year>2020</Year><Month>9</Month><Day>10</Day></Date></EntryEvent>
   <SanctionsMeasure SanctionsTypeID="1705"/><SanctionsMeasure SanctionsTypeID="1"><Comment>CYBER2</Comment></SanctionsMeasure></SanctionsEntry>
  <SanctionsEntry ID="2" ProfileID="2"><EntryEvent><Date><Year>2021</Year><Month>9</Month><Day>21</Day></Date></EntryEvent>
   <SanctionsMeasure SanctionsTypeID="2"/><SanctionsMeasure SanctionsTypeID="1"><Comment>SDGT</Comment></SanctionsMeasure><SanctionsMeasure SanctionsTypeID="1"><Comment>CYBER2</Comment></SanctionsMeasure></SanctionsEntry>
  <SanctionsEntry ID="3" ProfileID="2"><EntryEvent><Date><Year>2019</Year><Month>1</Month><Day>2</Day></Date></EntryEvent></SanctionsEntry>
 </SanctionsEntries>
</Sanctions>`

func TestXML(t *testing.T) {
	entries, report, err := ParseXML(intake.Options{}, text("sdn_advanced.xml", sample))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, string(e.AppendJSON(nil)))
	}
	lifshits := `"category":"sanctions","categories":["sanctions"],"entity":"Lifshits, Artem","list":"ofac-sdn","entry_id":"1/%d","authority":"OFAC","program":"CYBER2","measure":"block","party_listed_at":"2020-09-10"}`
	want := []string{
		fmt.Sprintf(`{"network":"bitcoin","address":"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz",`+lifshits, 71),
		`{"network":"ethereum","address":"0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535","category":"sanctions","categories":["sanctions","terrorist_financing"],"entity":"SUEX & CO","list":"ofac-sdn","entry_id":"2/80","authority":"OFAC","program":"SDGT, CYBER2","measure":"special_measures","party_listed_at":"2019-01-02"}`,
		fmt.Sprintf(`{"network":"tron","address":"TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq",`+lifshits, 72),
		fmt.Sprintf(`{"network":"verge","address":"DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z",`+lifshits, 73),
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if report.Parties != 3 || report.Rows != 5 || report.Accepted != 4 || report.RejectedRows != 1 {
		t.Errorf("report %+v", report)
	}
	if r := report.Rejected[0]; r.Line == 0 || !strings.Contains(r.Text, "zero address") {
		t.Errorf("rejected %v", r)
	}
	if report.NoteCount != 1 {
		t.Errorf("notes %v, want the Tron address under XBT", report.Notes)
	}
}

func TestACutOrForeignXMLIsRefused(t *testing.T) {
	for what, body := range map[string]string{
		"cut":            sample[:len(sample)-40],
		"cut in a tag":   sample[:strings.LastIndex(sample, "</")+3],
		"empty":          "",
		"another file":   "<sanctionsData></sanctionsData>",
		"crossed tags":   "<Sanctions><a></b></Sanctions>",
		"two documents":  "<Sanctions></Sanctions><Sanctions></Sanctions>",
		"endless nested": "<Sanctions>" + strings.Repeat("<a>", maxDepth),
		"not XML":        "Digital Currency Address - XBT",
	} {
		if _, _, err := ParseXML(intake.Options{}, text("f.xml", body)); err == nil {
			t.Errorf("%s was read", what)
		} else if !strings.Contains(err.Error(), "f.xml") {
			t.Errorf("%s: the error does not name the file: %v", what, err)
		}
	}
}

func TestTheWholeListOfDecember2024(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("reads 106 MB of XML in one goroutine: not with -short or -race")
	}
	path := testdata.Dir(t, "ofac-brave-history", "sdn_advanced-2024-12-19.xml.bz2")
	entries, report, err := ParseXML(intake.Options{}, open(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if report.List != DefaultList || report.Published != "2024-12-19" {
		t.Errorf("list %s of %s", report.List, report.Published)
	}
	if report.Parties != 16983 || report.Rows != 664 || report.RejectedRows != 0 {
		t.Errorf("%d parties, %d features, %d rejected: %v", report.Parties, report.Rows, report.RejectedRows, report.Rejected)
	}
	addresses, parties, keys := map[string]bool{}, map[string]bool{}, map[address.Key]bool{}
	places, listed := map[[2]string]bool{}, map[string]int{} // distinct addresses by network
	for _, e := range entries {
		if at := [2]string{e.Network, e.Address}; !places[at] {
			places[at] = true
			listed[e.Network]++
		}
		addresses[e.Address], keys[e.Key] = true, true
		party, _, _ := strings.Cut(e.EntryID, "/")
		parties[party] = true
		if e.PartyListedAt == "" || e.AddressListedAt != "" || e.Program == "" || e.Measure != watchlist.MeasureBlock || e.Entity == "" {
			t.Errorf("incomplete: %s", e.AppendJSON(nil))
		}
	}
	if len(entries) != 664 || len(addresses) != 648 || len(parties) != 62 {
		t.Errorf("%d entries, %d addresses, %d parties; want 664, 648, 62", len(entries), len(addresses), len(parties))
	}
	// By symbol there are XBT 435, one of them a Tron address, TRX 6, and ETH 153; the 32 of USDT and 2 of USDC are Tron,
	// EVM and bitcoin addresses.
	want := map[string]int{
		"litecoin": 10, "bitcoin-cash": 7, "monero": 3, "zcash": 3, "dash": 3, "ethereum-classic": 1, "bitcoin-gold": 1,
		"bitcoin-sv": 1, "verge": 1, "xrp": 1, "arbitrum": 1, "bsc": 1,
	}
	for name, n := range want {
		if listed[name] != n {
			t.Errorf("%d addresses on %s, want %d", listed[name], name, n)
		}
		delete(listed, name)
	}
	for name, least := range map[string]int{"bitcoin": 434, "ethereum": 153, "tron": 7} {
		if listed[name] < least {
			t.Errorf("%d addresses on %s, want at least %d", listed[name], name, least)
		}
		delete(listed, name)
	}
	if len(listed) != 0 {
		t.Errorf("networks that OFAC does not name: %v", listed)
	}
	checkAgainstLists(t, keys)
}

// checkAgainstLists compares with the plain lists that others derived from the same file.
func checkAgainstLists(t *testing.T, keys map[address.Key]bool) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testdata.Dir(t, "ofac-brave-history", "lists-2024-12-19"), "*.txt"))
	if err != nil || len(files) != 17 {
		t.Fatalf("%d lists, %v", len(files), err)
	}
	rows := 0
	for _, f := range files {
		body, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(body)) {
			text := strings.TrimSpace(line)
			rows++
			found := keys[watchlist.TextKey(text)]
			for _, g := range address.Guess(text) {
				found = found || keys[g.Address.Key]
			}
			if !found {
				t.Errorf("%s: %s is missing", filepath.Base(f), text)
			}
		}
	}
	if rows != 661 {
		t.Errorf("%d rows in the lists, want 661", rows)
	}
}

func TestRemarksAreJoinedBeforeTheyAreRead(t *testing.T) {
	sdn := testdata.Dir(t, "ofac-watchman-small", "sdn.csv")
	comments := testdata.Dir(t, "ofac-watchman-small", "sdn_comments.csv")
	entries, report, err := ParseCSV(intake.Options{}, open(t, comments), open(t, sdn))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 32 || report.RejectedRows != 0 || report.Parties != 17 {
		t.Errorf("%s, %d parties", report.Summary(), report.Parties)
	}
	symbols := map[string]int{}
	whole := false
	for _, e := range entries {
		symbols[strings.Split(e.EntryID, "/")[1]]++
		whole = whole || e.Address == "1B64QRxfaa35MVkf7sDjuGUYAP5izQt7Qi" && e.Network == "bitcoin"
		if e.PartyListedAt != "" || e.AddressListedAt != "" {
			t.Errorf("a date that the file does not have: %s", e.AppendJSON(nil))
		}
	}
	if want := map[string]int{"XBT": 17, "USDT": 7, "ETH": 6, "LTC": 1, "DASH": 1}; fmt.Sprint(symbols) != fmt.Sprint(want) {
		t.Errorf("symbols %v, want %v", symbols, want)
	}
	if !whole {
		t.Error("the address at the limit of the remarks is not whole")
	}

	entries, report, err = ParseCSV(intake.Options{}, open(t, sdn))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 20 || report.RejectedRows != 1 || !strings.Contains(report.Rejected[0].Text, "comments file") {
		t.Errorf("without the comments file: %s, rejected %v", report.Summary(), report.Rejected)
	}
}

func TestCSVOddities(t *testing.T) {
	row := func(number, remarks string) string {
		return number + `,"A, B",-0- ,"CYBER2] [DPRK3",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,"` + remarks + "\"\r\n"
	}
	body := row("1", "Digital Currency Address - XBT 12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz; alt. Digital Currency Address - XBT 1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U.") + "\x1a\r\n"
	entries, _, err := ParseCSV(intake.Options{List: "mine"}, text("SDN.CSV", body))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 2 || entries[0].Program != "CYBER2, DPRK3" || entries[0].Entity != "A, B" || entries[0].List != "mine" {
		t.Errorf("%+v", entries)
	}
	for what, in := range map[string]string{"only comments": "1,\"x\"\n", "another table": "a\n", "empty": ""} {
		if _, _, err := ParseCSV(intake.Options{}, text("f", in)); err == nil {
			t.Errorf("%s was read", what)
		}
	}
	cut := row("2", strings.Repeat("x", RemarkLimit-2)+"; ")
	if _, report, err := ParseCSV(intake.Options{}, text("f", cut)); err != nil || report.NoteCount != 1 {
		t.Errorf("remarks cut outside of an address: %v, %v", report.Notes, err)
	}
}

func TestEveryProgramMapsToACategory(t *testing.T) {
	if len(programCategories) == 0 {
		t.Fatal("no programs")
	}
	for p, c := range programCategories {
		if !c.Valid() {
			t.Errorf("program %s maps to %q", p, c)
		}
	}
	if got := categories([]string{"SDGT", "FTO", "CUBA"}); !slices.Equal(got, []taxonomy.Category{taxonomy.Sanctions, taxonomy.TerroristFinancing}) {
		t.Errorf("categories %v", got)
	}
}

func checkReport(t *testing.T, entries []watchlist.Entry, r intake.Report) {
	t.Helper()
	if r.Rows != r.Accepted+r.Repeated+r.RejectedRows || r.Entries != len(entries) {
		t.Fatalf("rows do not add up: %+v", r)
	}
	for i := range entries {
		if err := entries[i].Validate(); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzParseXML(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("<Sanctions/>"))
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, report, err := ParseXML(intake.Options{}, intake.Input{Name: "f", R: bytes.NewReader(body)})
		if err == nil {
			checkReport(t, entries, report)
		}
	})
}

func FuzzParseCSV(f *testing.F) {
	f.Add([]byte("1,\"A\",-0- ,\"X\",-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,-0- ,\"Digital Currency Address - XBT 12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz\"\n"), []byte("1,\"x; y\"\n"))
	f.Fuzz(func(t *testing.T, sdn, comments []byte) {
		entries, report, err := ParseCSV(intake.Options{}, intake.Input{Name: "a", R: bytes.NewReader(sdn)}, intake.Input{Name: "b", R: bytes.NewReader(comments)})
		if err == nil {
			checkReport(t, entries, report)
		}
	})
}
