package etl

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json"

	"sluice/pkg/chain/ethereum"
	"sluice/pkg/chain/internal/build"
	"sluice/pkg/transfer"
)

// What is kept of an export at a time.
const (
	maxHeld  = 50_000    // transactions that wait for logs
	maxMoved = 2_000_000 // transactions whose token transfers came before them
	maxTimes = 1_000_000 // blocks whose time is known
)

// Ethereum converts ethereum-etl's tables, as CSV or JSON lines, one after the other or mixed as a stream gives them.
//
// Token transfers come from the table of logs or of token transfers, whichever is met first; only without either they
// come from the inputs of transactions. So transactions wait until it is clear whether rows of their logs follow:
// until the next block or transaction after such rows, the end, or maxHeld of them. More transactions than that must
// stand behind their token transfers, and a row that comes too late is an error, never a second payment.
type Ethereum struct {
	build  *build.Builder
	report Report

	bound  int  // maxHeld, less in tests
	source kind // the table that token transfers come from; other: none so far
	held   []ethereum.Transaction
	payers map[ethereum.Hash]ethereum.Address // of the held ones
	ended  bool                               // logs came since the first held transaction
	late   bool                               // transactions were given before their logs could have come

	moved     map[ethereum.Hash]struct{} // transactions that moved tokens
	movedFull bool                       // moved would have grown too large and was given up
	outcomes  map[ethereum.Hash]ethereum.Outcome
	times     map[string]time.Time // by the digits of the block's number
}

// NewEthereum gives its transfers to b.
func NewEthereum(b *build.Builder, report Report) *Ethereum {
	return &Ethereum{
		build: b, report: report, bound: maxHeld,
		payers:   map[ethereum.Hash]ethereum.Address{},
		moved:    map[ethereum.Hash]struct{}{},
		outcomes: map[ethereum.Hash]ethereum.Outcome{},
		times:    map[string]time.Time{},
	}
}

// Add reads one export to its end. Transactions may go on waiting for the next one.
func (c *Ethereum) Add(in io.Reader) error {
	var header columns
	first := true
	return eachLine(in, c.build, c.report, func(line []byte) error {
		isJSON := line[0] == '{'
		if first && !isJSON {
			first = false
			made, err := readHeader(string(bytes.TrimPrefix(line, []byte("\ufeff"))))
			if err != nil {
				return stop{err} // no line after it can be read
			}
			header = made
			return nil
		}
		first = false
		var r ethRow
		var err error
		if header != nil {
			r, err = header.read(string(line))
		} else {
			err = json.Unmarshal(line, &r)
		}
		if err != nil {
			return err
		}
		return c.row(&r)
	})
}

// Close gives the transactions that still wait.
func (c *Ethereum) Close() error {
	if err := c.flush(); err != nil {
		return errors.Unwrap(err) // of stop: there is no line to report
	}
	return nil
}

func (c *Ethereum) row(r *ethRow) error {
	k, err := r.kind()
	if err != nil {
		return err
	}
	switch k {
	case blockRow:
		return c.block(r)
	case transactionRow:
		return c.transaction(r)
	case receiptRow:
		return c.receipt(r)
	case logRow, tokenTransferRow:
		return c.tokens(r, k)
	case other:
	}
	return nil
}

func (c *Ethereum) block(r *ethRow) error {
	at, err := parseTime(string(r.Timestamp))
	if err != nil {
		return fmt.Errorf("timestamp: %w", err)
	}
	c.build.Stats.Blocks++
	c.remember(r.Number, at)
	if c.ended {
		return c.flush()
	}
	return nil
}

func (c *Ethereum) remember(block digits, at time.Time) {
	if block == "" {
		return
	}
	if len(c.times) == maxTimes {
		clear(c.times) // exports run by block number: the old ones are not asked for again
	}
	c.times[string(block)] = at
}

// time is the row's own, or that of its block.
func (c *Ethereum) time(r *ethRow) (time.Time, error) {
	if r.BlockTimestamp != "" {
		at, err := parseTime(string(r.BlockTimestamp))
		if err != nil {
			return at, fmt.Errorf("block_timestamp: %w", err)
		}
		return at, nil
	}
	at, ok := c.times[string(r.BlockNumber)]
	if !ok {
		return at, fmt.Errorf("the row has no block_timestamp, and block %q is not known: give the export of blocks "+
			"or of transactions before it", clip(string(r.BlockNumber)))
	}
	return at, nil
}

func (c *Ethereum) transaction(r *ethRow) error {
	if c.ended || len(c.held) == c.bound {
		c.late = c.late || !c.ended
		if err := c.flush(); err != nil {
			return err
		}
	}
	if c.movedFull {
		return stop{fmt.Errorf("transactions follow the token transfers of more than %d: give them in smaller parts", maxMoved)}
	}
	t, err := r.transaction()
	if err != nil {
		return err
	}
	if t.Time, err = c.time(r); err != nil {
		return err
	}
	c.remember(r.BlockNumber, t.Time)
	c.held = append(c.held, t)
	c.payers[t.Hash] = t.From
	return nil
}

func (c *Ethereum) receipt(r *ethRow) error {
	hash, err := r.hash()
	if err != nil {
		return err
	}
	result, err := outcome(r.Status)
	if err != nil {
		return err
	}
	if len(c.outcomes) == maxMoved {
		return stop{fmt.Errorf("receipts of more than %d transactions before these: give them in smaller parts", maxMoved)}
	}
	c.outcomes[hash] = result
	return nil
}

// tokens reads a row of logs or of token transfers.
func (c *Ethereum) tokens(r *ethRow, table kind) error {
	if c.source == other {
		c.source = table
	}
	if c.source != table {
		return nil // the other table has told of it
	}
	var k ethereum.Token
	var err error
	ok := true
	if table == logRow {
		k, ok, err = r.logTransfer()
	} else {
		k, err = r.tokenTransfer()
	}
	if err != nil {
		return err
	}
	if c.late {
		return stop{fmt.Errorf("a row of logs after more than %d transactions, which have been given without their logs: "+
			"give logs or token transfers before transactions", c.bound)}
	}
	c.ended = true
	if !ok {
		return nil
	}
	if k.Time, err = c.time(r); err != nil {
		return err
	}
	c.markMoved(k.Transaction)
	var payer *ethereum.Address
	if from, ok := c.payers[k.Transaction]; ok {
		payer = &from
	}
	return give(func() error { return ethereum.GiveToken(c.build, &k, transfer.Log, payer) })
}

func (c *Ethereum) markMoved(hash ethereum.Hash) {
	if len(c.moved) == maxMoved {
		c.movedFull = true
		clear(c.moved)
	}
	c.moved[hash] = struct{}{}
}

// flush gives the transactions that wait.
func (c *Ethereum) flush() error {
	source := ethereum.FromInput
	if c.source != other {
		source = ethereum.FromLogs
	}
	for i := range c.held {
		t := &c.held[i]
		if known, ok := c.outcomes[t.Hash]; ok {
			t.Outcome = known
			delete(c.outcomes, t.Hash)
		}
		_, moved := c.moved[t.Hash]
		delete(c.moved, t.Hash)
		if err := give(func() error { return ethereum.Give(c.build, t, source, nil, moved) }); err != nil {
			return err
		}
	}
	c.held = c.held[:0]
	clear(c.payers)
	c.ended = false
	return nil
}
