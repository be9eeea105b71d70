package warehouse

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"sluice/services/recorder"
)

func TestALedgerRowReplacesItself(t *testing.T) {
	w := fresh(t)
	block := func(epoch string, offsets ...int64) *recorder.Ledger {
		b := &recorder.Ledger{}
		for _, o := range offsets {
			b.Topic, b.Epoch, b.Partition, b.Offset = append(b.Topic, "t"), append(b.Epoch, epoch), append(b.Partition, 5), append(b.Offset, o)
			b.ID, b.Tenant, b.TransferID = append(b.ID, fmt.Sprintf("%032x", o)), append(b.Tenant, "default"), append(b.TransferID, fmt.Sprint("tx", o))
			b.Hash, b.AcceptedAt = append(b.Hash, strings.Repeat("\xfe", 15)+"\x00"), append(b.AcceptedAt, midnight.Add(time.Duration(o)*time.Hour))
		}
		return b
	}
	must(t, w.InsertLedger(t.Context(), block("e1", 1, 2, 1000), "a"))
	must(t, w.InsertLedger(t.Context(), block("e1", 2, 1000, 1001), "b")) // after a crash the batches are cut otherwise
	must(t, w.InsertLedger(t.Context(), block("e2", 1), "c"))
	got := sqlText(t, w, "SELECT epoch, count(), sum(offset), any(partition), uniqExact(hash), hex(any(hash)), min(transfer_id) FROM sluice.ledger FINAL GROUP BY epoch ORDER BY epoch")
	hash := strings.Repeat("FE", 15) + "00"
	if want := fmt.Sprintf("e1\t4\t2004\t5\t1\t%s\ttx1\ne2\t1\t1\t5\t1\t%s\ttx1\n", hash, hash); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
