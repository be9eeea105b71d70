package watchlist

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
	"sluice/pkg/watchlist/format/shared"
	"sluice/services/internal/audit"
	"sluice/services/internal/lists"
)

// Input is one entry as a person gives it. What is left out has its default.
type Input struct {
	Network    string `json:"network"` // may be left out where the form of the address fits one family alone
	Address    string `json:"address"`
	Tag        string `json:"tag"`      // destination tag, memo or payment id; none: all tags
	EntryID    string `json:"entry_id"` // default: the canonical address, with its tag behind a colon
	Entity     string `json:"entity"`
	Category   string `json:"category"` // of listed ones; default: none is known
	Severity   string `json:"severity"`
	Confidence uint8  `json:"confidence"`
	Use        string `json:"use"` // listed (default), allow, own
	Names      string `json:"names"`
	Service    string `json:"service"`
	CustomerID string `json:"customer_id"`
	ForList    string `json:"for_list"`
	ForEntry   string `json:"for_entry"`
	ExpiresAt  string `json:"expires_at"`
	Reference  string `json:"reference"`
}

// Who does something to an own list.
type Who struct {
	Actor  string // as the audit log names them; two people are told apart by it
	Name   string // that they give themselves, "" none
	Reason string
}

// errNoReason refuses a change that nobody could account for later.
var errNoReason = wrong("reason is empty: say why; it is kept with the change")

// author is who an entry says that made or approved it.
func (w Who) author() string {
	if w.Name == "" || w.Name == w.Actor {
		return w.Actor
	}
	return w.Name + " (" + w.Actor + ")"
}

// Status is what became of one entry.
type Status string

// The statuses.
const (
	StatusAdded     Status = "added"
	StatusChanged   Status = "changed"
	StatusUnchanged Status = "unchanged" // it was so already
	StatusProposed  Status = "proposed"  // a second person must approve it first
	StatusRemoved   Status = "removed"
	StatusAbsent    Status = "absent" // there is no such entry, so nothing was done
)

// Done is what became of one entry, or of one id.
type Done struct {
	EntryID  string `json:"entry_id"`
	Status   Status `json:"status"`
	Proposal string `json:"proposal,omitzero"` // id of what waits for a second person
	Note     string `json:"note,omitzero"`     // something to know about the address
}

// ErrInput is wrapped by errors about what a person asked for.
var ErrInput = errors.New("not possible")

func wrong(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrInput, fmt.Errorf(format, args...))
}

// Entry makes the entry of a list that the input means.
func (in Input) Entry(list string, who Who, now time.Time) (watchlist.Entry, error) {
	if err := watchlist.CheckListName(list); err != nil {
		return watchlist.Entry{}, wrong("%w", err)
	}
	e := watchlist.Entry{
		List: list, EntryID: in.EntryID, Tag: in.Tag, Entity: in.Entity, Severity: in.Severity, Confidence: in.Confidence,
		Use: watchlist.Use(in.Use), Names: watchlist.Names(in.Names), Service: watchlist.Service(in.Service), Customer: in.CustomerID,
		ForList: in.ForList, ForEntry: in.ForEntry, Reason: who.Reason, Reference: in.Reference, Author: who.author(),
		KnownAt: now.UTC().Format(time.RFC3339),
	}
	if in.Use == "listed" {
		e.Use = watchlist.UseListed
	}
	if err := in.place(&e); err != nil {
		return e, err
	}
	category := taxonomy.Category(in.Category)
	switch {
	case category != "" && e.Use != watchlist.UseListed:
		return e, wrong("category %q belongs to listed entries, use is %q", category, e.Use)
	case e.Use == watchlist.UseOwn:
		category = taxonomy.Exchange
	case e.Use == watchlist.UseAllow:
		category = taxonomy.Other
	case category == "":
		category = taxonomy.UnnamedService
	}
	e.Category, e.Categories = category, []taxonomy.Category{category}
	if in.ExpiresAt != "" {
		at, err := time.Parse(time.RFC3339, in.ExpiresAt)
		if err != nil {
			return e, wrong("expires_at %q is no time such as 2027-01-01T00:00:00Z", in.ExpiresAt)
		}
		if !at.After(now) {
			return e, wrong("expires_at %q has passed", in.ExpiresAt)
		}
		e.ExpiresAt = at.UTC().Format(time.RFC3339)
	}
	if err := e.Validate(); err != nil {
		return e, wrong("%w", err)
	}
	return e, nil
}

