// Package config is every setting of Sluice: one struct whose tags name each key, its default and its meaning. A scalar
// key is a flag, an environment variable and a line of the YAML file, in the order file < environment < flag. Unknown
// keys of the file are refused, with line, column and the nearest known one.
//
// The struct's tags are those of the command-line parser, so that help, reference page and file agree by construction.
package config

import (
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"sluice/services/internal/tlsfile"
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
	Lookback   Lookback   `embed:"" prefix:"lookback-" group:"Pipeline"`
	Audit      Audit      `embed:"" prefix:"audit-" group:"Audit log"`

	// Sources are given in the file alone.
	Sources []Source `kong:"-"`
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
	KeyRate      float64       `name:"key-rate" default:"2000" help:"Requests a second of one API key, unless its line says another; over it 429. 0: unbounded." placeholder:"N"`
	OpsKey       bool          `name:"ops-key" help:"/metrics, and the parts of /readyz, want a key with the scope ops."`
	WaitDeadline time.Duration `name:"wait-deadline" default:"5s" help:"Longest time that ?wait=verdict waits before it answers 202."`
	TLS          ServerTLS     `embed:"" prefix:"tls-"`
}

// ServerTLS is how the listener proves itself, and whom it asks for the same.
type ServerTLS struct {
	CertFile     string `name:"cert-file" help:"PEM certificate of the listener, which then speaks TLS; taken up anew when the file changes." placeholder:"FILE" type:"path"`
	KeyFile      string `name:"key-file" help:"Its key." placeholder:"FILE" type:"path"`
	ClientCAFile string `name:"client-ca-file" help:"PEM certificates of the authorities of clients: every route but /healthz and /readyz then wants a certificate of theirs, beside the key." placeholder:"FILE" type:"path"`
}

// TLS is how a server of somebody else is reached.
type TLS struct {
	Enabled    bool   `name:"enabled" help:"Speak TLS. Files below imply it."`
	CAFile     string `name:"ca-file" help:"PEM certificates of the authorities that the server's may be signed by; none: the system's." placeholder:"FILE" type:"path"`
	CertFile   string `name:"cert-file" help:"PEM certificate by which this client proves itself." placeholder:"FILE" type:"path"`
	KeyFile    string `name:"key-file" help:"Its key." placeholder:"FILE" type:"path"`
	ServerName string `name:"server-name" help:"Name in the server's certificate; none: the host that is dialled." placeholder:"NAME"`
}

// On says whether TLS is spoken.
func (t TLS) On() bool {
	return t.Enabled || t.CAFile != "" || t.CertFile != "" || t.KeyFile != "" || t.ServerName != ""
}

// Client are the settings of who dials; nil when TLS is not spoken.
func (t TLS) Client(section string) (*tls.Config, error) {
	if !t.On() {
		return nil, nil
	}
	c, err := tlsfile.Client(tlsfile.Files{CA: t.CAFile, Cert: t.CertFile, Key: t.KeyFile, ServerName: t.ServerName})
	if err != nil {
		return nil, fmt.Errorf("%s.tls: %w", section, err)
	}
	return c, nil
}

// Kafka names the broker. Without brokers, sluice run starts an embedded one.
type Kafka struct {
	Brokers     []string `name:"brokers" help:"Brokers, comma-separated; none: an embedded one (sluice run only)." placeholder:"HOST:PORT,..."`
	AllowUnsafe bool     `name:"allow-unsafe" help:"Take less than replication 3 and min.insync.replicas 2."`
	Listen      string   `name:"listen" default:"127.0.0.1:9092" help:"Where the embedded broker listens; loopback only." placeholder:"HOST:PORT"`
	TLS         TLS      `embed:"" prefix:"tls-"`
	SASL        SASL     `embed:"" prefix:"sasl-"`
	DiskBudget  int64    `name:"disk-budget" default:"10737418240" help:"Bytes that the embedded broker may keep on disk; full: ingest answers 503."`
}

