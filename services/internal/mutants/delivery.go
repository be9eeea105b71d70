package mutants

// delivery are the mutants of what becomes of a transfer on its way: nothing is lost, nothing counts twice, nothing is overtaken.
var delivery = []Mutant{
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
		Promise: "the recorder commits only after ClickHouse has acknowledged", Break: "ignore a failed insert",
		Edits: []Edit{{"services/internal/warehouse/insert.go",
			"return fmt.Errorf(\"insert into %s: %w\", table, classify(err))", "_ = classify(err)\n\t\treturn nil"}},
		Tests: []string{"services/internal/warehouse"},
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
		Promise: "the same transfer twice changes no count", Break: "begin a new producer session for what may be written",
		Edits: []Edit{{"services/internal/stream/writer.go",
			"w.log.Produce(ctx, w.req); err != nil {\n", "w.log.Produce(ctx, w.req); err != nil {\n\t\tw.valid = false\n"}},
		Tests: []string{"services/internal/stream/memory"},
	},
	{
		Promise: "the same transfer twice changes no count", Break: "a block has another token each time that it is sent",
		Edits: []Edit{
			{"services/recorder/recorder.go", "// tokenOf names", "var tokens int\n\n// tokenOf names"},
			{"services/recorder/recorder.go", "\treturn in.Topic + \"/\"", "\ttokens++\n\treturn strconv.Itoa(tokens) + in.Topic + \"/\""},
		},
		Tests: []string{"services/recorder"},
	},
	{
		Promise: "the same transfer twice changes no count", Break: "do not tell ClickHouse the token",
		Edits: []Edit{{"services/internal/warehouse/insert.go", "settings[\"insert_deduplication_token\"] = token", "_ = token"}},
		Tests: []string{"services/internal/warehouse"},
	},
	{
		Promise: "a flagged transfer is on flagged.v1", Break: "publish the cleared instead",
		Edits: []Edit{{"services/alerting/alerting.go", "if !o.Flagged {", "if o.Flagged {"}},
		Tests: []string{"services/alerting"},
	},
	{
		Promise: "a flagged transfer is on flagged.v1", Break: "publish no flagged event",
		Edits: []Edit{{"services/alerting/alerting.go", "if !o.Flagged {", "if len(value) > 0 {"}},
		Tests: []string{proof}, Run: proofTest,
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
		Promise: "a transfer is not overtaken by the same customer's later ones", Break: "handle the later half of a poisoned batch first",
		Edits: []Edit{
			{"services/internal/stream/process.go", "Records: in.Records[:half]}) &&", "Records: in.Records[half:]}) &&"},
			{"services/internal/stream/process.go", "Records: in.Records[half:]})\n", "Records: in.Records[:half]})\n"},
		},
		Tests: []string{"services/internal/stream/memory"},
	},
	{
		Promise: "a transfer is not overtaken by the same customer's later ones", Break: "choose partitions as no other client does",
		Edits: []Edit{{"services/internal/stream/partition.go", "0x5bd1e995", "0x5bd1e997"}},
		Tests: []string{"services/internal/stream"},
	},
	{
		Promise: "a poison message is quarantined alone", Break: "give a batch up for one bad record",
		Edits: []Edit{{"services/internal/stream/process.go", "case IsPermanent(err) && len(in.Records) > 1:", "case IsPermanent(err) && len(in.Records) > 1<<20:"}},
		Tests: []string{"services/internal/stream/memory"},
	},
	{
		Promise: "a poison message is quarantined alone", Break: "try a record that nobody can handle for ever",
		Edits: []Edit{{"services/internal/stream/process.go", "\t\t\treturn ln.poison(in, err, started)\n", "\t\t\t_ = ln.poison\n"}},
		Tests: []string{"services/internal/stream/memory"},
	},
	{
		Promise: "what a transaction took back is not judged", Break: "take it for written",
		Edits: []Edit{{"services/internal/stream/decode.go", "return b.Transactional\n", "return false\n"}},
		Tests: []string{"services/internal/stream"},
	},
	{
		Promise: "what a transaction took back is not judged", Break: "forget it when a fetch is worked off in pieces",
		Edits: []Edit{{"services/internal/stream/decode.go", "append(res.Aborted[:0], d.aborted...)", "res.Aborted[:0]"}},
		Tests: []string{"services/internal/stream", "services/internal/stream/memory"},
	},
	{
		Promise: "memory is bounded while a consumer is away", Break: "expand at once all that was fetched",
		Edits: []Edit{{"services/internal/stream/decode.go", "&& d.size >= d.budget {", "&& d.size >= d.budget+1<<40 {"}},
		Tests: []string{"services/internal/stream/memory"},
	},
	{
		Promise: "memory is bounded while a consumer is away", Break: "expand a batch however large it becomes",
		Edits: []Edit{{"services/internal/recordbatch/expand.go", "&Expander{limit: limit}", "&Expander{limit: limit + 1<<40}"}},
		Tests: []string{"services/internal/recordbatch"},
	},
	{
		Promise: "a full disk is answered, not lost", Break: "go on taking in when the budget is used up",
		Edits: []Edit{{"services/internal/embedded/kafka/house.go", "\t\th.b.closeIntake()\n", ""}},
		Tests: []string{"services/internal/embedded/kafka"},
	},
	{
		Promise: "a consumer that stands still is woken", Break: "only tell of it",
		Edits: []Edit{{"services/internal/stream/watchdog.go", "hung = hung || found == readerHung", "hung = hung && found == readerHung"}},
		Tests: []string{"services/internal/stream", "services/internal/stream/memory"},
	},
	{
		Promise: "a dead letter is sent again once", Break: "send it again each time",
		Edits: []Edit{{"services/internal/deadletter/replay.go", "case l.ReplayedTo != \"\" && !o.Again:", "case l.ReplayedTo != \"\" && o.Again && o.DryRun:"}},
		Tests: []string{"services/internal/deadletter"},
	},
	{
		Promise: "a dead letter is sent again once", Break: "send what is not the bytes that were given up",
		Edits: []Edit{{"services/internal/deadletter/replay.go", "case !strings.EqualFold(l.SHA256,", "case l.Length < 0 && !strings.EqualFold(l.SHA256,"}},
		Tests: []string{"services/internal/deadletter"},
	},
}
