package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/simulate"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist/format"
	"sluice/services/watchlist"
)

// simulateSeed makes the world of `sluice run --simulate`: the same customers, addresses and list at every start.
const simulateSeed = 1

// Simulate streams transfers of Sluice's own making into a running pipeline, over HTTP as an exchange would.
type Simulate struct {
	Rate float64 // transfers a second
}

const (
	simulateBeat = 200 * time.Millisecond // how often what is due is sent
	maxPost      = 8 << 20                // bytes of one request, about
)

// generator makes the stream that begins now. Its transfer ids differ from those of every other start.
func (s *Simulate) generator(now time.Time) (*simulate.Generator, error) {
	return simulate.New(simulate.Config{Seed: simulateSeed, Start: now, Rate: s.Rate, Flat: true, Prefix: fmt.Sprintf("sim-%x-", now.Unix())})
}

// send posts transfers as they fall due, until ctx ends. A pipeline that cannot take them now gets the same again.
func (s *Simulate) send(ctx context.Context, g *simulate.Generator, url string, log zerolog.Logger) error {
	tick := time.NewTicker(simulateBeat)
	defer tick.Stop()
	next, _ := g.Next()
	for {
		var due []byte
		for now := time.Now(); !next.OccurredAt.After(now) && len(due) < maxPost; next, _ = g.Next() {
			due = append(transfer.AppendCanonical(due, &next), '\n')
		}
		for len(due) > 0 {
			err := post(ctx, url, due)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return nil
			}
			log.Warn().Err(err).Msg("the simulated transfers are sent again")
			if !sleep(ctx, time.Second) {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func post(ctx context.Context, url string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-ndjson")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", res.Status)
	}
	return nil
}

// sleep waits, and says whether ctx is still there.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// addSimulator puts the simulated list in force, and streams simulated transfers once it is.
func (p *Pipeline) addSimulator() error {
	s := p.opts.Simulate
	g, err := s.generator(time.Now())
	if err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	url := "http://" + p.addr + "/v1/transfers"
	p.add("simulator", func(ctx context.Context) error {
		if err := p.until(ctx, "the simulated list", func(ctx context.Context) error { return p.importSimulated(ctx, g) }); err != nil {
			return err
		}
		return s.send(ctx, g, url, p.log)
	})
	return nil
}

func (p *Pipeline) importSimulated(ctx context.Context, g *simulate.Generator) error {
	csv := []byte(simulate.CSVHeader)
	entries := g.Entries()
	for i := range entries {
		csv = simulate.AppendCSV(csv, &entries[i])
	}
	_, err := watchlist.Import(ctx, importDeps(p.cfg, p.redis, p.kafka, p.producer, p.warehouse, p.log), watchlist.ImportRequest{
		Format: "csv", Options: format.Options{List: simulate.ListName}, Source: "made by Sluice",
		Files:  []format.Input{{Name: simulate.ListName, R: bytes.NewReader(csv)}},
		Author: "simulator", Reason: "sluice run --simulate",
	})
	return err
}
