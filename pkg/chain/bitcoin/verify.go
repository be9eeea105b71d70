package bitcoin

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/big"
)

func doubleHash(parts ...[]byte) Hash {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	var sum [sha256.Size]byte
	return sha256.Sum256(h.Sum(sum[:0]))
}

// checkWork compares the block hash with the target that the header itself names. It cannot say that the target is the
// chain's, but a changed header fails it with near certainty.
func (b *Block) checkWork() error {
	mantissa, exponent := b.Bits&0x007fffff, b.Bits>>24
	if b.Bits&0x00800000 != 0 || mantissa == 0 || exponent > 34 {
		return fmt.Errorf("block %s names the impossible target %08x: %w", b.Hash, b.Bits, ErrDamaged)
	}
	target := new(big.Int).SetUint64(uint64(mantissa))
	if exponent >= 3 {
		target.Lsh(target, 8*uint(exponent-3))
	} else {
		target.Rsh(target, 8*uint(3-exponent))
	}
	read := b.Hash
	for i, j := 0, len(read)-1; i < j; i, j = i+1, j-1 {
		read[i], read[j] = read[j], read[i]
	}
	if new(big.Int).SetBytes(read[:]).Cmp(target) > 0 {
		return fmt.Errorf("block hash %s does not meet the target %08x of its header: %w", b.Hash, b.Bits, ErrDamaged)
	}
	return nil
}

// checkRoots recomputes the Merkle root over the transaction ids and the commitment to the witnesses.
func (b *Block) checkRoots() error {
	if !b.Transactions[0].Coinbase() {
		return fmt.Errorf("the first transaction of block %s is no coinbase: %w", b.Hash, ErrDamaged)
	}
	ids := make([]Hash, len(b.Transactions))
	witnesses := false
	for i := range b.Transactions {
		t := &b.Transactions[i]
		if i > 0 && t.Coinbase() {
			return fmt.Errorf("transaction %d of block %s is a second coinbase: %w", i, b.Hash, ErrDamaged)
		}
		ids[i] = t.ID
		witnesses = witnesses || t.witness != t.ID
	}
	root, twice := merkleRoot(ids)
	if root != b.MerkleRoot {
		return fmt.Errorf("the transactions of block %s have the merkle root %s, its header says %s: %w",
			b.Hash, root, b.MerkleRoot, ErrDamaged)
	}
	if twice {
		return fmt.Errorf("block %s repeats transactions at its end, which its merkle root cannot show: %w",
			b.Hash, ErrDamaged)
	}
	if !witnesses {
		return nil
	}
	return b.checkWitnesses()
}

// merkleRoot computes the root and overwrites hashes. An odd level repeats its last hash, so a list that repeats its own
// end has the same root (CVE-2012-2459): twice tells that two paired hashes were equal.
func merkleRoot(hashes []Hash) (root Hash, twice bool) {
	for len(hashes) > 1 {
		half := hashes[:0]
		for i := 0; i < len(hashes); i += 2 {
			left, right := hashes[i], hashes[i]
			if i+1 < len(hashes) {
				right = hashes[i+1]
				twice = twice || left == right
			}
			half = append(half, doubleHash(left[:], right[:]))
		}
		hashes = half
	}
	return hashes[0], twice
}

// commitmentPrefix begins the coinbase output that commits to the witnesses (BIP 141).
var commitmentPrefix = []byte{0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed}

// checkWitnesses recomputes the commitment of BIP 141. Without it a changed witness, from which senders are derived,
// would go unseen, for transaction ids do not cover witnesses.
func (b *Block) checkWitnesses() error {
	coinbase := &b.Transactions[0]
	var committed []byte
	for i := range coinbase.Outputs { // the last one counts
		if s := coinbase.Outputs[i].Script; len(s) >= 38 && bytes.HasPrefix(s, commitmentPrefix) {
			committed = s[6:38]
		}
	}
	if committed == nil {
		return fmt.Errorf("block %s has witnesses and no commitment to them: %w", b.Hash, ErrDamaged)
	}
	reserved := coinbase.Inputs[0].Witness
	if len(reserved) != 1 || len(reserved[0]) != 32 {
		return fmt.Errorf("the coinbase of block %s has not the one witness item of 32 bytes: %w", b.Hash, ErrDamaged)
	}
	hashes := make([]Hash, len(b.Transactions)) // the coinbase's own is zero
	for i := 1; i < len(hashes); i++ {
		hashes[i] = b.Transactions[i].witness
	}
	root, _ := merkleRoot(hashes)
	if got := doubleHash(root[:], reserved[0]); !bytes.Equal(got[:], committed) {
		return fmt.Errorf("the witnesses of block %s do not match their commitment: %w", b.Hash, ErrDamaged)
	}
	return nil
}
