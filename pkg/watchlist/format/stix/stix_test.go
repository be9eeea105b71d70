package stix

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

const (
	btc  = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"
	btc2 = "1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U"
	evm  = "0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535"
	evm2 = "0x19aa5fe80d33a56d56c78e82ea5e50e5d80b4dff"
	tron = "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"
)

// sample is a bundle with indicators joined to malware and actors, wallet objects of several publishers, and what is to
// be left out.
const sample = `{"type":"bundle","id":"bundle--1","objects":[
{"type":"identity","spec_version":"2.1","id":"identity--1","name":"Publisher","identity_class":"organization"},
{"type":"malware","id":"malware--1","name":"Locky","is_family":true,"malware_types":["ransomware"]},
{"type":"threat-actor","id":"threat-actor--1","name":"Somebody","threat_actor_types":["crime-syndicate"]},
{"type":"indicator","id":"indicator--1","created":"2023-05-02T10:00:00.000Z","created_by_ref":"identity--1","indicator_types":["malicious-activity"],"confidence":85,"pattern_type":"stix","pattern":"[cryptocurrency-wallet:address = '` + btc + `']","valid_from":"2019-01-01T00:00:00Z"},
{"type":"relationship","id":"relationship--1","relationship_type":"indicates","source_ref":"indicator--1","target_ref":"malware--1"},
{"type":"indicator","id":"indicator--2","created":"2023-05-02T10:00:00Z","labels":["made-up"],"pattern_type":"stix","pattern":"[x-cryptocurrency-wallet:address IN ('` + evm + `', '` + evm2 + `') AND x-cryptocurrency-wallet:currency = 'BSC']","valid_from":"2023-06-01T00:00:00Z","valid_until":"2030-01-02T03:04:05.678Z"},
{"type":"indicator","id":"indicator--3","revoked":true,"pattern_type":"stix","pattern":"[cryptocurrency-wallet:value = '` + btc2 + `']","valid_from":"2023-06-01T00:00:00Z"},
{"type":"indicator","id":"indicator--4","indicator_types":["benign"],"pattern_type":"stix","pattern":"[cryptocurrency-wallet:value = '` + btc2 + `']","valid_from":"2023-06-01T00:00:00Z"},
{"type":"indicator","id":"indicator--5","pattern_type":"stix","pattern":"[cryptocurrency-wallet:value LIKE '1%']","valid_from":"2023-06-01T00:00:00Z"},
{"type":"indicator","id":"indicator--6","pattern_type":"stix","pattern":"[url:value = 'http://cryptocurrency-wallet/']","valid_from":"2023-06-01T00:00:00Z"},
{"type":"indicator","id":"indicator--7","pattern_type":"yara","pattern":"rule cryptocurrency-wallet:x","valid_from":"2023-06-01T00:00:00Z"},
{"type":"cryptocurrency-wallet","spec_version":"2.1","id":"cryptocurrency-wallet--1","value":"` + tron + `","holder_ref":"identity--2","extensions":{"extension-definition--be78509e-6958-51b1-8b26-d17ee0eba2d7":{"extension_type":"new-sco"}}},
{"type":"identity","id":"identity--2","name":"Holder"},
{"type":"relationship","id":"relationship--2","relationship_type":"related-to","source_ref":"threat-actor--1","target_ref":"cryptocurrency-wallet--1"},
{"type":"x-misp-object","id":"x-misp-object--1","x_misp_name":"coin-address","labels":["misp-galaxy:ransomware=\"Locky\"","misp-galaxy:ransomware"],"x_misp_attributes":[{"type":"btc","object_relation":"address","value":"` + btc2 + `"},{"type":"text","object_relation":"symbol","value":"BTC"}]},
{"type":"x-misp-attribute","id":"x-misp-attribute--1","x_misp_type":"btc","x_misp_value":"nobody"}
]}`

func input(body string) intake.Input { return intake.Input{Name: "f", R: strings.NewReader(body)} }

