package lists

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// State is what is known of a list besides its content: where it comes from by itself and when that was last found good,
// and why a load was refused. Lists that people import have one only while their last load is refused.
type State struct {
	List string `json:"list"`

	Source   string        `json:"source,omitzero"`   // address or path; "" none
	Interval time.Duration `json:"interval,omitzero"` // nanoseconds
	MaxAge   time.Duration `json:"max_age,omitzero"`  // nanoseconds; 0: the source may be silent for ever
	Since    time.Time     `json:"since,omitzero"`    // when the source was configured
	Good     time.Time     `json:"good,omitzero"`     // last check that found the content in force good; zero: none yet
	Tried    time.Time     `json:"tried,omitzero"`    // last check
	Failures int           `json:"failures,omitzero"` // checks in a row that were not good
	Error    string        `json:"error,omitzero"`    // of the last check; "" it was good

	Refused *Refused `json:"refused,omitzero"` // the last load, when a guard refused it

	ETag         string   `json:"etag,omitzero"` // of the content in force
	LastModified string   `json:"last_modified,omitzero"`
	SHA256       string   `json:"sha256,omitzero"`
	Before       []string `json:"before,omitzero"` // SHA-256 of files whose place others took, the latest last
}

// Refused is a load that a guard refused.
type Refused struct {
	At    time.Time `json:"at"`
	Cause string    `json:"cause"`
	Text  string    `json:"text"`
	Actor string    `json:"actor"` // who loaded it
}

// Stale is when the last good check will be too old, zero for never. A source that was not found good yet has as long
// as one that was, from when it was configured on.
func (s State) Stale() time.Time {
	if s.Source == "" || s.MaxAge == 0 {
		return time.Time{}
	}
	last := s.Good
	if last.IsZero() {
		last = s.Since
	}
	return last.Add(s.MaxAge)
}

// Proposal is a change that waits for a second person.
type Proposal struct {
	ID     string          `json:"id"`
	List   string          `json:"list"`
	Entry  json.RawMessage `json:"entry"`  // canonical JSON of the entry, without an approver
	Actor  string          `json:"actor"`  // who proposed it, as the audit log names them; somebody else approves
	Reason string          `json:"reason"` // of the proposal
	At     time.Time       `json:"at"`
}

// Register is what is known of the lists and is no part of any of them. It stands beside the pointer.
type Register struct {
	Lists     map[string]State    `json:"lists"`     // by list, of those that have a state
	Proposals map[string]Proposal `json:"proposals"` // by id
}

// RegisterSource tells what is known of the lists; services/internal/cache implements it. ErrNotFound: nobody has written
// it yet, or it was flushed.
type RegisterSource interface {
	Register(ctx context.Context) (Register, error)
}

// bound is the first moment at which some source is too old.
type bound struct {
	at   time.Time // zero: never
	list string
	good time.Time
}

// boundOf finds it.
func boundOf(r Register) (b bound) {
	for _, name := range slices.Sorted(maps.Keys(r.Lists)) {
		s := r.Lists[name]
		if at := s.Stale(); !at.IsZero() && (b.at.IsZero() || at.Before(b.at)) {
			b = bound{at, name, s.Good}
		}
	}
	return b
}

// passed says why lists are not usable now because of the bound; "" when they are.
func (b bound) passed(now time.Time) string {
	if b.at.IsZero() || !now.After(b.at) {
		return ""
	}
	if b.good.IsZero() {
		return fmt.Sprintf("the source of list %s was never found good, and its max_age has passed", b.list)
	}
	return fmt.Sprintf("the source of list %s was last found good at %s, longer ago than its max_age", b.list, b.good.UTC().Format(time.RFC3339))
}
