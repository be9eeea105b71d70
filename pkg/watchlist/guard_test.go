package watchlist

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestGuards(t *testing.T) {
	person := Acceptance{Author: "ann", Reason: "delisted in March"}
	monday, tuesday := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC)
	html := []byte("\xef\xbb\xbf \r\n<!DocType HTML>\n<title>Maintenance</title>")
	for name, c := range map[string]struct {
		load   Load
		accept Acceptance
		want   Cause // "": taken
	}{
		"the first":                         {Load{Before: 0, After: 1}, Acceptance{}, ""},
		"the first, empty":                  {Load{Before: 0, After: 0}, Acceptance{}, CauseEmpty},
		"all gone":                          {Load{Before: 648, After: 0}, Acceptance{}, CauseEmpty},
		"all gone, accepted":                {Load{Before: 648, After: 0}, person, ""},
		"the real list that fell":           {Load{Before: 648, After: 557}, Acceptance{}, ""},
		"the broken list that fell":         {Load{Before: 648, After: 460}, Acceptance{}, CauseShrunk},
		"at the bound":                      {Load{Before: 100, After: 80}, Acceptance{}, ""},
		"over the bound":                    {Load{Before: 100, After: 79}, Acceptance{}, CauseShrunk},
		"over the bound, accepted":          {Load{Before: 100, After: 79}, person, ""},
		"accepted without a reason":         {Load{Before: 100, After: 100}, Acceptance{Author: "ann"}, CauseAcceptance},
		"accepted by nobody":                {Load{Before: 100, After: 100}, Acceptance{Reason: "why"}, CauseAcceptance},
		"grown":                             {Load{Before: 100, After: 1000}, Acceptance{}, ""},
		"a few broken rows":                 {Load{Before: 9, After: 9, Rows: 20, Rejected: 11}, Acceptance{}, ""},
		"many broken rows of very many":     {Load{Before: 9, After: 9, Rows: 1000, Rejected: 50}, Acceptance{}, ""},
		"many broken rows":                  {Load{Before: 9, After: 9, Rows: 1000, Rejected: 51}, Acceptance{}, CauseRejected},
		"at the owner's number":             {Load{Before: 9, After: 9, Rows: 9, Rejected: 3, Limits: Limits{MaxRejected: 3}}, Acceptance{}, ""},
		"over the owner's number":           {Load{Before: 9, After: 9, Rows: 9999, Rejected: 4, Limits: Limits{MaxRejected: 3}}, Acceptance{}, CauseRejected},
		"at the owner's part":               {Load{Before: 9, After: 9, Rows: 200, Rejected: 1, Limits: Limits{MaxRejectedPart: 0.5}}, Acceptance{}, ""},
		"over the owner's part":             {Load{Before: 9, After: 9, Rows: 199, Rejected: 1, Limits: Limits{MaxRejectedPart: 0.5}}, Acceptance{}, CauseRejected},
		"at the least":                      {Load{Before: 9, After: 9, Limits: Limits{MinEntries: 9}}, Acceptance{}, ""},
		"under the least":                   {Load{Before: 9, After: 9, Limits: Limits{MinEntries: 10}}, Acceptance{}, CauseTooFew},
		"of the same day":                   {Load{Before: 9, After: 9, Published: monday, InForce: monday}, Acceptance{}, ""},
		"of the day before":                 {Load{Before: 9, After: 9, Published: monday, InForce: tuesday}, Acceptance{}, CauseOlder},
		"of the day before, accepted":       {Load{Before: 9, After: 9, Published: monday, InForce: tuesday}, person, ""},
		"of no day":                         {Load{Before: 9, After: 9, InForce: tuesday}, Acceptance{}, ""},
		"back to an earlier file":           {Load{Before: 9, After: 9, Repeats: true}, Acceptance{}, CauseOlder},
		"back to an earlier file, of today": {Load{Before: 9, After: 9, Repeats: true, Published: tuesday, InForce: monday}, Acceptance{}, ""},
		"over what people entered":          {Load{Before: 9, After: 9, ByHand: true}, Acceptance{}, CauseByHand},
		"called a web page":                 {Load{Before: 9, After: 9, MediaType: "Text/HTML; charset=utf-8"}, Acceptance{}, CauseContentType},
		"begins as a web page":              {Load{Before: 9, After: 9, Head: html, MediaType: "text/csv"}, Acceptance{}, CauseContentType},
		"a web page is nobody's to accept":  {Load{Before: 9, After: 9, Head: html}, person, CauseContentType},
		"XML":                               {Load{Before: 9, After: 9, Head: []byte(`<?xml version="1.0"?>`), MediaType: "text/xml"}, Acceptance{}, ""},
		"a column named so":                 {Load{Before: 9, After: 9, Head: []byte("<headline>,address\n")}, Acceptance{}, ""},
	} {
		c.load.List = "ofac-sdn"
		err := c.load.Check(c.accept)
		var r *Refusal
		if c.want == "" && err != nil || c.want != "" && (!errors.As(err, &r) || r.Cause != c.want || !errors.Is(err, ErrGuard)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err != nil && (!strings.Contains(err.Error(), "ofac-sdn") || strings.Contains(err.Error(), "accept it with") != r.Acceptable()) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
