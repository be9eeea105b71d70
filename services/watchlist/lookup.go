package watchlist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
)

// Judged is a transfer as it was last judged.
type Judged struct {
	ID         string // of the fact
	TransferID string
	Tenant     string
	Network    string
	OccurredAt time.Time
	Verdict    string
	ListsSeq   uint64 // by which lists; 0: none were usable
	Addresses  []JudgedAddress
}

// JudgedAddress is one address in a transfer.
type JudgedAddress struct{ Role, Text string }

// ErrNoHistory is wrapped by the error about a question that only ClickHouse can answer, where there is none.
var ErrNoHistory = errors.New("the history of the lists is in ClickHouse, and none is named: set clickhouse.dsn")

// Answer is what is known of an address at one activation of lists.
type Answer struct {
	At    activation.Activation
	Facts []Fact
	// Unrecorded says that the history does not have the activation yet: the facts are without their spans.
	Unrecorded bool
}

// Lookup answers a question by the lists of an activation.
func (v Versions) Lookup(ctx context.Context, q Question, at activation.Activation) (Answer, error) {
	out := Answer{At: at}
	if v.Past != nil {
		facts, recorded, err := v.Past.Facts(ctx, q.Keys())
		if err != nil {
			return out, fmt.Errorf("history of the lists: %w", err)
		}
		if recorded >= at.Seq {
			out.Facts = q.Answer(facts, func(f *Fact) bool { return f.InForce(at.Seq) })
			return out, nil
		}
	}
	out.Unrecorded = true
	if m, err := v.manifest(ctx, at.Version); err == nil {
		if out.Facts, err = q.Stored(ctx, v.Store, m); err == nil || passing(ctx, err) {
			return out, err
		}
	}
	s, err := v.Load(ctx, at)
	if err != nil {
		return out, err
	}
	out.Facts = q.Live(s)
	return out, nil
}

// LookupAll answers a question by every span that there ever was, in the order of knowledge.
func (v Versions) LookupAll(ctx context.Context, q Question) ([]Fact, error) {
	if v.Past == nil {
		return nil, ErrNoHistory
	}
	facts, _, err := v.Past.Facts(ctx, q.Keys())
	if err != nil {
		return nil, fmt.Errorf("history of the lists: %w", err)
	}
	return q.Answer(facts, func(*Fact) bool { return true }), nil
}

// LookupLive answers a question by the lists in force, where they are stored, and adds the spans as far as the history has
// them; missing says why it has not.
func (v Versions) LookupLive(ctx context.Context, q Question, live Description) (facts []Fact, missing, err error) {
	if facts, err = q.Stored(ctx, v.Store, live.Manifest); err != nil {
		return nil, nil, fmt.Errorf("lists of seq %d: %w", live.Seq, err)
	}
	if v.Past == nil {
		return facts, ErrNoHistory, nil
	}
	past, recorded, err := v.Past.Facts(ctx, q.Keys())
	if err != nil {
		return facts, fmt.Errorf("history of the lists: %w", err), nil
	}
	if recorded < live.Seq {
		return facts, fmt.Errorf("the history of the lists has seq %d so far, in force is %d", recorded, live.Seq), nil
	}
	for i := range facts {
		for _, p := range past {
			if p.InForce(live.Seq) && watchlist.Compare(&p.Entry, &facts[i].Entry) == 0 {
				p.Match = facts[i].Match
				facts[i] = p
			}
		}
	}
	return facts, nil, nil
}

// TransferFacts is what the lists by which a transfer was judged said of one of its addresses.
type TransferFacts struct {
	Transfer Judged
	Address  JudgedAddress
	Facts    []Fact
}

// LookupTransfer answers for every address of the transfers with an id, the fact's or the exchange's own, by the lists
// by which each was judged last. An address that they did not list has no facts.
func (v Versions) LookupTransfer(ctx context.Context, id string) ([]TransferFacts, error) {
	if v.Past == nil {
		return nil, ErrNoHistory
	}
	transfers, err := v.Past.Judged(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(transfers) == 0 {
		return nil, fmt.Errorf("no transfer %q is recorded", id)
	}
	var out []TransferFacts
	for _, t := range transfers {
		for _, a := range t.Addresses {
			q := AskOn(t.Network, a.Text)
			facts, recorded, err := v.Past.Facts(ctx, q.Keys())
			if err != nil {
				return nil, fmt.Errorf("history of the lists: %w", err)
			}
			if recorded < t.ListsSeq {
				return nil, fmt.Errorf("transfer %s was judged by the lists of seq %d, the history has seq %d so far", t.ID, t.ListsSeq, recorded)
			}
			out = append(out, TransferFacts{t, a, q.Answer(facts, func(f *Fact) bool { return f.InForce(t.ListsSeq) })})
		}
	}
	return out, nil
}

// AskOn is Ask about an address as a transfer on a network has it: it is read as one of that network alone, as screening
// does, and letter by letter.
func AskOn(networkName, text string) Question {
	q := Question{Text: text}
	if n, ok := network.Lookup(networkName); ok {
		if a, err := address.Parse(n, text); err == nil {
			q.keys = append(q.keys, asked{a.Key, a.Text})
			return q
		}
	}
	q.keys = append(q.keys, asked{watchlist.TextKey(text), text})
	return q
}
