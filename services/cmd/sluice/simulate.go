package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"time"

	"sluice/pkg/simulate"
	"sluice/pkg/transfer"
)

// simulateCmd writes transfers of Sluice's own making, and the list that makes some of them hits.
type simulateCmd struct {
	Count     uint64  `help:"How many transfers; 0: without end." placeholder:"N"`
	Seed      uint64  `default:"1" help:"The same seed gives the same transfers."`
	Start     string  `help:"When the first transfer can occur, RFC 3339; none: a fixed Monday, so that a seed says all." placeholder:"TIME"`
	Rate      float64 `default:"20" help:"Transfers a second of simulated time, on average over a day."`
	Customers int     `default:"2000" help:"How many customers there are."`
	Prefix    string  `default:"sim-" help:"What transfer ids begin with."`
	Labels    string  `help:"Write a label for each transfer to this file (NDJSON): transfer_id, scenario, verdict." placeholder:"FILE"`
	Watchlist string  `help:"Write the matching list to this file (csv format)." placeholder:"FILE"`
}

func (c *simulateCmd) Run(s streams) (err error) {
	cfg := simulate.Config{Seed: c.Seed, Rate: c.Rate, Customers: c.Customers, Prefix: c.Prefix}
	if c.Start != "" {
		if cfg.Start, err = time.Parse(time.RFC3339, c.Start); err != nil {
			return fmt.Errorf("--start: %q is not a time as RFC 3339 writes it, such as 2026-11-01T00:00:00Z", c.Start)
		}
	}
	g, err := simulate.New(cfg)
	if err != nil {
		return err
	}
	if c.Watchlist != "" {
		if err := os.WriteFile(c.Watchlist, simulatedList(g), 0o644); err != nil {
			return err
		}
	}
	label := func(simulate.Label) error { return nil }
	if c.Labels != "" {
		f, failed := os.Create(c.Labels)
		if failed != nil {
			return failed
		}
		out := bufio.NewWriter(f)
		defer func() { err = errors.Join(err, out.Flush(), f.Close()) }()
		label = func(l simulate.Label) error {
			_, err := out.Write(append(l.AppendJSON(nil), '\n'))
			return err
		}
	}
	out := bufio.NewWriterSize(s.Out, 256<<10)
	var line []byte
	for n := uint64(0); c.Count == 0 || n < c.Count; n++ {
		t, l := g.Next()
		line = append(transfer.AppendCanonical(line[:0], &t), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
		if err := label(l); err != nil {
			return err
		}
	}
	return out.Flush()
}

func simulatedList(g *simulate.Generator) []byte {
	text := []byte(simulate.CSVHeader)
	entries := g.Entries()
	for i := range entries {
		text = simulate.AppendCSV(text, &entries[i])
	}
	return text
}
