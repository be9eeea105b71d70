package lookback

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"sluice/services/internal/activation"
)

// Ordered is a run that a person asks for.
type Ordered struct {
	FromSeq uint64    // the first activation of lists whose changes count; 0: Since tells
	Since   time.Time // the first activation at that time or after it
	Author  string
	Reason  string
	At      time.Time
}

// Order activates the run and returns its activation.
func Order(ctx context.Context, log Activations, o Ordered) (activation.Activation, error) {
	before, err := log.Read(ctx)
	if err != nil {
		return activation.Activation{}, err
	}
	if before.Epoch == "" {
		return activation.Activation{}, errors.New("nothing was ever activated: there is nothing to look back for")
	}
	acts, err := log.All(ctx)
	if err != nil {
		return activation.Activation{}, err
	}
	acts = slices.DeleteFunc(acts, func(a activation.Activation) bool { return a.Kind != activation.Lists })
	from, err := first(acts, o)
	if err != nil {
		return activation.Activation{}, err
	}
	return log.Append(ctx, before, 0, activation.Activation{
		Kind: activation.Rescreen, Version: runID(), Author: o.Author, Reason: o.Reason, At: o.At, Scope: activation.Since, FromSeq: from,
	})
}

// first is the number of the first activation of lists that an order is about.
func first(acts []activation.Activation, o Ordered) (uint64, error) {
	if len(acts) == 0 {
		return 0, errors.New("no list was ever activated: there is nothing to look back for")
	}
	for _, a := range acts {
		if o.FromSeq > 0 && a.Seq >= o.FromSeq || o.FromSeq == 0 && !a.At.Before(o.Since) {
			return a.Seq, nil
		}
	}
	last := acts[len(acts)-1]
	if o.FromSeq > 0 {
		return 0, fmt.Errorf("from_seq %d: the last activation of lists is %d", o.FromSeq, last.Seq)
	}
	return 0, fmt.Errorf("since %s: the last activation of lists was at %s", o.Since.Format(time.RFC3339), last.At.Format(time.RFC3339))
}