// place gives the entry its network, address and id.
func (in Input) place(e *watchlist.Entry) error {
	if in.Address == "" {
		return wrong("address is empty")
	}
	var a address.Address
	if in.Network != "" {
		n, ok := network.Lookup(in.Network)
		if !ok {
			return wrong("network %q is unknown; the nearest names are %s", in.Network, strings.Join(network.Nearest(in.Network), ", "))
		}
		var err error
		if a, err = address.Parse(n, in.Address); err != nil {
			return wrong("%w", err)
		}
		e.Network = n.Canonical()
	} else {
		found := address.Guess(in.Address)
		if len(found) != 1 {
			names := make([]string, len(found))
			for i, g := range found {
				names[i] = g.Network.Canonical()
			}
			if len(found) == 0 {
				return wrong("address %q: no family of networks accepts it: %s", in.Address, intake.WhyNone(in.Address))
			}
			return wrong("address %q: its form fits %d families (%s): name the network", in.Address, len(found), strings.Join(names, ", "))
		}
		e.Network, a = found[0].Network.Canonical(), found[0].Address
	}
	if why, no := a.Key.Unlistable(); no {
		return wrong("address %q: %s", in.Address, why)
	}
	if a.Tag != "" && in.Tag != "" && a.Tag != in.Tag {
		return wrong("the address has the tag %q, and tag says %q", a.Tag, in.Tag)
	}
	if a.Tag != "" {
		e.Tag = a.Tag
	}
	e.Address, e.Key = a.Text, a.Key
	if e.EntryID == "" {
		e.EntryID = a.Text
		if e.Tag != "" {
			e.EntryID += ":" + e.Tag
		}
	}
	return nil
}

// same reports whether two entries say the same, whoever said it and when.
func same(a, b watchlist.Entry) bool {
	a.KnownAt, a.Author, a.Reason = b.KnownAt, b.Author, b.Reason
	return watchlist.Compare(&a, &b) == 0
}

// origin is that of a list which people edit.
func (d Deps) origin(who Who) watchlist.Origin {
	return watchlist.Origin{Format: watchlist.FormatByHand, ImportedAt: d.now().UTC().Truncate(time.Second), Author: who.author(), Reason: who.Reason}
}

// byHand says why a list cannot be edited entry by entry.
func byHand(list string, all Standing) error {
	o := all.Origin(list)
	if o == (watchlist.Origin{}) || o.Format == watchlist.FormatByHand || all.list(list).Entries == 0 {
		return nil
	}
	return wrong("list %s comes from %s (%s), and its next load would undo the change: use a list of its own", list, o.Source, o.Format)
}

