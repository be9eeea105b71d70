package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
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

// lasting is how long a fault lasts that says nothing else.
const lasting = 6 * time.Second

var embeddedFaults = []fault{
	{mode: chaos.RedisFlushed, do: redisFlushed},
	{mode: chaos.RedisMovedBack, do: redisMovedBack},
	{mode: chaos.HouseDown, do: engineKilled},
	{mode: chaos.HouseSlow, do: engineStutters},
	{mode: chaos.BrokerDown, do: processDown(lasting)},
	{mode: chaos.BrokerRestarted, do: processDown(0)},
	{mode: chaos.ServicesKilled, do: servicesKilled},
	{mode: chaos.ServicesStopped, do: servicesStopped},
	{mode: chaos.TopicMissing, do: topicMissing, destroys: true},
	{mode: chaos.LogTruncated, do: logTruncated, quiet: true},
	{mode: chaos.ListStale, on: embeddedWithSource, do: listStale},
	{mode: chaos.DiskFull, on: onSmallDisk, do: diskFull},
}

var realFaults = []fault{
	{mode: chaos.RedisDown, do: redisDown},
	{mode: chaos.RedisSlow, do: through(chaos.Redis, chaos.Fault{Delay: 300 * time.Millisecond})},
	{mode: chaos.RedisFlushed, do: redisFlushed},
	{mode: chaos.RedisEvicting, do: redisEvicting},
	{mode: chaos.RedisFailedOver, do: redisFailedOver},
	{mode: chaos.RedisMovedBack, do: redisMovedBack},
	{mode: chaos.HouseDown, do: engineKilled},
	{mode: chaos.HouseSlow, do: through(chaos.ClickHouse, chaos.Fault{Delay: 400 * time.Millisecond})},
	{mode: chaos.HouseReadOnly, do: houseRefuses(164, "Cannot insert: readonly mode (READONLY)")},
	{mode: chaos.HouseFull, do: houseRefuses(243, "Cannot reserve 1.00 MiB, not enough space (NOT_ENOUGH_SPACE)")},
	{mode: chaos.BrokerDown, do: brokerDown(lasting)},
	{mode: chaos.BrokerRestarted, do: brokerDown(0)},
	{mode: chaos.ServicesKilled, do: servicesKilled},
	{mode: chaos.ServicesStopped, do: servicesStopped},
	{mode: chaos.TopicMissing, do: topicMissing, destroys: true},
	{mode: chaos.LogTruncated, do: logTruncated, quiet: true},
	{mode: chaos.ListStale, on: realWithSource, do: listStale},
	{mode: chaos.LeaderMoved, on: func(t *testing.T) stack { return newCluster(t) }, do: leaderLost},
}

// redisSays sends commands to the Redis at a URL, words separated by spaces, and fails on an error.
func redisSays(t *testing.T, at string, commands ...string) {
	t.Helper()
	if err := tellRedis(at, commands...); err != nil {
		t.Fatal(err)
	}
}

