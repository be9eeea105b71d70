package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"sluice/schemas"
	"sluice/services/internal/broker"
	"sluice/services/internal/realservers"
	"sluice/services/internal/stream"
)

// TestALeaderIsLost kills brokers among three, each while it leads partitions of every topic, under load: no promise is
// broken, and the pipeline goes on by itself. It says after how long.
func TestALeaderIsLost(t *testing.T) {
	wanted(t)
	s := newCluster(t)
	importWorld(t, s)
	importOne(t, s)
	l := startLoad(t, s, "leader-", false)
	for range 2 {
		l.more(1000)
		k := leader(t, s)
		k.Kill()
		began := time.Now()
		l.more(200)
		accepted := time.Since(began)
		id := fmt.Sprintf("leader-lost-%d", began.UnixNano())
		eventually(t, "a verdict without the broker", func() error {
			status, v, err := tryOne(t, s, "?wait=verdict", paid(id, oneListed))
			if err == nil && (status != 200 || v["verdict"] != "held") {
				err = fmt.Errorf("%d %v", status, v)
			}
			return err
		})
		t.Logf("broker %d was killed: transfers are accepted again after %s, a verdict is answered after %s", k.ID,
			accepted.Round(100*time.Millisecond), time.Since(began).Round(100*time.Millisecond))
		l.more(1000)
		k.Start()
		ready(t, s)
	}
	l.end()
	checkWhole(t, s)
	if v := verified(t, s); v.Lost+v.Duplicated+v.Unscreened > 0 {
		t.Errorf("%s", v.text)
	}
}

// leader is the broker that leads the first partition of the accepted transfers.
func leader(t *testing.T, s *realStack) *realservers.KafkaNode {
	t.Helper()
	var id int32
	err := withBroker(s, func(c *broker.Client) error {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		leaders, err := c.Leaders(ctx, []stream.Position{{Topic: schemas.Transfers}})
		if err == nil {
			id = leaders[0]
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range s.brokers {
		if k.ID == id {
			return k
		}
	}
	t.Fatalf("no broker has the id %d", id)
	return nil
}
