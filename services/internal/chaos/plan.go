package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is what goes wrong.
type Kind string

// The kinds of faults. Every one of them is in Faults, and a new one joins there.
const (
	Kill      Kind = "kill"      // a process ends without a word, and starts again
	Stop      Kind = "stop"      // a process stands still, and goes on
	Restart   Kind = "restart"   // a server ends without a word, and starts again
	Delay     Kind = "delay"     // every piece of data to and from a server is late
	Reset     Kind = "reset"     // the connections to a server are reset, again and again
	Hold      Kind = "hold"      // connections to a server are half open: nothing comes, nothing ends
	Refuse    Kind = "refuse"    // a server takes no new connections, and loses the old ones
	Flush     Kind = "flush"     // the cache loses everything
	Storm     Kind = "storm"     // a further member joins and leaves a group, again and again
	Swap      Kind = "swap"      // a list is replaced, again and again
	Duplicate Kind = "duplicate" // what was sent is sent again
	Conflict  Kind = "conflict"  // what was sent is sent again with other content
	Garbage   Kind = "garbage"   // the raw topic gets what is no transfer
)

// Befall is a kind of fault with those whom it may befall.
type Befall struct {
	Kind    Kind
	Targets []string
}

// The servers that a fault may befall; the processes are the services' names.
const (
	Kafka      = "kafka"
	Redis      = "redis"
	ClickHouse = "clickhouse"
	Input      = "input"
	Lists      = "lists"
)

// Services are the processes of a pipeline, one for each service.
var Services = []string{"ingest", "enrichment", "alerting", "recorder", "watchlist"}

// Faults is everything that a plan may choose from.
var Faults = []Befall{
	{Kill, Services},
	{Stop, Services},
	{Restart, []string{Kafka, ClickHouse}},
	{Delay, []string{Kafka, Redis, ClickHouse}},
	{Reset, []string{Kafka, Redis, ClickHouse}},
	{Hold, []string{Kafka, Redis, ClickHouse}},
	{Refuse, []string{Kafka, Redis, ClickHouse}},
	{Flush, []string{Redis}},
	{Storm, []string{"enrichment"}},
	{Swap, []string{Lists}},
	{Duplicate, []string{Input}},
	{Conflict, []string{Input}},
	{Garbage, []string{Input}},
}

// Step is one fault of a plan.
type Step struct {
	At     time.Duration // from the beginning
	For    time.Duration
	Kind   Kind
	Target string
}

func (s Step) String() string {
	return fmt.Sprintf("%6.1fs %-9s %-10s for %.1fs", s.At.Seconds(), s.Kind, s.Target, s.For.Seconds())
}

// How long a fault lasts, and how long it is until the next may begin: sometimes before the one at hand has ended.
const (
	minFault, maxFault = 500 * time.Millisecond, 6 * time.Second
	minGap, maxGap     = 300 * time.Millisecond, 3 * time.Second
)

// Plan returns the faults of a seed within a time, in the order of their beginning; able says which a stack can take, nil
// all. Two faults never befall the same target at the same time. Equal arguments give equal plans.
func Plan(seed uint64, within time.Duration, able func(Kind, string) bool) []Step {
	random := rand.New(rand.NewPCG(seed, 0x5110ce))
	var choices []Step
	for _, f := range Faults {
		for _, target := range f.Targets {
			if able == nil || able(f.Kind, target) {
				choices = append(choices, Step{Kind: f.Kind, Target: target})
			}
		}
	}
	var plan []Step
	if len(choices) == 0 {
		return plan
	}
	busy := map[string]time.Duration{}
	for at := between(random, 0, minGap); ; at += between(random, minGap, maxGap) {
		s := choices[random.IntN(len(choices))]
		s.At, s.For = at, between(random, minFault, maxFault)
		if s.At+s.For > within {
			break
		}
		if s.At < busy[s.Target] {
			continue
		}
		busy[s.Target] = s.At + s.For
		plan = append(plan, s)
	}
	return plan
}

func between(random *rand.Rand, least, most time.Duration) time.Duration {
	return (least + time.Duration(random.Int64N(int64(most-least)+1))).Round(time.Millisecond)
}

// Kinds are all kinds of faults, each once.
func Kinds() []Kind {
	var kinds []Kind
	for _, f := range Faults {
		kinds = append(kinds, f.Kind)
	}
	return slices.Compact(kinds)
}
