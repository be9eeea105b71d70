// Package ethereum turns Ethereum blocks, as a node's JSON-RPC gives them, into transfers: the native payment of each
// transaction, and token transfers from the logs of its receipt or, without receipts, from the call's input.
//
// It promises never to give a payment of a transaction whose receipt says that it failed, and never to give one token
// transfer twice, once from the input and once from the log. Without receipts it cannot know of failures, and the
// transfers read from inputs say so by their evidence. It does not see what contracts pay each other inside a call:
// that needs traces.
package ethereum

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/holiman/uint256"

	"sluice/pkg/amount"
	"sluice/pkg/chain/internal/build"
	"sluice/pkg/transfer"
)

// Address is an account.
type Address [20]byte

// String is the canonical text: lower case.
func (a Address) String() string { return "0x" + hex.EncodeToString(a[:]) }

// Hash is a transaction's hash.
type Hash [32]byte

// String is lower-case hex with 0x.
func (h Hash) String() string { return "0x" + hex.EncodeToString(h[:]) }

// Outcome is what is known about a transaction's success.
type Outcome uint8

// The outcomes.
const (
	Unknown Outcome = iota // no receipt, or one from before receipts had a status
	Succeeded
	Failed
)

// Transaction is what a conversion needs to know of one.
type Transaction struct {
	Hash    Hash
	Nonce   uint64
	From    Address
	To      *Address // nil: it creates a contract
	Value   uint256.Int
	Input   []byte // at least the first maxCall bytes of it
	Outcome Outcome
	Time    time.Time // of its block
}

// Token is one movement of a token.
type Token struct {
	Transaction Hash
	LogIndex    uint32 // of the log it was read from; without meaning for a call
	Contract    Address
	From, To    Address
	Value       uint256.Int // base units, or the id of the one thing that moved
	Unique      bool        // Value is an id
	Time        time.Time
}

// Source says where the token transfers of a transaction come from.
type Source uint8

// The sources.
const (
	FromInput Source = iota // only the transaction is at hand
	FromLogs                // its logs are at hand too, and they are the truth
)

// Give gives the transfers of one transaction: the native payment, then the token transfers. tokens are those of its
// logs. The native payment is left out where it is zero and the transaction moved tokens, for then it is only the
// envelope. moved says that it moved tokens which were or will be given elsewhere.
func Give(b *build.Builder, t *Transaction, source Source, tokens []Token, moved bool) error {
	b.Stats.Transactions++
	if t.Outcome == Failed {
		b.Stats.Failed++
		return nil
	}
	evidence := transfer.Log
	if source == FromInput {
		if call, ok := DecodeCall(t); ok {
			tokens, evidence = []Token{call}, transfer.Calldata
		}
	}
	if !t.Value.IsZero() || len(tokens) == 0 && !moved {
		native, err := nativeTransfer(b, t)
		if err != nil {
			return err
		}
		if err := b.Give(native); err != nil {
			return err
		}
	}
	for i := range tokens {
		if err := GiveToken(b, &tokens[i], evidence, &t.From); err != nil {
			return err
		}
	}
	return nil
}

func nativeTransfer(b *build.Builder, t *Transaction) (*transfer.Transfer, error) {
	value, err := amount.FromInt(&t.Value, int(b.Network.Decimals))
	if err != nil {
		return nil, fmt.Errorf("transaction %s: value: %w", t.Hash, err)
	}
	to := t.To
	if to == nil {
		created := CreatedContract(t.From, t.Nonce)
		to = &created
	}
	hash := t.Hash.String()
	return &transfer.Transfer{
		ID:         hash + ":native",
		Asset:      cmp.Or(b.Network.Asset, b.Network.CAIP2),
		Amount:     value,
		TxHash:     hash,
		From:       []string{t.From.String()},
		To:         []string{to.String()},
		OccurredAt: t.Time,
	}, nil
}

// GiveToken gives one token transfer. payer is who paid the transaction's fee, nil where that is not known.
func GiveToken(b *build.Builder, k *Token, evidence transfer.Evidence, payer *Address) error {
	hash := k.Transaction.String()
	t := &transfer.Transfer{
		Contract:   k.Contract.String(),
		TxHash:     hash,
		From:       []string{k.From.String()},
		To:         []string{k.To.String()},
		Evidence:   evidence,
		OccurredAt: k.Time,
	}
	t.Asset, t.AssetID, t.Amount = describe(b.Network, k)
	if evidence == transfer.Calldata {
		t.ID = hash + ":call"
	} else {
		index := k.LogIndex
		t.ID = fmt.Sprintf("%s:log%d", hash, index)
		t.LogIndex = &index
	}
	if payer != nil && *payer != k.From && *payer != k.To {
		t.Initiator = payer.String()
	}
	return b.Give(t)
}
