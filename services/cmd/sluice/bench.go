package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/schollz/progressbar/v3"

	"sluice/services/internal/app"
	"sluice/services/internal/bench"
	"sluice/services/internal/collector"
	"sluice/services/internal/listbench"
)

// benchCmd measures the pipeline beside what its broker can do.
type benchCmd struct {
	Brokers       []string        `help:"Brokers to measure on, with topics of the benchmark's own that are removed afterwards; none: an embedded one." placeholder:"HOST:PORT,…"`
	Transfers     int             `default:"300000" help:"How many transfers each round measures."`
	Entries       int             `default:"1000000" help:"How many entries the watchlist has."`
	HitShare      float64         `default:"0.01" help:"Which part of the transfers has a listed counterparty."`
	Partitions    int             `default:"6" help:"Of each topic."`
	Lanes         int             `default:"2" help:"Of each hop, and of the bare loop."`
	Rounds        int             `default:"3" help:"How often each stage is measured; the figures are medians."`
	Samples       int             `default:"300" help:"How many lone transfers are timed."`
	Rate          float64         `default:"1000" help:"Transfers a second that arrive whatever the pipeline does, for the latency under load."`
	Duration      time.Duration   `default:"10s" help:"For how long they arrive."`
	Linger        []time.Duration `default:"0s" help:"The hops' stream.linger under that load; several are measured one after the other." placeholder:"TIME,…"`
	Stage         string          `default:"all" enum:"all,ingest,enrichment,alerting,chain,latency,load,record,scale,lists,sizes" help:"Measure this alone: ${enum}."`
	Sizes         []int           `default:"10000,1000000,10000000" help:"For lists and sizes: how many entries. Ten million take ten gigabytes and some minutes." placeholder:"N,…"`
	Peers         []string        `help:"Also measure these beside the enrichment hop: franz-go (the bare loop through another client), kafka-streams (wants java, javac, mvn, and a real broker)." placeholder:"NAME,…"`
	Record        bool            `help:"Also measure the recorder with an embedded ClickHouse engine."`
	ClickHouseLib string          `name:"clickhouse-lib" help:"The engine's library, when it is not where the build put it." placeholder:"FILE" type:"path"`
	Guard         string          `help:"Fail when a ratio has fallen below what this file accepts, and say which, by how much." placeholder:"FILE" type:"path"`
	Profile       string          `help:"Run each stage once more and leave profiles of CPU and heap in this folder." placeholder:"DIR" type:"path"`
}

// Help is the rest of the command's help.
func (benchCmd) Help() string {
	return "Measures each hop with its real handler, the whole chain, and the bare consume -> produce loop, by turns in one run on one " +
		"broker. One JSON object on standard output, a table on standard error. What the figures mean: docs/performance.md."
}

func (c *benchCmd) Run(ctx context.Context, s streams) error {
	if c.Stage == "lists" {
		return c.lists(ctx, s)
	}
	if c.Stage == "sizes" {
		return c.sizes(ctx, s)
	}
	cfg := bench.Config{
		Brokers: c.Brokers, Transfers: c.Transfers, Entries: c.Entries, HitShare: c.HitShare, Partitions: c.Partitions, Lanes: c.Lanes,
		Rounds: c.Rounds, Samples: c.Samples, Rate: c.Rate, Duration: c.Duration, Lingers: c.Linger, Stage: c.Stage, Peers: c.Peers, Record: c.Record, Lib: c.ClickHouseLib, Profile: c.Profile,
	}
	if app.IsTerminal(s.Err) {
		const whole = 1000
		bar := progressbar.NewOptions(whole, progressbar.OptionSetWriter(s.Err), progressbar.OptionSetWidth(20),
			progressbar.OptionSetPredictTime(false), progressbar.OptionClearOnFinish())
		cfg.Progress = func(done float64, what string) {
			bar.Describe(what)
			_ = bar.Set(int(done * whole))
		}
	}
	collector.Relax(collector.Room) // as in the services
	var accepted bench.Accepted
	if c.Guard != "" {
		var err error
		if accepted, err = bench.ReadAccepted(c.Guard); err != nil {
			return fmt.Errorf("--guard: %w", err)
		}
	}
	report, err := bench.Run(ctx, cfg)
	if err != nil {
		return err
	}
	if err := writeReport(s, report); err != nil {
		return err
	}
	return accepted.Hold(report)
}

