package watchlist

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"sluice/pkg/flag"
	"sluice/pkg/judge"
	"sluice/pkg/rules"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/lists"
	"sluice/services/watchlist/source"
)

// sanctioned are the 648 addresses that OFAC listed on 2024-12-19, or as many made ones where the data is not there.
func sanctioned(t *testing.T) []string {
	t.Helper()
	root := os.Getenv("SLUICE_TESTDATA")
	if root == "" {
		root = "../../../shared/data"
	}
	files, _ := filepath.Glob(filepath.Join(root, "ofac-brave-history", "lists-2024-12-19", "*.txt"))
	var all []string
	for _, name := range files {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for lines := bufio.NewScanner(f); lines.Scan(); {
			all = append(all, strings.TrimSpace(lines.Text()))
		}
		_ = f.Close()
	}
	slices.Sort(all)
	if all = slices.Compact(all); len(all) == 0 {
		t.Log("no real list: made addresses stand for it")
		for i := range 648 {
			all = append(all, fmt.Sprintf("0x%040x", 0x10000000+i))
		}
	}
	if len(all) != 648 {
		t.Fatalf("%d addresses", len(all))
	}
	return all
}

// publisher serves what a test gives it.
type publisher struct {
	*httptest.Server
	file  atomic.Pointer[[]string]
	asked atomic.Int64
}

func newPublisher(t *testing.T) *publisher {
	p := &publisher{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		lines := *p.file.Load()
		text := strings.Join(lines, "\n")
		w.Header().Set("ETag", fmt.Sprintf("\"%d-%d\"", len(lines), len(text)))
		http.ServeContent(w, r, "list.txt", time.Time{}, strings.NewReader(text))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *publisher) set(lines []string) { p.file.Store(&lines) }

func (p *publisher) source(t *testing.T, list string) Source {
	return Source{
		Fetch:  source.Config{URL: p.URL + "/list.txt", Timeout: 10 * time.Second, MaxBytes: 1 << 20, AllowPrivate: true, Dir: t.TempDir()},
		Format: "txt", Options: format.Options{List: list, Category: taxonomy.Sanctions}, Interval: 20 * time.Millisecond, MaxAge: time.Hour,
	}
}

// TestAFeedThatCollapsesIsRefused lets a publisher's list go from 648 addresses to none, to 460, and back, while
// transfers of all of them are screened without a pause.
func TestAFeedThatCollapsesIsRefused(t *testing.T) {
	addresses := sanctioned(t)
	w, p := newWorld(t), newPublisher(t)
	d := w.deps()
	d.Register, d.Now = w.Client, nil
	d.Metrics = NewMetrics(prometheus.NewRegistry())
	s, err := New(Config{Every: 5 * time.Millisecond, Notes: filepath.Join(t.TempDir(), "notes"), Sources: []Source{p.source(t, "ofac-sdn")}}, d)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	p.set(addresses)
	wg.Go(func() {
		if err := s.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	f, err := lists.New(lists.Config{Poll: 5 * time.Millisecond, MaxAge: time.Minute, Register: w.Client, Logger: zerolog.Nop()}, w.Client)
	if err != nil {
		t.Fatal(err)
	}
	wg.Go(func() { _ = f.Run(ctx) })
	until(t, "the list is in force", func() bool { return f.Current().Usable })
	if n := f.Current().Snapshot.Len(); n < 648 {
		t.Fatalf("%d entries", n)
	}
	var screened atomic.Int64
	wg.Go(func() { screen(ctx, t, f, addresses, &screened) })

	looks := func(out Outcome) float64 {
		return testutil.ToFloat64(d.Metrics.looks.WithLabelValues("ofac-sdn", string(out)))
	}
	for n, c := range []struct {
		now   []string
		cause watchlist.Cause
	}{{nil, watchlist.CauseEmpty}, {addresses[:460], watchlist.CauseShrunk}} {
		before := looks(OutcomeRefused)
		p.set(c.now)
		until(t, fmt.Sprintf("%d addresses are refused", len(c.now)), func() bool { return looks(OutcomeRefused) >= before+2 })
		state, err := d.state(ctx, "ofac-sdn")
		if err != nil || state.Refused == nil || state.Refused.Cause != string(c.cause) || state.Failures == 0 {
			t.Errorf("%d: %+v, %v", n, state, err)
		}
		if got := testutil.ToFloat64(d.Metrics.refusals.WithLabelValues("ofac-sdn", string(c.cause))); got == 0 {
			t.Errorf("%d: no refusal is counted", n)
		}
		if at := w.live(t); at.Pointer.Seq != 1 {
			t.Errorf("%d: seq %d is in force", n, at.Pointer.Seq)
		}
	}
	unchanged := looks(OutcomeUnchanged)
	p.set(addresses)
	until(t, "the old list is good again", func() bool { return looks(OutcomeUnchanged) >= unchanged+2 })
	if state, err := d.state(ctx, "ofac-sdn"); err != nil || state.Refused != nil || state.Error != "" || state.Failures != 0 {
		t.Errorf("%+v, %v", state, err)
	}
	if at := w.live(t); at.Pointer.Seq != 1 {
		t.Errorf("seq %d is in force", at.Pointer.Seq)
	}
	seen := screened.Load()
	until(t, "screening went on", func() bool { return screened.Load() > seen+int64(len(addresses)) })
	t.Logf("%d transfers of listed addresses were screened, none was cleared", screened.Load())
}

// screen judges a withdrawal to each address, again and again.
func screen(ctx context.Context, t *testing.T, f *lists.Follower, addresses []string, n *atomic.Int64) {
	set, err := rules.Compile(rules.DefaultOptions(), rules.Builtin())
	if err != nil {
		t.Error(err)
		return
	}
	now := time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	var transfers []*transfer.Parsed
	s := f.Current().Snapshot
	if s == nil {
		t.Error("no snapshot")
		return
	}
	for _, text := range addresses {
		for _, found := range Ask(text).Live(s) {
			body := fmt.Sprintf(`{"id":"t","customer_id":"c","asset":"X","amount":"1","direction":"withdrawal","network":%q,"to":[%q],"occurred_at":"2026-06-15T12:00:00Z"}`, found.Entry.Network, text)
			p, err := transfer.Parse([]byte(body), now)
			if err == nil && len(p.Unscreenable) == 0 {
				transfers = append(transfers, &p)
				break
			}
		}
	}
	if len(transfers) < 600 {
		t.Errorf("only %d of the addresses can be paid", len(transfers))
	}
	var out []byte
	for ctx.Err() == nil {
		current := f.Current()
		if !current.Usable {
			t.Errorf("not usable: %s", current.Why)
			return
		}
		j := judge.New("default", judge.Lists{Snapshot: current.Snapshot, Seq: current.Seq}, judge.Rules{Set: set, Seq: 1})
		for _, p := range transfers {
			var o judge.Outcome
			if out, o, err = j.Transfer(out[:0], p, transfer.ID{}, now); err != nil || o.Decision != flag.Held {
				t.Errorf("%s, %v: %s", o.Decision, err, out)
				return
			}
			n.Add(1)
		}
		runtime.Gosched()
	}
}
