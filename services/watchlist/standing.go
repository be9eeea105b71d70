package watchlist

import (
	"context"
	"fmt"

	"sluice/pkg/address"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// Standing is the lists that an update goes on from: those that it changes are held, and of the others it is enough that
// they are stored, whole. The zero value has no lists.
type Standing struct {
	held   *watchlist.Snapshot
	rest   watchlist.Manifest   // of the lists that are not held
	infos  []watchlist.ListInfo // of all
	lookup func(address.Key) (listed, wrapped []*watchlist.Entry, err error)
}

// whole is lists that are all held.
func whole(s *watchlist.Snapshot) Standing {
	return Standing{held: s, infos: s.Lists()}
}

// with is the standing with other lists held.
func (s Standing) with(held *watchlist.Snapshot) (Standing, error) {
	m, err := held.Write(func(watchlist.Segment, []byte) error { return nil })
	if err != nil {
		return s, err
	}
	s.held = held
	s.infos, err = s.rest.With(m).Infos()
	return s, err
}

// Version is that of the snapshot of all the lists, "" for none.
func (s Standing) Version() string {
	if s.infos == nil {
		return ""
	}
	return watchlist.VersionOf(s.infos)
}

// Len is the number of entries of all lists.
func (s Standing) Len() (n int) {
	for _, l := range s.infos {
		n += l.Entries
	}
	return n
}

// list describes a list; the zero value where there is no such list.
func (s Standing) list(name string) watchlist.ListInfo {
	for _, l := range s.infos {
		if l.Name == name {
			return l
		}
	}
	return watchlist.ListInfo{}
}

// Origin is where a list came from, zero where there is no such list.
func (s Standing) Origin(list string) watchlist.Origin { return s.list(list).Origin }

// Lookup is Snapshot.Lookup in all the lists.
func (s Standing) Lookup(k address.Key) (listed, wrapped []*watchlist.Entry, err error) {
	if s.lookup != nil {
		return s.lookup(k)
	}
	listed, wrapped = s.held.Lookup(k)
	return listed, wrapped, nil
}

// standing is the lists of an activation where the store has all of them, of which it reads those that the update changes.
func (d Deps) standing(ctx context.Context, a activation.Activation, u Update) (Standing, error) {
	m, err := lists.ReadManifest(ctx, d.Store, pointerTo(a))
	if err != nil {
		return Standing{}, err
	}
	missing, err := d.Store.Missing(ctx, m)
	if err != nil {
		return Standing{}, err
	}
	if len(missing) > 0 {
		return Standing{}, fmt.Errorf("%d segments, such as %s: %w", len(missing), missing[0].SHA256, lists.ErrNotFound)
	}
	names := make([]string, len(u.Edits))
	for i, e := range u.Edits {
		names[i] = e.List
	}
	s := Standing{}
	if s.infos, err = m.Infos(); err != nil {
		return s, err
	}
	var changing watchlist.Manifest
	changing, s.rest = m.Split(names)
	if s.held, err = d.Memory.Some(ctx, d.Store, changing); err != nil {
		return s, err
	}
	stored := lists.NewStored(d.Store, d.Memory, m)
	s.lookup = func(k address.Key) (listed, wrapped []*watchlist.Entry, err error) { return stored.Lookup(ctx, k) }
	return s, nil
}
