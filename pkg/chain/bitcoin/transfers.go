package bitcoin

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"sluice/pkg/amount"
	"sluice/pkg/chain/internal/build"
	"sluice/pkg/network"
	"sluice/pkg/transfer"
)

// satoshiDigits is how many decimals a bitcoin has.
const satoshiDigits = 8

// Give gives one transfer for each output of the block, in the order of the block. Its senders are the distinct ones of
// the transaction's inputs; those that cannot be told stand as transfer.UnknownSender behind the others, once.
func Give(b *build.Builder, block *Block) error {
	b.Stats.Blocks++
	here := make(map[Hash]*Transaction, len(block.Transactions))
	for i := range block.Transactions {
		here[block.Transactions[i].ID] = &block.Transactions[i]
	}
	for i := range block.Transactions {
		t := &block.Transactions[i]
		b.Stats.Transactions++
		from := senders(b.Network, t, here)
		for index := range t.Outputs {
			out, err := outputTransfer(b.Network, t, index)
			if err != nil {
				return err
			}
			out.From = from
			out.OccurredAt = block.Time
			if err := b.Give(out); err != nil {
				return err
			}
		}
	}
	return nil
}

// senders names whom the transaction's inputs spend from. An output of this very block is looked up, for its script
// is the truth; an earlier one is derived from the input.
func senders(n network.Network, t *Transaction, here map[Hash]*Transaction) []string {
	if t.Coinbase() {
		return []string{transfer.Coinbase}
	}
	s := build.NewSenders()
	for i := range t.Inputs {
		in := &t.Inputs[i]
		payee, ok := Sender(in)
		if spent := here[in.Previous]; spent != nil && uint64(in.Index) < uint64(len(spent.Outputs)) {
			payee, ok = Classify(spent.Outputs[in.Index].Script), true
		}
		text := ""
		if ok {
			text = payee.Address(n)
		}
		if text == "" {
			s.Known = false
			continue
		}
		s.Add(text)
	}
	return s.List()
}

func outputTransfer(n network.Network, t *Transaction, index int) (*transfer.Transfer, error) {
	out := &t.Outputs[index]
	value, err := amount.FromUint64(out.Value, satoshiDigits)
	if err != nil {
		return nil, fmt.Errorf("output %d of transaction %s: %w", index, t.ID, err)
	}
	id, place := t.ID.String(), uint32(index)
	made := &transfer.Transfer{
		ID:          fmt.Sprintf("%s:%d", id, index),
		Asset:       n.Asset,
		Amount:      value,
		TxHash:      id,
		OutputIndex: &place,
	}
	payee := Classify(out.Script)
	if text := payee.Address(n); text != "" {
		made.To = []string{text}
	}
	if payee.Class == NullData {
		made.Memo = printable(out.Script[1:])
	}
	return made, nil
}

// printable gives the text that an OP_RETURN carries in its only push, "" where that is not text: swaps name the
// address in it to which the funds go on.
func printable(s []byte) string {
	items, ok := pushes(s)
	if !ok || len(items) != 1 || !utf8.Valid(items[0]) || len(items[0]) > transfer.MaxMemoBytes {
		return ""
	}
	for _, r := range string(items[0]) {
		if !unicode.IsPrint(r) {
			return ""
		}
	}
	return string(items[0])
}
