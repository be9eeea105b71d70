package watchlist

import (
	"context"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/address"
	"sluice/pkg/event/canonical"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
	"sluice/services/internal/lists"
)

// Fact is what one list said of an address, in exactly these words, and the span of time in which Sluice screened by it.
type Fact struct {
	Entry watchlist.Entry
	Match string // exact, or same_key: another address of the same public key is listed; "" where nothing was asked for

	// The span: from one activation until before another one. Zero and nil where the history does not have it yet.
	FromSeq    uint64
	KnownFrom  time.Time
	ToSeq      *uint64 // nil: in force still
	KnownTo    *time.Time
	KnownSince time.Time // since when the entry was known, in whatever words, without a break; at the latest KnownFrom
	By         string    // who activated it
	Why        string

	// The load of the list that brought the words.
	Format     string
	Source     string // file or address
	ImportedAt time.Time
}

// InForce says whether the fact was screened by at a number of the order of knowledge.
func (f *Fact) InForce(seq uint64) bool {
	return f.FromSeq <= seq && (f.ToSeq == nil || seq < *f.ToSeq)
}

// AppendJSON appends the fact as one JSON object: the members of the entry, then those of its knowledge. What is unknown
// is left out.
func (f *Fact) AppendJSON(dst []byte) []byte {
	dst = f.Entry.AppendJSON(dst)
	dst = dst[:len(dst)-1] // its closing brace
	text := func(name, value string) {
		if value != "" {
			dst = append(append(append(dst, `,"`...), name...), `":`...)
			dst = canonical.AppendString(dst, value)
		}
	}
	when := func(name string, at time.Time) {
		if !at.IsZero() {
			text(name, at.UTC().Format(time.RFC3339Nano))
		}
	}
	text("match", f.Match)
	when("known_since", f.KnownSince)
	when("known_from", f.KnownFrom)
	if f.KnownTo != nil {
		when("known_to", *f.KnownTo)
	}
	if f.FromSeq > 0 {
		dst = strconv.AppendUint(append(dst, `,"from_seq":`...), f.FromSeq, 10)
	}
	if f.ToSeq != nil {
		dst = strconv.AppendUint(append(dst, `,"to_seq":`...), *f.ToSeq, 10)
	}
	text("activated_by", f.By)
	text("activated_for", f.Why)
	text("source_format", f.Format)
	text("source", f.Source)
	when("imported_at", f.ImportedAt)
	return append(dst, '}')
}

// Question is an address that somebody asks about: its keys, with the spelling that is asked for under each.
type Question struct {
	Text string
	keys []asked
}

type asked struct {
	key     address.Key
	spelled string // "" where a key was asked for
}

// Ask reads an address in any of its spellings, on whatever network it may be of, or an address key as text
// ("bitcoin:pkh:62e9…").
func Ask(text string) Question {
	q := Question{Text: strings.TrimSpace(text)}
	add := func(key address.Key, spelled string) {
		for _, a := range q.keys {
			if a.key == key {
				return
			}
		}
		q.keys = append(q.keys, asked{key, spelled})
	}
	if key, err := address.ParseKey(q.Text); err == nil {
		add(key, "")
	}
	for _, r := range address.Readings(q.Text) {
		add(r.Address.Key, r.Address.Text)
	}
	add(watchlist.TextKey(q.Text), q.Text)
	return q
}

// Doubt says why the text may be no address at all, "" where it has the form of one, or is a key. Asked about such a text
// that nothing is listed proves little: an address that lacks its 0x, or a character, is another text.
func (q Question) Doubt() string {
	if _, err := address.ParseKey(q.Text); err == nil || len(address.Guess(q.Text)) > 0 {
		return ""
	}
	return intake.WhyNone(q.Text)
}

// Keys are what is asked for.
func (q Question) Keys() []address.Key {
	keys := make([]address.Key, len(q.keys))
	for i, a := range q.keys {
		keys[i] = a.key
	}
	return keys
}

// match says how an entry answers.
func (q Question) match(e *watchlist.Entry) string {
	for _, a := range q.keys {
		if a.key == e.Key && (a.spelled == "" || a.spelled == e.Address) {
			return "exact"
		}
	}
	return "same_key"
}

// Answer are the facts that answer, in the order of knowledge, each with how it matches.
func (q Question) Answer(facts []Fact, keep func(*Fact) bool) (out []Fact) {
	for _, f := range facts {
		if keep(&f) {
			f.Match = q.match(&f.Entry)
			out = append(out, f)
		}
	}
	return out
}

// Live returns what the lists of a snapshot say of the address.
func (q Question) Live(s *watchlist.Snapshot) []Fact {
	facts, _ := q.facts(s.Lists(), func(k address.Key) (listed, wrapped []*watchlist.Entry, err error) {
		listed, wrapped = s.Lookup(k)
		return listed, wrapped, nil
	})
	return facts
}

// Stored returns what the lists that a manifest describes say of the address, where they are stored.
func (q Question) Stored(ctx context.Context, src lists.Catalogued, m watchlist.Manifest) ([]Fact, error) {
	infos, err := m.Infos()
	if err != nil {
		return nil, err
	}
	stored := lists.NewStored(src, nil, m)
	return q.facts(infos, func(k address.Key) (listed, wrapped []*watchlist.Entry, err error) { return stored.Lookup(ctx, k) })
}

// facts are what look-ups in lists find.
func (q Question) facts(infos []watchlist.ListInfo, lookup func(address.Key) (listed, wrapped []*watchlist.Entry, err error)) ([]Fact, error) {
	origins := map[string]watchlist.Origin{}
	for _, l := range infos {
		origins[l.Name] = l.Origin
	}
	var facts []Fact
	for _, a := range q.keys {
		listed, wrapped, err := lookup(a.key)
		if err != nil {
			return nil, err
		}
		for _, e := range append(listed, wrapped...) {
			o := origins[e.List]
			facts = append(facts, Fact{Entry: *e, Match: q.match(e), Format: o.Format, Source: o.Source, ImportedAt: o.ImportedAt})
		}
	}
	return facts, nil
}
