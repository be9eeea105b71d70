package ethereum

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The shapes of JSON-RPC's answers, as far as a conversion reads them. Nodes add members at will: unknown ones are
// ignored, and a duplicate one is refused.
type (
	document struct {
		Result       jsontext.Value `json:"result"`
		Error        jsontext.Value `json:"error"`
		Block        jsontext.Value `json:"block"` // {"block":…,"receipts":…}: both answers in one document
		Receipts     jsontext.Value `json:"receipts"`
		Transactions jsontext.Value `json:"transactions"`
		Receipt      string         `json:"transactionHash"`
	}
	rpcBlock struct {
		Hash         string           `json:"hash"`
		Timestamp    quantity         `json:"timestamp"`
		Transactions []rpcTransaction `json:"transactions"`
		Receipts     []rpcReceipt     `json:"receipts"`
	}
	rpcTransaction struct {
		Hash  string   `json:"hash"`
		Nonce quantity `json:"nonce"`
		From  string   `json:"from"`
		To    *string  `json:"to"`
		Value quantity `json:"value"`
		Input *string  `json:"input"`
		Data  *string  `json:"data"` // what some nodes call the input
	}
	rpcReceipt struct {
		TransactionHash string    `json:"transactionHash"`
		Status          *quantity `json:"status"`
		Logs            []rpcLog  `json:"logs"`
	}
	rpcLog struct {
		Address  string   `json:"address"`
		Topics   []string `json:"topics"`
		Data     string   `json:"data"`
		LogIndex quantity `json:"logIndex"`
		Removed  bool     `json:"removed"` // by a reorganisation of the chain
	}
)

// quantity is a number as text, whether the JSON has a string or a number.
type quantity string

// UnmarshalJSON takes a string or the digits of a number.
func (q *quantity) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(q))
	}
	*q = quantity(b) // ParseQuantity refuses what is no number
	return nil
}

func (q quantity) uint64() (uint64, error) {
	n, err := ParseQuantity(string(q))
	if err == nil && !n.IsUint64() {
		err = fmt.Errorf("%q is more than 64 bits", clip(string(q)))
	}
	return n.Uint64(), err
}

// UnmarshalJSON says what to ask for where a node gave transaction hashes alone.
func (r *rpcTransaction) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return errHashesOnly
	}
	type plain rpcTransaction
	return json.Unmarshal(b, (*plain)(r))
}

var errHashesOnly = errors.New("the block has only the hashes of its transactions: ask the node for full transactions, " +
	"the second parameter of eth_getBlockByNumber")

// latest bounds block times, so that a damaged one is refused here with its name and not as a transfer of the year 5e9.
const latest = 1 << 36

func (b *rpcBlock) time() (time.Time, error) {
	seconds, err := b.Timestamp.uint64()
	if err != nil {
		return time.Time{}, fmt.Errorf("block %s: timestamp: %w", clip(b.Hash), err)
	}
	if seconds > latest {
		return time.Time{}, fmt.Errorf("block %s: timestamp %d is no time in seconds", clip(b.Hash), seconds)
	}
	return time.Unix(int64(seconds), 0).UTC(), nil
}

func (r *rpcTransaction) parse(at time.Time) (Transaction, error) {
	t := Transaction{Time: at}
	var err error
	if t.Hash, err = ParseHash(r.Hash); err != nil {
		return t, fmt.Errorf("hash: %w", err)
	}
	if t.From, err = ParseAddress(r.From); err != nil {
		return t, fmt.Errorf("transaction %s: from: %w", t.Hash, err)
	}
	if r.To != nil && *r.To != "" {
		to, err := ParseAddress(*r.To)
		if err != nil {
			return t, fmt.Errorf("transaction %s: to: %w", t.Hash, err)
		}
		t.To = &to
	}
	if t.Nonce, err = r.Nonce.uint64(); err != nil {
		return t, fmt.Errorf("transaction %s: nonce: %w", t.Hash, err)
	}
	if t.Value, err = ParseQuantity(string(r.Value)); err != nil {
		return t, fmt.Errorf("transaction %s: value: %w", t.Hash, err)
	}
	input := r.Input
	if input == nil {
		input = r.Data
	}
	if input == nil {
		return t, fmt.Errorf("transaction %s: input: absent", t.Hash)
	}
	if t.Input, err = ParseCallInput(*input); err != nil {
		return t, fmt.Errorf("transaction %s: input: %w", t.Hash, err)
	}
	return t, nil
}

func (r *rpcReceipt) outcome() (Outcome, error) {
	if r.Status == nil {
		return Unknown, nil // before the Byzantium fork receipts had a state root in its place
	}
	status, err := r.Status.uint64()
	switch {
	case err != nil:
		return Unknown, fmt.Errorf("status: %w", err)
	case status == 0:
		return Failed, nil
	case status == 1:
		return Succeeded, nil
	}
	return Unknown, fmt.Errorf("status %d is neither 0 nor 1", status)
}

func (r *rpcLog) parse() (Log, error) {
	l := Log{}
	var err error
	if l.Contract, err = ParseAddress(r.Address); err != nil {
		return l, fmt.Errorf("address: %w", err)
	}
	index, err := r.LogIndex.uint64()
	if err != nil || index > 1<<32-1 {
		return l, fmt.Errorf("logIndex %q is not a number of at most 32 bits", clip(string(r.LogIndex)))
	}
	l.Index = uint32(index)
	if l.Topics, err = ParseTopics(r.Topics); err != nil {
		return l, err
	}
	if l.Data, err = ParseHex(r.Data); err != nil {
		return l, fmt.Errorf("data: %w", err)
	}
	return l, nil
}

// ParseTopics reads the topics of a log: at most four of 32 bytes.
func ParseTopics(texts []string) ([][]byte, error) {
	if len(texts) > 4 {
		return nil, fmt.Errorf("%d topics: a log has at most 4", len(texts))
	}
	topics := make([][]byte, len(texts))
	for i, text := range texts {
		h, err := ParseHash(text)
		if err != nil {
			return nil, fmt.Errorf("topics[%d]: %w", i, err)
		}
		topics[i] = h[:]
	}
	return topics, nil
}
