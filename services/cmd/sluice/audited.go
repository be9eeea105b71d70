package main

import "sluice/services/internal/audit"

// audited says of every command what it writes into the audit log: the action, or nothing for one that changes no list,
// rule, key or verdict. A test holds the table to the commands that there are.
var audited = map[string]audit.Action{
	"run": nothing, "ingest": nothing, "enrichment": nothing, "alerting": nothing, "recorder": nothing, "watchlist serve": nothing,

	"watchlist import": audit.ListImport,
	"watchlist parse":  nothing,
	"watchlist list":   nothing,
	"watchlist lookup": nothing,
	"watchlist export": nothing,

	"watchlist add":       audit.ListAdd,
	"watchlist expire":    audit.ListExpire,
	"watchlist remove":    audit.ListRemove,
	"watchlist proposals": nothing,
	"watchlist approve":   audit.ListApprove,
	"watchlist reject":    audit.ListReject,
	"watchlist sources":   nothing,
	"watchlist fetch":     audit.ListRefresh,

	"watchlist lookback status": nothing,
	"watchlist lookback run":    audit.VerdictRescreen,

	"watchlist versions": nothing,
	"watchlist diff":     nothing,
	"watchlist rollback": audit.ListRollback,

	"deadletter list":   nothing,
	"deadletter show":   nothing,
	"deadletter replay": audit.DeadLetterReplay,

	"migrate":        audit.SchemaMigrate,
	"rewind":         audit.RecorderRewind,
	"screen":         nothing,
	"convert":        nothing,
	"address":        nothing,
	"sql":            nothing, // ClickHouse's own query log has it
	"simulate":       nothing,
	"bench":          nothing,
	"bench-instance": nothing,
	"bench-turns":    nothing,
	"doctor":         nothing,
	"config":         nothing,
	"verify":         nothing,
	"key":            audit.KeyCreate,

	"grants kafka":      audit.GrantApply,
	"grants redis":      nothing,
	"grants clickhouse": nothing,

	"audit verify": nothing,
	"audit list":   nothing,
	"audit head":   nothing,
}

// nothing is what a command writes down that only reads.
const nothing audit.Action = ""
