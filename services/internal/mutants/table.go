package mutants

// Mutant is a way to break a promise.
type Mutant struct {
	Promise string // what it breaks, as a reader of the docs knows it
	Break   string // how
	Edits   []Edit
	Tests   []string // packages whose tests must notice, relative to the repository's root
	Run     string   // of these, the tests with such names, as of go test -run; "": all
}

// proof is the test that sends transfers through the whole pipeline, on embedded servers, and asks `sluice verify`, which
// shares no code with it: what it must notice is broken in the services, and no test of theirs is asked.
const proof, proofTest = "services/internal/verify", "^TestVerify$/^honest$"

// Edit replaces text that stands in a file exactly once.
type Edit struct {
	File     string // relative to the repository's root
	Old, New string
}

// All are the mutants, in the order of the promises. A feature that makes a promise adds how it would be broken.
var All = []Mutant{
	{
		Promise: "a stage commits only after all in-sync replicas have its output", Break: "commit before the write",
		Edits: []Edit{{"services/internal/stream/process.go",
			"\t\t\terr = ln.write()\n\t\t}\n\t\tswitch {\n\t\tcase err == nil:\n\t\t\tln.acknowledged(in, started)\n\t\t\treturn true\n\t\tcase IsPermanent(err) && len(in.Records) > 1:",
			"\t\t\tln.acknowledged(in, started)\n\t\t\terr = ln.write()\n\t\t}\n\t\tswitch {\n\t\tcase err == nil:\n\t\t\treturn true\n\t\tcase IsPermanent(err) && len(in.Records) > 1:"}},
		Tests: []string{"services/internal/stream/memory"},
	},
	{
		Promise: "a stage commits only after all in-sync replicas have its output", Break: "take one replica's word",
		Edits: []Edit{{"services/internal/broker/produce.go", "AppendUint16(d, acksAll)", "AppendUint16(d, min(acksAll, 1))"}},
		Tests: []string{"services/internal/broker"},
	},
	{
		Promise: "no verdict is lost", Break: "skip an offset",
		Edits: []Edit{{"services/internal/stream/process.go", "ln.mark(p, rec.Offset+1)", "ln.mark(p, rec.Offset+2)"}},
		Tests: []string{"services/internal/stream/memory"},
	},
	{
		Promise: "no verdict is lost", Break: "fetch one record too far on",
		Edits: []Edit{{"services/internal/stream/lane.go", "p.Offset, p.damaged = got.next, 0", "p.Offset, p.damaged = got.next+1, 0"}},
		Tests: []string{"services/internal/stream/memory"},
	},
	{
		Promise: "no verdict is lost", Break: "commit for an old generation",
		Edits: []Edit{
			{"services/internal/stream/loop.go", "if err != nil && !errors.Is(err, ErrStaleGeneration) {", "if errors.Join(err) != nil {"},
			{"services/internal/stream/loop.go", "marks: make(map[partitionKey]int64, len(parts))}", "marks: ofAll}"},
			{"services/internal/stream/loop.go", "func newCommitter(", "var ofAll = map[partitionKey]int64{}\n\nfunc newCommitter("},
		},
		Tests: []string{"services/internal/stream"},
	},
	{
		Promise: "the recorder commits only after ClickHouse has acknowledged", Break: "ignore a failed insert",
		Edits: []Edit{{"services/internal/warehouse/insert.go",
			"return fmt.Errorf(\"insert into %s: %w\", table, classify(err))", "_ = classify(err)\n\t\treturn nil"}},
		Tests: []string{"services/internal/warehouse"},
	},
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
		Promise: "a conflict is held", Break: "forget that a transfer conflicts",
		Edits: []Edit{{"services/ingest/raw.go", "\t\t\tfound[i] = before\n", "\t\t\tdelete(found, i)\n"}},
		Tests: []string{"services/ingest"},
	},
	{
		Promise: "the same transfer twice changes no count", Break: "an identity that depends on what was identified before",
		Edits: []Edit{{"pkg/transfer/identity.go", "\th.hash.Reset()\n", ""}},
		Tests: []string{"pkg/transfer"},
	},
	{
		Promise: "a flagged transfer is on flagged.v1", Break: "publish the cleared instead",
		Edits: []Edit{{"services/alerting/alerting.go", "if !o.Flagged {", "if o.Flagged {"}},
		Tests: []string{"services/alerting"},
	},
	{
		Promise: "a poison message is quarantined whole", Break: "pass it on and keep nothing",
		Edits: []Edit{{"services/enrichment/enrichment.go", "out.DeadLetter(rec, stream.ReasonOf(cause), cause)\n\tknown :=", "known :="}},
		Tests: []string{"services/enrichment"},
	},
	{
		Promise: "a 2xx answer means that the transfer is safe", Break: "answer before the acknowledgement",
		Edits: []Edit{{"services/ingest/http.go", "Status: http.StatusServiceUnavailable, Detail: \"the broker", "Status: http.StatusAccepted, Detail: \"the broker"}},
		Tests: []string{"services/ingest"},
	},
	{
		Promise: "a list that collapses is refused", Break: "no guard against a list that shrinks",
		Edits: []Edit{{"pkg/watchlist/guard.go", "case (l.Before-l.After)*100 > l.Before*MaxShrinkPercent:", "case l.Before < 0:"}},
		Tests: []string{"pkg/watchlist"},
	},
	{
		Promise: "no verdict is lost", Break: "record all but one in four, and say nothing",
		Edits: []Edit{{"services/recorder/recorder.go", "if err := block.Add(&r.record, p, marks); err != nil {",
			"if r.record.ID[0]%4 == 0 {\n\t\treturn nil\n\t}\n\tif err := block.Add(&r.record, p, marks); err != nil {"}},
		Tests: []string{proof}, Run: proofTest,
	},
	{
		Promise: "no verdict is lost", Break: "pass one in four over on the way to the verdict",
		Edits: []Edit{{"services/alerting/alerting.go", "\tout.AppendSpliced(schemas.Verdicts,",
			"\tif rec.Offset%4 == 3 {\n\t\treturn\n\t}\n\tout.AppendSpliced(schemas.Verdicts,"}},
		Tests: []string{proof}, Run: proofTest,
	},
	{
		Promise: "every accepted transfer ends in a verdict", Break: "drop what is no transfer on the raw topic, and keep nothing",
		Edits: []Edit{{"services/ingest/raw.go", "out.DeadLetter(rec, ReasonRejected, err)", "_ = err"}},
		Tests: []string{proof}, Run: proofTest,
	},
	{
		Promise: "every accepted transfer is in the ledger", Break: "leave records out of the ledger",
		Edits: []Edit{{"services/recorder/ledger.go", "\tb, h := &l.block, rec.Carried()\n",
			"\tif rec.Offset%3 == 1 {\n\t\treturn\n\t}\n\tb, h := &l.block, rec.Carried()\n"}},
		Tests: []string{proof}, Run: proofTest,
	},
	{
		Promise: "every accepted transfer is in the ledger", Break: "write the hash of other bytes down",
		Edits: []Edit{{"services/recorder/ledger.go", "sha256.Sum256(rec.Value)", "sha256.Sum256(rec.Key)"}},
		Tests: []string{proof}, Run: proofTest,
	},
	{
		Promise: "a flagged transfer is on flagged.v1", Break: "publish no flagged event",
		Edits: []Edit{{"services/alerting/alerting.go", "if !o.Flagged {", "if len(value) > 0 {"}},
		Tests: []string{proof}, Run: proofTest,
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
		Promise: "verdict = f(transfer, lists, rules, inputs)", Break: "a score that depends on what was judged before",
		Edits: []Edit{
			{"pkg/flag/json.go", "\tif v.Score != 0 {\n", "\tif judged = (judged + 1) % 100; judged > 0 {\n"},
			{"pkg/flag/json.go", "uint64(v.Score), 10)", "uint64(judged), 10)"},
			{"pkg/flag/json.go", "func AppendMembers(", "var judged uint8\n\nfunc AppendMembers("},
		},
		Tests: []string{proof}, Run: proofTest,
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
		Promise: "an audit log that was written anew is found", Break: "activate lists without noting where the log ends",
		Edits: []Edit{{"services/internal/app/desk.go", ".WithAudit(auditHead(cfg))", ".WithAudit(nil)"}},
		Tests: []string{"services/cmd/sluice"}, Run: "^TestCommands$/^audit$",
	},
	{
		Promise: "an audit log that was written anew is found", Break: "do not hold the log to the heads that were noted",
		Edits: []Edit{{"services/internal/audit/verify.go", "\t\t\tv.missing(a)\n", "\t\t\t_ = v.missing\n"}},
		Tests: []string{"services/internal/audit"},
	},
	{
		Promise: "what joins is reconciled", Break: "leave a topic out of what verify looks at",
		Edits: []Edit{{"services/internal/verify/reconciled.go", "\tschemas.Flagged: ", "\t// schemas.Flagged: "}},
		Tests: []string{proof}, Run: "^TestEveryMemberIsReconciled$",
	},
	{
		Promise: "what joins is in the fault schedule", Break: "leave a kind of fault out of the plans",
		Edits: []Edit{{"services/internal/chaos/plan.go", "\t{Storm, []string{\"enrichment\"}},\n", ""}},
		Tests: []string{"services/internal/chaos"},
	},
	{
		Promise: "what joins is in the fault schedule", Break: "leave a service out of the plans",
		Edits: []Edit{{"services/internal/chaos/plan.go", `"recorder", "watchlist"}`, `"recorder"}`}},
		Tests: []string{"services/internal/app"}, Run: "^TestEveryServiceIsInTheFaultSchedule$",
	},
	{
		Promise: "what changes something is audited", Break: "a command that nobody has decided about",
		Edits: []Edit{{"services/cmd/sluice/audited.go", "\t\"deadletter replay\": audit.DeadLetterReplay,\n", ""}},
		Tests: []string{"services/cmd/sluice"}, Run: "^TestEveryCommandSaysWhatItWritesDown$",
	},
	{
		Promise: "nobody is let in", Break: "take a key without the scope",
		Edits: []Edit{{"services/internal/httpx/guard.go", "if !key.Scopes.Has(route.Scope) {", "if !key.Scopes.Has(route.Scope) && route.Scope == ScopeOpen {"}},
		Tests: []string{"services/internal/app"}, Run: "^TestEveryRoute",
	},
	{
		Promise: "nobody is let in", Break: "take a route that does not say its scope and what it writes down",
		Edits: []Edit{{"services/internal/httpx/route.go", "errs = append(errs, r.check())", "_ = r.check"}},
		Tests: []string{"services/internal/httpx"},
	},
}
