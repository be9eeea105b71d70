// Package audit is the log of who changed which list, rule, key or verdict: append-only, one JSON object a line, each
// with the hash of the line before it, so that a line that was changed, dropped or moved is found by Verify.
//
// The contract for what changes something: append first, act then, so that what cannot be written down is not done; Do
// does both, and notes a failure. A record tells what happened in names, ids and counts; it never holds a secret.
//
// What a hash chain cannot show by itself is the loss of its end: whoever may write the log may also cut it off, or write
// it anew. The head (number and hash of the last record) therefore stands in a file beside the log, every record is also a
// log line, and every activation of lists carries it into a topic that whoever keeps the log cannot change: those are the
// anchors that Verify compares with, beside a head that somebody has kept, which is what `sluice audit head` prints. Somebody
// who rewrites log and head file together is found by the first anchor behind the change; what was written since the last
// anchor can be taken away unseen.
package audit

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
	"unicode/utf8"
)

// Record is one thing that somebody did.
type Record struct {
	At     time.Time // zero: the writer's clock
	Actor  string    // who: "key:ID" over HTTP, "user:NAME@HOST" at a command line, "service:NAME"
	Action Action
	Object string            // on what: a list, a rule set, a key id, a transfer's id
	Detail map[string]string // what else is worth knowing: version, reason, counts
}

// Writer takes records. When Append returns nil the record is on disk.
type Writer interface {
	Append(ctx context.Context, r Record) error
}

// Outcome is the name in Detail that tells how an action ended that did not end well.
const Outcome = "outcome"

// Do writes r down, does it, and writes down when that failed.
func Do(ctx context.Context, w Writer, r Record, act func(context.Context) error) error {
	if err := w.Append(ctx, r); err != nil {
		return err
	}
	err := act(ctx)
	if err == nil {
		return nil
	}
	failed := r
	failed.At, failed.Detail = time.Time{}, maps.Clone(r.Detail)
	if failed.Detail == nil {
		failed.Detail = map[string]string{}
	}
	failed.Detail[Outcome] = "failed: " + err.Error()
	return errors.Join(err, w.Append(context.WithoutCancel(ctx), failed))
}

// Bounds of a record.
const (
	MaxField  = 4 << 10 // bytes of one text; longer ones are cut, and say so
	MaxDetail = 64      // entries of Detail
	maxLine   = 2 << 20 // bytes of a line, more than any record can have
)

// check refuses what a reader of the log could not use.
func (r Record) check() error {
	switch {
	case !r.Action.Valid():
		return fmt.Errorf("audit: action %q is not in the table of actions", r.Action)
	case r.Actor == "":
		return fmt.Errorf("audit: %s without an actor", r.Action)
	case len(r.Detail) > MaxDetail:
		return fmt.Errorf("audit: %s with %d details, at most %d", r.Action, len(r.Detail), MaxDetail)
	}
	for name := range r.Detail {
		if name == "" || len(name) > MaxField || !utf8.ValidString(name) {
			return fmt.Errorf("audit: %s with the detail %q", r.Action, name[:min(len(name), 100)])
		}
	}
	return nil
}
