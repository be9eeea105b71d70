package app

import (
	"fmt"
	"time"

	"sluice/schemas"
	"sluice/services/internal/httpx"
)

// retryPatience is how long a hop may retry before the process calls itself unready.
const retryPatience = 10 * time.Second

// readiness is the answer of /readyz: for ingest and `sluice run`, whether transfers can be accepted, with the state of
// the lists beside it; for enrichment alone, also whether it has lists to screen with.
func (p *Pipeline) readiness() httpx.Readiness {
	r := httpx.Readiness{Ready: true, Parts: map[string]httpx.Part{}}
	if what := p.state.Load(); what != nil {
		return httpx.Readiness{Parts: map[string]httpx.Part{"start": {Detail: "waiting for " + *what}}}
	}
	now := time.Now()
	for _, l := range p.loops {
		s := l.State()
		part := httpx.Part{OK: s.Ready(now, retryPatience), Detail: fmt.Sprintf("%d partitions, lag %d", len(s.Partitions), s.Lag())}
		switch {
		case !s.Joined && s.GroupError != nil:
			part.Detail = "not in its group: " + s.GroupError.Error()
		case !s.Joined:
			part.Detail = "joining its group"
		case s.RetryError != nil && !s.RetryingSince.IsZero():
			part.Detail = fmt.Sprintf("retrying for %s: %v", now.Sub(s.RetryingSince).Round(time.Second), s.RetryError)
		case !s.StalledSince.IsZero():
			part.Detail = fmt.Sprintf("%d records wait, and none is handled for %s without an error", s.Lag(), now.Sub(s.StalledSince).Round(time.Second))
		}
		r.Parts[s.Group] = part
		// Only the hop that takes transfers in decides for a process that accepts them: the others have a backlog.
		if !part.OK && (!p.opts.Parts.Ingest || s.Group == schemas.GroupIngest || !s.Joined) {
			r.Ready = false
		}
	}
	if p.opts.Parts.Ingest {
		part := httpx.Part{OK: true}
		if st := p.producer.Stats(); !st.FailingSince.IsZero() && now.Sub(st.FailingSince) > retryPatience {
			part = httpx.Part{Detail: fmt.Sprintf("the broker has taken nothing for %s: %v", now.Sub(st.FailingSince).Round(time.Second), st.LastError)}
		} else if err := p.Servers.Full(); err != nil {
			part = httpx.Part{Detail: err.Error()}
		}
		r.Parts["accept"] = part
		r.Ready = r.Ready && part.OK
	}
	if p.lists != nil {
		c := p.lists.Current()
		part := httpx.Part{OK: c.Usable, Detail: c.Why}
		if c.Usable {
			part.Detail = fmt.Sprintf("seq %d, %d entries, version %s", c.Seq, c.Entries(), c.Version())
		}
		r.Parts["lists"] = part
		if p.opts.Parts.Enrichment && !p.opts.Parts.Ingest && !c.Usable {
			r.Ready = false
		}
	}
	return r
}