// Add adds entries to an own list, and changes those whose ids it has. What needs a second person is proposed instead:
// entries that allow hits of sanctions, terrorist financing or csam. Nothing is done when one of them is wrong. Doing it
// again does nothing.
func Add(ctx context.Context, d Deps, list string, inputs []Input, who Who) ([]Done, Applied, error) {
	entries := make([]watchlist.Entry, len(inputs))
	seen := map[string]int{}
	for i, in := range inputs {
		e, err := in.Entry(list, who, d.now())
		if err != nil {
			return nil, Applied{}, fmt.Errorf("entry %d: %w", i+1, err)
		}
		if first, twice := seen[e.EntryID]; twice {
			return nil, Applied{}, fmt.Errorf("entry %d: %w", i+1, wrong("entry %d has the entry_id %q too", first+1, e.EntryID))
		}
		seen[e.EntryID] = i
		entries[i] = e
	}
	if len(entries) == 0 {
		return nil, Applied{}, wrong("there is no entry")
	}
	if who.Reason == "" {
		return nil, Applied{}, errNoReason
	}
	done := make([]Done, len(entries))
	var proposed []watchlist.Entry
	change := func(now []watchlist.Entry, all Standing) ([]watchlist.Entry, error) {
		if err := byHand(list, all); err != nil {
			return nil, err
		}
		proposed = proposed[:0]
		at := map[string]int{}
		out := slices.Clone(now)
		for i := range out {
			at[out[i].EntryID] = i
		}
		for i, e := range entries {
			done[i] = Done{EntryID: e.EntryID, Status: StatusAdded, Note: sharedNote(&e)}
			have, is := at[e.EntryID]
			if is && same(withApprover(e, out[have]), out[have]) {
				done[i].Status = StatusUnchanged
				continue
			}
			covers, err := graveUnder(all, &e)
			if err != nil {
				return nil, err
			}
			if covers != nil {
				if e.Reference == "" {
					return nil, fmt.Errorf("entry %d: %w", i+1, wrong("it would suppress %s/%s (%s): reference names the case or licence", covers.List, covers.EntryID, covers.Category))
				}
				done[i].Status = StatusProposed
				proposed = append(proposed, e)
				continue
			}
			if is {
				done[i].Status = StatusChanged
				e.KnownAt = out[have].KnownAt
				out[have] = e
				continue
			}
			at[e.EntryID] = len(out)
			out = append(out, e)
		}
		return out, nil
	}
	u := Update{Edits: []Edit{{List: list, Origin: d.origin(who), Change: change}}, Author: who.author(), Reason: who.Reason}
	a, err := d.edit(ctx, u, audit.ListAdd, list, who, idsOf(entries))
	if err != nil {
		return nil, a, err
	}
	return done, a, d.propose(ctx, list, proposed, who, done)
}

// sharedNote warns of an address that innocent transfers of many people touch.
func sharedNote(e *watchlist.Entry) string {
	a, ok := shared.Lookup(e.Key)
	if !ok || e.Use != watchlist.UseListed {
		return ""
	}
	return fmt.Sprintf("known as %s (%s): %s", a.Name, a.Source, a.Meaning())
}

// withApprover is e with the approver of another: an approved entry that is added again is the same.
func withApprover(e, of watchlist.Entry) watchlist.Entry {
	e.Approver = of.Approver
	return e
}

// graveUnder is an entry in force whose hits e would suppress, and over which one person is not enough; nil without one.
func graveUnder(all Standing, e *watchlist.Entry) (*watchlist.Entry, error) {
	if e.Use != watchlist.UseAllow {
		return nil, nil
	}
	keys := []address.Key{e.Key}
	if wrapped, ok := address.WrappedSegwit(e.Key); ok {
		keys = append(keys, wrapped)
	}
	for _, k := range keys {
		listed, wrapped, err := all.Lookup(k)
		if err != nil {
			return nil, err
		}
		for _, l := range append(listed, wrapped...) {
			if e.Covers(l) && l.Grave() && !e.Allows(l) {
				return l, nil
			}
		}
	}
	return nil, nil
}

// edit applies an update of one own list, and writes down who made it.
func (d Deps) edit(ctx context.Context, u Update, action audit.Action, list string, who Who, ids []string) (a Applied, err error) {
	detail := map[string]string{"entries": strings.Join(ids, " "), "author": who.author()}
	if who.Reason != "" {
		detail["reason"] = who.Reason
	}
	err = d.audited(ctx, audit.Record{Actor: who.Actor, Action: action, Object: list, Detail: detail}, func(ctx context.Context) error {
		a, err = Apply(ctx, d, u)
		return err
	})
	return a, err
}

func idsOf(entries []watchlist.Entry) []string {
	ids := make([]string, len(entries))
	for i := range entries {
		ids[i] = entries[i].EntryID
	}
	return ids
}

// Remove takes entries out of an own list.
func Remove(ctx context.Context, d Deps, list string, ids []string, who Who) ([]Done, Applied, error) {
	return d.each(ctx, list, ids, who, audit.ListRemove, func(watchlist.Entry) (watchlist.Entry, Status, error) {
		return watchlist.Entry{}, StatusRemoved, nil
	})
}