// tellRedis sends commands to the Redis at a URL, words separated by spaces.
func tellRedis(at string, commands ...string) error {
	u, err := url.Parse(at)
	if err != nil {
		return err
	}
	c, err := net.DialTimeout("tcp", u.Host, 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if password, ok := u.User.Password(); ok {
		commands = append([]string{"AUTH " + password}, commands...)
	}
	said := bufio.NewReader(c)
	for _, command := range commands {
		words := strings.Fields(command)
		fmt.Fprintf(c, "*%d\r\n", len(words))
		for _, w := range words {
			fmt.Fprintf(c, "$%d\r\n%s\r\n", len(w), w)
		}
		if answer, err := said.ReadString('\n'); err != nil || strings.HasPrefix(answer, "-") {
			return fmt.Errorf("%s: %q, %w", words[0], answer, errors.Join(err))
		}
	}
	return nil
}

// redisOf is the URL of the Redis itself, not of a proxy before it.
func redisOf(t *testing.T, s stack) string {
	t.Helper()
	if r, ok := s.(*realStack); ok {
		return "redis://" + r.redis
	}
	at, err := s.at()
	if err != nil {
		t.Fatal(err)
	}
	return at.Redis
}

// through is a fault between the services and a server.
func through(server string, f chaos.Fault) func(*testing.T, stack, *prober) {
	return func(_ *testing.T, s stack, p *prober) {
		proxy := s.(*realStack).proxies[server]
		proxy.Set(f)
		p.during(lasting)
		proxy.Set(chaos.Fault{})
	}
}

// redisDown lasts until the lists in memory are too old, and what comes is held.
func redisDown(_ *testing.T, s stack, p *prober) {
	proxy := s.(*realStack).proxies[chaos.Redis]
	proxy.Set(chaos.Fault{Refuse: true})
	proxy.Reset()
	p.during(25 * time.Second) // lists.pointer_max_age is 15 s here, lists.hold_after 3 s
	proxy.Set(chaos.Fault{})
	if !strings.Contains(p.saw(), "degraded") {
		p.t.Errorf("nothing was held for want of lists: %s", p.saw())
	}
}

func redisFlushed(t *testing.T, s stack, p *prober) {
	flushRedis(t, s)
	p.during(lasting)
}

// redisEvicting lets every write to Redis evict what it finds.
func redisEvicting(t *testing.T, s stack, p *prober) {
	r := s.(*realStack)
	heal := func() {
		redisSays(t, redisOf(t, s), "CONFIG SET maxmemory 0", "CONFIG SET maxmemory-policy noeviction")
	}
	defer heal()
	redisSays(t, redisOf(t, s), "CONFIG SET maxmemory-policy allkeys-random", "CONFIG SET maxmemory 1mb") // less than it needs for itself
	p.during(lasting)
	if o, err := command(t.Context(), r.env, "", "doctor"); err != nil || !strings.Contains(o.out+o.err, "noeviction") {
		t.Errorf("sluice doctor says nothing of it: %v, %s", err, o)
	}
}

// redisFailedOver puts a replica in the place of Redis that has not heard of the last list.
func redisFailedOver(t *testing.T, s stack, p *prober) {
	r := s.(*realStack)
	replica := realservers.Redis(r.t) // it lives as long as the stack
	host, port, _ := strings.Cut(r.redis, ":")
	redisSays(t, "redis://"+replica, "REPLICAOF "+host+" "+port)
	eventually(t, "the replica is in step", func() error {
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
	redisSays(t, "redis://"+replica, "REPLICAOF NO ONE")
	p.listed = "0x8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b8b"
	importList(t, s, "txt", "after-the-replica", p.listed+"\n", "--category", "sanctions", "--network", "ethereum")
	proxy := r.proxies[chaos.Redis]
	proxy.SetTarget(replica)
	r.redis = replica
	proxy.Reset()
	// The replica's pointer names the lists without the new one: nobody may screen by it.
	p.during(lasting)
}

// redisMovedBack sets the pointer to the lists of before an import, by the hand of somebody who may.
func redisMovedBack(t *testing.T, s stack, p *prober) {
	const pointer, aside = "sluice:{lists}:pointer", "sluice:{lists}:aside"
	redisSays(t, redisOf(t, s), "COPY "+pointer+" "+aside+" REPLACE")
	p.listed = "0x8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c8c"
	importList(t, s, "txt", "before-it-went-back", p.listed+"\n", "--category", "sanctions", "--network", "ethereum")
	redisSays(t, redisOf(t, s), "COPY "+aside+" "+pointer+" REPLACE", "DEL "+aside)
	p.during(lasting)
}

// engineKilled kills ClickHouse. The embedded one is started by its supervisor at once, and killed again.
func engineKilled(t *testing.T, s stack, p *prober) {
	for until := time.Now().Add(lasting); time.Now().Before(until); p.during(time.Second) {
		if engine := s.enginePID(); engine != 0 {
			if err := syscall.Kill(engine, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
				t.Fatal(err)
			}
		}
	}
	s.restoreEngine(t)
}

// engineStutters lets ClickHouse work a tenth of the time.
func engineStutters(t *testing.T, s stack, p *prober) {
	engine := s.enginePID()
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		defer func() { _ = syscall.Kill(engine, syscall.SIGCONT) }()
		for {
			for _, step := range []struct {
				sig   syscall.Signal
				pause time.Duration
			}{{syscall.SIGSTOP, 450 * time.Millisecond}, {syscall.SIGCONT, 50 * time.Millisecond}} {
				_ = syscall.Kill(engine, step.sig)
				select {
				case <-stop:
					return
				case <-time.After(step.pause):
				}
			}
		}
	}()
	p.during(lasting)
	close(stop)
	<-ended
}

// houseRefuses lets a ClickHouse answer that refuses everything with an exception: the recorder tries the same rows again.
func houseRefuses(code int, text string) func(*testing.T, stack, *prober) {
	return func(t *testing.T, s stack, p *prober) {
		refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-ClickHouse-Exception-Code", fmt.Sprint(code))
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprintf(w, "Code: %d. DB::Exception: %s", code, text)
		}))
		defer refusing.Close()
		r := s.(*realStack)
		proxy := r.proxies[chaos.ClickHouse]
		proxy.SetTarget(strings.TrimPrefix(refusing.URL, "http://"))
		proxy.Reset()
		p.during(lasting)
		eventually(t, "the recorder says that it retries", func() error {
			m, err := metrics(s.service(recorderService))
			if err == nil && m["sluice_stream_retrying"] == 0 {
				err = errors.New("it does not")
			}
			return err
		})
		proxy.SetTarget(r.engine.args[2])
		proxy.Reset()
		s.common().expect(t, "SELECT count() FROM sluice.dead_letters WHERE stage = 'recorder'", "0")
	}
}

