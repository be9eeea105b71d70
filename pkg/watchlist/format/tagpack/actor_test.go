package tagpack

import (
	"strings"
	"testing"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist/format/intake"
)

const actorPack = `title: Actors
creator: c
actors:
- {id: acme, aliases: [acme_inc], label: Acme Inc., categories: [exchange], uri: "https://acme.test"}
- {id: strange, label: Strange, categories: [made_up]}
`

func TestActorsSayWhoATagIsAbout(t *testing.T) {
	tags := `title: T
creator: c
currency: ETH
tags:
- {address: "0x00000000000000000000000000000000000000aa", actor: acme_inc}
- {address: "0x00000000000000000000000000000000000000bb", actor: acme, label: L, abuse: scam}
- {address: "0x00000000000000000000000000000000000000cc", actor: nobody, category: user}
- {tx_hash: "0x01", label: x}
`
	for _, order := range [][]string{{tags, actorPack}, {actorPack, tags}} {
		entries, report, err := Parse(intake.Options{List: "l"}, intake.Input{Name: "a", R: strings.NewReader(order[0])}, intake.Input{Name: "b", R: strings.NewReader(order[1])})
		if err != nil || len(entries) != 3 {
			t.Fatal(len(entries), err)
		}
		for i, want := range []struct {
			entity   string
			category taxonomy.Category
		}{{"Acme Inc.", taxonomy.Exchange}, {"L", taxonomy.Scam}, {"nobody", taxonomy.UnnamedService}} {
			if e := entries[i]; e.Entity != want.entity || e.Category != want.category {
				t.Errorf("%s, want %v", e.AppendJSON(nil), want)
			}
		}
		if report.RejectedRows != 1 || report.Rejected[0].Code != intake.CodeNoAddress || report.NoteCount != 1 || !strings.Contains(report.Notes[0].Text, "made_up") {
			t.Errorf("rejected %v, notes %v", report.Rejected, report.Notes)
		}
	}
	for what, body := range map[string]string{
		"twice": actorPack + "- {id: acme}\n", "no id": "actors: [{label: x}]\n", "no mapping": "actors: [x]\n",
	} {
		if _, _, err := Parse(intake.Options{}, intake.Input{Name: "f", R: strings.NewReader(body)}); err == nil || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
