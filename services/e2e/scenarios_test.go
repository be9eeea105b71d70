package e2e

import (
	"testing"
	"time"
)

// scenario is something that must hold on every stack.
type scenario struct {
	name string
	run  func(t *testing.T, s stack)
	real bool // on the real servers only
}

// scenarios run one after the other on one stack, each on what the ones before have left: that is what a pipeline is
// like that runs for years. They use transfer ids of their own. Each can be run alone.
var scenarios = []scenario{
	{name: "policy", run: policy},
	{name: "other_content", run: otherContent},
	{name: "garbage", run: garbage},
	{name: "poison", run: poison},
	{name: "wait_and_ask", run: waitAndAsk},
	{name: "doctor", run: doctor},
	{name: "sent_twice", run: sentTwice},
	{name: "crash", run: crash},
	{name: "two_enrichments", run: twoEnrichments, real: true},
	{name: "broker_away", run: brokerAway, real: true},
	{name: "stopped", run: stopped},
	{name: "warehouse_away", run: warehouseAway},
	{name: "cache_flushed", run: cacheFlushed},
	{name: "looked_back", run: lookedBack},
	{name: "past_versions", run: pastVersions},
	{name: "paged", run: paged},
}

func TestEmbedded(t *testing.T) {
	wanted(t)
	runScenarios(t, newEmbedded(t), false)
}

func TestReal(t *testing.T) {
	wanted(t)
	runScenarios(t, newReal(t), true)
}

func runScenarios(t *testing.T, s stack, real bool) {
	importWorld(t, s)
	for _, sc := range scenarios {
		if sc.real && !real {
			continue
		}
		t.Run(sc.name, func(t *testing.T) {
			ready(t, s)
			began := time.Now()
			sc.run(t, s)
			t.Logf("%s took %s", sc.name, time.Since(began).Round(100*time.Millisecond))
		})
	}
	t.Run("the_whole", func(t *testing.T) { checkWhole(t, s) })
}
