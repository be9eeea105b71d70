package bench

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"sluice/services/internal/embedded/clickhouse/clickhousetest"
)

func TestMain(m *testing.M) { os.Exit(clickhousetest.Main(m)) }

// tiny is a benchmark of a second.
func tiny(stage string) Config {
	return Config{Transfers: 2_000, Entries: 1_000, HitShare: 0.05, Partitions: 6, Lanes: 2, Rounds: 1, Samples: 5, Rate: 500, Duration: time.Second, Stage: stage}
}

func run(t *testing.T, cfg Config) *Report {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	return r
}

func TestEverythingIsMeasuredInOneRun(t *testing.T) {
	var steps []string
	last := 0.0
	cfg := tiny(StageAll)
	cfg.Progress = func(done float64, what string) {
		if done < last || done > 1 {
			t.Errorf("%s: %g done after %g", what, done, last)
		}
		last, steps = done, append(steps, what)
	}
	r := run(t, cfg)
	var names []string
	for _, s := range append(slices.Clone(r.Stages), *r.Chain) {
		names = append(names, s.Stage)
		for name, v := range map[string]float64{
			"rate": s.Rate, "bare rate": s.Bare.Rate, "of bare": s.OfBare, "cpu": s.CPUSeconds, "bare cpu": s.Bare.CPUSeconds,
			"bytes": s.Bytes, "objects": s.Objects,
		} {
			if v <= 0 {
				t.Errorf("%s: %s is %g", s.Stage, name, v)
			}
		}
		if len(s.Written) == 0 || slices.ContainsFunc(slices.Collect(maps.Values(s.Written)), func(n float64) bool { return n <= 0 }) {
			t.Errorf("%s: written %v", s.Stage, s.Written)
		}
		if len(s.Rounds) != cfg.Rounds {
			t.Errorf("%s: %d rounds", s.Stage, len(s.Rounds))
		}
	}
	if want := []string{StageIngest, StageEnrichment, StageAlerting, StageChain}; !slices.Equal(names, want) {
		t.Errorf("stages %v, want %v", names, want)
	}
	if l := r.Latency; l.Samples != cfg.Samples || l.P50 <= 0 || l.P99 < l.P50 || l.Max < l.P99 {
		t.Errorf("latency %+v", l)
	}
	if l := r.Load[0]; len(r.Load) != 1 || l.Samples < 400 || l.P50 <= 0 || l.P999 < l.P99 || l.Max < l.P999 || l.Wanted != cfg.Rate || l.Reached <= 0 {
		t.Errorf("load %+v", l)
	}
	if r.Chain.OfHops <= 0 {
		t.Errorf("chain %+v", r.Chain)
	}
	if r.Watchlist.Entries != cfg.Entries || r.Watchlist.MemoryBytes <= 0 || r.Record != nil || r.Broker.Kind != "embedded" {
		t.Errorf("%+v, %+v, %+v", r.Watchlist, r.Record, r.Broker)
	}
	if b := r.Settings.TransferBytes; b < 400 || b > 800 {
		t.Errorf("a transfer of %g bytes", b)
	}
	if last != 1 || steps[0] != "starting the broker" {
		t.Errorf("ended at %g after %v", last, steps)
	}
}

func TestAStageAlone(t *testing.T) {
	cfg := tiny(StageAlerting)
	cfg.Rounds = 2
	r := run(t, cfg)
	if len(r.Stages) != 1 || r.Stages[0].Stage != StageAlerting || len(r.Stages[0].Rounds) != cfg.Rounds || r.Chain != nil || r.Latency != nil {
		t.Errorf("%+v", r)
	}
}

func TestAnotherClientBesideTheHop(t *testing.T) {
	cfg := tiny(StageEnrichment)
	cfg.Peers = []string{PeerFranz}
	r := run(t, cfg)
	if p := r.Stages[0].Peers; len(p) != 1 || p[0].Name != PeerFranz || p[0].Rate <= 0 || p[0].OfPeer <= 0 || p[0].CPUSeconds <= 0 {
		t.Errorf("%+v", p)
	}
}

func TestMorePartitionsAndASecondInstance(t *testing.T) {
	r := run(t, tiny(StageScale))
	x := r.Scale
	if x == nil || len(x.Partitions) != len(partitionCounts) || len(r.Stages) > 0 {
		t.Fatalf("%+v", r)
	}
	for i, at := range x.Partitions {
		if at.Partitions != partitionCounts[i] || at.Rate <= 0 || at.Bare <= 0 || at.OfBare <= 0 || at.CPUSeconds <= 0 {
			t.Errorf("%+v", at)
		}
	}
	if i := x.Instances; i.One.Rate <= 0 || i.Two.Rate <= 0 || i.CPURatio <= 0 {
		t.Errorf("%+v", i)
	}
}

