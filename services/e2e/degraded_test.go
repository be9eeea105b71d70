package e2e

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
	"sluice/services/internal/chaos"
	"sluice/services/internal/realservers"
)

// redisSays sends commands to a Redis and fails on an error.
func redisSays(t *testing.T, addr string, lines ...string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	for _, line := range lines {
		fmt.Fprintf(c, "%s\r\n", line)
		if answer, err := r.ReadString('\n'); err != nil || strings.HasPrefix(answer, "-") {
			t.Fatalf("%s: %q, %v", line, answer, err)
		}
	}
}

// TestRedisIsDegraded makes Redis slow, evicting, and an old replica of itself: nothing listed is cleared, and it heals.
func TestRedisIsDegraded(t *testing.T) {
	wanted(t)
	s := newRealBehind(t, proxied(t, chaos.Redis))
	proxy := s.proxies[chaos.Redis]
	importWorld(t, s)
	importOne(t, s)
	l := startLoad(t, s, "redis-degraded-", true)
	l.more(100)
	heal := func(name string, began time.Time) {
		heldForItsRisk(t, s, "healed-"+name)
		l.more(100)
		t.Logf("%s: screening with all lists %s after the end of the fault", name, time.Since(began).Round(100*time.Millisecond))
	}
	t.Run("slow", func(t *testing.T) {
		proxy.Set(chaos.Fault{Delay: 300 * time.Millisecond})
		for range 3 {
			listedIsHeld(t, s, "slow")
		}
		l.more(100)
		proxy.Set(chaos.Fault{})
		heal("slow", time.Now())
	})
	t.Run("evicting", func(t *testing.T) {
		redisSays(t, s.redis, "CONFIG SET maxmemory-policy allkeys-random", "CONFIG SET maxmemory 1mb") // less than it needs for itself: every write evicts what it finds
		defer redisSays(t, s.redis, "CONFIG SET maxmemory 0", "CONFIG SET maxmemory-policy noeviction")
		for range 5 {
			listedIsHeld(t, s, "evicting")
		}
		l.more(100)
		if o, err := command(t.Context(), s.env, "", "doctor"); err != nil || !strings.Contains(o.out+o.err, "noeviction") {
			t.Errorf("sluice doctor says nothing of it: %v, %s", err, o)
		}
		redisSays(t, s.redis, "CONFIG SET maxmemory 0", "CONFIG SET maxmemory-policy noeviction")
		heal("evicting", time.Now())
	})
	t.Run("failed over to an old replica", func(t *testing.T) {
		replica := realservers.Redis(t)
		host, port, _ := strings.Cut(s.redis, ":")
		redisSays(t, replica, "REPLICAOF "+host+" "+port)
		eventually(t, 20*time.Second, "the replica is in step", func() error {
			c, err := net.DialTimeout("tcp", replica, time.Second)
			if err != nil {
				return err
			}
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(2 * time.Second))
			fmt.Fprint(c, "INFO replication\r\n")
			buf := make([]byte, 4096)
			n, err := c.Read(buf)
			if err == nil && !strings.Contains(string(buf[:n]), "master_link_status:up") {
				err = fmt.Errorf("%s", buf[:n])
			}
			return err
		})
		redisSays(t, replica, "REPLICAOF NO ONE")
		const fresh = "0x8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b"
		importList(t, s, "txt", "after-the-replica", fresh+"\n", "--category", "sanctions", "--network", "ethereum")
		proxy.SetTarget(replica)
		s.redis = replica
		proxy.Reset()
		began := time.Now()
		// The replica's pointer names the lists without the new one: nobody may screen by it.
		for i := range 5 {
			id := fmt.Sprintf("replica-%d-%d", began.UnixNano(), i)
			eventually(t, time.Minute, "a verdict on "+id, func() error {
				status, v, err := tryOne(t, s, "?wait=verdict", paid(id, fresh))
				if err == nil && status == 200 && v["verdict"] != "held" {
					t.Fatalf("%s: %v", id, v)
				}
				if err == nil && status != 200 {
					err = fmt.Errorf("%d %v", status, v)
				}
				return err
			})
		}
		heal("failed over", began)
	})
	l.end()
	ready(t, s)
	whole(t, s)
}

// refusing is a ClickHouse that answers every request with an exception.
func refusing(t *testing.T, code int, text string) string {
	t.Helper()
	h := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(code))
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprintf(w, "Code: %d. DB::Exception: %s", code, text)
	}))
	t.Cleanup(h.Close)
	return strings.TrimPrefix(h.URL, "http://")
}

