package bench

import (
	"math"
	"slices"
	"time"
)

// Report is what was measured. Rates are transfers a second, times have their unit in their name, and everything that a
// round has is the median of the rounds.
type Report struct {
	Host      Host      `json:"host"`
	Broker    Broker    `json:"broker"`
	Settings  Settings  `json:"settings"`
	Watchlist Watchlist `json:"watchlist"`
	Stages    []Stage   `json:"stages"`
	Chain     *Stage    `json:"chain,omitempty"` // its bare loop is three of them in a row
	Latency   *Latency  `json:"latency,omitempty"`
	Load      []Load    `json:"load,omitempty"`
	Record    *Record   `json:"record,omitempty"`
	Scale     *Scale    `json:"scale,omitempty"`
}

// Host is the machine and what the program was built with.
type Host struct {
	Go          string `json:"go"`
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	Kernel      string `json:"kernel,omitempty"`
	CPU         string `json:"cpu,omitempty"`
	CPUs        int    `json:"cpus"`       // that the machine lends the process
	MaxProcs    int    `json:"gomaxprocs"` // that Go uses
	MemoryBytes int64  `json:"memory_bytes,omitempty"`
	// Load is the system's load average of one minute when the run began: below 1, the machine was the run's own.
	Load float64 `json:"load_average"`
}

// Broker is which broker it was.
type Broker struct {
	Kind      string   `json:"kind"`              // embedded: in this process; external
	Version   string   `json:"version,omitempty"` // where it is known
	Addresses []string `json:"addresses"`
}

// Settings are what was asked for.
type Settings struct {
	Transfers     int     `json:"transfers"`
	TransferBytes float64 `json:"transfer_bytes"` // of a preloaded transfer, on average; 0: none were
	HitShare      float64 `json:"hit_share"`
	Partitions    int     `json:"partitions"`
	Lanes         int     `json:"lanes"`
	Rounds        int     `json:"rounds"`
	Acks          string  `json:"acks"`
	Commit        string  `json:"commit"`
}

// Watchlist is the list in memory.
type Watchlist struct {
	Entries      int     `json:"entries"`
	MemoryBytes  int64   `json:"memory_bytes"` // of the heap, for the snapshot with its index and filter
	MakeSeconds  float64 `json:"make_seconds"` // inventing the entries
	BuildSeconds float64 `json:"build_seconds"`
}

// Stage is a hop, or the chain of them, beside the bare loop over the same input.
type Stage struct {
	Stage string `json:"stage"`
	Cost
	Bare   Cost    `json:"bare"`
	OfBare float64 `json:"of_bare"` // the hop's rate as a part of the bare loop's
	// OfBareCPU is the bare loop's processor time as a part of the hop's: what OfBare would be if nothing but work took time.
	OfBareCPU float64 `json:"of_bare_cpu"`
	// OfHops is the chain's rate as a part of what its hops make of the same cores one behind the other:
	// 1/(1/ingest + 1/enrichment + 1/alerting). 0 where the hops were not measured too.
	OfHops float64 `json:"of_hops,omitempty"`
	// Written is what the stage writes to each topic for a transfer, with keys, headers and framing.
	Written map[string]float64 `json:"written_bytes_per_transfer,omitempty"`
	Peers   []Peer             `json:"peers,omitempty"`
	// Rounds are the rates of each round, hop and bare loop, in the order in which they ran.
	Rounds []Round `json:"rounds"`
}

// Peer is another program that did the hop's work, or the least of it, on the same input in the same rounds.
type Peer struct {
	Name string `json:"name"`
	Cost
	OfPeer float64 `json:"of_peer"` // the hop's rate as a part of the peer's
}

// Cost is what a million transfers, or one, cost.
type Cost struct {
	Rate       float64 `json:"transfers_per_second"`
	CPUSeconds float64 `json:"cpu_seconds_per_million"` // of this process: with the broker, when that is embedded
	// ServerCPU is the processor time of the broker, where that is a process of this machine that is known.
	ServerCPU float64 `json:"broker_cpu_seconds_per_million,omitempty"`
	Bytes     float64 `json:"allocated_bytes_per_transfer"`
	Objects   float64 `json:"allocations_per_transfer"`
}

