package lookback

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"sluice/services/internal/activation"
	"sluice/services/internal/lists"
)

// lookForHeld starts a run when transfers are held for want of lists and everybody who screens has lists again. The run
// is an activation of its own, so that its verdicts supersede the ones before.
func (s *Service) lookForHeld(ctx context.Context) error {
	p, err := s.Lists.Pointer(ctx)
	if errors.Is(err, lists.ErrNotFound) {
		return nil // no list was ever activated, or Redis lost it: there is nothing to screen with
	}
	if err != nil {
		return err
	}
	all, err := s.Lists.Screeners(ctx)
	if err != nil {
		return err
	}
	if !usable(all, p.Seq) {
		return nil
	}
	n, err := s.Warehouse.HeldSince(ctx, p.Seq)
	if err != nil {
		return err
	}
	s.m.held(n)
	if n == 0 || s.held.lists == p.Seq && n <= s.held.count {
		return nil
	}
	state, err := s.Activations.Read(ctx)
	if err != nil || state.Epoch == "" {
		return err
	}
	a, err := s.Activations.Append(ctx, state, 0, activation.Activation{
		Kind: activation.Rescreen, Version: runID(), Author: "sluice", At: s.cfg.Now(), Scope: activation.Held,
		Reason: fmt.Sprintf("%d transfers are held because there were no usable lists", n),
	})
	if err != nil {
		return err
	}
	s.take(a)
	return nil
}

// usable says whether everybody who screens relies on the lists of seq, and somebody does.
func usable(s lists.Screeners, seq uint64) bool {
	some := false
	for _, x := range s.All {
		if s.Silent(x) {
			continue
		}
		if !x.Usable || x.Seq < seq {
			return false
		}
		some = true
	}
	return some
}

// runID names a run.
func runID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