func TestProfilesAreLeft(t *testing.T) {
	cfg := tiny(StageChain)
	cfg.Profile = filepath.Join(t.TempDir(), "made")
	run(t, cfg)
	for _, name := range []string{"chain.cpu.pprof", "chain.heap.pprof"} {
		if f, err := os.Stat(filepath.Join(cfg.Profile, name)); err != nil || f.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheRecorderBesideTheInsertsAlone(t *testing.T) {
	clickhousetest.Engine(t) // skips where there is none
	r := run(t, tiny(StageRecord))
	if x := r.Record; x == nil || x.Rate <= 0 || x.Bare <= 0 || x.OfBare <= 0 || x.BatchRows != 1_000 || x.AddressRows < 1 {
		t.Errorf("%+v", r.Record)
	}
}

// An external broker has its topics before and after.
func TestABrokerOfSomebodyElseIsLeftAsItWas(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "sluice.raw.v1", "sluice.verdicts.v1"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	cfg := tiny(StageIngest)
	cfg.Brokers = cluster.ListenAddrs()
	if r := run(t, cfg); r.Broker.Kind != "external" || r.Settings.Partitions != 6 {
		t.Errorf("%+v, %+v", r.Broker, r.Settings)
	}
	s, err := startServer(t.Context(), cfg.Brokers)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.close(); err != nil {
			t.Error(err)
		}
	}()
	topics, groups := everything(t, s)
	slices.Sort(topics)
	if want := []string{"sluice.raw.v1", "sluice.verdicts.v1"}; !slices.Equal(topics, want) || len(groups) > 0 {
		t.Errorf("topics %v, groups %v are left", topics, groups)
	}
	for _, topic := range topics {
		for _, p := range cluster.PartitionInfos(topic) {
			if p.HighWatermark != 0 {
				t.Errorf("%s was written to", topic)
			}
		}
	}
}

func TestABrokerThatIsNotThereIsSaid(t *testing.T) {
	cfg := tiny(StageIngest)
	cfg.Brokers = []string{"127.0.0.1:1"}
	if _, err := Run(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("error %v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for name, breakIt := range map[string]func(*Config){
		"transfers":  func(c *Config) { c.Transfers = MaxTransfers + 1 },
		"entries":    func(c *Config) { c.Entries = 0 },
		"partitions": func(c *Config) { c.Partitions = MaxPartitions + 1 },
		"lanes":      func(c *Config) { c.Lanes = MaxLanes + 1 },
		"rounds":     func(c *Config) { c.Rounds = MaxRounds + 1 },
		"samples":    func(c *Config) { c.Samples = MaxSamples + 1 },
		"hit-share":  func(c *Config) { c.HitShare = MaxHitShare + 0.01 },
		"rate":       func(c *Config) { c.Rate = 0 },
		"duration":   func(c *Config) { c.Duration = MaxDuration + 1 },
		"peers":      func(c *Config) { c.Peers = []string{"bento"} },
		"stage":      func(c *Config) { c.Stage = "ingst" },
	} {
		cfg := tiny(StageAll)
		breakIt(&cfg)
		if _, err := Run(t.Context(), cfg); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
			t.Errorf("%s: error %v", name, err)
		}
	}
	most := Config{Transfers: MaxTransfers, Entries: 10_000_000, HitShare: MaxHitShare, Partitions: MaxPartitions, Lanes: MaxLanes,
		Rounds: MaxRounds, Samples: MaxSamples, Rate: MaxRate, Duration: MaxDuration, Stage: StageRecord}
	if err := most.check(); err != nil {
		t.Errorf("at the bounds: %v", err)
	}
}

func TestTheReportIsJSONWithItsUnits(t *testing.T) {
	text, err := json.Marshal(sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"stage":"ingest","transfers_per_second":100000,`, `"cpu_seconds_per_million":3.5`, `"of_bare":0.5`, `"p99_ms":3`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is not in %s", want, text)
		}
	}
}

func TestTheTableStandsInLines(t *testing.T) {
	var b strings.Builder
	if err := sample().WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	const want = `300,000 transfers of 506 bytes, 1 % of them listed, against 1,000,000 addresses; embedded broker, 6 partitions, 2 lanes; median of 3
2 CPUs (Some CPU), go1.26, linux/amd64

    stage   transfers/s   bare loop/s   of bare   CPU s/M   bare CPU s/M   bytes/transfer   allocs/transfer
   ingest       100,000       200,000      0.50      3.50           2.50             1000              0.25
    chain        50,000       100,000      0.50      7.00           2.50             2000              0.50
   record        20,000        40,000      0.50      9.00                            3000              9.00
the bare loop of chain is three of them in a row
the bare loop of record is the inserts alone, in blocks of 50,000; the engine's own CPU is in no figure

a lone transfer, from the send to its verdict at a consumer: p50 1.00 ms, p90 2.00 ms, p99 3.00 ms, longest 4.00 ms of 300
the list: 500.0 MB in memory, built in 2.5 s
`
	if b.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", b.String(), want)
	}
}

func sample() *Report {
	bare := Cost{Rate: 200_000, CPUSeconds: 2.5}
	chain := Stage{Stage: StageChain, Cost: Cost{Rate: 50_000, CPUSeconds: 7, Bytes: 2_000, Objects: 0.5}, Bare: bare, OfBare: 0.5}
	chain.Bare.Rate = 100_000
	return &Report{
		Host:      Host{Go: "go1.26", OS: "linux", Arch: "amd64", CPU: "Some CPU", MaxProcs: 2},
		Broker:    Broker{Kind: "embedded"},
		Settings:  Settings{Transfers: 300_000, TransferBytes: 506.2, HitShare: 0.01, Partitions: 6, Lanes: 2, Rounds: 3},
		Watchlist: Watchlist{Entries: 1_000_000, MemoryBytes: 500e6, BuildSeconds: 2.5},
		Stages:    []Stage{{Stage: StageIngest, Cost: Cost{Rate: 100_000, CPUSeconds: 3.5, Bytes: 1_000, Objects: 0.25}, Bare: bare, OfBare: 0.5}},
		Chain:     &chain,
		Latency:   &Latency{Samples: 300, P50: 1, P90: 2, P99: 3, Max: 4},
		Record:    &Record{Rate: 20_000, Bare: 40_000, OfBare: 0.5, CPUSeconds: 9, Bytes: 3_000, Objects: 9, BatchRows: 50_000},
	}
}
