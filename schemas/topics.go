// Package schemas holds what crosses a boundary: the table of topics, the JSON Schemas of what they carry, and the
// ClickHouse migrations. It uses the standard library only.
package schemas

import "time"

// Prefix begins the name of every topic.
const Prefix = "sluice."

// DefaultPartitions is the partition count of the customer-keyed topics when sluice.raw.v1 does not exist yet.
const DefaultPartitions = 6

// Forever is the retention of a topic whose records are never deleted.
const Forever time.Duration = -1

// KeyKind says what a topic's record key is, and so what order the topic keeps.
type KeyKind string

// The kinds of record keys.
const (
	KeyCustomerID     KeyKind = "customer_id"        // the bare customer id, Murmur2 as Java clients partition it
	KeyTenantCustomer KeyKind = "tenant/customer_id" // Murmur2 of tenant, a slash, customer id
	KeySource         KeyKind = "source topic + partition"
	KeyNone           KeyKind = "none" // a single partition is the order
	KeyTxHash         KeyKind = "transaction hash"
)

// Topic is one row of the table of topics.
type Topic struct {
	Name          string        // full name, with Prefix
	Key           KeyKind       // what the record key holds
	Format        string        // the JSON Schema in events/, without its extension; "" for opaque bytes
	Partitions    int           // fixed count; 0: as many as sluice.raw.v1 has
	Retention     time.Duration // Forever: never deleted
	MaxValueBytes int           // largest record value that a producer of ours writes
	CloudEvents   bool          // records carry CloudEvents 1.0 headers (binary mode)
	MadeBy        string        // who writes it
}

// Full names of the topics.
const (
	Raw         = Prefix + "raw.v1"
	Transfers   = Prefix + "transfers.v1"
	Rescreen    = Prefix + "rescreen.v1"
	Screened    = Prefix + "screened.v1"
	Verdicts    = Prefix + "verdicts.v1"
	Flagged     = Prefix + "flagged.v1"
	Shadow      = Prefix + "shadow.v1"
	Decisions   = Prefix + "decisions.v1"
	DeadLetters = Prefix + "deadletter.v1"
	Activations = Prefix + "activations.v1"
	Chain       = Prefix + "chain.v1"
)

const (
	week  = 7 * 24 * time.Hour
	month = 30 * 24 * time.Hour

	// A transfer of 1 MiB, its screening and its verdict behind it, still fit one record.
	recordBytes = 4 << 20
)

// Topics is the one table of topics: creation, checks, access rules and documents are derived from it.
var Topics = []Topic{
	{Name: Raw, Key: KeyCustomerID, Format: "raw.v1", Retention: week, MaxValueBytes: 1 << 20, MadeBy: "exchange"},
	{Name: Transfers, Key: KeyTenantCustomer, Format: "transfers.v1", Retention: week, MaxValueBytes: recordBytes, MadeBy: "ingest"},
	{Name: Rescreen, Key: KeyTenantCustomer, Format: "transfers.v1", Retention: week, MaxValueBytes: recordBytes, MadeBy: "watchlist"},
	{Name: Screened, Key: KeyTenantCustomer, Format: "screened.v1", Retention: week, MaxValueBytes: recordBytes, MadeBy: "enrichment"},
	{Name: Verdicts, Key: KeyTenantCustomer, Format: "verdicts.v1", Retention: month, MaxValueBytes: recordBytes, MadeBy: "alerting"},
	{Name: Flagged, Key: KeyTenantCustomer, Format: "verdicts.v1", Retention: month, MaxValueBytes: recordBytes, CloudEvents: true, MadeBy: "alerting"},
	{Name: Shadow, Key: KeyTenantCustomer, Format: "verdicts.v1", Retention: month, MaxValueBytes: recordBytes, MadeBy: "alerting"},
	{Name: Decisions, Key: KeyTenantCustomer, Retention: month, MaxValueBytes: recordBytes, CloudEvents: true, MadeBy: "people"},
	{Name: DeadLetters, Key: KeySource, Retention: month, MaxValueBytes: recordBytes, MadeBy: "every stage"},
	{Name: Activations, Key: KeyNone, Format: "activations.v1", Partitions: 1, Retention: Forever, MaxValueBytes: 1 << 20, MadeBy: "watchlist, rules, rescreen runs"},
	{Name: Chain, Key: KeyTxHash, Retention: week, MaxValueBytes: recordBytes, MadeBy: "chain feeds"},
}

// Lookup returns the row of the topic with the full name, and whether there is one.
func Lookup(name string) (Topic, bool) {
	for _, t := range Topics {
		if t.Name == name {
			return t, true
		}
	}
	return Topic{}, false
}
