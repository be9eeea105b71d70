package mutants

// screening are the mutants of what a transfer is judged by: nothing is cleared that was not checked.
var screening = []Mutant{
	{
		Promise: "when a list is half loaded, nothing is cleared as complete", Break: "drop the hash checks, of the segments and of the whole",
		Edits: []Edit{
			{"pkg/watchlist/segment.go", "if sum := hexSum(data); sum != g.SHA256 {", "if sum := g.SHA256; sum != g.SHA256 {"},
			{"pkg/watchlist/load.go", "if s.Len() != m.Count || s.Version() != m.Version {", "if s.Len() != m.Count {"},
			{"pkg/watchlist/load.go", "if p.hash != ml.Hash || p.entries != ml.Entries {", "if p.entries != ml.Entries {"},
		},
		Tests: []string{"pkg/watchlist"},
	},
	{
		Promise: "when a list is missing, nothing is cleared as complete", Break: "screen without lists as if there were some",
		Edits: []Edit{{"pkg/screening/screen.go", "r.Status = Degraded\n\t\treturn r", "return r"}},
		Tests: []string{"pkg/screening", "pkg/judge"},
	},
	{
		Promise: "when a list is missing, nothing is cleared as complete", Break: "name lists that never were in force",
		Edits: []Edit{
			{"pkg/screening/json.go", "dst = append(dst, `,\"lists_seq\":`...)", "dst = append(dst, `,\"lists_seq\":9`...)"},
			{"pkg/judge/screener.go", "dst = append(dst, `,\"lists_seq\":`...)", "dst = append(dst, `,\"lists_seq\":9`...)"},
		},
		Tests: []string{proof}, Run: proofTest,
	},
	{
		Promise: "when a list is stale, nothing is cleared as complete", Break: "clear on a Redis error",
		Edits: []Edit{{"services/internal/lists/lists.go", "case now.Sub(h.confirmed) > f.cfg.MaxAge:", "case now.Sub(h.confirmed) > 1000*f.cfg.MaxAge:"}},
		Tests: []string{"services/internal/lists"},
	},
	{
		Promise: "when a list is stale, nothing is cleared as complete", Break: "go on screening with lists that are not usable",
		Edits: []Edit{{"services/enrichment/enrichment.go", "\t\tdegraded = true\n", "\t\tdegraded = false\n"}},
		Tests: []string{"services/enrichment"},
	},
	{
		Promise: "when a list is stale, nothing is cleared as complete", Break: "believe a clock that was set back",
		Edits: []Edit{{"services/internal/lists/lists.go", "case now.Before(h.confirmed):", "case now.Before(h.confirmed) && h.snapshot == nil && h.paged == nil:"}},
		Tests: []string{"services/internal/lists"},
	},
	{
		Promise: "when a list is stale, nothing is cleared as complete", Break: "forget that a source is too old",
		Edits: []Edit{{"services/internal/lists/lists.go", "if c.Why = h.sources.passed(now); c.Why != \"\" {", "if h.sources.passed(now) == \"\\x00\" {"}},
		Tests: []string{"services/internal/lists"},
	},
	{
		Promise: "when a list moves back, it is noticed", Break: "take an older pointer",
		Edits: []Edit{{"services/internal/lists/lists.go", "case now.Seq < have.Seq:", "case now.Seq+1 == 0:"}},
		Tests: []string{"services/internal/lists"},
	},
	{
		Promise: "what is listed is found", Break: "a wrong fingerprint in the header",
		Edits: []Edit{{"pkg/event/fingerprint.go", "p.Parties[i].Key.Fingerprint())", "^p.Parties[i].Key.Fingerprint())"}},
		Tests: []string{"pkg/event", "services/ingest"},
	},
	{
		Promise: "what is listed is found", Break: "a wrong fingerprint from the fast way",
		Edits: []Edit{{"pkg/transfer/recognise.go", "r.out.Prints = append(r.out.Prints, print)", "r.out.Prints = append(r.out.Prints, print+1)"}},
		Tests: []string{"pkg/transfer"},
	},
	{
		Promise: "what is listed is found", Break: "a wrong fingerprint in the header, from end to end",
		Edits: []Edit{
			{"pkg/event/fingerprint.go", "p.Parties[i].Key.Fingerprint())", "^p.Parties[i].Key.Fingerprint())"},
			{"pkg/transfer/recognise.go", "r.out.Prints = append(r.out.Prints, print)", "r.out.Prints = append(r.out.Prints, print+1)"},
		},
		Tests: []string{proof}, Run: proofTest,
	},
	{
		Promise: "a list that collapses is refused", Break: "no guard against a list that shrinks",
		Edits: []Edit{{"pkg/watchlist/guard.go", "case (l.Before-l.After)*100 > l.Before*MaxShrinkPercent:", "case l.Before < 0:"}},
		Tests: []string{"pkg/watchlist"},
	},
	{
		Promise: "verdict = f(transfer, lists, rules, inputs)", Break: "a score that depends on what was judged before",
		Edits: []Edit{
			{"pkg/flag/json.go", "\tif v.Score != 0 {\n", "\tif judged = (judged + 1) % 100; judged > 0 {\n"},
			{"pkg/flag/json.go", "uint64(v.Score), 10)", "uint64(judged), 10)"},
			{"pkg/flag/json.go", "func AppendMembers(", "var judged uint8\n\nfunc AppendMembers("},
		},
		Tests: []string{proof}, Run: proofTest,
	},
	{
		Promise: "what is held for want of lists is screened again", Break: "never look for it",
		Edits: []Edit{{"services/lookback/held.go", "if n == 0 || ", "if n >= 0 || "}},
		Tests: []string{"services/lookback"},
	},
	{
		Promise: "what is held for want of lists is screened again", Break: "screen it again before all have lists",
		Edits: []Edit{{"services/lookback/held.go", "if !x.Usable || x.Seq < seq {", "if x.Seq+1 == 0 {"}},
		Tests: []string{"services/lookback"},
	},
	{
		Promise: "what is held for want of lists is screened again", Break: "screen again with lists that are older than it asks for",
		Edits: []Edit{{"services/enrichment/rescreen.go", "if least > current.Seq {", "if least > current.Seq+1000 {"}},
		Tests: []string{"services/enrichment"},
	},
	{
		Promise: "what is still there is not lost with what is", Break: "give all lists up for the one that is nowhere",
		Edits: []Edit{{"services/watchlist/salvage.go", "if sought := a.Version + fmt.Sprint(lost); s.cfg.Copy != \"\"", "if sought := a.Version + fmt.Sprint(lost); s.cfg.Copy == \"\\x00\""}},
		Tests: []string{"services/watchlist"},
	},
}