// processDown kills `sluice run`, with its broker in it, and starts it again.
func processDown(d time.Duration) func(*testing.T, stack, *prober) {
	return func(t *testing.T, s stack, p *prober) {
		run := s.service("")
		kill(t, run)
		p.during(d)
		s.common().start(t, run)
		p.ask(cleanSender)
	}
}

func brokerDown(d time.Duration) func(*testing.T, stack, *prober) {
	return func(_ *testing.T, s stack, p *prober) {
		kafka := s.(*realStack).kafka
		kafka.Kill()
		p.during(d)
		p.ask(cleanSender)
		kafka.Start()
	}
}

// servicesKilled kills every process in turn, and starts it again after a second.
func servicesKilled(t *testing.T, s stack, p *prober) {
	for _, service := range distinct(s, chaos.Services...) {
		kill(t, service)
		p.during(time.Second)
		s.common().start(t, service)
		p.during(2 * time.Second)
	}
}

// servicesStopped lets every process stand still in turn, for longer than its place in a group is kept.
func servicesStopped(t *testing.T, s stack, p *prober) {
	for _, service := range distinct(s, chaos.Services...) {
		if err := syscall.Kill(service.pid(), syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		p.during(12 * time.Second)
		if err := syscall.Kill(service.pid(), syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		p.during(time.Second)
	}
}

func kafkaAdmin(t *testing.T, s stack) *kadm.Client {
	t.Helper()
	var brokers []string
	if r, ok := s.(*realStack); ok {
		brokers = []string{r.kafka.Addr}
	} else {
		at, err := s.at()
		if err != nil {
			t.Fatal(err)
		}
		brokers = at.Brokers
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return kadm.NewClient(c)
}

// topicMissing deletes a topic under the services: the hops beside it wait, and the next start of any makes it again.
func topicMissing(t *testing.T, s stack, p *prober) {
	if _, err := kafkaAdmin(t, s).DeleteTopics(t.Context(), schemas.Screened); err != nil {
		t.Fatal(err)
	}
	p.during(lasting)
	hop := s.service(alertingService)
	eventually(t, "a hop that misses its topic says so", func() error {
		addr, err := hop.httpAddress()
		if err != nil {
			return err
		}
		_, text, err := call(t.Context(), http.MethodGet, "http://"+addr+"/readyz", "", nil)
		if err == nil && !strings.Contains(string(text), `"`+schemas.GroupAlerting+`":{"ok":false`) {
			err = fmt.Errorf("%s", text)
		}
		return err
	})
	if _, err := hop.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.common().start(t, hop)
}

// logTruncated deletes verdicts that nobody has recorded: the loss is counted and verify
// names it, and sending again mends it.
func logTruncated(t *testing.T, s stack, p *prober) {
	admin := kafkaAdmin(t, s)
	g, first := world(t, fmt.Sprintf("truncated-%d-", time.Now().UnixNano())), &batch{}
	first.take(g, 500) // a group that has never committed cannot know that it missed something
	sendAll(t, s, first)
	settle(t, s)
	recorder := s.service(recorderService)
	resume := func() { s.common().start(t, recorder) }
	if _, real := s.(*realStack); !real {
		resume = stopEngine(t, s) // the recorder alone cannot be stopped, but be held up
	} else if _, err := recorder.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	defer resume()
	b := &batch{}
	b.take(g, 20_000) // more than the recorder has in its hands
	sendAll(t, s, b)
	eventually(t, "all verdicts are published", func() error {
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
	p.during(lasting)
	resume()
	eventually(t, "the loss is counted", func() error {
		m, err := metrics(recorder)
		if err == nil && m["sluice_stream_lost_total"] == 0 {
			err = errors.New("nothing is")
		}
		return err
	})
	if v := verified(t, s); v.Lost == 0 {
		t.Errorf("verify finds none lost: %s", v.text)
	}
	produce(t, s, rawMessages(t, b)...) // the exchange sends them again
	eventually(t, "nothing is lost any more", func() error {
		if v := verified(t, s); v.Lost > 0 {
			return fmt.Errorf("%d lost", v.Lost)
		}
		return nil
	})
}

// sourced are the settings of a stack one of whose lists has a file as its source, looked at every 10 s.
func sourced(t *testing.T) []string {
	dir := t.TempDir()
	list, config := filepath.Join(dir, "sourced.txt"), filepath.Join(dir, "sluice.yaml")
	writeFile(t, list, "0x5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c5c\n")
	writeFile(t, config, "sources:\n  - {list: sourced, format: txt, file: "+list+", category: scam, network: ethereum, interval: 10s, max_age: 15s}\n")
	return []string{"SLUICE_CONFIG=" + config}
}

func embeddedWithSource(t *testing.T) stack { return newEmbedded(t, sourced(t)...) }

func realWithSource(t *testing.T) stack { return newRealBehind(t, nil, sourced(t)...) }

// listStale takes the file of a list's source away until its last good check is too old.
func listStale(t *testing.T, s stack, p *prober) {
	var file string
	for _, line := range s.common().env {
		if config, ok := strings.CutPrefix(line, "SLUICE_CONFIG="); ok {
			file = filepath.Join(filepath.Dir(config), "sourced.txt")
		}
	}
	if err := os.Rename(file, file+".away"); err != nil {
		t.Fatal(err)
	}
	p.during(28 * time.Second)
	if err := os.Rename(file+".away", file); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.saw(), "degraded") {
		t.Errorf("nothing was held for want of lists: %s", p.saw())
	}
}

// onSmallDisk is an embedded stack whose data has a disk of 512 MiB.
func onSmallDisk(t *testing.T) stack {
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
		eventually(t, "the disk is free", func() error { return syscall.Unmount(s.data, 0) })
	})
	b.env = append(b.env, "SLUICE_KAFKA_LISTEN=127.0.0.1:0", "SLUICE_DATA="+s.data)
	s.run = b.process("run", "run")
	b.start(t, s.run)
	ready(t, s)
	return s
}

// diskFull fills the disk under --data: what cannot be kept is not accepted, and what was accepted is kept.
func diskFull(t *testing.T, s stack, p *prober) {
	e := s.(*embeddedStack)
	ballast := filepath.Join(e.data, "ballast")
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
	p.during(2 * lasting)
	if !strings.Contains(p.saw(), "503") && e.run.alive() {
		t.Errorf("nothing was refused: %s", p.saw())
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if !e.run.alive() { // a supervisor's work
		t.Logf("the process has ended: %s", e.run.lastWords())
		e.start(t, e.run)
	}
}

// leaderLost kills a broker of three while it leads partitions of every topic, and starts it again a while later.
func leaderLost(t *testing.T, s stack, p *prober) {
	k := leader(t, s.(*realStack))
	k.Kill()
	p.during(20 * time.Second)
	k.Start()
}
