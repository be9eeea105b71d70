package bench

import "slices"

// progress tells how far the run is, in steps of about the same size.
type progress struct {
	tell        func(done float64, what string)
	steps, done int
}

func newProgress(c Config) *progress {
	p := &progress{tell: c.Progress, steps: 2} // the broker, the list
	if c.Stage != StageLatency && c.Stage != StageLoad && c.Stage != StageScale {
		p.steps++ // the transfers
	}
	profiled := 0
	if c.Profile != "" {
		profiled = 1
	}
	deepest := 0
	for i, h := range hops {
		if c.wants(h.name) {
			deepest = i
			p.steps += c.Rounds + profiled
			if h.name == StageEnrichment && slices.Contains(c.Peers, PeerStreams) {
				p.steps++
			}
		}
	}
	if c.wants(StageRecord) {
		deepest = len(hops)
		p.steps += 1 + c.Rounds + profiled
	}
	p.steps += deepest
	if c.wants(StageChain) {
		p.steps += c.Rounds + profiled
	}
	if c.Stage == StageScale {
		p.steps += len(partitionCounts)
	}
	if c.wants(StageLatency) {
		p.steps++
	}
	if c.wants(StageLoad) {
		p.steps += max(1, len(c.Lingers))
	}
	return p
}

// step says what begins.
func (p *progress) step(what string) {
	if p.tell != nil {
		p.tell(min(1, float64(p.done)/float64(p.steps)), what)
	}
	p.done++
}

// tellOnly says what is done within a step.
func (p *progress) tellOnly(what string) {
	if p.tell != nil {
		p.tell(min(1, float64(p.done)/float64(p.steps)), what)
	}
}

// end says that all is done.
func (p *progress) end() {
	if p.tell != nil {
		p.tell(1, "done")
	}
}
