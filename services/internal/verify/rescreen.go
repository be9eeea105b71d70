package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// screened is a row of transfers as far as screening is concerned.
type screened struct {
	id, transferID, tenant    string
	seq                       uint64
	direction, network        string
	from, to                  []string
	contract, initiator, memo string
	status, inputs            string
	lists, entries            []string // of its hits
}

const screenedColumns = "id, transfer_id, tenant, lists_seq, direction, network, from_addresses, to_addresses, contract, initiator, memo, status, inputs, hits.list, hits.entry_id"

func (s *screened) scan(row []byte) error {
	*s = screened{}
	return scan(row, &s.id, &s.transferID, &s.tenant, &s.seq, &s.direction, &s.network, &s.from, &s.to, &s.contract, &s.initiator, &s.memo, &s.status, &s.inputs, &s.lists, &s.entries)
}

// What stands for a sender that has no address: newly minted coins, and nobody knows whom.
const (
	minted  = "coinbase"
	unnamed = "unknown"
)

// The sizes of a text in a memo that may be an address.
const (
	minMemo = 24
	maxMemo = address.MaxText
)

// What the lists of a version are read from.
const (
	fromHistory = "clickhouse" // watchlist_history
	fromRedis   = "redis"      // the snapshots that Redis distributes
)

// rescreen looks every address of recorded transfers up in the lists by which they were screened, and finds the hits
// that are missing. The lists come from ClickHouse's history, and those that it does not have whole from Redis; what
// neither has is not proved, and the report says so.
func (v *verifier) rescreen(ctx context.Context) error {
	seqs, err := v.provable(ctx)
	if err != nil {
		return err
	}
	known := "toUInt64(0)"
	for _, s := range seqs {
		known += fmt.Sprintf(", %d", s)
	}
	// Held for want of screening is no claim that anybody screened.
	base := fmt.Sprintf("status != 'degraded' AND NOT (JSONExtractBool(inputs, 'quarantined') AND verdict = 'held') AND %s", v.between("ingested_at"))
	var total int64
	if err := v.ch.one(ctx, fmt.Sprintf("SELECT count() FROM %s.transfers FINAL WHERE %s", db, base), &total); err != nil {
		return err
	}
	v.report.Screened = map[string]int64{}
	which := fmt.Sprintf("%s AND lists_seq > 0 AND lists_seq IN (%s)", base, known)
	if !v.cfg.All && total > int64(v.cfg.Sample) {
		// Another part each time, and, for certain, all that name an address which was ever listed.
		which += fmt.Sprintf(" AND (cityHash64(id, %d) %% %d < %d OR id IN (SELECT id FROM %s.transfer_addresses WHERE key IN (SELECT key FROM %[4]s.watchlist_history)))",
			v.cfg.Now().UnixNano(), total, v.cfg.Sample, db)
	}
	var rows int64
	if err := v.ch.one(ctx, fmt.Sprintf("SELECT count() FROM %s.watchlist_history", db), &rows); err != nil {
		return err
	}
	parts := int(rows/historyRows) + 1
	for n := range parts {
		lists, err := v.readLists(ctx, n, parts)
		if err != nil {
			return err
		}
		screened, err := v.screenAgain(ctx, which, lists)
		if err != nil {
			return err
		}
		v.report.Screened[fromHistory] = screened // the same rows by every part
	}
	return v.rescreenRest(ctx, base, known)
}

// rescreenRest screens again what was screened by lists that the history does not have whole.
func (v *verifier) rescreenRest(ctx context.Context, base, known string) error {
	type rest struct {
		seq     uint64
		n, held int64 // held: of n, rows that nobody relies on
		version string
	}
	var all []rest
	sql := fmt.Sprintf("SELECT lists_seq, count(), countIf(NOT %s), any(lists_version) FROM %s.transfers FINAL WHERE %s AND lists_seq NOT IN (%s) GROUP BY lists_seq ORDER BY lists_seq", claimed, db, base, known)
	if err := v.ch.query(ctx, sql, nil, func(row []byte) error {
		var r rest
		defer func() { all = append(all, r) }()
		return scan(row, &r.seq, &r.n, &r.held, &r.version)
	}); err != nil {
		return err
	}
	redis := &redisConn{cfg: v.cfg.Redis, patience: v.cfg.Timeout}
	defer redis.close()
	for _, r := range all {
		i, ok := v.known.index[r.seq]
		switch {
		case ok:
			r.version = v.known.lists[i].version
		case r.seq > v.known.base: // no lists at all: of what relies on them that has been said
			if r.n = r.held; r.n == 0 {
				continue
			}
		}
		err := errors.New("none is named")
		var n int64
		if v.cfg.Redis.URL != "" {
			var broken error // what is no matter of Redis
			err = redis.readStored(ctx, r.version, r.seq, func(l *plainLists) error {
				n, broken = v.screenAgain(ctx, fmt.Sprintf("%s AND lists_seq = %d", base, r.seq), l)
				return broken
			})
			if broken != nil || ctx.Err() != nil {
				return errors.Join(broken, ctx.Err())
			}
		}
		if err != nil {
			redis.close()
			redis.conn = nil
			v.report.Unprovable += r.n
			v.uncheck("%d transfers were screened by lists %d: watchlist_history does not have them whole (yet), and Redis: %v", r.n, r.seq, err)
			continue
		}
		v.report.Screened[fromRedis] += n
	}
	return nil
}

