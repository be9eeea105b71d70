package bitcoin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"sluice/pkg/internal/testdata"
)

// easyBits is the target of test chains, which every second hash meets.
const easyBits = 0x207fffff

var blockTime = time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)

// rawTx is a transaction to serialize.
type rawTx struct {
	inputs  []Input
	outputs []Output
}

func compactSize(dst []byte, n int) []byte {
	switch {
	case n < 0xfd:
		return append(dst, byte(n))
	case n <= 0xffff:
		return binary.LittleEndian.AppendUint16(append(dst, 0xfd), uint16(n))
	}
	return binary.LittleEndian.AppendUint32(append(dst, 0xfe), uint32(n))
}

func (r rawTx) append(dst []byte, witnesses bool) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, 2)
	if witnesses {
		dst = append(dst, 0, 1)
	}
	dst = compactSize(dst, len(r.inputs))
	for _, in := range r.inputs {
		dst = append(dst, in.Previous[:]...)
		dst = binary.LittleEndian.AppendUint32(dst, in.Index)
		dst = append(compactSize(dst, len(in.Script)), in.Script...)
		dst = binary.LittleEndian.AppendUint32(dst, 0xffffffff)
	}
	dst = compactSize(dst, len(r.outputs))
	for _, out := range r.outputs {
		dst = binary.LittleEndian.AppendUint64(dst, out.Value)
		dst = append(compactSize(dst, len(out.Script)), out.Script...)
	}
	if witnesses {
		for _, in := range r.inputs {
			dst = compactSize(dst, len(in.Witness))
			for _, item := range in.Witness {
				dst = append(compactSize(dst, len(item)), item...)
			}
		}
	}
	return binary.LittleEndian.AppendUint32(dst, 0)
}

func (r rawTx) witnessed() bool {
	for _, in := range r.inputs {
		if len(in.Witness) > 0 {
			return true
		}
	}
	return false
}

func (r rawTx) id() Hash { return doubleHash(r.append(nil, false)) }

var minerScript = append(append([]byte{opDup, opHash160, 20}, make([]byte, 20)...), opEqualVerify, opCheckSig)

// mine makes a valid block of the transactions behind a coinbase of its own.
func mine(txs ...rawTx) []byte {
	coinbase := rawTx{
		inputs:  []Input{{Index: 0xffffffff, Script: []byte{2, 0x11, 0x22}}},
		outputs: []Output{{Value: 50_0000_0000, Script: minerScript}},
	}
	ids, full, witnesses := []Hash{{}}, []Hash{{}}, false
	for _, t := range txs {
		witnesses = witnesses || t.witnessed()
		ids = append(ids, t.id())
		full = append(full, doubleHash(t.append(nil, t.witnessed())))
	}
	if witnesses {
		reserved := make([]byte, 32)
		root, _ := merkleRoot(full)
		commitment := doubleHash(root[:], reserved)
		coinbase.inputs[0].Witness = [][]byte{reserved}
		coinbase.outputs = append(coinbase.outputs, Output{Script: append(bytes.Clone(commitmentPrefix), commitment[:]...)})
	}
	all := append([]rawTx{coinbase}, txs...)
	ids[0] = coinbase.id()
	root, _ := merkleRoot(ids)
	body := compactSize(nil, len(all))
	for _, t := range all {
		body = t.append(body, t.witnessed())
	}
	return append(mineHeader(root), body...)
}

func mineHeader(root Hash) []byte {
	for nonce := uint32(0); ; nonce++ {
		h := binary.LittleEndian.AppendUint32(nil, 4)
		h = append(h, make([]byte, 32)...)
		h = append(h, root[:]...)
		h = binary.LittleEndian.AppendUint32(h, uint32(blockTime.Unix()))
		h = binary.LittleEndian.AppendUint32(h, easyBits)
		h = binary.LittleEndian.AppendUint32(h, nonce)
		if parseHeader(h).checkWork() == nil {
			return h
		}
	}
}

// spend is an input of some earlier transaction.
func spend(script []byte, witness ...[]byte) Input {
	return Input{Previous: Hash{1}, Script: script, Witness: witness}
}

