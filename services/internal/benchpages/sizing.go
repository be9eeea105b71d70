package benchpages

import (
	"fmt"
	"math"

	"sluice/schemas"
	"sluice/services/internal/bench"
)

// What the sizes are computed with, beside what was measured.
const (
	busy         = 0.5 // of a processor's time: the other half is for bursts, for catching up, and for what is lost with an instance
	replicas     = 3
	brokerCores  = 8
	shardCores   = 16
	leastBrokers = 3
)

var rates = []float64{1_000, 10_000, 100_000, 1_000_000}

// costs is what one transfer takes, in microseconds of a processor and in bytes.
type costs struct {
	hops     [3]float64 // ingest, enrichment, alerting
	recorder float64
	broker   float64 // of one replica, all topics together
	engine   float64
	written  map[string]float64 // bytes, by topic
	disk     float64            // bytes in ClickHouse
	one      float64            // transfers a second that one partition takes through the slowest hop
}

var hopNames = [3]string{bench.StageIngest, bench.StageEnrichment, bench.StageAlerting}

func costsOf(m Measured) (c costs) {
	c.written = map[string]float64{schemas.Raw: m.Kafka.Settings.TransferBytes}
	slowest, enrichment := math.Inf(1), 0.0
	for i, name := range hopNames {
		s := stage(m.Kafka, name)
		if s == nil {
			continue
		}
		c.hops[i] = s.CPUSeconds
		c.broker += s.ServerCPU
		for topic, n := range s.Written {
			c.written[topic] += n
		}
		slowest = min(slowest, s.Rate)
		if name == bench.StageEnrichment {
			enrichment = s.Rate
		}
	}
	if r := m.Record.Record; r != nil {
		c.recorder, c.engine, c.disk = r.CPUSeconds, r.EngineCPU, r.DiskBytes
	}
	if s := m.Kafka.Scale; s != nil && enrichment > 0 {
		c.one = s.Partitions[0].Rate * slowest / enrichment
	}
	return c
}

// Costs is a table of what a transfer takes.
func Costs(m Measured) string {
	c := costsOf(m)
	bytes := 0.0
	for _, n := range c.written {
		bytes += n
	}
	var t table
	t.head("part", "a transfer takes", "from")
	for i, name := range hopNames {
		t.row(name, micros(c.hops[i]), "kafka.json, the client alone")
	}
	t.row("recorder", micros(c.recorder), "record.json, the client alone")
	t.row("broker, one replica of all topics", micros(c.broker), "kafka.json, the broker's process during the three hops")
	t.row("broker, bytes written to all topics, one replica", whole(bytes)+" B", "kafka.json, with keys, headers and framing")
	t.row("ClickHouse", micros(c.engine), "record.json, the engine's process")
	t.row("ClickHouse, on disk", whole(c.disk)+" B", "record.json, both tables, compressed")
	t.row("one partition, through the slowest hop", whole(c.one)+" transfers/s at most", "kafka.json: enrichment on one partition, slowed as the slowest hop is to it")
	return t.String()
}

func micros(x float64) string { return fmt.Sprintf("%.1f µs", x) }

// Sizes is a table of what rates of transfers want.
func Sizes(m Measured) string {
	c := costsOf(m)
	var t table
	head := []string{"transfers a second"}
	for _, r := range rates {
		head = append(head, whole(r))
	}
	t.head(head...)
	line := func(name string, of func(rate float64) string) {
		cells := []string{name}
		for _, r := range rates {
			cells = append(cells, of(r))
		}
		t.row(cells...)
	}
	cores := func(micros float64) func(float64) string {
		return func(rate float64) string { return fewest(rate * micros / 1e6 / busy) }
	}
	for i, name := range hopNames {
		line("processors, "+name, cores(c.hops[i]))
	}
	line("processors, recorder", cores(c.recorder))
	line("partitions", func(rate float64) string { return whole(partitions(rate, c.one)) })
	line("processors, brokers", cores(c.broker*replicas))
	line(fmt.Sprintf("brokers of %d processors", brokerCores), func(rate float64) string {
		return whole(max(leastBrokers, math.Ceil(rate*c.broker*replicas/1e6/busy/brokerCores)))
	})
	line("MB a second onto the brokers' disks", func(rate float64) string {
		bytes := 0.0
		for _, n := range c.written {
			bytes += n
		}
		return fewest(rate * bytes * replicas / 1e6)
	})
	line("TB on the brokers, when retention is full", func(rate float64) string { return fewest(rate * kept(c.written) * replicas / 1e12) })
	line("processors, ClickHouse", cores(c.engine))
	line(fmt.Sprintf("shards of %d processors", shardCores), func(rate float64) string {
		return whole(max(1, math.Ceil(rate*c.engine/1e6/busy/shardCores)))
	})
	line("TB in ClickHouse a year, one replica", func(rate float64) string { return fewest(rate * c.disk * 365 * 24 * 3600 / 1e12) })
	return t.String()
}

// fewest rounds up: to a tenth below 10, to a whole above.
func fewest(x float64) string {
	if x < 10 {
		return fmt.Sprintf("%.1f", math.Ceil(x*10-1e-9)/10)
	}
	return whole(math.Ceil(x))
}

// partitions is how many a rate wants, so that each has twice as much as it needs, in sixes; one that takes `one` a second
// at most. 0 when that is not known.
func partitions(rate, one float64) float64 {
	if one <= 0 {
		return 0
	}
	const step = schemas.DefaultPartitions
	return max(step, math.Ceil(rate/(one*busy)/step)*step)
}

// kept is how many byte-seconds a transfer takes in the topics: its bytes there times their retention.
func kept(written map[string]float64) float64 {
	sum := 0.0
	for name, n := range written {
		if topic, ok := schemas.Lookup(name); ok {
			sum += n * topic.Retention.Seconds()
		}
	}
	return sum
}