// Round is one round's rates.
type Round struct {
	Rate   float64 `json:"transfers_per_second"`
	Bare   float64 `json:"bare_per_second"`
	OfBare float64 `json:"of_bare"`
}

// Latency is how long a lone transfer takes from the send to its verdict at a consumer, through all three hops.
type Latency struct {
	Samples int     `json:"samples"`
	P50     float64 `json:"p50_ms"`
	P90     float64 `json:"p90_ms"`
	P99     float64 `json:"p99_ms"`
	Max     float64 `json:"max_ms"`
}

// Load is how long transfers take that arrive at a fixed rate, from the moment when each was due to be sent to its verdict
// at a consumer, through all three hops.
type Load struct {
	LingerMillis float64 `json:"linger_ms"`               // of the hops' lanes
	CPUSeconds   float64 `json:"cpu_seconds_per_million"` // of this process, with what sends the transfers and takes the verdicts
	Wanted       float64 `json:"wanted_per_second"`
	Reached      float64 `json:"sent_per_second"`
	Samples      int     `json:"samples"`
	P50          float64 `json:"p50_ms"`
	P90          float64 `json:"p90_ms"`
	P99          float64 `json:"p99_ms"`
	P999         float64 `json:"p999_ms"`
	Max          float64 `json:"max_ms"`
}

// Record is the recorder's hop from verdicts.v1 into ClickHouse, beside the bare inserts of the same rows.
type Record struct {
	Rate        float64       `json:"transfers_per_second"`
	Bare        float64       `json:"bare_inserts_per_second"` // transfers, with their address rows
	OfBare      float64       `json:"of_bare"`
	CPUSeconds  float64       `json:"cpu_seconds_per_million"` // of this process, without the engine's
	EngineCPU   float64       `json:"engine_cpu_seconds_per_million"`
	DiskBytes   float64       `json:"disk_bytes_per_transfer"` // in both tables, compressed
	Bytes       float64       `json:"allocated_bytes_per_transfer"`
	Objects     float64       `json:"allocations_per_transfer"`
	BatchRows   int           `json:"batch_rows"`
	AddressRows float64       `json:"address_rows_per_transfer"`
	Engine      string        `json:"engine"`
	Rounds      []RecordRound `json:"rounds"`
}

// Scale is how the enrichment hop grows.
type Scale struct {
	Partitions []AtPartitions `json:"partitions"`
	Instances  Instances      `json:"instances"` // at the largest number of partitions
}

// AtPartitions is the hop, and the bare loop, on a number of partitions. One partition is what a single customer can reach.
type AtPartitions struct {
	Partitions int     `json:"partitions"`
	Rate       float64 `json:"transfers_per_second"`
	Bare       float64 `json:"bare_per_second"`
	OfBare     float64 `json:"of_bare"`
	CPUSeconds float64 `json:"cpu_seconds_per_million"`
}

// Instances are one and two members of the same group on the same machine.
type Instances struct {
	One      Cost    `json:"one"`
	Two      Cost    `json:"two"`
	CPURatio float64 `json:"two_to_one_cpu"` // processor time of a transfer with two, as a multiple of that with one
}

// RecordRound is one round's rates.
type RecordRound struct {
	Rate   float64 `json:"transfers_per_second"`
	Bare   float64 `json:"bare_inserts_per_second"`
	OfBare float64 `json:"of_bare"`
}

func settings(c Config) Settings {
	return Settings{Transfers: c.Transfers, HitShare: c.HitShare, Partitions: c.Partitions, Lanes: c.Lanes, Rounds: c.Rounds,
		Acks: "all", Commit: "after the acknowledgement"}
}

// median of values, of which there is at least one.
func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// percentile of sorted values: the smallest that at least p of them do not exceed.
func percentile(sorted []time.Duration, p float64) time.Duration {
	return sorted[max(0, int(math.Ceil(p*float64(len(sorted))))-1)]
}

func round(x float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(x*scale) / scale
}

func seconds(d time.Duration) float64 { return round(d.Seconds(), 3) }

func millis(d time.Duration) float64 { return round(float64(d)/float64(time.Millisecond), 3) }
