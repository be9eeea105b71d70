package schemas

// Access is what one principal may do with the topics: the rows of one table, from which the brokers' ACLs are made. Every
// principal may also see the names and settings of all topics, which each start checks.
type Access struct {
	Principal string   // user name at the brokers
	Who       string   // for the reference page
	Read      []string // topics
	Write     []string
	Groups    []string // consumer groups it joins; one that ends in * is a prefix
	Watches   bool     // sees how far every group is, without joining any
	Creates   bool     // creates missing topics
}

// TopicAccess is the one table of who reads and writes which topic.
var TopicAccess = []Access{
	{Principal: "exchange", Who: "the exchange's own systems", Write: []string{Raw}, Read: []string{Verdicts}, Groups: []string{"exchange.*"}},
	{Principal: "alerts", Who: "consumers of alerts", Read: []string{Flagged}, Groups: []string{"alerts.*"}},
	{Principal: "analysts", Who: "tools by which people decide", Read: []string{Flagged, Shadow}, Write: []string{Decisions}, Groups: []string{"analysts.*"}},
	{Principal: "chain", Who: "chain feeds", Write: []string{Chain}},
	{Principal: "ingest", Who: "the ingest service", Read: []string{Raw, Verdicts}, Write: []string{Transfers, DeadLetters}, Groups: []string{GroupIngest}},
	{Principal: "enrichment", Who: "the enrichment service", Read: []string{Transfers, Rescreen, Activations}, Write: []string{Screened, DeadLetters}, Groups: []string{GroupEnrichment, GroupRescreen}},
	{Principal: "alerting", Who: "the alerting service", Read: []string{Screened}, Write: []string{Verdicts, Flagged, Shadow, DeadLetters}, Groups: []string{GroupAlerting}},
	{Principal: "recorder", Who: "the recorder", Read: []string{Transfers, Verdicts, Flagged, Decisions, DeadLetters}, Write: []string{DeadLetters}, Groups: []string{Prefix + "recorder.*"}},
	{Principal: "watchlist", Who: "the watchlist service and list officers' commands", Read: []string{Activations, Verdicts}, Write: []string{Activations, Rescreen}, Watches: true},
	{Principal: "auditor", Who: "sluice verify, sluice deadletter list", Read: all(), Watches: true},
	{Principal: "operator", Who: "sluice grants kafka --apply, sluice deadletter replay, sluice rewind, sluice bench", Read: all(), Write: all(), Groups: []string{Prefix + "*"}, Watches: true, Creates: true},
}

func all() []string {
	names := make([]string, len(Topics))
	for i, t := range Topics {
		names[i] = t.Name
	}
	return names
}
