package verify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"sluice/schemas"
)

// sentLine bounds a line of the file: longer than any transfer id.
const sentLine = 64 << 10

// How many ids ClickHouse is asked about at once, and bytes of them. No index leads to a transfer id: every question reads
// all that is recorded, and so there are few of them; but all that it asks about may become suspects.
const (
	sentRows  = maxSuspects
	sentBytes = 32 << 20
)

// sent finds transfers that a client was told were accepted, and that nobody knows. Of those that the ledger has and
// that are not recorded, the ledger decides.
func (v *verifier) sent(ctx context.Context) error {
	if v.cfg.Sent == "" {
		return nil
	}
	name := byTransferID
	if v.cfg.SentBy != "" {
		name = func(id string) key { return byTransfer(v.cfg.SentBy, id) }
	} else if err := v.tenants(ctx); err != nil {
		return err
	}
	s, ids := newSuspects(), newIDs()
	flush := func() error {
		pending, err := v.underWay(ctx, s, schemas.Transfers, schemas.Screened, schemas.Verdicts)
		if err != nil {
			return err
		}
		v.report.Pending += pending
		err = v.eachChunk(s, func(at place, ext *external) { ext.add(ids.at(int(at.offset))) }, "transfer_id String", func(ext *external) error {
			return v.unknown(ctx, ext, func(id string) error {
				return v.find(Finding{Class: Lost, Kind: "sent", TransferID: id, Tenant: v.cfg.SentBy, Detail: "sent and acknowledged, and neither recorded nor under way"})
			})
		})
		s, ids = newSuspects(), newIDs()
		return err
	}
	ext := &external{name: "suspects", structure: "transfer_id String"}
	ask := func() error {
		if ext.n == 0 {
			return nil
		}
		defer ext.reset()
		return v.unknown(ctx, ext, func(id string) error {
			if !v.lost[name(id)] { // that has been said
				s.add(place{offset: int64(ids.add(id))}, name(id))
			}
			return nil
		})
	}
	err := eachLine(v.cfg.Sent, func(id string) error {
		v.report.Sent++
		if ext.add(id); ext.n < sentRows && ext.rows.Len() < sentBytes {
			return nil
		}
		if err := ask(); err != nil || !s.full() {
			return err
		}
		return flush()
	})
	if err != nil {
		return err
	}
	if err := ask(); err != nil {
		return err
	}
	return flush()
}

// tenants says so when the ids of the file may be those of several.
func (v *verifier) tenants(ctx context.Context) error {
	var n int64
	if err := v.ch.one(ctx, fmt.Sprintf("SELECT uniqExact(tenant) FROM %s.ledger WHERE tenant != ''", db), &n); err != nil {
		return err
	}
	if n > 1 {
		v.uncheck("there are %d tenants, and nothing says whose the sent ids are: one that a tenant lost and another has was not noticed (--sent-by names the tenant)", n)
	}
	return nil
}

// unknown calls fn for each id of the table that neither is recorded nor stands in the ledger as not recorded.
func (v *verifier) unknown(ctx context.Context, ext *external, fn func(id string) error) error {
	of := "1"
	if v.cfg.SentBy != "" {
		of = "tenant = " + quoted(v.cfg.SentBy)
	}
	sql := fmt.Sprintf(`SELECT DISTINCT transfer_id FROM suspects
WHERE transfer_id NOT IN (SELECT transfer_id FROM %[1]s.transfers WHERE %[2]s AND transfer_id IN (SELECT transfer_id FROM suspects))
	AND transfer_id NOT IN (SELECT transfer_id FROM %[1]s.ledger WHERE %[2]s AND transfer_id IN (SELECT transfer_id FROM suspects))`, db, of)
	return v.ch.query(ctx, sql, ext, func(row []byte) error {
		var id string
		if err := scan(row, &id); err != nil {
			return err
		}
		return fn(id)
	})
}

// eachLine calls fn for each line of a file that is not empty.
func eachLine(name string, fn func(line string) error) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 64<<10), sentLine)
	n := 0
	for lines.Scan() {
		n++
		if line := strings.TrimRight(lines.Text(), "\r"); line != "" {
			if err := fn(line); err != nil {
				return err
			}
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("%s: line %d has more than %d bytes; want one transfer id a line", name, n+1, sentLine)
	}
	return lines.Err()
}