// screenAgain screens the rows with a condition by the lists, and says how many they were.
func (v *verifier) screenAgain(ctx context.Context, which string, lists *plainLists) (n int64, err error) {
	sql := fmt.Sprintf("SELECT %s FROM %s.transfers FINAL WHERE %s", screenedColumns, db, which)
	err = v.ch.query(ctx, sql, nil, func(row []byte) error {
		var s screened
		if err := s.scan(row); err != nil {
			return err
		}
		n++
		return v.again(&s, lists)
	})
	return n, err
}

// again screens one row again.
func (v *verifier) again(s *screened, lists *plainLists) error {
	f := Finding{Class: Unscreened, ID: s.id, TransferID: s.transferID, Tenant: s.tenant}
	if why := s.uncovered(); why != "" && s.status == "complete" {
		f.Kind, f.Detail = "coverage", "called complete, and "+why
		return v.findOnce(f)
	}
	hit := map[[2]string]bool{}
	for i := range min(len(s.lists), len(s.entries)) {
		hit[[2]string{s.lists[i], s.entries[i]}] = true
	}
	// Of its own addresses an exchange says which entries name only itself; the record tells that it did.
	ownKnown := strings.Contains(s.inputs, `"own"`)
	var missed *listed
	var missedText string
	s.addresses(func(k address.Key, text string, own bool) {
		lists.at(k, s.seq, func(e *listed) {
			if missed == nil && !hit[[2]string{e.list, e.entry}] && (!own || !ownKnown) {
				missed, missedText = e, text
			}
		})
	})
	if missed == nil {
		return nil
	}
	f.Kind = "miss"
	f.Detail = fmt.Sprintf("%s is entry %s of list %s since lists %d; screened by lists %d without that hit", missedText, missed.entry, missed.list, missed.from, s.seq)
	return v.findOnce(f)
}

// counterparty are the texts of the other side's addresses; an internal transfer has none.
func (s *screened) counterparty() (texts []string, has bool) {
	switch s.direction {
	case "deposit":
		return s.from, true
	case "withdrawal":
		return s.to, true
	}
	return nil, false
}

// uncovered says what of the counterparty is not known, "" when all of it is.
func (s *screened) uncovered() string {
	texts, has := s.counterparty()
	if !has {
		return ""
	}
	n, known := network.Lookup(s.network)
	switch {
	case !known:
		return "its network " + s.network + " is not known"
	case len(texts) == 0:
		return "it names no counterparty"
	case s.direction == "deposit" && len(texts) == 1 && texts[0] == minted && mints(n):
		return ""
	}
	for _, text := range texts {
		switch a, err := address.Parse(n, text); {
		case err != nil:
			return text + " is no address of " + s.network
		case a.Shielded:
			return text + " is shielded"
		}
	}
	return ""
}

// mints says whether the coins of a network come into being as outputs without a sender.
func mints(n network.Network) bool {
	switch n.Family {
	case network.Bitcoin, network.Litecoin, network.Dogecoin, network.Dash, network.Zcash, network.Monero, network.Verge:
		return true
	default:
		return false
	}
}

// addresses calls fn for the key of everything in the row that a list may have.
func (s *screened) addresses(fn func(k address.Key, text string, own bool)) {
	one := func(text string, own bool) {
		if text == "" || text == minted || text == unnamed {
			return
		}
		for _, k := range keysOfText(s.network, text) {
			fn(k, text, own)
		}
	}
	for _, text := range s.from {
		one(text, s.direction != "deposit")
	}
	for _, text := range s.to {
		one(text, s.direction != "withdrawal")
	}
	one(s.contract, false)
	one(s.initiator, false)
	memo := strings.TrimSpace(s.memo)
	if guess(memo, fn) || !strings.Contains(memo, ":") {
		return
	}
	for _, part := range strings.FieldsFunc(memo, func(c rune) bool { return c == ':' || c == '/' }) {
		guess(part, fn)
	}
}

// guess calls fn for each address that a text of a memo may be.
func guess(text string, fn func(k address.Key, text string, own bool)) bool {
	if len(text) < minMemo || len(text) > maxMemo || strings.ContainsAny(text, " \t\r\n") {
		return false
	}
	all := address.Guess(text)
	for _, g := range all {
		fn(g.Address.Key, text, false)
		for _, k := range g.Address.Also() {
			fn(k, text, false)
		}
	}
	return len(all) > 0
}