func TestIndicatorsAndWalletsAreEntries(t *testing.T) {
	entries, report, err := Parse(intake.Options{List: "l"}, input(sample))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, string(e.AppendJSON(nil)))
	}
	want := []string{
		`{"network":"bitcoin","address":"` + btc + `","category":"ransomware","categories":["ransomware"],"entity":"Locky","list":"l","entry_id":"indicator--1","authority":"Publisher","confidence":85,"address_listed_at":"2023-05-02"}`,
		`{"network":"bsc","address":"` + evm + `","category":"unnamed_service","categories":["unnamed_service"],"entity":"","list":"l","entry_id":"indicator--2/` + evm + `","address_listed_at":"2023-06-01","expires_at":"2030-01-02T03:04:05Z"}`,
		`{"network":"bsc","address":"` + evm2 + `","category":"unnamed_service","categories":["unnamed_service"],"entity":"","list":"l","entry_id":"indicator--2/` + evm2 + `","address_listed_at":"2023-06-01","expires_at":"2030-01-02T03:04:05Z"}`,
		`{"network":"tron","address":"` + tron + `","category":"illicit_actor","categories":["illicit_actor"],"entity":"Somebody","list":"l","entry_id":"cryptocurrency-wallet--1"}`,
		`{"network":"bitcoin","address":"` + btc2 + `","category":"ransomware","categories":["ransomware"],"entity":"","list":"l","entry_id":"x-misp-object--1"}`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(report.LeftOutFor, []intake.Count{{Term: "benign", Rows: 1}, {Term: "revoked", Rows: 1}}) {
		t.Errorf("left out: %v", report.LeftOutFor)
	}
	if report.RejectedRows != 2 || report.Rejected[0].Code != intake.CodePattern || !strings.Contains(report.Rejected[0].Text, "LIKE") || report.Rejected[0].Line != 9 {
		t.Errorf("rejected: %v", report.Rejected)
	}
	if !slices.Contains(report.Unmapped, intake.Count{Term: "label made-up", Rows: 1}) {
		t.Errorf("unmapped: %v", report.Unmapped)
	}
}

func TestPatterns(t *testing.T) {
	for pattern, want := range map[string]string{
		`[cryptocurrency-wallet:value = 'a']`:                                                       "a",
		`[cryptocurrency-wallet:value='a' OR cryptocurrency-wallet:address = 'b']`:                  "a b",
		`([x-crypto-wallet:address == 'a'] AND [url:value = 'cryptocurrency-wallet:x = \'c\'']) `:   "a",
		`[cryptocurrency-wallet:value IN('a' , 'b')] FOLLOWEDBY [ipv4-addr:value = '1.1.1.1']`:      "a b",
		`[cryptocurrency-wallet:addresses[*] = 'a' AND cryptocurrency-wallet:value = 'it\'s \\ b']`: `it's \ b`,
		`[cryptocurrency-wallet:value = 'a'] WITHIN 5 SECONDS`:                                      "a",
	} {
		f, err := addressesOf(pattern)
		if got := strings.Join(f.addresses, " "); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", pattern, got, err, want)
		}
	}
	for pattern, want := range map[string]string{
		`[cryptocurrency-wallet:value != 'a']`:                                                 `"!="`,
		`[cryptocurrency-wallet:value NOT = 'a']`:                                              `"NOT"`,
		`[cryptocurrency-wallet:value MATCHES '^1.']`:                                          `"MATCHES"`,
		`[cryptocurrency-wallet:value = 7]`:                                                    "apostrophes",
		`[cryptocurrency-wallet:value = 'a]`:                                                   "does not end",
		`[cryptocurrency-wallet:value IN ('a' 7)]`:                                             "parentheses",
		`[cryptocurrency-wallet:value IN 'a']`:                                                 "parentheses",
		`[cryptocurrency-wallet:currency = 'BTC']`:                                             "no address",
		`[cryptocurrency-wallet:value IN (`:                                                    "parentheses",
		strings.Repeat(" ", maxPattern+1):                                                      "longer",
		`[cryptocurrency-wallet:value IN (` + strings.Repeat("'a',", maxAddresses+1) + `'a')]`: "more than",
	} {
		if _, err := addressesOf(pattern); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", pattern, err, want)
		}
	}
}

func TestWhatIsNoBundleIsRefused(t *testing.T) {
	for what, body := range map[string]string{
		"cut": sample[:len(sample)-3], "an array": "[]", "empty": "", "no objects": `{"type":"bundle"}`, "objects, no array": `{"objects":{}}`,
		"two": sample + "{}", "a wrong member": `{"objects":[{"type":7}]}`, "a large object": `{"objects":[{"type":"` + strings.Repeat("x", 2*MaxObject) + `"}]}`,
	} {
		if _, _, err := Parse(intake.Options{}, input(body)); err == nil || !strings.Contains(err.Error(), "f: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, report, err := Parse(intake.Options{}, input(`{"objects":[],"more":false}`)); err != nil || report.Rows != 0 {
		t.Errorf("an empty envelope of a server: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte(`{"objects":[{"type":"x-wallet-address","id":"i","address":"` + btc + `"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		entries, r, err := Parse(intake.Options{}, intake.Input{Name: "f", R: bytes.NewReader(body)})
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

func FuzzPattern(f *testing.F) {
	f.Add(`[cryptocurrency-wallet:value IN ('a', 'b') AND x:y = 'it\'s']`)
	f.Fuzz(func(t *testing.T, pattern string) {
		if got, err := addressesOf(pattern); err == nil && len(got.addresses) == 0 {
			t.Fatal("neither addresses nor an error")
		}
	})
}
