package watchlist

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// Config is how the service works. The zero value of a field is its default.
type Config struct {
	Every  time.Duration // how often Redis is compared with the last activation; default 5 s
	Copy   string        // file in which the service keeps the lists in force; "": it cannot restore what Redis loses
	Memory *lists.Memory // what the process loaded; nil: everything is read anew
	Logger zerolog.Logger
}

// Service keeps Redis in line with the activations: the pointer names the last one, and what it names is there, whole.
// What Redis lost is written again from the service's own copy.
type Service struct {
	cfg   Config
	store Store
	acts  Activations
	m     *Metrics

	copied string // version in the copy
	said   string // last trouble that was logged
}

// New makes the service. It dials nothing and reads nothing.
func New(cfg Config, store Store, acts Activations, m *Metrics) (*Service, error) {
	if cfg.Every == 0 {
		cfg.Every = 5 * time.Second
	}
	if cfg.Every < 0 {
		return nil, fmt.Errorf("watchlist: every %s: want more than 0", cfg.Every)
	}
	return &Service{cfg: cfg, store: store, acts: acts, m: m}, nil
}

// Run works until ctx ends. It returns an error when the topic of activations is not what it must be.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	news, ready, ended := make(chan activation.Activation), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- s.acts.Follow(ctx, func() { close(ready) }, func(a activation.Activation) error {
			if a.Kind == activation.Lists {
				select {
				case news <- a:
				case <-ctx.Done():
				}
			}
			return nil
		})
	}()
	tick := time.NewTicker(s.cfg.Every)
	defer tick.Stop()
	var last activation.Activation
	caught := ready
	for {
		select {
		case err := <-ended:
			return err
		case a := <-news:
			// Whoever activated it sets the pointer next; it is looked at with the next tick.
			last = a
			continue
		case <-caught:
			caught = nil
		case <-tick.C:
			if caught != nil {
				continue
			}
		}
		if last.Seq != 0 {
			s.Check(ctx, last)
		}
	}
}

// Check compares Redis with the last activation of lists once, and repairs it. Run calls it; tests may.
func (s *Service) Check(ctx context.Context, last activation.Activation) {
	done, err := s.repair(ctx, last)
	if ctx.Err() != nil {
		return
	}
	s.m.checked(last, done, err)
	said := done
	if err != nil {
		said = err.Error()
	}
	if said == s.said {
		return
	}
	s.said = said
	switch {
	case err != nil:
		s.cfg.Logger.Error().Err(err).Uint64("seq", last.Seq).Msg("the lists in Redis are not as activated")
	case done != "":
		s.cfg.Logger.Warn().Uint64("seq", last.Seq).Str("version", last.Version).Msg("the lists in Redis were repaired: " + done)
	}
}

// errUnrestorable says that what was activated is nowhere.
var errUnrestorable = errors.New("lists are missing in Redis and this service has no copy of them: import them again")

// repair makes Redis hold what last says, and says what it did, "" for nothing.
func (s *Service) repair(ctx context.Context, last activation.Activation) (done string, err error) {
	want := pointerTo(last)
	have, err := s.store.Pointer(ctx)
	switch {
	case errors.Is(err, lists.ErrNotFound):
		done = "there was no pointer"
	case errors.Is(err, lists.ErrBroken):
		done = "the pointer was broken"
	case err != nil:
		return "", err
	case have.Epoch == want.Epoch && have.Seq > want.Seq:
		return "", nil // an import is ahead of what was read of the topic
	case have != want:
		done = fmt.Sprintf("the pointer named seq %d", have.Seq)
	}
	restored, err := s.content(ctx, want)
	if err != nil {
		return "", err
	}
	if restored {
		done = "content was missing"
	}
	if have == want {
		return done, nil
	}
	err = s.store.SetPointer(ctx, want)
	if errors.Is(err, lists.ErrStale) {
		return "", nil // an import was faster
	}
	return done, err
}

// content sees to it that Redis holds the snapshot that p names, and the copy too; restored says that Redis did not.
func (s *Service) content(ctx context.Context, p lists.Pointer) (restored bool, err error) {
	whole, err := s.whole(ctx, p)
	if err != nil {
		return false, err
	}
	if whole && (s.cfg.Copy == "" || s.copied == p.Version) {
		return false, nil
	}
	if whole {
		_, snapshot, err := s.cfg.Memory.Load(ctx, s.store, p)
		if err == nil {
			return false, s.copy(p, snapshot)
		}
		if !lost(err) {
			return false, err
		}
	}
	if s.cfg.Copy == "" {
		return false, errUnrestorable
	}
	have, snapshot, err := lists.ReadCopy(s.cfg.Copy)
	if err != nil || have.Version != p.Version {
		return false, errUnrestorable
	}
	if _, err := s.store.Repair(ctx, snapshot); err != nil {
		return false, err
	}
	return true, nil
}

// whole says whether manifest and segments are there, by name and size. That they are what they are named by is checked
// where they are loaded.
func (s *Service) whole(ctx context.Context, p lists.Pointer) (bool, error) {
	text, err := s.store.Manifest(ctx, p.Version)
	if lost(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	m, err := watchlist.ParseManifest(text)
	if lost(err) { // and ParseManifest returns no other error
		return false, nil
	}
	missing, err := s.store.Missing(ctx, m)
	if lost(err) {
		return false, nil
	}
	return len(missing) == 0, err
}

// lost says whether err means that something is not there as it was written, and not only out of reach.
func lost(err error) bool {
	return errors.Is(err, lists.ErrNotFound) || errors.Is(err, lists.ErrBroken) || errors.Is(err, watchlist.ErrCorrupt)
}

func (s *Service) copy(p lists.Pointer, snapshot *watchlist.Snapshot) error {
	if s.cfg.Copy == "" {
		return nil
	}
	if err := lists.WriteCopy(s.cfg.Copy, p, snapshot); err != nil {
		return fmt.Errorf("keeping a copy: %w", err)
	}
	s.copied = p.Version
	return nil
}
