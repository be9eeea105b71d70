package watchlist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"sluice/pkg/address"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// ErrNoVersion is wrapped by the error about a version that nothing in the order of knowledge is called by.
var ErrNoVersion = errors.New("no such version of the lists")

// ErrGone is wrapped by the error about a version whose content is nowhere any more.
var ErrGone = errors.New("the content of the version is gone")

// MinPrefix is how many digits of a version a name must have.
const MinPrefix = 8

// Order is the order of knowledge as a whole; *activation.Log implements it.
type Order interface {
	// All returns every activation, in their order.
	All(ctx context.Context) ([]activation.Activation, error)
}

// Past is what ClickHouse remembers of the lists.
type Past interface {
	// Activations returns the recorded activations of lists, by their numbers.
	Activations(ctx context.Context) ([]activation.Activation, error)
	// Rebuild returns the lists as recorded with the activation; the caller verifies them. The error wraps ErrGone where
	// the activation is not recorded.
	Rebuild(ctx context.Context, seq uint64) (*watchlist.Snapshot, error)
	// Facts returns all that any list ever said of the keys, or of the public key of which one is the wrapped address, by
	// the activation that brought it; and the last activation that is recorded.
	Facts(ctx context.Context, keys []address.Key) (facts []Fact, recorded uint64, err error)
	// Judged returns the transfers whose fact, or whose transfer at the exchange, has the id.
	Judged(ctx context.Context, id string) ([]Judged, error)
}

// Versions finds every version of the lists that was ever in force: its activation in the topic or in the history, its
// content in Redis or rebuilt from the history. What it returns is verified by the content hash.
type Versions struct {
	Order Order // nil: the history alone tells
	Store lists.Catalogued
	Past  Past // nil: there is no history
	// Memory is what the process loaded, which shares what did not change; nil: everything is read anew.
	Memory *lists.Memory
}

// All returns the activations of lists in order. Those of earlier epochs, which the topic does not have any more, are
// the history's.
func (v Versions) All(ctx context.Context) ([]activation.Activation, error) {
	var all []activation.Activation
	if v.Order != nil {
		every, err := v.order(ctx)
		if err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(every, func(a activation.Activation) bool { return a.Kind != activation.Lists })
	}
	if v.Past == nil {
		return all, nil
	}
	recorded, err := v.Past.Activations(ctx)
	if err != nil {
		return nil, fmt.Errorf("history of the lists: %w", err)
	}
	inTopic := map[uint64]bool{}
	for _, a := range all {
		inTopic[a.Seq] = true
	}
	for _, a := range recorded {
		if !inTopic[a.Seq] {
			all = append(all, a)
		}
	}
	slices.SortFunc(all, func(a, b activation.Activation) int { return cmp.Compare(a.Seq, b.Seq) })
	return all, nil
}

// orderTimeout bounds how long a question waits for a broker that does not answer.
const orderTimeout = 5 * time.Second

func (v Versions) order(ctx context.Context) ([]activation.Activation, error) {
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	return v.Order.All(ctx)
}

// Find returns the activation that a name means: `current`, `previous` (what was in force before it), `#N` or N (what
// was in force at number N of the order of knowledge), or a version or at least MinPrefix of its first digits (its latest
// activation). Errors wrap ErrNoVersion.
func (v Versions) Find(ctx context.Context, name string) (activation.Activation, error) {
	all, err := v.All(ctx)
	if err != nil {
		return activation.Activation{}, err
	}
	return Find(all, name)
}

// Find is Versions.Find in activations of lists that stand in their order.
func Find(all []activation.Activation, name string) (activation.Activation, error) {
	none := activation.Activation{}
	if len(all) == 0 {
		return none, fmt.Errorf("%w: no list was ever activated: `sluice watchlist import` does", ErrNoVersion)
	}
	last := all[len(all)-1]
	number, isNumber := strings.CutPrefix(name, "#")
	if len(name) < MinPrefix && name != "" && strings.Trim(name, "0123456789") == "" { // too short for a version
		number, isNumber = name, true
	}
	switch {
	case name == "current":
		return last, nil
	case name == "previous":
		if len(all) == 1 {
			return none, fmt.Errorf("%w: seq %d is the first activation of lists, there is no previous one", ErrNoVersion, last.Seq)
		}
		return all[len(all)-2], nil
	case isNumber:
		seq, err := strconv.ParseUint(number, 10, 64)
		if err != nil {
			return none, fmt.Errorf("%w: %q: behind # stands the number of an activation, such as #%d", ErrNoVersion, name, last.Seq)
		}
		if seq > last.Seq {
			return none, fmt.Errorf("%w: #%d: the last activation of lists is #%d", ErrNoVersion, seq, last.Seq)
		}
		return at(all, name, func(a *activation.Activation) bool { return a.Seq <= seq })
	default:
		return byVersion(all, name)
	}
}