// lists measures the watchlists themselves. Each instance is a process of its own, so that its memory is.
func (c *benchCmd) lists(ctx context.Context, s streams) error {
	cfg := listbench.Config{Sizes: c.Sizes, HitShare: c.HitShare, Start: startInstance,
		Progress: func(what string) { fmt.Fprintln(s.Err, what) }}
	report, err := listbench.Run(ctx, cfg)
	if err != nil {
		return err
	}
	return writeReport(s, report)
}

// memoryEntries is the default of lists.memory_entries.
const memoryEntries = 2_000_000

// sizes measures what a transfer costs with lists of several sizes.
func (c *benchCmd) sizes(ctx context.Context, s streams) error {
	report, err := listbench.RunCosts(ctx, listbench.CostConfig{Sizes: c.Sizes, MemoryEntries: memoryEntries, Rounds: c.Rounds, Start: startTurner,
		Bench:    bench.Config{Transfers: c.Transfers, HitShare: c.HitShare, Partitions: c.Partitions, Lanes: c.Lanes},
		Progress: func(what string) { fmt.Fprintln(s.Err, what) }})
	if err != nil {
		return err
	}
	return writeReport(s, report)
}

// writeReport writes a report: a table for people, and JSON.
func writeReport(s streams, report interface{ WriteTable(io.Writer) error }) error {
	text, err := json.MarshalIndent(report, "", "  ")
	if err != nil {
		return err
	}
	if err := report.WriteTable(s.Err); err != nil {
		return err
	}
	_, err = fmt.Fprintln(s.Out, string(text))
	return err
}

// startInstance runs an instance as a process.
func startInstance(ctx context.Context, in listbench.Instance) (r listbench.Result, err error) {
	self, err := os.Executable()
	if err != nil {
		return r, err
	}
	text, err := json.Marshal(in)
	if err != nil {
		return r, err
	}
	cmd := exec.CommandContext(ctx, self, "bench-instance")
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(out, &r)
}

// benchInstanceCmd is one of the processes that `bench --stage lists` measures.
type benchInstanceCmd struct{}

func (benchInstanceCmd) Run(ctx context.Context, s streams) error {
	collector.Relax(collector.Room)
	var in listbench.Instance
	if err := json.NewDecoder(s.In).Decode(&in); err != nil {
		return err
	}
	r, err := listbench.Measure(ctx, in)
	if err != nil {
		return err
	}
	return json.NewEncoder(s.Out).Encode(r)
}

// turner is an instance that takes turns, as a process: a line to it asks for one, and a line from it tells it.
type turner struct {
	cmd *exec.Cmd
	ask io.WriteCloser
	out *json.Decoder
}

// startTurner starts one, and returns when it is ready.
func startTurner(ctx context.Context, in listbench.CostInstance) (listbench.Turner, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	t := &turner{cmd: exec.CommandContext(ctx, self, "bench-turns")}
	t.cmd.Stderr = os.Stderr
	if t.ask, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.out = json.NewDecoder(out)
	if err := t.cmd.Start(); err != nil {
		return nil, err
	}
	var ready bool
	err = json.NewEncoder(t.ask).Encode(in)
	if err == nil {
		err = t.out.Decode(&ready)
	}
	if err != nil {
		return nil, errors.Join(err, t.Close())
	}
	return t, nil
}

// Next implements listbench.Turner.
func (t *turner) Next(context.Context) (turn bench.Turn, err error) {
	if err := json.NewEncoder(t.ask).Encode(true); err != nil {
		return turn, err
	}
	return turn, t.out.Decode(&turn)
}

// Close ends the process.
func (t *turner) Close() error { return errors.Join(t.ask.Close(), t.cmd.Wait()) }

// benchTurnsCmd is one of the processes that `bench --stage sizes` measures.
type benchTurnsCmd struct{}

func (benchTurnsCmd) Run(ctx context.Context, s streams) (err error) {
	collector.Relax(collector.Room)
	var in listbench.CostInstance
	asked, answers := json.NewDecoder(s.In), json.NewEncoder(s.Out)
	if err := asked.Decode(&in); err != nil {
		return err
	}
	t, err := listbench.NewTurner(ctx, in)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	if err := answers.Encode(true); err != nil {
		return err
	}
	for {
		var next bool
		if err := asked.Decode(&next); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		turn, err := t.Next(ctx)
		if err != nil {
			return err
		}
		if err := answers.Encode(turn); err != nil {
			return err
		}
	}
}