// TestClickHouseIsDegraded makes ClickHouse slow, read-only and out of disk: only the recorder waits, no row is given up,
// and it catches up by itself.
func TestClickHouseIsDegraded(t *testing.T) {
	wanted(t)
	s := newRealBehind(t, proxied(t, chaos.ClickHouse))
	proxy := s.proxies[chaos.ClickHouse]
	importWorld(t, s)
	importOne(t, s)
	real := s.engine.args[2]
	for _, mode := range []struct {
		name       string
		begin, end func()
	}{
		{"slow", func() { proxy.Set(chaos.Fault{Delay: 400 * time.Millisecond}) }, func() { proxy.Set(chaos.Fault{}) }},
		{"read-only", func() { proxy.SetTarget(refusing(t, 164, "Cannot insert: readonly mode (READONLY)")); proxy.Reset() }, func() { proxy.SetTarget(real); proxy.Reset() }},
		{"out of disk", func() {
			proxy.SetTarget(refusing(t, 243, "Cannot reserve 1.00 MiB, not enough space (NOT_ENOUGH_SPACE)"))
			proxy.Reset()
		}, func() { proxy.SetTarget(real); proxy.Reset() }},
	} {
		t.Run(mode.name, func(t *testing.T) {
			l := startLoad(t, s, "clickhouse-"+mode.name[:4]+"-", false)
			l.more(100)
			mode.begin()
			for range 3 {
				listedIsHeld(t, s, "clickhouse-"+mode.name[:4])
			}
			l.more(400)
			if mode.name != "slow" {
				eventually(t, 30*time.Second, "the recorder says that it retries", func() error {
					m, err := metrics(s.service(recorderService))
					if err == nil && m["sluice_stream_retrying"] == 0 {
						err = fmt.Errorf("it does not")
					}
					return err
				})
			}
			l.end()
			mode.end()
			began := time.Now()
			settle(t, s, 2*time.Minute)
			t.Logf("%s: all is recorded %s after the end of the fault", mode.name, time.Since(began).Round(100*time.Millisecond))
		})
	}
	s.expect(t, time.Minute, "SELECT count() FROM sluice.dead_letters", "0")
	whole(t, s)
}