func payTo(inputs ...Input) rawTx {
	return rawTx{inputs: inputs, outputs: []Output{{Value: 1, Script: minerScript}}}
}

func TestParseMinedBlock(t *testing.T) {
	legacy := payTo(spend(append([]byte{1}, 0x51)))
	segwit := payTo(spend(nil, []byte("item"), []byte{op1}))
	for _, txs := range [][]rawTx{nil, {legacy}, {segwit}, {legacy, segwit, payTo(spend([]byte{1, 2}))}} {
		b, err := Parse(mine(txs...))
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Transactions) != len(txs)+1 || !b.Time.Equal(blockTime) || !b.Transactions[0].Coinbase() {
			t.Errorf("%+v", b)
		}
		for i, want := range txs {
			if got := b.Transactions[i+1].ID; got != want.id() {
				t.Errorf("transaction %d: id %s, want %s", i+1, got, want.id())
			}
		}
	}
}

// A changed byte anywhere, also in a witness, makes a block damaged, and so does every length.
func TestParseRefusesDamage(t *testing.T) {
	good := mine(payTo(spend([]byte{1, 0x51})), payTo(spend(nil, []byte("item"), []byte{op1})))
	for i := range good {
		for bit := range 8 {
			bad := bytes.Clone(good)
			bad[i] ^= 1 << bit
			if _, err := Parse(bad); err == nil {
				// Every second header meets the easy target, so a header may stay valid; its root may not.
				if i >= headerSize || i >= 36 && i < 68 {
					t.Errorf("bit %d of byte %d changed: accepted", bit, i)
				}
			} else if !errors.Is(err, ErrDamaged) {
				t.Errorf("byte %d: %v", i, err)
			}
		}
	}
	for n := range good {
		if _, err := Parse(good[:n]); !errors.Is(err, ErrDamaged) {
			t.Errorf("%d of %d bytes: %v", n, len(good), err)
		}
	}
	if _, err := Parse(append(good, 0)); !errors.Is(err, ErrDamaged) {
		t.Errorf("a byte more: %v", err)
	}
}

