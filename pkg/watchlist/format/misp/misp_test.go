package misp

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

const (
	btc  = "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"
	btc2 = "1DT3tenf14cxz9WFNxmYrXFbB6TFiVWA9U"
	evm  = "0x2f389ce8bd8ff92de3402ffce4691d17fc4f6535"
	tron = "TUCsTq7TofTCJRRoHk6RvhMoS2mJLm5Yzq"
)

// event1 has an attribute with a galaxy of its own, one that was deleted, one that is not to be acted on, one that is no
// address, and coin-address objects, one of them on Tron although its template says btc.
const event1 = `{"Event":{"id":"1","info":"Ransom notes of May","date":"2023-05-02","published":true,"Orgc":{"name":"CIRCL","uuid":"x"},
"Tag":[{"name":"tlp:white"},{"name":"misp:confidence-level=\"usually-confident\""},{"name":"malware_classification:malware-category=\"Ransomware\""},{"name":"strange:tag=\"1\""}],
"Attribute":[
 {"uuid":"u1","type":"btc","category":"Financial fraud","to_ids":true,"deleted":false,"value":"` + btc + `","first_seen":"2020-01-01T00:00:00+00:00","Galaxy":[{"type":"threat-actor","GalaxyCluster":[{"type":"threat-actor","value":"Somebody"}]}]},
 {"uuid":"u2","type":"btc","to_ids":"1","deleted":"1","value":"` + btc2 + `"},
 {"uuid":"u3","type":"btc","to_ids":false,"value":"` + btc2 + `"},
 {"uuid":"u4","type":"url","to_ids":true,"value":"http://x"}],
"Object":[
 {"name":"coin-address","uuid":"o1","comment":"payment","Attribute":[{"uuid":"u5","type":"btc","object_relation":"address","value":"` + tron + `"},{"uuid":"u6","type":"text","object_relation":"symbol","value":"TRX"},{"uuid":"u7","type":"datetime","object_relation":"first-seen","value":"2020"}]},
 {"name":"coin-address","uuid":"o2","Attribute":[{"uuid":"u8","type":"text","object_relation":"address-crypto","value":"` + evm + `"},{"uuid":"u9","type":"text","object_relation":"symbol","value":"BSC"}]},
 {"name":"coin-address","uuid":"o3","deleted":true,"Attribute":[{"uuid":"u10","type":"btc","object_relation":"address","value":"` + btc2 + `"}]},
 {"name":"victim","uuid":"o4","Attribute":[{"uuid":"u11","type":"text","object_relation":"address","value":"1 Main St"}]},
 {"name":"ransomware-note","uuid":"o5","Attribute":[{"uuid":"u12","type":"btc","object_relation":"wallet","value":"nobody"}]}
]}}`

func input(body string) intake.Input { return intake.Input{Name: "f", R: strings.NewReader(body)} }

func TestAttributesAndObjectsAreEntries(t *testing.T) {
	entries, report, err := Parse(intake.Options{List: "l"}, input(event1))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, string(e.AppendJSON(nil)))
	}
	want := []string{
		`{"network":"bitcoin","address":"` + btc + `","category":"ransomware","categories":["ransomware"],"entity":"Somebody","list":"l","entry_id":"u1","authority":"CIRCL","confidence":75}`,
		`{"network":"bsc","address":"` + evm + `","category":"ransomware","categories":["ransomware"],"entity":"Ransom notes of May","list":"l","entry_id":"u8","authority":"CIRCL","confidence":75}`,
		`{"network":"tron","address":"` + tron + `","category":"ransomware","categories":["ransomware"],"entity":"payment","list":"l","entry_id":"u5","authority":"CIRCL","confidence":75}`,
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !slices.Equal(report.LeftOutFor, []intake.Count{{Term: "deleted", Rows: 2}, {Term: "to_ids is off", Rows: 1}}) {
		t.Errorf("left out %v", report.LeftOutFor)
	}
	if report.RejectedRows != 1 || report.Rejected[0].Value != "nobody" || report.Rejected[0].Line != 12 {
		t.Errorf("rejected %v", report.Rejected)
	}
	if !slices.Contains(report.Unmapped, intake.Count{Term: "tag strange:tag", Rows: 4}) {
		t.Errorf("unmapped %v", report.Unmapped)
	}
}

func TestTheFormsOfExportsFeedsAndAnswers(t *testing.T) {
	attribute := `{"uuid":"u","type":"btc","value":"` + btc + `","Tag":[{"name":"misp-galaxy:ransomware=\"Locky\""}],"Event":{"info":"I","Orgc":{"name":"O"}}}`
	event := `{"Event":{"info":"I","Orgc":{"name":"O"},"Attribute":[` + attribute + `]}}`
	for what, body := range map[string]string{
		"event": event, "array": "[" + event + "]", "search of events": `{"response":[` + event + `]}`,
		"search of attributes": `{"response":{"Attribute":[` + attribute + `]}}`, "attributes": `{"Attribute":[` + attribute + `]}`,
	} {
		entries, _, err := Parse(intake.Options{}, input(body))
		if err != nil || len(entries) != 1 || entries[0].Category != taxonomy.Ransomware || entries[0].Authority != "O" {
			t.Errorf("%s: %v, %v", what, entries, err)
		}
	}
	for what, body := range map[string]string{
		"cut": event1[:len(event1)-2], "empty": "", "a number": "7", "another object": `{"a":1}`, "two": event + event,
		"flag": `{"Event":{"Attribute":[{"type":"btc","deleted":"maybe"}]}}`, "endless": `{"response":{"response":{}}}`, "in a list": `{"response":[{"response":[]}]}`,
	} {
		if _, _, err := Parse(intake.Options{}, input(body)); err == nil || !strings.Contains(err.Error(), "f: ") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, report, err := Parse(intake.Options{}, input(`{"response":[]}`)); err != nil || report.Rows != 0 {
		t.Errorf("an empty answer: %v", err)
	}
}

func TestTagsAreLookedUpFromTheWholeToTheNamespace(t *testing.T) {
	for tag, want := range map[string]taxonomy.Category{
		`circl:incident-classification="Sextortion"`: taxonomy.Sextortion, `circl:incident-classification="other"`: "", `circl:topic="x"`: "",
		`ransomware:type="crypto"`: taxonomy.Ransomware, "Scam": taxonomy.Scam, "mixer": taxonomy.Mixer, `tlp:red`: "",
		`misp-galaxy:threat-actor="Lazarus Group"`: taxonomy.IllicitActor,
	} {
		if c, known := lookup(tag); c != want || !known {
			t.Errorf("%s: %q, %v, want %q", tag, c, known, want)
		}
	}
	if _, known := lookup(`foo:bar="x"`); known {
		t.Error("a foreign namespace is known")
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(event1))
	f.Add([]byte(`{"response":{"Attribute":[{"type":"btc","value":"` + btc + `"}]}}`))
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
