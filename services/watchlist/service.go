package watchlist

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// Config is how the service works. The zero value of a field is its default.
type Config struct {
	Every   time.Duration // how often Redis is compared with the last activation, and ends of entries are looked at; default 1 s
	Copy    string        // file in which the service keeps the lists in force; "": it cannot restore what Redis loses
	Notes   string        // the same for what is known of the lists besides their content
	Sources []Source      // what the service fetches by itself
}

// Service keeps Redis in line with the activations: the pointer names the last one, and what it names is there, whole.
// What Redis lost is written again from the service's own copy, or from the history of the lists. It takes entries whose time has come out of the lists,
// and fetches the sources.
type Service struct {
	cfg Config
	d   Deps
	m   *Metrics

	copied  string    // version in the copy
	learned string    // version whose first end is known
	end     time.Time // of the entry that ends first; zero: none does
	noted   []byte    // register in the copy
	said    string    // last trouble that was logged
	dead    string    // version of which the history makes something else
	sought  string    // lists that were looked for in the copy, in vain or not
}

// Who does what nobody told the service to do, as activations and the audit log name it.
const self = "service:watchlist"

// New makes the service. It dials nothing and reads nothing.
func New(cfg Config, d Deps) (*Service, error) {
	if cfg.Every == 0 {
		cfg.Every = time.Second
	}
	if cfg.Every < 0 {
		return nil, fmt.Errorf("watchlist: every %s: want more than 0", cfg.Every)
	}
	for i, src := range cfg.Sources {
		if err := src.Check(); err != nil {
			return nil, fmt.Errorf("sources[%d]: %w", i, err)
		}
	}
	if d.Metrics == nil {
		d.Metrics = NewMetrics(prometheus.NewRegistry())
	}
	return &Service{cfg: cfg, d: d, m: d.Metrics}, nil
}

// Run works until ctx ends. It returns an error when the topic of activations is not what it must be.
func (s *Service) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	news, ready, ended := make(chan activation.Activation), make(chan struct{}), make(chan error, 1)
	wg.Go(func() {
		ended <- s.d.Activations.Follow(ctx, func() { close(ready) }, func(a activation.Activation) error {
			if a.Kind == activation.Lists {
				select {
				case news <- a:
				case <-ctx.Done():
				}
			}
			return nil
		})
	})
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
			if s.register(ctx) {
				for _, src := range s.cfg.Sources {
					wg.Go(func() { s.follow(ctx, src) })
				}
			}
		case <-tick.C:
			if caught != nil {
				continue
			}
			s.register(ctx)
		}
		if last.Seq != 0 {
			s.Check(ctx, last)
			s.expire(ctx)
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
		s.d.Logger.Error().Err(err).Uint64("seq", last.Seq).Msg("the lists in Redis are not as activated")
	case done != "":
		s.d.Logger.Warn().Uint64("seq", last.Seq).Str("version", last.Version).Msg("the lists in Redis were repaired: " + done)
	}
}

// errUnrestorable says that what was activated is nowhere.
var errUnrestorable = errors.New("lists are missing in Redis, and neither this service's copy nor the history has them: import them again")

// repair makes Redis hold what last says, and says what it did, "" for nothing.
func (s *Service) repair(ctx context.Context, last activation.Activation) (done string, err error) {
	want := pointerTo(last)
	have, err := s.d.Store.Pointer(ctx)
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
	if errors.Is(err, errUnrestorable) {
		err = s.salvage(ctx, last, err)
	}
	if err != nil {
		return "", err
	}
	if restored {
		done = "content was missing"
	}
	if have == want {
		return done, nil
	}
	err = s.d.Store.SetPointer(ctx, want)
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
	if whole && s.learned == p.Version && (s.cfg.Copy == "" || s.copied == p.Version) {
		return false, nil
	}
	if whole {
		_, snapshot, err := s.d.Memory.Load(ctx, s.d.Store, p)
		if err == nil {
			s.learn(snapshot)
			return false, s.copy(p, snapshot)
		}
		if !lost(err) {
			return false, err
		}
	}
	snapshot, err := s.kept(ctx, p)
	if err != nil {
		return false, err
	}
	if _, err := s.d.Store.Repair(ctx, snapshot, watchlist.Manifest{}); err != nil {
		return false, err
	}
	return true, nil
}

// kept returns the snapshot that p names from the copy, else from the history.
func (s *Service) kept(ctx context.Context, p lists.Pointer) (*watchlist.Snapshot, error) {
	if s.cfg.Copy != "" {
		if have, snapshot, err := lists.ReadCopy(s.cfg.Copy); err == nil && have.Version == p.Version {
			return snapshot, nil
		}
	}
	if s.d.Past == nil || s.dead == p.Version {
		return nil, errUnrestorable
	}
	snapshot, err := rebuilt(ctx, s.d.Past, p.Seq, p.Version)
	if errors.Is(err, ErrGone) {
		s.dead = p.Version // it would be the same the next time
	}
	if err != nil {
		return nil, fmt.Errorf("%w: from the history: %w", errUnrestorable, err)
	}
	return snapshot, nil
}

// whole says whether manifest and segments are there, by name and size. That they are what they are named by is checked
// where they are loaded.
func (s *Service) whole(ctx context.Context, p lists.Pointer) (bool, error) {
	text, err := s.d.Store.Manifest(ctx, p.Version)
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
	missing, err := s.d.Store.Missing(ctx, m)
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
