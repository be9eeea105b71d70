package warehouse

import (
	"testing"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
	"sluice/services/recorder"
)

func TestTheHighestSeqOfAnythingRecorded(t *testing.T) {
	w := fresh(t)
	if seq, err := w.HighestSeq(t.Context()); err != nil || seq != 0 {
		t.Errorf("of nothing: %d, %v", seq, err)
	}
	var b recorder.Transfers
	var a recorder.Addresses
	row(t, &b, &a, 1, func(_ *transfer.Transfer, rec *event.Record) { rec.Version = 41 })
	must(t, w.InsertTransfers(t.Context(), &b, "t"))
	if seq, err := w.HighestSeq(t.Context()); err != nil || seq != 41 {
		t.Errorf("%d, %v", seq, err)
	}
}
