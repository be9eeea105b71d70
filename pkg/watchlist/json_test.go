package watchlist

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sluice/pkg/taxonomy"
)

func TestEntryJSON(t *testing.T) {
	e := on(t, "ofac-sdn", "bitcoin", "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz", taxonomy.Sanctions, taxonomy.Mixer)
	e.EntryID, e.Entity, e.Authority, e.Program = "29702/36616", "Lifshits, Artem", "OFAC", "CYBER2"
	e.Measure, e.Confidence, e.PartyListedAt = MeasureBlock, 60, "2020-09-10"
	want := `{"network":"bitcoin","address":"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz","category":"sanctions",` +
		`"categories":["sanctions","mixer"],"entity":"Lifshits, Artem","list":"ofac-sdn","entry_id":"29702/36616",` +
		`"authority":"OFAC","program":"CYBER2","measure":"block","confidence":60,"party_listed_at":"2020-09-10"}`
	if got := string(e.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	back, err := ParseEntry([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	if Compare(&back, &e) != 0 || back.Key != e.Key {
		t.Errorf("came back as %+v", back)
	}
}

func TestEntriesSurviveJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anEntry("a").Draw(t, "entry")
		line := e.AppendJSON(nil)
		if !json.Valid(line) || bytes.ContainsRune(line, '\n') {
			t.Fatalf("not one line of JSON: %s", line)
		}
		back, err := ParseEntry(line)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(back.AppendJSON(nil), line) || back.Key != e.Key {
			t.Fatalf("%s came back as %s", line, back.AppendJSON(nil))
		}
	})
}

func TestEntryJSONIsStrict(t *testing.T) {
	good := `{"network":"eos","address":"D1","category":"scam","categories":["scam"],"entity":"","list":"a","entry_id":"1"}`
	if _, err := ParseEntry([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for what, bad := range map[string]string{
		"unknown member":   strings.Replace(good, `"entity"`, `"extra":1,"entity"`, 1),
		"duplicate member": strings.Replace(good, `"entity"`, `"list":"b","entity"`, 1),
		"other case":       strings.Replace(good, `"address"`, `"Address"`, 1),
		"wrong type":       strings.Replace(good, `"D1"`, `1`, 1),
		"not UTF-8":        strings.Replace(good, `D1`, "D\xff", 1),
		"two values":       good + good,
		"no category":      strings.Replace(good, `"category":"scam",`, ``, 1),
		"confidence":       strings.Replace(good, `"entity"`, `"confidence":256,"entity"`, 1),
		"empty":            ``,
	} {
		if _, err := ParseEntry([]byte(bad)); err == nil {
			t.Errorf("%s was read: %s", what, bad)
		}
	}
}

func TestAnAddressThatNoFamilyReadsAnswersForItsText(t *testing.T) {
	line := `{"network":"monero","address":"5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320","category":"sanctions","categories":["sanctions"],"entity":"","list":"a","entry_id":"1"}`
	e, err := ParseEntry([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	if e.Key != TextKey(e.Address) || e.Key == TextKey(strings.ToUpper(e.Address)) {
		t.Errorf("key %v", e.Key)
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add([]byte(`{"network":"eos","address":"D1","category":"scam","categories":["scam"],"entity":"","list":"a","entry_id":"1"}`))
	f.Add([]byte(`{"network":"bitcoin","address":"12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz","tag":"7","category":"sanctions","categories":["sanctions","mixer"],"entity":"\ud83d\ude00","list":"a","entry_id":"1","measure":"block","confidence":60,"party_listed_at":"2020-09-10"}`))
	f.Add([]byte(`{}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := ParseEntry(line)
		if err != nil {
			return
		}
		canonical := e.AppendJSON(nil)
		back, err := ParseEntry(canonical)
		if err != nil {
			t.Fatalf("%s was read, and its canonical form %s was not: %v", line, canonical, err)
		}
		if !bytes.Equal(back.AppendJSON(nil), canonical) {
			t.Fatalf("%s is not stable: %s", canonical, back.AppendJSON(nil))
		}
	})
}

func FuzzParseManifest(f *testing.F) {
	s, err := NewBuilder().Add("a", nil).Build()
	if err != nil {
		f.Fatal(err)
	}
	m, err := s.Write(store{}.put)
	if err != nil {
		f.Fatal(err)
	}
	text, err := m.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifest(data)
		if err != nil {
			return
		}
		if s, err := m.Read(store{}.get); err == nil && (s.Version() != m.Version || s.Len() != m.Count) {
			t.Fatal("read something else than the manifest says")
		}
	})
}
