package judge

import (
	"fmt"
	"strings"
	"testing"

	"sluice/pkg/event"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// benchLists are 100,000 listed addresses.
func benchLists(b *testing.B) Lists {
	b.Helper()
	entries := make([]watchlist.Entry, 100_000)
	for i := range entries {
		text := fmt.Sprintf("0x%040x", i+1)
		entries[i] = watchlist.Entry{
			List: "l", EntryID: text, Network: "ethereum", Address: text, Key: testKey("ethereum", text),
			Entity: "E", Category: taxonomy.Scam, Categories: []taxonomy.Category{taxonomy.Scam},
		}
	}
	s, err := watchlist.NewBuilder().Add("l", entries).Build()
	if err != nil {
		b.Fatal(err)
	}
	return Lists{Snapshot: s, Seq: 5}
}

// benchFact is a usual token deposit from the address, of about 570 bytes.
func benchFact(b *testing.B, from string) (value, fp []byte) {
	b.Helper()
	p, err := transfer.Parse([]byte(`{"id":"8f14e45f-ceea-467f-a8bb-1c7d0a5b2f10","direction":"deposit",`+
		`"customer_id":"cust-000123456","network":"ethereum","asset":"USDT",`+
		`"contract":"0xdac17f958d2ee523a2206206994597c13d831ec7","amount":"1250.75","fiat":{"amount":"1250.60","currency":"USD"},`+
		`"tx_hash":"0x`+strings.Repeat("ab", 32)+`","log_index":12,"from":["`+from+`"],`+
		`"to":["0xffffffffffffffffffffffffffffffffffffff02"],"occurred_at":"2026-06-15T12:00:00.5Z"}`), testNow)
	if err != nil {
		b.Fatal(err)
	}
	return fact(&p, transfer.ID{})
}

const cleanSender, listedSender = "0xffffffffffffffffffffffffffffffffffffff01", "0x0000000000000000000000000000000000000007"

func BenchmarkScreen(b *testing.B) {
	lists := benchLists(b)
	clean, cleanFP := benchFact(b, cleanSender)
	listed, listedFP := benchFact(b, listedSender)
	for _, c := range []struct {
		name      string
		value, fp []byte
	}{{"clean", clean, cleanFP}, {"clean without header", clean, nil}, {"listed", listed, listedFP}} {
		b.Run(c.name, func(b *testing.B) {
			s := Screener{Lists: lists}
			var out []byte
			b.ReportAllocs()
			b.SetBytes(int64(len(c.value)))
			for b.Loop() {
				var err error
				if out, _, err = s.Screen(out[:0], c.value, c.fp); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkDecide(b *testing.B) {
	lists := benchLists(b)
	for _, c := range []struct {
		name, from string
		header     bool
	}{{"clean", cleanSender, true}, {"clean without header", cleanSender, false}, {"listed", listedSender, true}} {
		b.Run(c.name, func(b *testing.B) {
			value, fp := benchFact(b, c.from)
			s := Screener{Lists: lists}
			screened, clean, err := s.Screen(nil, value, fp)
			if err != nil {
				b.Fatal(err)
			}
			var sc, out []byte
			if c.header {
				sc = event.AppendScreened(nil, clean)
			}
			d := Decider{Rules: Rules{Set: builtin(b), Seq: 3}}
			b.ReportAllocs()
			b.SetBytes(int64(len(screened)))
			for b.Loop() {
				if out, _, err = d.Decide(out[:0], screened, sc, testNow); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestCleanPathsAllocateNothing(t *testing.T) {
	value, fp := fact(parsed(t, world["ethereum"][1]), transfer.ID{})
	s := Screener{Lists: Lists{Snapshot: listing(t, world["ethereum"][0]), Seq: 5}}
	d := Decider{Rules: Rules{Set: builtin(t), Seq: 3}}
	screened, clean, err := s.Screen(nil, value, fp)
	if err != nil || !clean {
		t.Fatalf("clean %v, %v", clean, err)
	}
	sc := event.AppendScreened(nil, clean)
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { _, _, _ = s.Screen(buf, value, fp) }); n != 0 {
		t.Errorf("screening: %v allocations", n)
	}
	if n := testing.AllocsPerRun(100, func() { _, _, _ = d.Decide(buf, screened, sc, testNow) }); n != 0 {
		t.Errorf("deciding: %v allocations", n)
	}
}

func BenchmarkFilter(b *testing.B) {
	lists := benchLists(b)
	input := strings.Repeat(line("a", cleanSender, "1")+"\n"+line("b", cleanSender, "2")+"\n", 500)
	b.ReportAllocs()
	b.SetBytes(int64(len(input)))
	for b.Loop() {
		c := FilterConfig{Lists: lists, Rules: Rules{Set: builtin(b), Seq: 1}, Now: testNow}
		if _, err := Filter(strings.NewReader(input), nilWriter{}, nilWriter{}, c); err != nil {
			b.Fatal(err)
		}
	}
}

type nilWriter struct{}

func (nilWriter) Write(p []byte) (int, error) { return len(p), nil }