func kafkaAdmin(t *testing.T, s *realStack) *kadm.Client {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(s.kafka.Addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return kadm.NewClient(c)
}

// TestTopicsAreDamaged deletes a topic under the services, and records that nobody has read: the one heals when the topic
// is made again, the other is told by metric and by verify, and heals by sending again.
func TestTopicsAreDamaged(t *testing.T) {
	wanted(t)
	s := newReal(t)
	admin := kafkaAdmin(t, s)
	importWorld(t, s)
	importOne(t, s)
	g, b := world(t, "damaged-"), &batch{}
	b.take(g, 300)
	sendAll(t, s, b)
	settle(t, s, time.Minute)
	t.Run("topic missing", func(t *testing.T) {
		if _, err := admin.DeleteTopics(t.Context(), schemas.Screened); err != nil {
			t.Fatal(err)
		}
		b := &batch{}
		b.take(g, 300)
		sendAll(t, s, b) // is accepted all the same
		p := s.service(alertingService)
		eventually(t, 40*time.Second, "a hop that misses its topic is not ready", func() error {
			addr, err := p.httpAddress()
			if err != nil {
				return err
			}
			status, text, err := call(t.Context(), http.MethodGet, "http://"+addr+"/readyz", "", nil)
			if err == nil && status == http.StatusOK {
				err = fmt.Errorf("%s", text)
			}
			return err
		})
		began := time.Now()
		if _, err := p.end(syscall.SIGTERM, 25*time.Second); err != nil {
			t.Fatal(err)
		}
		s.start(t, p) // every start makes the topics that are missing
		ready(t, s)
		settle(t, s, 2*time.Minute)
		t.Logf("topic missing: all is recorded %s after the start that made it", time.Since(began).Round(100*time.Millisecond))
		whole(t, s)
	})
	t.Run("log truncated", func(t *testing.T) {
		p := s.service(recorderService)
		if _, err := p.end(syscall.SIGTERM, 25*time.Second); err != nil {
			t.Fatal(err)
		}
		b := &batch{}
		b.take(g, 200)
		sendAll(t, s, b)
		eventually(t, time.Minute, "all verdicts are published", func() error {
			lag, err := admin.Lag(t.Context(), schemas.GroupAlerting, schemas.GroupEnrichment)
			if err != nil {
				return err
			}
			n := int64(0)
			for _, l := range lag {
				n += l.Lag.Total()
			}
			if n > 0 {
				err = fmt.Errorf("%d records lag", n)
			}
			return err
		})
		for _, topic := range []string{schemas.Verdicts, schemas.Flagged} {
			ends, err := admin.ListEndOffsets(t.Context(), topic)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := admin.DeleteRecords(t.Context(), ends.Offsets()); err != nil {
				t.Fatal(err)
			}
		}
		s.start(t, p)
		ready(t, s)
		eventually(t, 30*time.Second, "the loss is counted", func() error {
			m, err := metrics(p)
			if err == nil && m["sluice_stream_lost_total"] < 200 {
				err = fmt.Errorf("%g offsets", m["sluice_stream_lost_total"])
			}
			return err
		})
		if v := verified(t, s, 2*time.Minute); v.Lost < 200 {
			t.Errorf("verify finds %d lost, want at least 200: %s", v.Lost, v.text)
		}
		began := time.Now()
		produce(t, s, rawMessages(t, b)...) // the exchange sends them again
		eventually(t, 2*time.Minute, "nothing is lost any more", func() error {
			if v := verified(t, s, 2*time.Minute); v.Lost > 0 {
				return fmt.Errorf("%d lost", v.Lost)
			}
			return nil
		})
		t.Logf("log truncated: verified %s after everything was sent again", time.Since(began).Round(100*time.Millisecond))
		whole(t, s)
	})
}

// TestTheDiskIsFull fills the disk under --data: what cannot be kept is not accepted, and what was accepted is kept.
func TestTheDiskIsFull(t *testing.T) {
	wanted(t)
	b := newBase(t, "embedded")
	s := &embeddedStack{base: b, data: filepath.Join(b.dir, "data")}
	if err := os.Mkdir(s.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", s.data, "tmpfs", 0, "size=512m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		s.run.close()
		eventually(t, 20*time.Second, "the disk is free", func() error { return syscall.Unmount(s.data, 0) })
	})
	b.env = append(b.env, "SLUICE_KAFKA_LISTEN=127.0.0.1:0", "SLUICE_DATA="+s.data)
	s.run = b.process("run", "run")
	b.start(t, s.run)
	ready(t, s)
	importWorld(t, s)
	importOne(t, s)
	g, first := world(t, "disk-full-"), &batch{}
	first.take(g, 300)
	sendAll(t, s, first)
	settle(t, s, time.Minute)

	ballast := filepath.Join(s.data, "ballast")
	f, err := os.Create(ballast)
	if err != nil {
		t.Fatal(err)
	}
	for chunk := make([]byte, 1<<20); err == nil; _, err = f.Write(chunk) {
	}
	for one := make([]byte, 1); ; {
		if _, err := f.Write(one); err != nil {
			break
		}
	}
	_ = f.Close()
	refused, accepted := 0, 0
	for began := time.Now(); refused < 5 && time.Since(began) < 40*time.Second; {
		one := &batch{}
		one.take(g, 50)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		results, err := postOnce(ctx, s, append(joined(one), '\n'))
		cancel()
		if err != nil {
			refused++
			t.Logf("refused: %.200s", err)
			continue
		}
		accepted += len(results)
		b.note(one, results, true)
	}
	began := time.Now()
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, "transfers are accepted again", func() error {
		if !s.run.alive() { // a supervisor's work
			t.Logf("the process has ended: %s", s.run.lastWords())
			s.start(t, s.run)
		}
		one := &batch{}
		one.take(g, 50)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		results, err := postOnce(ctx, s, append(joined(one), '\n'))
		if err == nil {
			b.note(one, results, true)
		}
		return err
	})
	t.Logf("disk full: %d refused, %d accepted; accepted again %s after there was space", refused, accepted, time.Since(began).Round(100*time.Millisecond))
	ready(t, s)
	whole(t, s)
	// And what is on the disk is whole as well.
	kill(t, s.run)
	b.start(t, s.run)
	ready(t, s)
	whole(t, s)
}

func joined(b *batch) []byte {
	var body []byte
	for i, line := range b.lines {
		if i > 0 {
			body = append(body, '\n')
		}
		body = append(body, line...)
	}
	return body
}
