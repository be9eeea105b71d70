package verify

import "sluice/schemas"

// reconciled says of every topic, every consumer group and every table which steps look at it, or, in words, why none
// does. What joins the pipeline joins here: a test fails for what is left out.
var reconciled = map[string]reconciliation{
	schemas.Raw:         {steps: []string{"raw"}},
	schemas.Transfers:   {steps: []string{"topic", "gaps", "ledger"}},
	schemas.Screened:    {steps: []string{"ledger", "partners"}}, // for what is under way
	schemas.Verdicts:    {steps: []string{"verdicts", "ledger"}},
	schemas.Flagged:     {steps: []string{"partners"}},
	schemas.DeadLetters: {steps: []string{"topic", "ledger", "raw"}},
	schemas.Activations: {steps: []string{"complete", "rescreen"}},
	schemas.Rescreen:    {why: "a transfer that is to be judged again has its verdict: what is lost of these leaves it as it is"},
	schemas.Shadow:      {why: "verdicts of rules that are tried out: nobody acts on them"},
	schemas.Decisions:   {why: "what people decide, in their own tools"},
	schemas.Chain:       {why: "blocks, before anything is a transfer"},

	schemas.GroupIngest:             {steps: []string{"raw"}},
	schemas.GroupEnrichment:         {steps: []string{"topic", "ledger"}},
	schemas.GroupAlerting:           {steps: []string{"ledger"}},
	schemas.GroupRecorderVerdicts:   {steps: []string{"ledger"}},
	schemas.GroupRecorderFlagged:    {steps: []string{"partners"}},
	schemas.GroupRecorderDeadLetter: {steps: []string{"look"}}, // the topic itself is read
	schemas.GroupRecorderLedger:     {steps: []string{"gaps", "topic"}},
	schemas.GroupRescreen:           {why: "as its topic"},

	"transfers":          {steps: []string{"count", "ledger", "raw", "rows", "complete", "rescreen"}},
	"transfer_addresses": {steps: []string{"partners"}},
	"flagged_events":     {steps: []string{"partners", "rows"}},
	"flagged_history":    {steps: []string{"partners", "rows"}},
	"dead_letters":       {steps: []string{"count", "ledger", "raw"}},
	"ledger":             {steps: []string{"count", "gaps", "topic", "ledger"}},
	"watchlist_history":  {steps: []string{"rescreen"}},
	"watchlist_versions": {steps: []string{"complete", "rescreen"}},
	"lookback_runs":      {why: "what was judged again, for people"},
}

type reconciliation struct {
	steps []string
	why   string
}
