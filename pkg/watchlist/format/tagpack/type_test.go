package tagpack

import (
	"strings"
	"testing"

	"sluice/pkg/watchlist/format/intake"
)

func TestAMentionIsWeakAndAnUnknownTypeIsReported(t *testing.T) {
	pack := `title: T
creator: c
currency: ETH
category: exchange
confidence: ownership
tags:
- {address: "0x00000000000000000000000000000000000000aa", label: a, tag_type: actor}
- {address: "0x00000000000000000000000000000000000000bb", label: b, tag_type: mention}
- {address: "0x00000000000000000000000000000000000000cc", label: c, tag_type: rumour}
`
	entries, report, err := Parse(intake.Options{List: "l"}, intake.Input{Name: "p", R: strings.NewReader(pack)})
	if err != nil || len(entries) != 3 {
		t.Fatal(len(entries), err)
	}
	for i, want := range []uint8{100, 20, 100} {
		if entries[i].Confidence != want {
			t.Errorf("%s: confidence %d, want %d", entries[i].Entity, entries[i].Confidence, want)
		}
	}
	if len(report.Unmapped) != 1 || report.Unmapped[0].Term != "tag_type: rumour" {
		t.Errorf("%v", report.Unmapped)
	}
}
