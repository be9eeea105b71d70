// Package activation is the order of knowledge: the records of sluice.activations.v1, one for every activation of lists
// or rules and every run that screens old transfers again. The place of a record in the topic gives the activation its
// number, and nothing else does: seq = base + offset + 1, where base is in the topic's first record together with the
// epoch, the identity of the topic.
//
// Callers that must not cross each other (two imports) take a lease first; the numbers stay right without one.
package activation

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"

	"sluice/pkg/event/canonical"
)

// Kind is what was activated.
type Kind string

// The kinds.
const (
	Lists    Kind = "lists"    // a snapshot of all watchlists
	Rules    Kind = "rules"    // a rule set
	Rescreen Kind = "rescreen" // a run that screens old transfers again
)

// Activation is one record of the topic with its number.
type Activation struct {
	Seq   uint64 // from the record's place
	Epoch string // of the topic

	Kind     Kind
	Version  string // content hash of what is activated; of a run, its id
	Previous string // the version that it takes the place of, "" for the first
	Author   string
	Reason   string
	At       time.Time
	Lists    []ListVersion // of kind lists: every list in the snapshot
	Scope    Scope         // of kind rescreen: what is screened again
	FromSeq  uint64        // of scope since: the first activation of lists whose changes count
	Audit    AuditHead     // where an audit log ended then; zero: the appender keeps none
}

// AuditHead is the end of an audit log, noted where who keeps that log cannot write: a record of the topic stays what it
// is, and the log must go on having the record that it names.
type AuditHead struct {
	Log  string `json:"log"`  // name of the log: several may stand beside one topic
	Seq  uint64 `json:"seq"`  // number of its last record then
	Hash string `json:"hash"` // of that record and all before it, hex
}

// Scope is what a run screens again.
type Scope string

// The scopes.
const (
	Since Scope = "since" // transfers with an address whose entries changed since an activation
	Held  Scope = "held"  // transfers that are held because there were no usable lists
)

// ListVersion is a list within an activated snapshot.
type ListVersion struct {
	List    string `json:"list"`
	Version string `json:"version"` // content hash of the list
	Entries int    `json:"entries"`
}

// ErrNoLog is wrapped by errors about a topic that does not begin as it must: its first record is gone, or is none.
var ErrNoLog = errors.New("sluice.activations.v1 does not begin with its first record")

// recordJSON is the value of a record, as schemas/events/activations.v1.json has it.
type recordJSON struct {
	Kind     Kind          `json:"kind"`
	Base     *uint64       `json:"base"`
	Epoch    string        `json:"epoch"`
	Version  string        `json:"version"`
	Previous string        `json:"previous"`
	Author   string        `json:"author"`
	Reason   string        `json:"reason"`
	At       time.Time     `json:"at"`
	Lists    []ListVersion `json:"lists"`
	Scope    Scope         `json:"scope"`
	FromSeq  uint64        `json:"from_seq"`
	Audit    AuditHead     `json:"audit"`
}

// appendRecord appends the value of a record. The first one of a topic carries base and epoch.
func appendRecord(dst []byte, a *Activation, first bool, base uint64) []byte {
	dst = canonical.AppendString(append(dst, `{"kind":`...), string(a.Kind))
	if first {
		dst = fmt.Appendf(dst, `,"base":%d,"epoch":`, base)
		dst = canonical.AppendString(dst, a.Epoch)
	}
	dst = canonical.AppendString(append(dst, `,"version":`...), a.Version)
	if a.Previous != "" {
		dst = canonical.AppendString(append(dst, `,"previous":`...), a.Previous)
	}
	dst = canonical.AppendString(append(dst, `,"author":`...), a.Author)
	if a.Reason != "" {
		dst = canonical.AppendString(append(dst, `,"reason":`...), a.Reason)
	}
	dst = canonical.AppendTime(append(dst, `,"at":`...), a.At)
	if a.Kind == Lists {
		dst = append(dst, `,"lists":[`...)
		for i, l := range a.Lists {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = canonical.AppendString(append(dst, `{"list":`...), l.List)
			dst = canonical.AppendString(append(dst, `,"version":`...), l.Version)
			dst = fmt.Appendf(dst, `,"entries":%d}`, l.Entries)
		}
		dst = append(dst, ']')
	}
	if a.Kind == Rescreen {
		dst = canonical.AppendString(append(dst, `,"scope":`...), string(a.Scope))
		if a.Scope == Since {
			dst = fmt.Appendf(dst, `,"from_seq":%d`, a.FromSeq)
		}
	}
	if a.Audit.Seq > 0 {
		dst = canonical.AppendString(append(dst, `,"audit":{"log":`...), a.Audit.Log)
		dst = fmt.Appendf(dst, `,"seq":%d,"hash":`, a.Audit.Seq)
		dst = append(canonical.AppendString(dst, a.Audit.Hash), '}')
	}
	return append(dst, '}')
}

// parseRecord reads a value. Members that a later release added are left alone.
func parseRecord(value []byte) (recordJSON, error) {
	var r recordJSON
	if err := json.Unmarshal(value, &r); err != nil {
		return r, fmt.Errorf("activation: %w", err)
	}
	if r.Kind == "" || r.Version == "" {
		return r, errors.New("activation: kind or version is missing")
	}
	return r, nil
}

// Check says what is missing from an activation that is to be appended.
func (a *Activation) Check() error {
	switch {
	case a.Kind != Lists && a.Kind != Rules && a.Kind != Rescreen:
		return fmt.Errorf("activation: kind %q is none of lists, rules, rescreen", a.Kind)
	case a.Version == "":
		return errors.New("activation: version is empty")
	case a.Author == "" || len(a.Author) > 256:
		return fmt.Errorf("activation: author %.40q: want 1 to 256 bytes", a.Author)
	case len(a.Reason) > 4096:
		return fmt.Errorf("activation: reason of %d bytes, at most 4096", len(a.Reason))
	case a.At.IsZero():
		return errors.New("activation: at is not set")
	case a.Kind == Rescreen && a.Scope != Since && a.Scope != Held:
		return fmt.Errorf("activation: scope %q is neither since nor held", a.Scope)
	case a.Kind == Rescreen && a.Scope == Since && a.FromSeq == 0:
		return errors.New("activation: from_seq is 0, the first activation is 1")
	default:
		return nil
	}
}

// Entries is how many entries the lists of an activation have together.
func (a *Activation) Entries() (n int) {
	for _, l := range a.Lists {
		n += l.Entries
	}
	return n
}
