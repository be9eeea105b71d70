// Package bitcoin turns serialized Bitcoin blocks into transfers, one for each output.
//
// It promises that nothing comes from a damaged block: the proof of work, the Merkle root over the transaction ids and,
// where the block has witnesses, the witness commitment are recomputed before the first transfer is given, so that no
// byte of the block can have changed. It knows nothing of the chain around a block: the outputs that an input spends
// are known only where they are in the same block, otherwise senders are derived from scripts and witnesses.
package bitcoin

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// MaxBlock is the most bytes a serialized block may have: eight times what Bitcoin's weight limit allows.
const MaxBlock = 32 << 20

// ErrDamaged is wrapped by every error about a block whose bytes are not those of a valid block.
var ErrDamaged = errors.New("the block is damaged")

// Hash is a double SHA-256 in the order in which it is computed; people read it backwards.
type Hash [32]byte

// String is the hash as block explorers write it.
func (h Hash) String() string {
	slices.Reverse(h[:]) // h is a copy
	return hex.EncodeToString(h[:])
}

// Block is a parsed and verified block. Its scripts are slices of the bytes it was parsed from.
type Block struct {
	Hash         Hash
	Previous     Hash
	MerkleRoot   Hash
	Version      uint32
	Time         time.Time // the miner's clock, UTC, whole seconds
	Bits         uint32    // the target, compact
	Nonce        uint32
	Transactions []Transaction
}

// Transaction is one transaction; the first of a block is its coinbase.
type Transaction struct {
	ID      Hash
	witness Hash // hash with the witnesses, which is ID where there are none
	Inputs  []Input
	Outputs []Output
}

// Input spends one earlier output.
type Input struct {
	Previous Hash
	Index    uint32
	Script   []byte
	Witness  [][]byte
}

// Output pays to a script.
type Output struct {
	Value  uint64 // satoshi
	Script []byte
}

// The least bytes each item takes, which bound the counts.
const (
	headerSize     = 80
	minInput       = 32 + 4 + 1 + 4
	minOutput      = 8 + 1
	minTransaction = 4 + 1 + minInput + 1 + minOutput + 4
)

// maxSatoshi is every coin there will ever be: no output can hold more.
const maxSatoshi = 21_000_000 * 100_000_000

// Parse reads one serialized block, with or without witnesses, that fills data exactly, and verifies it. The block
// keeps data: the caller leaves it alone.
func Parse(data []byte) (*Block, error) {
	if len(data) > MaxBlock {
		return nil, fmt.Errorf("a block of %d bytes: at most %d can be valid: %w", len(data), MaxBlock, ErrDamaged)
	}
	c := &cursor{data: data}
	header, err := c.take(headerSize, "header")
	if err != nil {
		return nil, err
	}
	b := parseHeader(header)
	if err := b.checkWork(); err != nil {
		return nil, err
	}
	n, err := c.count(minTransaction, "number of transactions")
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fmt.Errorf("block %s has no transaction, not even a coinbase: %w", b.Hash, ErrDamaged)
	}
	b.Transactions = make([]Transaction, n)
	for i := range b.Transactions {
		if err := b.Transactions[i].parse(c); err != nil {
			return nil, fmt.Errorf("transaction %d: %w", i, err)
		}
	}
	if c.left() > 0 {
		return nil, fmt.Errorf("%d bytes follow the block's last transaction: %w", c.left(), ErrDamaged)
	}
	if err := b.checkRoots(); err != nil {
		return nil, err
	}
	return b, nil
}

func parseHeader(header []byte) *Block {
	c := cursor{data: header} // of headerSize bytes: no read of it fails
	b := &Block{Hash: doubleHash(header)}
	b.Version, _ = c.uint32("version")
	previous, _ := c.take(32, "previous block")
	root, _ := c.take(32, "merkle root")
	seconds, _ := c.uint32("time")
	b.Bits, _ = c.uint32("bits")
	b.Nonce, _ = c.uint32("nonce")
	b.Previous, b.MerkleRoot = Hash(previous), Hash(root)
	b.Time = time.Unix(int64(seconds), 0).UTC()
	return b
}

func (t *Transaction) parse(c *cursor) error {
	start := c.pos
	if _, err := c.take(4, "version"); err != nil {
		return err
	}
	bare := c.pos // where the part without the witness marker begins
	witnessed := c.left() >= 2 && c.data[c.pos] == 0 && c.data[c.pos+1] == 1
	if witnessed {
		c.pos += 2
		bare = c.pos
	}
	if err := t.parseInputs(c); err != nil {
		return err
	}
	if err := t.parseOutputs(c); err != nil {
		return err
	}
	bareEnd := c.pos
	if witnessed {
		if err := t.parseWitnesses(c); err != nil {
			return err
		}
	}
	if _, err := c.take(4, "lock time"); err != nil {
		return err
	}
	t.ID = doubleHash(c.data[start:start+4], c.data[bare:bareEnd], c.data[c.pos-4:c.pos])
	t.witness = t.ID
	if witnessed {
		t.witness = doubleHash(c.data[start:c.pos])
	}
	return nil
}

func (t *Transaction) parseInputs(c *cursor) error {
	n, err := c.count(minInput, "number of inputs")
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("a transaction without inputs at byte %d: %w", c.pos, ErrDamaged)
	}
	t.Inputs = make([]Input, n)
	for i := range t.Inputs {
		in := &t.Inputs[i]
		previous, err := c.take(32, "spent transaction")
		if err != nil {
			return err
		}
		in.Previous = Hash(previous)
		if in.Index, err = c.uint32("spent output"); err != nil {
			return err
		}
		if in.Script, err = c.bytes("input script"); err != nil {
			return err
		}
		if _, err := c.take(4, "sequence"); err != nil {
			return err
		}
	}
	return nil
}

func (t *Transaction) parseOutputs(c *cursor) error {
	n, err := c.count(minOutput, "number of outputs")
	if err != nil {
		return err
	}
	if n == 0 {
		return fmt.Errorf("a transaction without outputs at byte %d: %w", c.pos, ErrDamaged)
	}
	t.Outputs = make([]Output, n)
	for i := range t.Outputs {
		out := &t.Outputs[i]
		at := c.pos
		if out.Value, err = c.uint64("value"); err != nil {
			return err
		}
		if out.Value > maxSatoshi {
			return fmt.Errorf("value at byte %d is %d satoshi, more than all bitcoin: %w", at, out.Value, ErrDamaged)
		}
		if out.Script, err = c.bytes("output script"); err != nil {
			return err
		}
	}
	return nil
}

func (t *Transaction) parseWitnesses(c *cursor) error {
	some := false
	for i := range t.Inputs {
		n, err := c.count(1, "number of witness items")
		if err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		some = true
		t.Inputs[i].Witness = make([][]byte, n)
		for j := range t.Inputs[i].Witness {
			if t.Inputs[i].Witness[j], err = c.bytes("witness item"); err != nil {
				return err
			}
		}
	}
	if !some {
		return fmt.Errorf("a witness marker without a witness before byte %d: %w", c.pos, ErrDamaged)
	}
	return nil
}

// Coinbase says whether the transaction makes new coins: its only input spends nothing.
func (t *Transaction) Coinbase() bool {
	return len(t.Inputs) == 1 && t.Inputs[0].Index == 0xffffffff && t.Inputs[0].Previous == Hash{}
}