func TestParseRefusesRepeatedEnd(t *testing.T) {
	// Three transactions have the root of four of which the last two are equal (CVE-2012-2459).
	a, b := payTo(spend([]byte{1, 1})), payTo(spend([]byte{1, 2}))
	good := mine(a, b)
	bad := append(bytes.Clone(good), b.append(nil, false)...)
	bad[headerSize] = 4
	if _, err := Parse(good); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(bad); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestParseRefusesWitnessWithoutCommitment(t *testing.T) {
	segwit := payTo(spend(nil, []byte("item"), []byte{op1}))
	bare := payTo(segwit.inputs[0])
	bare.inputs = []Input{{Previous: bare.inputs[0].Previous}}
	plain := mine(bare)                                    // commits to nothing
	at := len(plain) - len(bare.append(nil, false))        // where its last transaction begins
	forged := segwit.append(bytes.Clone(plain[:at]), true) // the same id, with a witness
	if _, err := Parse(forged); !errors.Is(err, ErrDamaged) {
		t.Errorf("got %v", err)
	}
}

func TestCountsAreBoundedByTheBytesLeft(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes []byte
		ok    bool
	}{
		{"all that fit", []byte{2, 1, 2, 3, 4}, true},
		{"one too many", []byte{3, 1, 2, 3, 4, 5}, false},
		{"2^64-1", []byte{0xff, 255, 255, 255, 255, 255, 255, 255, 255, 1}, false},
		{"longer encoding than needed", []byte{0xfd, 2, 0, 1, 2, 3, 4}, false},
		{"cut in the count", []byte{0xfe, 1, 0}, false},
	} {
		cur := &cursor{data: c.bytes}
		if _, err := cur.count(2, "items"); (err == nil) != c.ok || err != nil && !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestCompactSizeAtItsBounds(t *testing.T) {
	for _, c := range []struct {
		bytes []byte
		want  uint64
	}{
		{[]byte{0}, 0}, {[]byte{0xfc}, 0xfc},
		{[]byte{0xfd, 0xfd, 0}, 0xfd}, {[]byte{0xfd, 0xff, 0xff}, 0xffff},
		{[]byte{0xfe, 0, 0, 1, 0}, 1 << 16}, {[]byte{0xfe, 255, 255, 255, 255}, 1<<32 - 1},
		{[]byte{0xff, 0, 0, 0, 0, 1, 0, 0, 0}, 1 << 32},
	} {
		if got, err := (&cursor{data: c.bytes}).compact("n"); err != nil || got != c.want {
			t.Errorf("% x: %d, %v", c.bytes, got, err)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, bits := range []uint32{0, 0x1d800001, 0x23000001, 0x1d000000} {
		if err := (&Block{Bits: bits}).checkWork(); !errors.Is(err, ErrDamaged) {
			t.Errorf("%08x: %v", bits, err)
		}
	}
	if err := (&Block{Bits: 0x03000001, Hash: Hash{1}}).checkWork(); err != nil {
		t.Errorf("a hash equal to the target: %v", err)
	}
	if err := (&Block{Bits: 0x03000001, Hash: Hash{2}}).checkWork(); err == nil {
		t.Error("a hash above the target is accepted")
	}
}

func readBlock(t testing.TB, elem ...string) *Block {
	t.Helper()
	data, err := os.ReadFile(testdata.Dir(t, elem...))
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestRealBlockByClass(t *testing.T) {
	b := readBlock(t, "btc-block-413567", "block413567.raw")
	if got := b.Hash.String(); got != "0000000000000000025aff8be8a55df8f89c77296db6198f272d6577325d4069" {
		t.Errorf("hash %s", got)
	}
	checkClasses(t, b, map[Class]int{PubKeyHash: 2841, ScriptHash: 737, NullData: 3})
	b = readBlock(t, "btc-block-702861", "mainnet_block_000000000000000000000c835b2adcaedc20fdf6ee440009c249452c726dafae.raw")
	if got := b.Hash.String(); got != "000000000000000000000c835b2adcaedc20fdf6ee440009c249452c726dafae" {
		t.Errorf("hash %s", got)
	}
	checkClasses(t, b, map[Class]int{
		WitnessPubKeyHash: 2383, ScriptHash: 1816, PubKeyHash: 1660, WitnessScriptHash: 133, NullData: 23,
	})
}

func checkClasses(t *testing.T, b *Block, want map[Class]int) {
	t.Helper()
	got := map[Class]int{}
	for i := range b.Transactions {
		for _, out := range b.Transactions[i].Outputs {
			got[Classify(out.Script).Class]++
		}
	}
	if len(got) != len(want) {
		t.Errorf("classes %v", got)
	}
	for c, n := range want {
		if got[c] != n {
			t.Errorf("%s: %d outputs, want %d", c, got[c], n)
		}
	}
}

// Flipping random bits of a real block never gives a block.
func TestRealBlockDamaged(t *testing.T) {
	data, err := os.ReadFile(testdata.Dir(t, "btc-block-413567", "block413567.raw"))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		i, bit := random.IntN(len(data)), byte(1)<<random.IntN(8)
		data[i] ^= bit
		if _, err := Parse(data); !errors.Is(err, ErrDamaged) {
			t.Errorf("byte %d, bit %02x: %v", i, bit, err)
		}
		data[i] ^= bit
	}
}

func FuzzParse(f *testing.F) {
	f.Add(mine())
	f.Add(mine(payTo(spend([]byte{1, 0x51})), payTo(spend(nil, []byte("item"), []byte{op1}))))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Parse(data)
		if err != nil {
			if !errors.Is(err, ErrDamaged) {
				t.Fatalf("%v is not marked as damage", err)
			}
			return
		}
		for i := range b.Transactions {
			for j := range b.Transactions[i].Inputs {
				Sender(&b.Transactions[i].Inputs[j])
			}
		}
	})
}

func BenchmarkParse(b *testing.B) {
	data, err := os.ReadFile(testdata.Dir(b, "btc-block-702861",
		"mainnet_block_000000000000000000000c835b2adcaedc20fdf6ee440009c249452c726dafae.raw"))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := Parse(data); err != nil {
			b.Fatal(err)
		}
	}
}
