// Package simulate makes the transfers of an exchange that does not exist: valid addresses on several networks, amounts
// with a heavy tail, days and nights, customers of whom a few do most, and among them labelled scenarios of everything
// that Sluice looks for, with the watchlist that makes them hits.
//
// It promises that a seed always gives the same transfers, labels and lists (on one architecture: they are drawn with
// floating-point numbers), that every transfer but the scenario of an invalid sender is faultless, and that nothing in it
// is real: names are made up, and addresses are random payloads that nobody holds the keys of. It reads no clock and has
// no randomness but the seed's.
package simulate

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"sluice/pkg/amount"
	"sluice/pkg/transfer"
)

// Bounds of Config.
const (
	MaxCustomers      = 200_000
	MaxCounterparties = 1_000_000
	MaxRate           = 1e7
)

// Config says what to make. The zero value of a field is its default.
type Config struct {
	Seed           uint64
	Start          time.Time            // when the first transfer can occur; 2025-01-06 00:00 UTC, a Monday
	Rate           float64              // transfers a second of simulated time, on average over a day; 20, at most MaxRate
	Flat           bool                 // no days and nights
	Customers      int                  // 2,000, at most MaxCustomers
	Counterparties int                  // ordinary ones, on each network; 4,000, at most MaxCounterparties
	Shares         map[Scenario]float64 // of each scenario, 0 to 1, together at most 1; nil is DefaultShares
	Prefix         string               // of transfer ids; "sim-"
}

// withDefaults fills in what is not set and refuses what is out of bounds.
func (c Config) withDefaults() (Config, error) {
	if c.Start.IsZero() {
		c.Start = time.Date(2025, 1, 6, 0, 0, 0, 0, time.UTC)
	}
	if c.Rate == 0 {
		c.Rate = 20
	}
	if c.Customers == 0 {
		c.Customers = 2_000
	}
	if c.Counterparties == 0 {
		c.Counterparties = 4_000
	}
	if c.Shares == nil {
		c.Shares = DefaultShares()
	}
	if c.Prefix == "" {
		c.Prefix = "sim-"
	}
	switch {
	case !(c.Rate > 0 && c.Rate <= MaxRate):
		return c, fmt.Errorf("rate %g: above 0 and at most %g transfers a second", c.Rate, float64(MaxRate))
	case c.Customers < 2 || c.Customers > MaxCustomers:
		return c, fmt.Errorf("%d customers: from 2 to %d", c.Customers, MaxCustomers)
	case c.Counterparties < maxSenders || c.Counterparties > MaxCounterparties:
		return c, fmt.Errorf("%d counterparties: from %d to %d", c.Counterparties, maxSenders, MaxCounterparties)
	case len(c.Prefix) > 64:
		return c, fmt.Errorf("prefix of %d bytes: at most 64", len(c.Prefix))
	}
	return c, nil
}

// maxSenders is the most inputs that a transaction has.
const maxSenders = 4

// Generator makes transfers one after the other, without end. It must not be used by two goroutines at once.
type Generator struct {
	cfg     Config
	random  *rand.Rand
	zipf    *rand.Zipf
	steps   []step
	worlds  []*wallets
	choices []choice // an asset of a network as often as its weight
	ids     []string
	tags    []string

	now  time.Time
	made uint64

	// Of the clean ones, to come again.
	recent, sent ring // all, and the withdrawals
}

// ring keeps the last transfers that were put into it.
type ring struct {
	kept [64]transfer.Transfer
	n    int
}

func (r *ring) put(t transfer.Transfer) {
	r.kept[r.n%len(r.kept)] = t
	r.n++
}

func (r *ring) draw(random *rand.Rand) transfer.Transfer {
	return r.kept[random.IntN(min(r.n, len(r.kept)))]
}

type choice struct {
	w *wallets
	a *asset
}

// Streams of random numbers of one seed, so that the addresses do not depend on how many transfers were drawn.
const (
	streamAddresses = 1
	streamTransfers = 2
	streamFiller    = 3
)

// New makes the addresses, which takes most of a second for 100,000 of them, and nothing else.
func New(cfg Config) (*Generator, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	g := &Generator{cfg: cfg, now: cfg.Start.UTC().Truncate(time.Millisecond)}
	if g.steps, err = ladder(cfg.Shares); err != nil {
		return nil, err
	}
	addresses := rand.New(rand.NewPCG(cfg.Seed, streamAddresses))
	for i := range chains {
		w, err := makeWallets(&chains[i], addresses, cfg.Customers, cfg.Counterparties)
		if err != nil {
			return nil, err
		}
		g.worlds = append(g.worlds, w)
		for j := range w.model.assets {
			a := &w.model.assets[j]
			for range a.weight {
				g.choices = append(g.choices, choice{w, a})
			}
		}
	}
	g.ids, g.tags = customerIDs(cfg.Customers)
	g.random = rand.New(rand.NewPCG(cfg.Seed, streamTransfers))
	g.zipf = rand.NewZipf(g.random, 1.2, 8, uint64(cfg.Customers-1))
	return g, nil
}

