package watchlist

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// ErrLost is wrapped by the error of an update that would silently drop lists which are in force and cannot be found any
// more. What the update brings as whole lists was kept for the next try.
var ErrLost = errors.New("lists in force are lost")

// inForce returns the lists that an activation put in force: from Redis, else from the copy, else from the history,
// else as much of it as can be found, list by list. When a list is lost that the update does not bring, it is an error that says which, unless
// the update accepts to go on without it.
func (d Deps) inForce(ctx context.Context, a activation.Activation, u Update) (Standing, error) {
	s, err := d.standing(ctx, a, u)
	if err == nil {
		return s, nil
	}
	if passing(ctx, err) {
		return Standing{}, err
	}
	if d.Copy != "" {
		if p, s, err := lists.ReadCopy(d.Copy); err == nil && p.Version == a.Version {
			return whole(s), nil
		}
	}
	if d.Past != nil {
		if s, err := rebuilt(ctx, d.Past, a.Seq, a.Version); err == nil {
			return whole(s), nil
		}
	}
	d.Logger.Warn().Err(err).Uint64("seq", a.Seq).Msg("the lists in force are not whole in Redis")
	found := &watchlist.Snapshot{}
	var lost []string
	for _, l := range a.Lists {
		one, err := d.one(ctx, a, l)
		switch {
		case err == nil:
			found = found.With(one)
		case passing(ctx, err):
			return Standing{}, err
		case !u.brings(l.List):
			lost = append(lost, fmt.Sprintf("%s (%d entries)", l.List, l.Entries))
		}
	}
	accepted := u.Accept.Author != "" && u.Accept.Reason != ""
	if len(lost) > 0 && !accepted {
		return Standing{}, fmt.Errorf("%w: %s; what was given is kept: import the others too, or accept to go on without them, with author and reason",
			ErrLost, strings.Join(lost, ", "))
	}
	return whole(found), nil
}

// one finds a single list of an activation: in the manifest of the whole, or stored alone by an import.
func (d Deps) one(ctx context.Context, a activation.Activation, l activation.ListVersion) (*watchlist.Snapshot, error) {
	get := func(g watchlist.Segment) ([]byte, error) { return d.Store.Segment(ctx, g.SHA256) }
	text, err := d.Store.Manifest(ctx, a.Version)
	if err == nil {
		whole, err := watchlist.ParseManifest(text)
		if only, ok := whole.Only(l.List); err == nil && ok {
			if s, err := only.Read(get); err == nil {
				return s, nil
			}
		}
	}
	if err != nil && passing(ctx, err) {
		return nil, err
	}
	_, s, err := lists.Load(ctx, d.Store, byItself(l))
	return s, err
}

// salvage stores what the copy still has of the lists of an activation that cannot be restored whole, each alone, so that an
// import of the others finds them. It returns cause, with what is to be imported.
func (s *Service) salvage(ctx context.Context, a activation.Activation, cause error) error {
	var lost []activation.ListVersion
	for _, l := range a.Lists {
		stored, err := s.whole(ctx, byItself(l))
		if err != nil {
			return err
		}
		if !stored {
			lost = append(lost, l)
		}
	}
	if sought := a.Version + fmt.Sprint(lost); s.cfg.Copy != "" && s.sought != sought {
		if _, have, err := lists.ReadCopy(s.cfg.Copy); err == nil {
			for _, l := range lost {
				one := have.Only(l.List, l.Version)
				if one == nil {
					continue
				}
				if _, err := s.d.Store.Store(ctx, one, watchlist.Manifest{}); err != nil {
					return err
				}
			}
		}
		s.sought = sought
	}
	var names []string
	for _, l := range lost {
		if stored, err := s.whole(ctx, byItself(l)); err != nil || !stored {
			names = append(names, fmt.Sprintf("%s (%d entries)", l.List, l.Entries))
		}
	}
	if len(names) == 0 {
		return cause
	}
	return fmt.Errorf("%w: %s", cause, strings.Join(names, ", "))
}

// byItself points to a list that is stored by itself.
func byItself(l activation.ListVersion) lists.Pointer {
	return lists.Pointer{Version: watchlist.VersionOf([]watchlist.ListInfo{{Name: l.List, Hash: l.Version}}), Count: l.Entries}
}

// passing says whether err will go by: then nothing is known to be lost.
func passing(ctx context.Context, err error) bool {
	return errors.Is(err, lists.ErrUnavailable) || ctx.Err() != nil
}
