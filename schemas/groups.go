package schemas

// The consumer groups of the pipeline's hops. What a group has committed is what the hop is through with.
const (
	GroupIngest             = Prefix + "ingest"
	GroupEnrichment         = Prefix + "enrichment"
	GroupRescreen           = Prefix + "enrichment.rescreen"
	GroupAlerting           = Prefix + "alerting"
	GroupRecorderVerdicts   = Prefix + "recorder.verdicts"
	GroupRecorderFlagged    = Prefix + "recorder.flagged"
	GroupRecorderDeadLetter = Prefix + "recorder.deadletter"
	GroupRecorderLedger     = Prefix + "recorder.ledger"
)
