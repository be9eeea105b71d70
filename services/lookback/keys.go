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
	last := map[address.Key]uint64{}
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
		affected(have, now, func(k address.Key) { last[k] = cause })
		have = now
	}
	if missing > 0 {
		note = fmt.Sprintf("%d versions of the lists are gone: what only they held is not looked for", missing)
	}
	bySeq := map[uint64][]string{}
	for key, seq := range last {
		bySeq[seq] = append(bySeq[seq], key.String())
	}
	for seq, keys := range bySeq {
		slices.Sort(keys)
		groups = append(groups, caused{seq, keys})
	}
	slices.SortFunc(groups, func(a, b caused) int { return cmp.Compare(b.seq, a.seq) })
	return groups, note, nil
}

// affected calls fn with the keys of the addresses that are screened otherwise after than before: those of entries that
// were added, removed or changed, and the P2SH-P2WPKH keys for which an entry of a public key hash answers too. What
// allows an address or says whose it is matters only where the address is listed. A key may come more than once.
func affected(before, after *watchlist.Snapshot, fn func(address.Key)) {
	before.EachChange(after, func(c watchlist.Change) bool {
		// All entries of a change have one key.
		one := slices.Concat(c.Before, c.After)
		key := one[0].Key
		is := slices.ContainsFunc(one, func(e watchlist.Entry) bool { return e.Use == watchlist.UseListed })
		if is || listed(before, key) || listed(after, key) {
			fn(key)
		}
		if wrapped, ok := address.WrappedSegwit(key); ok && (is || listed(before, wrapped) || listed(after, wrapped)) {
			fn(wrapped)
		}
		return true
	})
}

// listed says whether a transfer with the key is hit.
func listed(s *watchlist.Snapshot, k address.Key) bool {
	entries, wrapped := s.Lookup(k)
	is := func(e *watchlist.Entry) bool { return e.Use == watchlist.UseListed }
	return slices.ContainsFunc(entries, is) || slices.ContainsFunc(wrapped, is)
}
