// Package verify proves that nothing was lost, counted twice or cleared unseen. It compares what was accepted (the ledger,
// the raw topic, a client's own list of what it was answered 2xx for) with what was recorded, and judges what was recorded
// by the lists that were in force.
//
// It shares no code with the services, so that a fault of theirs is not repeated here: its Kafka client is franz-go's, it
// asks ClickHouse with plain HTTP, it decodes records with encoding/json, and it looks addresses up in a plain map. From
// the rest of the project it takes the table of topics and groups (schemas) and how an address is written (pkg/address,
// pkg/network): those are what the words mean, not how the services work. A test lists its imports.
//
// It changes nothing, neither topics nor tables, and runs beside live traffic: what is under way is told from what is lost
// by the offsets that the consumer groups have committed, taken before anything else is looked at. Memory is bounded
// whatever the tables hold: large comparisons are made by ClickHouse in slices, and what streams through here is kept as
// hashes, a bounded number of them at a time.
package verify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"
)

// DefaultSample is how many rows are screened again unless the configuration says otherwise.
const DefaultSample = 100_000

// Config is what to verify.
type Config struct {
	Kafka      Kafka
	ClickHouse ClickHouse
	Redis      Redis // asked only for lists that ClickHouse's history does not have

	Tenant        string        // of what arrives on the raw topic: ingest.tenant
	PointerMaxAge time.Duration // lists.pointer_max_age; 0: 30 s

	From, To time.Time // what was accepted in this time; zero: all
	Sent     string    // file with the transfer ids that a client was answered 2xx for, one a line; "": none
	SentBy   string    // tenant whose ids Sent has; "": of whichever tenant
	Sample   int       // rows to screen again; 0: DefaultSample; beside them, all that touch a listed address
	All      bool      // screen every row again

	Timeout time.Duration // for a server to answer, beside the time that a statement takes; 0: 30 s

	// Each is called for every finding, also for those that the report leaves out; an error ends the run.
	Each func(Finding) error
	// Progress is told what is being done.
	Progress func(what string)
	Now      func() time.Time // nil: time.Now
}

// Kafka is how to reach the brokers.
type Kafka struct {
	Brokers   []string
	TLS       *tls.Config // nil: plain TCP
	Mechanism string      // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; "": no login
	User      string
	Password  string
}

// ClickHouse is how to reach ClickHouse's HTTP interface.
type ClickHouse struct {
	DSN            string      // see HTTPInterface
	User, Password string      // where the DSN has none
	TLS            *tls.Config // nil: as the DSN says, with the system's authorities
}

// verifier is one run.
type verifier struct {
	cfg    Config
	ch     *clickHouse
	kafka  *cluster
	began  time.Time
	report Report
	at     moment
	unseen map[key]bool // facts that were found unscreened
	known  knowledge
	told   map[key]bool // id and version that were found to differ
	lost   map[key]bool // transfers that were found lost
}

// Run verifies. The error says that it could not; that promises are broken is in the report.
func Run(ctx context.Context, cfg Config) (Report, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Sample <= 0 {
		cfg.Sample = DefaultSample
	}
	if cfg.PointerMaxAge <= 0 {
		cfg.PointerMaxAge = 30 * time.Second
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = 30 * time.Second
	}
	if cfg.Tenant == "" {
		cfg.Tenant = "default"
	}
	if len(cfg.Kafka.Brokers) == 0 {
		return Report{}, errors.New("kafka.brokers: none, want host:port of at least one broker")
	}
	if !cfg.To.IsZero() && !cfg.From.Before(cfg.To) {
		return Report{}, fmt.Errorf("from %s is not before to %s", cfg.From.Format(time.RFC3339), cfg.To.Format(time.RFC3339))
	}
	v := &verifier{cfg: cfg, report: Report{From: cfg.From, To: cfg.To}, began: cfg.Now()}
	err := v.run(ctx)
	v.report.Took = cfg.Now().Sub(v.began)
	return v.report, err
}

func (v *verifier) run(ctx context.Context) (err error) {
	if v.ch, err = openClickHouse(v.cfg.ClickHouse, v.cfg.Timeout); err != nil {
		return err
	}
	defer v.ch.close()
	if v.kafka, err = openCluster(v.cfg.Kafka, v.cfg.Timeout); err != nil {
		return err
	}
	defer v.kafka.close()
	for _, step := range steps {
		if v.cfg.Progress != nil {
			v.cfg.Progress(step.what)
		}
		if err := step.do(v, ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// steps are what a run does, in their order; each is named where it stands in reconciled.
var steps = []struct {
	name, what string
	do         func(*verifier, context.Context) error
}{
	{"look", "where the groups stand", (*verifier).look},
	{"count", "what was recorded", (*verifier).count},
	{"gaps", "the ledger's offsets", (*verifier).gaps},
	{"topic", "the ledger against the topic", (*verifier).topic},
	{"ledger", "the ledger against what was recorded", (*verifier).ledger},
	{"partners", "what was recorded in one table and not in another", (*verifier).partners},
	{"raw", "the raw topic against what was recorded", (*verifier).raw},
	{"sent", "what a client sent", (*verifier).sent},
	{"rows", "rows that count twice", (*verifier).duplicatedRows},
	{"verdicts", "verdicts that differ", (*verifier).duplicatedVerdicts},
	{"complete", "what was called complete", (*verifier).complete},
	{"rescreen", "screening again", (*verifier).rescreen},
}