// SASL is how to log in at the brokers.
type SASL struct {
	Mechanism string `name:"mechanism" enum:",PLAIN,SCRAM-SHA-256,SCRAM-SHA-512" default:"" help:"PLAIN (over TLS only), SCRAM-SHA-256 or SCRAM-SHA-512; none: no login." placeholder:"NAME"`
	User      string `name:"user" help:"User." placeholder:"NAME"`
	Login     Login  `embed:""`
}

// Login is a password, in the environment or in a file.
type Login struct {
	Password     string `name:"password" secret:"" hidden:"" help:"Password; not a flag, for every user of the machine sees those."`
	PasswordFile string `name:"password-file" help:"File that holds the password." placeholder:"FILE" type:"path"`
}

// Secret is the password.
func (l Login) Secret(section string) (string, error) {
	switch {
	case l.PasswordFile == "":
		return l.Password, nil
	case l.Password != "":
		return "", fmt.Errorf("%s.password: given, and %s.password_file too: leave one", section, section)
	}
	text, err := os.ReadFile(l.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("%s.password_file: %w", section, err)
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" || len(secret) > maxSecret || strings.ContainsAny(secret, "\r\n\x00") {
		return "", fmt.Errorf("%s.password_file: %s is not one line of 1 to %d bytes", section, l.PasswordFile, maxSecret)
	}
	return secret, nil
}

// maxSecret bounds a password, bytes.
const maxSecret = 4 << 10

// Redis names the cache. Without a URL, sluice run starts an embedded one.
type Redis struct {
	URL     string `name:"url" help:"redis:// or rediss:// URL; none: an embedded one (sluice run only). Of a cluster: one node, others as ?addr=HOST:PORT." placeholder:"URL"`
	Cluster bool   `name:"cluster" help:"The URL names nodes of a Redis cluster."`
	User    string `name:"user" help:"ACL user, unless the URL names one." placeholder:"NAME"`
	Login   Login  `embed:""`
	TLS     TLS    `embed:"" prefix:"tls-"`
}

// ClickHouse names the warehouse. Without a DSN, sluice run starts the embedded engine.
type ClickHouse struct {
	DSN     string `name:"dsn" help:"clickhouse://, http:// or https:// DSN; none: the embedded engine (sluice run only)." placeholder:"DSN"`
	Lib     string `name:"lib" help:"File of the ClickHouse engine; none: the one that make build fetched." placeholder:"FILE"`
	User    string `name:"user" help:"User, unless the DSN names one." placeholder:"NAME"`
	Login   Login  `embed:""`
	TLS     TLS    `embed:"" prefix:"tls-"`
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
	MemoryEntries int           `name:"memory-entries" default:"2000000" help:"Up to so many entries of all lists together an instance holds in memory, at about 200 bytes each; of more, it holds filters and looks positives up in Redis. 0: always in memory. Set it alike for enrichment, the watchlist service and imports."`
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
	Linger       time.Duration `name:"linger" default:"0s" help:"Trades latency for larger batches: 0 hands each transfer on as it comes, up to 1s gathers a trickle for so long in each hop. A flood fills its batches either way."`
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
	Name string `name:"name" default:"audit" help:"Name of the log in activations, which note where it ends: another one for each log beside one Kafka." placeholder:"NAME"`
}

// AuditFile is where the audit log is.
func (c *Config) AuditFile() string {
	if c.Audit.File != "" {
		return c.Audit.File
	}
	return filepath.Join(c.Data, "audit.log")
}

// Lookback bounds what recorded transfers that are judged again take from the live ones.
type Lookback struct {
	Rate      int           `name:"rate" default:"10000" help:"Most recorded transfers that are sent to be judged again each second."`
	Pending   int           `name:"pending" default:"10000" help:"Most of them that wait for enrichment."`
	HeldEvery time.Duration `name:"held-every" default:"10s" help:"How often transfers are looked for that are held because there were no usable lists."`
}