// SetEnd gives entries of an own list an end, or takes it away where at is zero.
func SetEnd(ctx context.Context, d Deps, list string, ids []string, at time.Time, who Who) ([]Done, Applied, error) {
	end := ""
	if !at.IsZero() {
		if !at.After(d.now()) {
			return nil, Applied{}, wrong("%s has passed: remove the entry instead", at.UTC().Format(time.RFC3339))
		}
		end = at.UTC().Format(time.RFC3339)
	}
	return d.each(ctx, list, ids, who, audit.ListExpire, func(e watchlist.Entry) (watchlist.Entry, Status, error) {
		switch {
		case e.ExpiresAt == end:
			return e, StatusUnchanged, nil
		case e.Approver != "" && (end == "" || end > e.ExpiresAt):
			return e, "", wrong("entry %q was approved until %s: a later end is proposed by adding it again", e.EntryID, e.ExpiresAt)
		}
		e.ExpiresAt = end
		if err := e.Validate(); err != nil {
			return e, "", wrong("entry %q: %w", e.EntryID, err)
		}
		return e, StatusChanged, nil
	})
}

// each does something to each of the entries with the ids.
func (d Deps) each(ctx context.Context, list string, ids []string, who Who, action audit.Action, fn func(watchlist.Entry) (watchlist.Entry, Status, error)) ([]Done, Applied, error) {
	if err := watchlist.CheckListName(list); err != nil {
		return nil, Applied{}, wrong("%w", err)
	}
	if len(ids) == 0 {
		return nil, Applied{}, wrong("no entry is named")
	}
	if who.Reason == "" {
		return nil, Applied{}, errNoReason
	}
	done := make([]Done, len(ids))
	change := func(now []watchlist.Entry, all Standing) ([]watchlist.Entry, error) {
		if err := byHand(list, all); err != nil {
			return nil, err
		}
		out := slices.Clone(now)
		for i, id := range ids {
			done[i] = Done{EntryID: id, Status: StatusAbsent}
			at := slices.IndexFunc(out, func(e watchlist.Entry) bool { return e.EntryID == id })
			if at < 0 {
				continue
			}
			e, status, err := fn(out[at])
			if err != nil {
				return nil, err
			}
			done[i].Status = status
			if out[at] = e; status == StatusRemoved {
				out = slices.Delete(out, at, at+1)
			}
		}
		return out, nil
	}
	u := Update{Edits: []Edit{{List: list, Change: change}}, Author: who.author(), Reason: who.Reason}
	a, err := d.edit(ctx, u, action, list, who, ids)
	if err != nil {
		return nil, a, err
	}
	return done, a, nil
}

// propose keeps entries until a second person has approved them, and says in done under which ids.
func (d Deps) propose(ctx context.Context, list string, entries []watchlist.Entry, who Who, done []Done) error {
	if len(entries) == 0 {
		return nil
	}
	if d.Register == nil {
		return errors.New("proposals cannot be kept here")
	}
	detail := map[string]string{"entries": strings.Join(idsOf(entries), " "), "reason": who.Reason}
	return d.audited(ctx, audit.Record{Actor: who.Actor, Action: audit.ListPropose, Object: list, Detail: detail}, func(ctx context.Context) error {
		return d.note(ctx, func(r *lists.Register) {
			for _, e := range entries {
				p := lists.Proposal{ID: proposalFor(r, list, e), List: list, Entry: json.RawMessage(e.AppendJSON(nil)), Actor: who.Actor,
					Reason: who.Reason, At: d.now().UTC().Truncate(time.Second)}
				r.Proposals[p.ID] = p
				for i := range done {
					if done[i].EntryID == e.EntryID {
						done[i].Proposal = p.ID
					}
				}
			}
		})
	})
}

