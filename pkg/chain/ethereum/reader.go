package ethereum

import (
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/chain/internal/build"
)

// MaxDocument bounds the bytes of one JSON document, a block or the receipts of one; the largest blocks with their
// receipts have some ten megabytes.
const MaxDocument = 256 << 20

// Reader converts a stream of JSON documents, one after the other with or without line breaks:
//
//   - a block with full transactions, bare or as the `result` of a JSON-RPC answer;
//   - the receipts of the block before it, the answer of eth_getBlockReceipts, or an array of them;
//   - both in one, {"block":…,"receipts":[…]}, or a block with a member `receipts`;
//   - an array of these, as JSON-RPC answers a batch.
//
// A block waits for the next document, because that may be its receipts: Close gives the last one.
type Reader struct {
	build   *build.Builder
	pending *rpcBlock
}

// NewReader gives its transfers to b.
func NewReader(b *build.Builder) *Reader { return &Reader{build: b} }

// Add reads one input to its end.
func (r *Reader) Add(in io.Reader) error {
	bound := &bounded{in: in}
	dec := jsontext.NewDecoder(bound)
	for n := 1; ; n++ {
		bound.left = MaxDocument
		value, err := dec.ReadValue()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = r.document(value, 0)
		}
		if err != nil {
			return fmt.Errorf("document %d: %w", n, err)
		}
	}
}

// Close gives the transfers of the block that waits for receipts.
func (r *Reader) Close() error { return r.flush(nil) }

// maxNesting is how deep a block may lie in answers and arrays: a batch of answers is the deepest.
const maxNesting = 3

func (r *Reader) document(value jsontext.Value, depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("nested more than %d deep: neither a block nor receipts", maxNesting)
	}
	switch value.Kind() {
	case '[':
		return r.array(value, depth)
	case '{':
	default:
		return errors.New("neither a block nor receipts: a JSON object or array is expected")
	}
	var d document
	if err := json.Unmarshal(value, &d); err != nil {
		return err
	}
	switch {
	case d.Transactions != nil:
		return r.block(value, nil)
	case d.Block != nil:
		return r.block(d.Block, d.Receipts)
	case d.Error != nil && d.Error.Kind() != 'n':
		return fmt.Errorf("the node answered with an error: %s", clip(string(d.Error)))
	case d.Result != nil && d.Result.Kind() == 'n':
		return errors.New("the node's answer is null: it does not have this block")
	case d.Result != nil:
		return r.document(d.Result, depth+1)
	case d.Receipts != nil:
		return r.receipts(d.Receipts)
	}
	return errors.New("neither a block nor receipts: no member transactions, receipts or result")
}

// array reads receipts, or any documents.
func (r *Reader) array(value jsontext.Value, depth int) error {
	var items []jsontext.Value
	if err := json.Unmarshal(value, &items); err != nil {
		return err
	}
	var first document
	if len(items) == 0 || json.Unmarshal(items[0], &first) == nil && first.Receipt != "" {
		return r.receipts(value)
	}
	for i, item := range items {
		if err := r.document(item, depth+1); err != nil {
			return fmt.Errorf("item %d: %w", i, err)
		}
	}
	return nil
}

func (r *Reader) block(value, receipts jsontext.Value) error {
	if err := r.flush(nil); err != nil {
		return err
	}
	b := new(rpcBlock)
	if err := json.Unmarshal(value, b); err != nil {
		return plain(err)
	}
	if receipts != nil {
		if err := json.Unmarshal(receipts, &b.Receipts); err != nil {
			return err
		}
	}
	r.pending = b
	if b.Receipts != nil {
		return r.flush(b.Receipts)
	}
	return nil
}

// plain gives the own error instead of the decoder's words around it.
func plain(err error) error {
	if errors.Is(err, errHashesOnly) {
		return errHashesOnly
	}
	return err
}

func (r *Reader) receipts(value jsontext.Value) error {
	receipts := []rpcReceipt{}
	if err := json.Unmarshal(value, &receipts); err != nil {
		return err
	}
	if r.pending == nil {
		if len(receipts) == 0 {
			return nil
		}
		return errors.New("receipts without their block before them")
	}
	return r.flush(receipts)
}

// flush gives the pending block; receipts are nil where there are none.
func (r *Reader) flush(receipts []rpcReceipt) error {
	b := r.pending
	r.pending = nil
	if b == nil {
		return nil
	}
	at, err := b.time()
	if err != nil {
		return err
	}
	if receipts != nil && len(receipts) != len(b.Transactions) {
		return fmt.Errorf("block %s has %d transactions and %d receipts", clip(b.Hash), len(b.Transactions), len(receipts))
	}
	// All of the block is read before the first transfer is given: a damaged block gives none.
	transactions := make([]Transaction, len(b.Transactions))
	tokens := make([][]Token, len(b.Transactions))
	for i := range transactions {
		t := &transactions[i]
		if *t, err = b.Transactions[i].parse(at); err != nil {
			return fmt.Errorf("block %s: %w", clip(b.Hash), err)
		}
		if receipts == nil {
			continue
		}
		if tokens[i], err = readReceipt(&receipts[i], t); err != nil {
			return fmt.Errorf("block %s: receipt of %s: %w", clip(b.Hash), t.Hash, err)
		}
	}
	source := FromInput
	if receipts != nil {
		source = FromLogs
	}
	r.build.Stats.Blocks++
	for i := range transactions {
		if err := Give(r.build, &transactions[i], source, tokens[i], false); err != nil {
			return err
		}
	}
	return nil
}

// readReceipt takes the outcome and the token transfers from a receipt, which stands at its transaction's place.
func readReceipt(receipt *rpcReceipt, t *Transaction) ([]Token, error) {
	hash, err := ParseHash(receipt.TransactionHash)
	if err != nil {
		return nil, err
	}
	if hash != t.Hash {
		return nil, fmt.Errorf("in its place stands that of %s", hash)
	}
	if t.Outcome, err = receipt.outcome(); err != nil {
		return nil, err
	}
	var tokens []Token
	for i := range receipt.Logs {
		l, err := receipt.Logs[i].parse()
		if err != nil {
			return nil, fmt.Errorf("logs[%d]: %w", i, err)
		}
		if k, ok := DecodeLog(&l); ok && !receipt.Logs[i].Removed {
			k.Transaction, k.Time = t.Hash, t.Time
			tokens = append(tokens, k)
		}
	}
	return tokens, nil
}

// bounded fails a read beyond left bytes, which the reader of documents renews for each.
type bounded struct {
	in   io.Reader
	left int
}

var errTooLong = fmt.Errorf("more than %d MiB: no block is that large", MaxDocument>>20)

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.in.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
