package table

import (
	"slices"
	"strings"
	"testing"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist/format/intake"
)

const sampleMapping = `
fields:
  address: wallet
  network: chain
  category: tags
  entity: owner
  confidence: score
fixed:
  authority: Acme Intelligence
  measure: none
separator: "/"
categories:
  Fake Phishing: phishing
  hack*: stolen_funds
  hack of ours: ignore
  cex: ignore
default_category: other
`

func mapping(t *testing.T, text string) intake.Mapping {
	t.Helper()
	m, err := intake.ParseMapping([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestAMappingSaysWhatColumnsAndLabelsMean(t *testing.T) {
	opts := intake.Options{Mapping: mapping(t, sampleMapping)}
	body := "wallet,chain,tags,owner,score,name\n" +
		evm + ",bsc,fake phishing/cex,A,80,unread\n" + // a meaning outweighs an ignored label
		btc + ",,Hacked 2021,B,,\n" +
		"0x00000000000000000000000000000000000000bb,ethereum,CEX,C,,\n" +
		"0x00000000000000000000000000000000000000cc,ethereum,hack of ours,D,,\n" +
		"0x00000000000000000000000000000000000000dd,ethereum,strange,E,,\n" +
		"0x00000000000000000000000000000000000000ee,ethereum,,F,101,\n"
	entries, report, err := ParseCSV(opts, text(body))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, string(e.AppendJSON(nil)))
	}
	want := []string{
		`{"network":"bitcoin","address":"` + btc + `","category":"stolen_funds","categories":["stolen_funds"],"entity":"B","list":"f","entry_id":"` + btc + `","authority":"Acme Intelligence","measure":"none"}`,
		`{"network":"bsc","address":"` + evm + `","category":"phishing","categories":["phishing"],"entity":"A","list":"f","entry_id":"` + evm + `","authority":"Acme Intelligence","measure":"none","confidence":80}`,
		`{"network":"ethereum","address":"0x00000000000000000000000000000000000000dd","category":"other","categories":["other"],"entity":"E","list":"f","entry_id":"0x00000000000000000000000000000000000000dd","authority":"Acme Intelligence","measure":"none"}`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if report.LeftOut != 2 || !slices.Equal(report.LeftOutFor, []intake.Count{{Term: "label cex", Rows: 1}, {Term: "label hack of ours", Rows: 1}}) {
		t.Errorf("left out: %+v", report.LeftOutFor)
	}
	if report.RejectedRows != 1 || report.Rejected[0].Code != intake.CodeEntry || !strings.Contains(report.Rejected[0].Text, `confidence "101"`) {
		t.Errorf("rejected: %v", report.Rejected)
	}
	if len(report.Unmapped) != 0 {
		t.Errorf("a default leaves nothing unmapped: %v", report.Unmapped)
	}
}

func TestAMappingOfJSON(t *testing.T) {
	opts := intake.Options{Mapping: mapping(t, "root: labels\ncategories: {exploiter: stolen_funds}\ndefault_category: ignore\n")}
	entries, report, err := ParseJSON(opts, text(`{"labels":{"`+evm+`":"Exploiter","`+btc+`":"Binance 14"}}`))
	if err != nil || len(entries) != 1 || entries[0].Category != taxonomy.StolenFunds || report.LeftOut != 1 {
		t.Errorf("%s, %s, %v", lines(entries), report.Summary(), err)
	}
}

func TestAWrongMappingSaysWhatWouldBeRight(t *testing.T) {
	for text, want := range map[string]string{
		"feilds: {address: a}":                       `line 1: key "feilds" is unknown; the nearest is "fields"`,
		"fields:\n  addrezz: a":                      `line 2: field "addrezz" is unknown; the nearest is "address"`,
		"categories:\n  x: mixr":                     `line 2: category "mixr" is unknown; the nearest is "mixer"`,
		"default_category: ignored":                  `the nearest is "ignore"`,
		"fixed: {address: x}":                        "cannot be fixed",
		"fixed: {network: x}\nfields: {network: y}":  "both",
		"fixed: {category: bad}":                     `category "bad"`,
		"categories: {A: scam, a: mixer}":            "stands twice",
		"fields: {address: a}\nfields: {network: b}": "twice",
		"fields: [a]":                                "FIELD: VALUE",
		"categories: x":                              "LABEL: CATEGORY",
		"root: [x]":                                  "is text",
		"separator: ''":                              "empty",
		"fields: {address: ''}":                      "empty",
		"- a":                                        "keys",
		"a: [":                                       "not valid YAML",
		"x: &a y\nroot: *a":                          "none of",
		"root: &a y\nseparator: *a":                  "alias",
		strings.Repeat("#", 1<<20) + "\nroot: somewhere": "at most",
	} {
		if _, err := intake.ParseMapping([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", text, err, want)
		}
	}
}

func FuzzParseMapping(f *testing.F) {
	f.Add([]byte(sampleMapping))
	f.Add([]byte("fields: {address: '#1'}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := intake.ParseMapping(data)
		if err == nil {
			m.Label("hack of ours")
		}
	})
}