// proposalFor is the id of the proposal for an entry: the one that it replaces, else a new one.
func proposalFor(r *lists.Register, list string, e watchlist.Entry) string {
	for id, p := range r.Proposals {
		if have, err := watchlist.ParseEntry(p.Entry); err == nil && p.List == list && have.EntryID == e.EntryID {
			return id
		}
	}
	var id [6]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// ErrNoProposal says that there is no proposal with the id: it was decided, or never made.
var ErrNoProposal = errors.New("there is no such proposal")

// ErrSamePerson says that somebody tried to approve his own proposal.
var ErrSamePerson = errors.New("who proposed it cannot approve it")

// Approve puts a proposal in force in the name of a second person.
func Approve(ctx context.Context, d Deps, id string, who Who) (Done, Applied, error) {
	p, e, err := d.proposal(ctx, id)
	if err != nil {
		return Done{}, Applied{}, err
	}
	if err := twoPeople(p, e, who); err != nil {
		return Done{}, Applied{}, err
	}
	if at, _ := endOf(&e); !at.After(d.now()) {
		return Done{}, Applied{}, wrong("the entry's end, %s, has passed: it is proposed anew", e.ExpiresAt)
	}
	e.Approver = who.author()
	if err := e.Approved(); err != nil {
		return Done{}, Applied{}, wrong("%w", err)
	}
	done := Done{EntryID: e.EntryID, Status: StatusAdded}
	change := func(now []watchlist.Entry, all Standing) ([]watchlist.Entry, error) {
		if err := byHand(p.List, all); err != nil {
			return nil, err
		}
		out := slices.Clone(now)
		if at := slices.IndexFunc(out, func(x watchlist.Entry) bool { return x.EntryID == e.EntryID }); at >= 0 {
			done.Status = StatusChanged
			out[at] = e
			return out, nil
		}
		return append(out, e), nil
	}
	by := Who{Actor: who.Actor, Name: who.Name, Reason: p.Reason}
	u := Update{Edits: []Edit{{List: p.List, Origin: d.origin(by), Change: change}}, Author: by.author(), Reason: "approved: " + p.Reason}
	a, err := d.edit(ctx, u, audit.ListApprove, p.List, by, []string{e.EntryID, "of", p.Actor})
	if err != nil {
		return Done{}, a, err
	}
	return done, a, d.note(ctx, func(r *lists.Register) { delete(r.Proposals, id) })
}

// Anonymous is the actor of a listener that asks for no keys: anybody.
const Anonymous = "key:local"

// twoPeople says why a proposal and its approval may be one person's. An API key is one person; so is an account of an
// operating system, on whatever machine. A name that people give themselves proves nothing, but the same one twice does.
func twoPeople(p lists.Proposal, e watchlist.Entry, who Who) error {
	name, _, _ := strings.Cut(e.Author, " (")
	switch {
	case who.Actor == Anonymous || p.Actor == Anonymous:
		return fmt.Errorf("%w: a listener without keys does not know who anybody is", ErrSamePerson)
	case person(who.Actor) == person(p.Actor), who.Name != "" && strings.EqualFold(who.Name, name):
		return fmt.Errorf("%w: it was %s", ErrSamePerson, e.Author)
	default:
		return nil
	}
}

// person is an actor without the machine that he works on.
func person(actor string) string {
	if strings.HasPrefix(actor, "user:") {
		actor, _, _ = strings.Cut(actor, "@")
	}
	return actor
}

// Reject takes a proposal away. Who made it may do so too.
func Reject(ctx context.Context, d Deps, id string, who Who) error {
	p, e, err := d.proposal(ctx, id)
	if err != nil {
		return err
	}
	detail := map[string]string{"entries": e.EntryID, "of": p.Actor, "reason": who.Reason}
	return d.audited(ctx, audit.Record{Actor: who.Actor, Action: audit.ListReject, Object: p.List, Detail: detail}, func(ctx context.Context) error {
		return d.note(ctx, func(r *lists.Register) { delete(r.Proposals, id) })
	})
}

func (d Deps) proposal(ctx context.Context, id string) (lists.Proposal, watchlist.Entry, error) {
	if d.Register == nil {
		return lists.Proposal{}, watchlist.Entry{}, ErrNoProposal
	}
	r, err := d.Register.Register(ctx)
	if err != nil && !lost(err) {
		return lists.Proposal{}, watchlist.Entry{}, err
	}
	p, ok := r.Proposals[id]
	if !ok {
		return p, watchlist.Entry{}, ErrNoProposal
	}
	e, err := watchlist.ParseEntry(p.Entry)
	return p, e, err
}
