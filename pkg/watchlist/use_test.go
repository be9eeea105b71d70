package watchlist

import (
	"strings"
	"testing"

	"sluice/pkg/taxonomy"
)

func TestEntriesThatPeopleMakeSurviveJSON(t *testing.T) {
	e := on(t, "ours", "bitcoin", "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz")
	e.Use, e.ForList, e.ForEntry = UseAllow, "ofac-sdn", "29702/36616"
	e.ExpiresAt, e.KnownAt = "2027-01-01T00:00:00Z", "2026-11-22T14:00:00Z"
	e.Author, e.Reason, e.Reference, e.Approver = "anna", "licence", "CASE-7", "bert"
	line := e.AppendJSON(nil)
	want := `"use":"allow","for_list":"ofac-sdn","for_entry":"29702/36616","expires_at":"2027-01-01T00:00:00Z",` +
		`"known_at":"2026-11-22T14:00:00Z","author":"anna","reason":"licence","reference":"CASE-7","approver":"bert"}`
	if !strings.HasSuffix(string(line), want) {
		t.Errorf("got %s", line)
	}
	back, err := ParseEntry(line)
	if err != nil || back.Key != e.Key || Compare(&back, &e) != 0 {
		t.Errorf("came back as %+v, %v", back, err)
	}
}

func TestWhatDoesNotGoWithTheUseIsRefused(t *testing.T) {
	for want, change := range map[string]func(*Entry){
		"use":                       func(e *Entry) { e.Use = "block" },
		"names":                     func(e *Entry) { e.Names = "owner" },
		"names \"token\" belongs":   func(e *Entry) { e.Names, e.Use = NamesToken, UseAllow },
		"service \"warm\"":          func(e *Entry) { e.Use, e.Service = UseOwn, "warm" },
		"service \"hot\" belongs":   func(e *Entry) { e.Service = ServiceHot },
		"customer_id":               func(e *Entry) { e.Use, e.Customer = UseAllow, "c" },
		"for_list":                  func(e *Entry) { e.ForList = "a" },
		"for_entry \"7\" needs":     func(e *Entry) { e.Use, e.ForEntry = UseAllow, "7" },
		"list name":                 func(e *Entry) { allowing(e); e.ForList = "A" },
		"author is empty":           func(e *Entry) { allowing(e); e.Author = "" },
		"reason is empty":           func(e *Entry) { allowing(e); e.Reason = "" },
		"expires_at is empty":       func(e *Entry) { allowing(e); e.ExpiresAt = "" },
		"approver \"ANNA\"":         func(e *Entry) { allowing(e); e.Approver = "ANNA" },
		"severity \"huge\"":         func(e *Entry) { e.Severity = "huge" },
		"severity \"low\" belongs":  func(e *Entry) { e.Severity, e.Use = "low", UseOwn },
		"expires_at":                func(e *Entry) { e.ExpiresAt = "2027-01-01" },
		"known_at":                  func(e *Entry) { e.KnownAt = "2026-11-22T14:00:00+00:00" },
		"author is 257 bytes":       func(e *Entry) { e.Author = strings.Repeat("a", MaxEntryID+1) },
		"reason is 2049 bytes":      func(e *Entry) { e.Reason = strings.Repeat("a", MaxText+1) },
		"approver \"\\xff\" is not": func(e *Entry) { e.Approver = "\xff" },
	} {
		e := on(t, "ours", "bitcoin", "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz")
		change(&e)
		if err := e.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
}

func TestTheFilterHoldsListedKeysAlone(t *testing.T) {
	listed, allowed, own := on(t, "a", "bitcoin", "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz"),
		on(t, "a", "ethereum", "0x1111111111111111111111111111111111111111"), on(t, "a", "ethereum", "0x2222222222222222222222222222222222222222")
	allowed.Use, own.Use = UseAllow, UseOwn
	allowed.Author, allowed.Reason, allowed.ExpiresAt = "anna", "licence", "2027-01-01T00:00:00Z"
	s := build(t, map[string][]Entry{"a": {listed, allowed, own}})
	for _, e := range []Entry{listed, allowed, own} {
		if got, want := s.MayContain(e.Key.Fingerprint()), e.Use == UseListed; got != want {
			t.Errorf("use %q: may contain %v", e.Use, got)
		}
		if found, _ := s.Lookup(e.Key); len(found) != 1 {
			t.Errorf("use %q: found %d entries", e.Use, len(found))
		}
	}
}

// allowing makes e an allow entry that nothing is wrong with.
func allowing(e *Entry) {
	e.Use, e.Author, e.Reason, e.ExpiresAt = UseAllow, "anna", "licence", "2027-01-01T00:00:00Z"
}

func TestOverGraveEntriesOnePersonIsNotEnough(t *testing.T) {
	allow := on(t, "ours", "bitcoin", "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz")
	allowing(&allow)
	for category, grave := range map[taxonomy.Category]bool{
		taxonomy.Sanctions: true, taxonomy.TerroristFinancing: true, taxonomy.CSAM: true, taxonomy.Ransomware: false,
	} {
		listed := on(t, "a", "bitcoin", "12udabs2TkX7NXCSj6KpqXfakjE52ZPLhz", taxonomy.Sort([]taxonomy.Category{taxonomy.Mixer, category})...)
		if listed.Grave() != grave || allow.Allows(&listed) == grave {
			t.Errorf("%s: grave %v, allowed %v", category, listed.Grave(), allow.Allows(&listed))
		}
		approved := allow
		approved.Reference, approved.Approver = "CASE-7", "bert"
		if !approved.Allows(&listed) {
			t.Errorf("%s: an approved entry does not allow it: %v", category, approved.Approved())
		}
	}
}
