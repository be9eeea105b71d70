package bench

import "context"

// pairs are the passes of a stage and of its bare loop, by round.
type pairs struct{ ours, bare []pass }

// add runs both, the one first in even rounds and the other in odd ones, so that coming first helps neither.
func (p *pairs) add(ctx context.Context, round int, ours, bare func(context.Context) (pass, error)) error {
	runs := []struct {
		run  func(context.Context) (pass, error)
		into *[]pass
	}{{ours, &p.ours}, {bare, &p.bare}}
	for i := range runs {
		r := runs[(i+round)%len(runs)]
		took, err := r.run(ctx)
		if err != nil {
			return err
		}
		*r.into = append(*r.into, took)
	}
	return nil
}

// stage is the medians.
func (p *pairs) stage(name string, transfers int) Stage {
	s := Stage{Stage: name, Cost: cost(p.ours, transfers), Bare: cost(p.bare, transfers)}
	for topic, n := range p.ours[0].written {
		if s.Written == nil {
			s.Written = make(map[string]float64)
		}
		s.Written[topic] = round(float64(n)/float64(transfers), 1)
	}
	var ratios, cpu []float64
	for i := range p.ours {
		ratio := p.bare[i].took.Seconds() / p.ours[i].took.Seconds()
		ratios = append(ratios, ratio)
		cpu = append(cpu, p.bare[i].cpu.Seconds()/max(p.ours[i].cpu.Seconds(), 1e-9))
		s.Rounds = append(s.Rounds, Round{Rate: p.ours[i].rate(transfers), Bare: p.bare[i].rate(transfers), OfBare: round(ratio, 3)})
	}
	s.OfBare, s.OfBareCPU = round(median(ratios), 3), round(median(cpu), 3)
	return s
}

func (p pass) rate(transfers int) float64 { return round(float64(transfers)/p.took.Seconds(), 0) }

// cost is what the passes cost, each figure its own median.
func cost(passes []pass, transfers int) Cost {
	n := float64(transfers)
	of := func(f func(pass) float64) float64 {
		values := make([]float64, len(passes))
		for i, p := range passes {
			values[i] = f(p)
		}
		return median(values)
	}
	return Cost{
		Rate:       round(of(func(p pass) float64 { return n / p.took.Seconds() }), 0),
		CPUSeconds: round(of(func(p pass) float64 { return p.cpu.Seconds() / n * 1e6 }), 3),
		ServerCPU:  round(of(func(p pass) float64 { return p.server.Seconds() / n * 1e6 }), 3),
		Bytes:      round(of(func(p pass) float64 { return float64(p.bytes) / n }), 1),
		Objects:    round(of(func(p pass) float64 { return float64(p.objects) / n }), 3),
	}
}