// Next makes the next transfer and says what it is. Both are the caller's to keep; the slices of the transfer are shared
// and must not be written to.
func (g *Generator) Next() (transfer.Transfer, Label) {
	g.advance()
	scenario := draw(g.steps, g.random.Float64())
	if scenario == Duplicate && g.recent.n == 0 || scenario == Conflict && g.sent.n == 0 {
		scenario = Clean // there is nothing yet that could come again
	}
	var t transfer.Transfer
	switch scenario {
	case Clean:
		t = g.clean()
		g.recent.put(t)
		if t.Direction == transfer.Withdrawal {
			g.sent.put(t)
		}
	case Duplicate:
		t = g.recent.draw(g.random)
	case Conflict:
		t = g.sent.draw(g.random)
		g.list(&t, scenario)
	default:
		t = g.bad(scenario)
	}
	return t, Label{TransferID: t.ID, Scenario: scenario, Decision: g.decision(scenario)}
}

// AppendNext appends the next transfer as the contract's JSON, without a line break.
func (g *Generator) AppendNext(dst []byte) ([]byte, Label) {
	t, label := g.Next()
	return transfer.AppendCanonical(dst, &t), label
}

// advance moves the clock to the next transfer.
func (g *Generator) advance() {
	rate := g.cfg.Rate
	if !g.cfg.Flat {
		rate *= activity(g.now)
	}
	g.now = g.now.Add(gap(g.random, rate))
}

func (g *Generator) choose() choice { return g.choices[g.random.IntN(len(g.choices))] }

// customer draws a customer's number: a few do most of the transfers.
func (g *Generator) customer() int { return int(g.zipf.Uint64()) }

// clean is an ordinary transfer: as many deposits as withdrawals, and a few between customers.
func (g *Generator) clean() transfer.Transfer {
	c, customer := g.choose(), g.customer()
	switch x := g.random.IntN(100); {
	case x < 4:
		return g.internal(c, customer)
	case x < 53:
		return g.incoming(c, customer)
	default:
		return g.outgoing(c, customer)
	}
}

// base is what every transfer has, and its units.
func (g *Generator) base(c choice, customer int) (transfer.Transfer, uint64) {
	cents := drawCents(g.random)
	units := c.a.units(g.random, cents)
	g.made++
	return transfer.Transfer{
		ID:         g.cfg.Prefix + strconv.FormatUint(g.made, 10),
		CustomerID: g.ids[customer],
		Network:    c.w.model.alias,
		Asset:      c.a.symbol,
		AssetID:    c.a.id,
		Contract:   c.a.contract,
		Amount:     exact(units, c.a.digits),
		Fiat:       &transfer.Fiat{Amount: exact(cents, 2), Currency: "USD"},
		TxHash:     g.hash(c.w.model.hashPrefix),
		OccurredAt: g.now.Truncate(time.Millisecond),
	}, units
}

func (g *Generator) hash(prefix string) string {
	const digits = "0123456789abcdef"
	var text [66]byte
	n := copy(text[:], prefix)
	for range 4 {
		for v, i := g.random.Uint64(), 0; i < 16; i++ {
			text[n] = digits[v&15]
			v >>= 4
			n++
		}
	}
	return string(text[:n])
}

// own is the deposit address of a customer and, on a network with tags, his tag.
func (g *Generator) own(w *wallets, customer int) (address []string, memo string) {
	if w.model.tags {
		return w.customers[:1:1], g.tags[customer]
	}
	return w.customers[customer : customer+1 : customer+1], ""
}

func (g *Generator) incoming(c choice, customer int) transfer.Transfer {
	t, units := g.base(c, customer)
	t.Direction = transfer.Deposit
	t.To, t.Memo = g.own(c.w, customer)
	senders := 1
	if c.w.model.inputs {
		senders += g.random.IntN(maxSenders)
	}
	i := g.random.IntN(len(c.w.others) - senders + 1)
	t.From = c.w.others[i : i+senders : i+senders]
	if senders > 1 {
		t.FromAmounts = split(units, senders, c.a.digits)
	}
	return t
}

// split shares units among n senders.
func split(units uint64, n, digits int) []amount.Amount {
	parts := make([]amount.Amount, n)
	each := units / uint64(n)
	for i := range parts {
		part := each
		if i == 0 {
			part = units - each*uint64(n-1)
		}
		parts[i] = exact(part, digits)
	}
	return parts
}

func (g *Generator) outgoing(c choice, customer int) transfer.Transfer {
	t, _ := g.base(c, customer)
	t.Direction = transfer.Withdrawal
	t.From, _ = g.own(c.w, customer)
	i := g.random.IntN(len(c.w.others))
	t.To = c.w.others[i : i+1 : i+1]
	return t
}

func (g *Generator) internal(c choice, customer int) transfer.Transfer {
	t, _ := g.base(c, customer)
	t.Direction = transfer.Internal
	t.From, _ = g.own(c.w, customer)
	other := (customer + 1 + g.random.IntN(len(g.ids)-1)) % len(g.ids)
	t.CounterpartyCustomerID = g.ids[other]
	t.To, t.Memo = g.own(c.w, other)
	t.TxHash = "" // nothing happens on the chain
	return t
}
