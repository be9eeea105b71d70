package lookback

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"sluice/pkg/address"
	"sluice/pkg/watchlist"
)

// caused are address keys, as text, about which one activation changed something, and none after it.
type caused struct {
	seq  uint64
	keys []string
}

// keysOf finds the keys that a plan is about, those of the last activation first, and tells what it could not compare.
func (s *Service) keysOf(ctx context.Context, p plan) (groups []caused, note string, err error) {
	last := map[string]uint64{}
	var have *watchlist.Snapshot // nil: nothing
	missing := 0
	if p.before != nil {
		switch have, err = s.Snapshots.Load(ctx, *p.before); {
		case errors.Is(err, ErrNoSnapshot):
			missing++
		case err != nil:
			return nil, "", err
		}
	}
	for i, a := range p.steps {
		now, err := s.Snapshots.Load(ctx, a)
		// The lists in force come back: the watchlist service restores them, or somebody imports them again.
		inForce := p.scope == ScopeLists && i == len(p.steps)-1
		if errors.Is(err, ErrNoSnapshot) && !inForce {
			missing++
			continue
		}
		if err != nil {
			return nil, "", err
		}
		cause := a.Seq
		if p.scope == ScopeSince {
			cause = p.seq
		}
		for key := range affected(have, now) {
			last[key] = cause
		}
		have = now
	}
	if missing > 0 {
		note = fmt.Sprintf("%d versions of the lists are gone: what only they held is not looked for", missing)
	}
	bySeq := map[uint64][]string{}
	for key, seq := range last {
		bySeq[seq] = append(bySeq[seq], key)
	}
	for seq, keys := range bySeq {
		slices.Sort(keys)
		groups = append(groups, caused{seq, keys})
	}
	slices.SortFunc(groups, func(a, b caused) int { return cmp.Compare(b.seq, a.seq) })
	return groups, note, nil
}

// affected are the keys, as text, of the addresses that are screened otherwise after than before: those of entries that
// were added, removed or changed, and the P2SH-P2WPKH keys for which an entry of a public key hash answers too. What
// allows an address or says whose it is matters only where the address is listed.
func affected(before, after *watchlist.Snapshot) map[string]bool {
	keys := map[string]bool{}
	add := func(k address.Key) {
		if listed(before, k) || listed(after, k) {
			keys[k.String()] = true
		}
	}
	entry := func(e *watchlist.Entry) {
		add(e.Key)
		if wrapped, ok := address.WrappedSegwit(e.Key); ok {
			add(wrapped)
		}
	}
	d := before.Diff(after)
	for i := range d.Added {
		entry(&d.Added[i])
	}
	for i := range d.Removed {
		entry(&d.Removed[i])
	}
	for _, c := range d.Changed {
		// Both sides have one key.
		entry(&c.Before[0])
	}
	return keys
}

// listed says whether a transfer with the key is hit.
func listed(s *watchlist.Snapshot, k address.Key) bool {
	entries, wrapped := s.Lookup(k)
	is := func(e *watchlist.Entry) bool { return e.Use == watchlist.UseListed }
	return slices.ContainsFunc(entries, is) || slices.ContainsFunc(wrapped, is)
}