// At returns the activation that was in force at a time, in activations of lists that stand in their order.
func At(all []activation.Activation, when time.Time) (activation.Activation, error) {
	return at(all, when.UTC().Format(time.RFC3339), func(a *activation.Activation) bool { return !a.At.After(when) })
}

// at returns the last activation of those that were made when.
func at(all []activation.Activation, when string, made func(*activation.Activation) bool) (activation.Activation, error) {
	for i := len(all) - 1; i >= 0; i-- {
		if made(&all[i]) {
			return all[i], nil
		}
	}
	if len(all) == 0 {
		return activation.Activation{}, fmt.Errorf("%w: no list was ever activated", ErrNoVersion)
	}
	return activation.Activation{}, fmt.Errorf("%w: at %s no list was in force yet: the first activation is #%d of %s",
		ErrNoVersion, when, all[0].Seq, all[0].At.UTC().Format(time.RFC3339))
}

func byVersion(all []activation.Activation, prefix string) (found activation.Activation, err error) {
	prefix = strings.ToLower(prefix)
	if len(prefix) < MinPrefix || strings.Trim(prefix, "0123456789abcdef") != "" {
		return found, fmt.Errorf("%w: %q: want current, previous, #SEQ, or a version or at least %d of its first digits", ErrNoVersion, prefix, MinPrefix)
	}
	for _, a := range all {
		if !strings.HasPrefix(a.Version, prefix) {
			continue
		}
		if found.Version != "" && found.Version != a.Version {
			return activation.Activation{}, fmt.Errorf("%w: %q is the beginning of several: %s, %s", ErrNoVersion, prefix, found.Version, a.Version)
		}
		found = a
	}
	if found.Version == "" {
		return found, fmt.Errorf("%w: %q begins none that was ever in force; `sluice watchlist versions` lists them", ErrNoVersion, prefix)
	}
	return found, nil
}

// Snapshot returns the lists that a name means, as Find does, and the activation that put them in force.
func (v Versions) Snapshot(ctx context.Context, name string) (*watchlist.Snapshot, activation.Activation, error) {
	a, err := v.Find(ctx, name)
	if err != nil {
		return nil, a, err
	}
	s, err := v.Load(ctx, a)
	return s, a, err
}

// Load returns the lists that an activation put in force: from Redis where it has them whole, else rebuilt from the
// history. The error wraps ErrGone when neither has them.
func (v Versions) Load(ctx context.Context, a activation.Activation) (*watchlist.Snapshot, error) {
	s, err := v.stored(ctx, a.Version)
	if err == nil || passing(ctx, err) {
		return s, err
	}
	if v.Past == nil {
		return nil, fmt.Errorf("%w: seq %d, version %s: %w, and there is no history to rebuild it from", ErrGone, a.Seq, a.Version, err)
	}
	s, past := rebuilt(ctx, v.Past, a.Seq, a.Version)
	if past != nil {
		return nil, fmt.Errorf("seq %d, version %s: %w; from the history: %w", a.Seq, a.Version, err, past)
	}
	return s, nil
}

// rebuilt returns the lists of an activation as the history has them, verified.
func rebuilt(ctx context.Context, past Past, seq uint64, version string) (*watchlist.Snapshot, error) {
	s, err := past.Rebuild(ctx, seq)
	if err != nil {
		return nil, err
	}
	if s.Version() != version {
		return nil, fmt.Errorf("%w: seq %d: the history makes version %s with %d entries of it, it was %s", ErrGone, seq, s.Version(), s.Len(), version)
	}
	return s, nil
}

// manifest is that of a version as Redis has it.
func (v Versions) manifest(ctx context.Context, version string) (watchlist.Manifest, error) {
	text, err := v.Store.Manifest(ctx, version)
	if err != nil {
		return watchlist.Manifest{}, err
	}
	m, err := watchlist.ParseManifest(text)
	if err == nil && m.Version != version {
		err = fmt.Errorf("%w: the manifest of version %s is that of %s", watchlist.ErrCorrupt, version, m.Version)
	}
	return m, err
}

// stored returns a version as Redis has it.
func (v Versions) stored(ctx context.Context, version string) (*watchlist.Snapshot, error) {
	m, err := v.manifest(ctx, version)
	if err != nil {
		return nil, err
	}
	return v.Memory.Some(ctx, v.Store, m)
}
