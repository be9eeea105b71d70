// Package config is every setting of Sluice: one struct whose tags name each key, its default and its meaning. A scalar
// key is a flag, an environment variable and a line of the YAML file, in the order file < environment < flag. Unknown
// keys of the file are refused, with line, column and the nearest known one.
//
// The struct's tags are those of the command-line parser, so that help, reference page and file agree by construction.
package config

import (
	"path/filepath"
	"time"
)

// Config holds the settings. Field tags: name and prefix make the flag (`kafka-brokers`), from which the key
// (`kafka.brokers`) and the variable (`SLUICE_KAFKA_BROKERS`) follow.
type Config struct {
	Data string `name:"data" default:"./data" help:"Folder of the embedded servers' state and of local copies of the lists." placeholder:"DIR"`

	Log        Log        `embed:"" prefix:"log-" group:"Log"`
	HTTP       HTTP       `embed:"" prefix:"http-" group:"HTTP"`
	Kafka      Kafka      `embed:"" prefix:"kafka-" group:"Kafka"`
	Redis      Redis      `embed:"" prefix:"redis-" group:"Redis"`
	ClickHouse ClickHouse `embed:"" prefix:"clickhouse-" group:"ClickHouse"`
	Ingest     Ingest     `embed:"" prefix:"ingest-" group:"Pipeline"`
	Lists      Lists      `embed:"" prefix:"lists-" group:"Pipeline"`
	Screening  Screening  `embed:"" prefix:"screening-" group:"Pipeline"`
	Rules      Rules      `embed:"" prefix:"rules-" group:"Pipeline"`
	Stream     Stream     `embed:"" prefix:"stream-" group:"Pipeline"`
	Recorder   Recorder   `embed:"" prefix:"recorder-" group:"Pipeline"`
	Audit      Audit      `embed:"" prefix:"audit-" group:"Audit log"`
}

// Log says what is logged, and how.
type Log struct {
	Level  string `name:"level" default:"info" enum:"debug,info,warn,error" help:"Least level that is logged: debug, info, warn, error."`
	Format string `name:"format" default:"auto" enum:"auto,json,text" help:"auto (text on a terminal, JSON elsewhere), json, text."`
}

// HTTP is the listener of the service.
type HTTP struct {
	Listen       string        `name:"listen" default:"127.0.0.1:8080" help:"Address to listen on. One that is not loopback needs API keys." placeholder:"HOST:PORT"`
	KeysFile     string        `name:"keys-file" help:"File with API keys, a line each: ID TENANT SHA256-OF-THE-SECRET." placeholder:"FILE" type:"path"`
	WaitDeadline time.Duration `name:"wait-deadline" default:"5s" help:"Longest time that ?wait=verdict waits before it answers 202."`
}

// Kafka names the broker. Without brokers, sluice run starts an embedded one.
type Kafka struct {
	Brokers     []string `name:"brokers" help:"Brokers, comma-separated; none: an embedded one (sluice run only)." placeholder:"HOST:PORT,..."`
	AllowUnsafe bool     `name:"allow-unsafe" help:"Take less than replication 3 and min.insync.replicas 2."`
	Listen      string   `name:"listen" default:"127.0.0.1:9092" help:"Where the embedded broker listens; loopback only." placeholder:"HOST:PORT"`
	DiskBudget  int64    `name:"disk-budget" default:"10737418240" help:"Bytes that the embedded broker may keep on disk; full: ingest answers 503."`
}

// Redis names the cache. Without a URL, sluice run starts an embedded one.
type Redis struct {
	URL string `name:"url" help:"redis:// or rediss:// URL; none: an embedded one (sluice run only)." placeholder:"URL"`
}

// ClickHouse names the warehouse. Without a DSN, sluice run starts the embedded engine.
type ClickHouse struct {
	DSN     string `name:"dsn" help:"clickhouse://, http:// or https:// DSN; none: the embedded engine (sluice run only)." placeholder:"DSN"`
	Lib     string `name:"lib" help:"File of the ClickHouse engine; none: the one that make build fetched." placeholder:"FILE"`
	Cluster string `name:"cluster" help:"Cluster name: replicated tables, ON CLUSTER, quorum inserts." placeholder:"NAME"`
}

// Ingest is what the first stage takes for granted.
type Ingest struct {
	Tenant string `name:"tenant" default:"default" help:"Tenant of what arrives on the raw topic, and over HTTP without API keys."`
}

// Lists says when a snapshot of the watchlists is usable.
type Lists struct {
	PointerMaxAge time.Duration `name:"pointer-max-age" default:"30s" help:"How long a snapshot stays usable without Redis confirming that it is the current one."`
	HoldAfter     time.Duration `name:"hold-after" default:"60s" help:"Without a usable snapshot, enrichment stops; after this long it judges HELD instead."`
}

// Screening is the part of the policy that is a setting.
type Screening struct {
	UnknownDeposit    string `name:"unknown-counterparty-deposit" default:"hold" enum:"hold,flag,clear" help:"A deposit whose sender is unknown: hold, flag, clear."`
	UnknownWithdrawal string `name:"unknown-counterparty-withdrawal" default:"hold" enum:"hold,flag,clear" help:"A withdrawal whose recipient is unknown: hold, flag, clear."`
	Dust              string `name:"dust" default:"1" help:"Fiat amount below which a direct hit is FLAGGED low only; without a fiat value only zero is dust." placeholder:"AMOUNT"`
}

// Rules names the rule set.
type Rules struct {
	File string `name:"file" help:"Rule file; none: the built-in policy." placeholder:"FILE"`
}

// Stream tunes the loop that every hop runs.
type Stream struct {
	Lanes        int           `name:"lanes" default:"2" help:"Lanes for each hop: each owns partitions, keeps their order, and has one unacknowledged batch per partition."`
	DrainTimeout time.Duration `name:"drain-timeout" default:"20s" help:"How long a stop waits for what is in flight."`
}

// Recorder sizes the inserts into ClickHouse.
type Recorder struct {
	BatchRows int           `name:"batch-rows" default:"50000" help:"Most transfers in one insert."`
	MaxWait   time.Duration `name:"max-wait" default:"1s" help:"Longest time that a transfer waits for its insert to fill."`
}

// Audit is the log of who changed which list, rule, key or verdict.
type Audit struct {
	File string `name:"file" help:"The audit log; none: audit.log in the data folder." placeholder:"FILE" type:"path"`
}

// AuditFile is where the audit log is.
func (c *Config) AuditFile() string {
	if c.Audit.File != "" {
		return c.Audit.File
	}
	return filepath.Join(c.Data, "audit.log")
}
