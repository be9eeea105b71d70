package app

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/flag"
	"sluice/pkg/transfer"
	"sluice/schemas"
	"sluice/services/internal/screen"
	"sluice/services/internal/stream"
)

// defaultData is the data folder that a command takes without being told.
const defaultData = "./data"

// latestKept is how many flagged events the live screen can show.
const latestKept = 40

// latest keeps the newest flagged events, read from their topic as an alert consumer would, and the rates of the hops.
type latest struct {
	mu     sync.Mutex
	events []screen.Flagged // newest last
	rates  map[string]rate
}

type rate struct {
	at    time.Time
	done  uint64
	value float64
}

// follow reads flagged.v1 from its end.
func (l *latest) follow(ctx context.Context, log stream.Log) error {
	tail, err := stream.NewTail(stream.TailConfig{Topic: schemas.Flagged, From: stream.FromEnd}, log)
	if err != nil {
		return err
	}
	return tail.Run(ctx, func(_ context.Context, in *stream.Batch) error {
		for i := range in.Records {
			if f, ok := flaggedLine(in.Records[i].Value); ok {
				l.mu.Lock()
				l.events = append(l.events, f)
				l.events = l.events[max(0, len(l.events)-latestKept):]
				l.mu.Unlock()
			}
		}
		return nil
	})
}

func flaggedLine(value []byte) (screen.Flagged, bool) {
	var r event.Record
	if r.Decode(value) != nil {
		return screen.Flagged{}, false
	}
	f := screen.Flagged{At: r.RaisedAt, Verdict: r.Verdict, Severity: r.Severity}
	why := r.Categories
	if len(why) == 0 {
		why = r.HoldReasons
	}
	f.Why = strings.Join(why, " ")
	if t, err := transfer.Decode(r.Transfer); err == nil {
		f.Direction, f.Asset, f.Network, f.Customer, f.Amount = string(t.Direction), short(t.Asset, 6), t.Network, short(t.CustomerID, 16), short(t.Amount.String(), 18)
	}
	return f, true
}

func short(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return s[:n-1] + "…"
}

// newest returns the events, the newest first.
func (l *latest) newest() []screen.Flagged {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]screen.Flagged, 0, len(l.events))
	for i := len(l.events) - 1; i >= 0; i-- {
		out = append(out, l.events[i])
	}
	return out
}

// rate is how many a second were done since the last call, smoothed a little.
func (l *latest) rate(name string, done uint64, now time.Time) float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.rates == nil {
		l.rates = map[string]rate{}
	}
	r, seen := l.rates[name]
	if span := now.Sub(r.at).Seconds(); seen && span > 0 {
		r.value = 0.5*r.value + 0.5*float64(done-r.done)/span
	}
	r.at, r.done = now, done
	l.rates[name] = r
	return r.value
}

// Model is what the live screen shows now.
func (p *Pipeline) Model() screen.Model {
	now := time.Now()
	m := screen.Model{Version: p.opts.Version, Uptime: now.Sub(p.started), Latest: p.latest.newest()}
	for _, name := range []string{"broker", "cache", "warehouse"} {
		where := p.Servers.Where(name)
		if name == "broker" && p.Servers.Embedded[name] {
			where += "  (for trying out: production names a Kafka cluster)"
		}
		m.Parts = append(m.Parts, screen.Part{Name: name, Where: where})
	}
	for _, l := range p.loops {
		s := l.State()
		done := s.Consumed
		if s.Group == schemas.GroupIngest { // what came over HTTP too
			done += p.producer.Stats().Messages
		}
		h := screen.Hop{Name: strings.TrimPrefix(s.Group, "sluice."), Done: done, Lag: s.Lag(), Rate: p.latest.rate(s.Group, done, now)}
		switch {
		case !s.Joined:
			h.Note = "joining its group"
		case !s.RetryingSince.IsZero() && s.RetryError != nil:
			h.Note = "retrying: " + s.RetryError.Error()
		}
		m.Hops = append(m.Hops, h)
	}
	if v := p.verdicts; v != nil {
		m.Verdicts = screen.Verdicts{Cleared: v.Verdicts(flag.Cleared), Flagged: v.Verdicts(flag.Flagged), Held: v.Verdicts(flag.Held)}
	}
	if c := p.lists.Current(); c.Usable {
		m.Lists = fmt.Sprintf("%s entries, seq %d, version %s", screen.Count(uint64(c.Entries())), c.Seq, c.Version()[:12])
	} else {
		m.Lists = "none usable: " + c.Why
	}
	if r := p.readiness(); !r.Ready {
		for name, part := range r.Parts {
			if !part.OK {
				m.Problem = name + ": " + part.Detail
			}
		}
	}
	if s := p.opts.Simulate; s != nil {
		m.Source = fmt.Sprintf("simulated, %g a second, against a simulated list: nothing here is real", s.Rate)
	}
	data := ""
	if p.cfg.Data != defaultData {
		data = " --data " + p.cfg.Data
	}
	m.Queries = []string{
		"bin/sluice sql" + data + " 'SELECT severity, count() FROM sluice.flagged_events FINAL GROUP BY 1'",
		"kcat -b " + strings.Join(p.Servers.Brokers, ",") + " -t sluice.flagged.v1 -C -e",
		"curl http://" + p.addr + "/v1/flagged",
	}
	return m
}
