package bitcoin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"sluice/pkg/network"
)

var (
	signature = append([]byte{0x30, 0x44, 0x02, 0x20}, make([]byte, 67)...) // 71 bytes with the hash type
	key33     = append([]byte{2}, bytes.Repeat([]byte{7}, 32)...)
	key65     = append([]byte{4}, bytes.Repeat([]byte{7}, 64)...)
	schnorr   = bytes.Repeat([]byte{9}, 64)
	redeem    = append(append([]byte{op1, 33}, key33...), op1, opCheckMultisig)
	control   = append([]byte{0xc1}, make([]byte, 64)...)
)

// push is a script that pushes items.
func push(items ...[]byte) []byte {
	var s []byte
	for _, item := range items {
		switch n := len(item); {
		case n == 0:
			s = append(s, op0)
		case n < opPushData1:
			s = append(s, byte(n))
		default:
			s = append(s, opPushData1, byte(n))
		}
		s = append(s, item...)
	}
	return s
}

func TestSender(t *testing.T) {
	program := sha256.Sum256(redeem)
	wrapped := append([]byte{op0, 20}, hash160(key33)...)
	wrappedScript := append([]byte{op0, 32}, program[:]...)
	for _, c := range []struct {
		name  string
		in    Input
		class Class
		want  []byte // nil: not to be told
	}{
		{"P2PKH", spend(push(signature, key33)), PubKeyHash, hash160(key33)},
		{"P2PKH, uncompressed key", spend(push(signature, key65)), PubKeyHash, hash160(key65)},
		{"P2SH multisig", spend(push(nil, signature, redeem)), ScriptHash, hash160(redeem)},
		{"P2SH-P2WPKH", spend(push(wrapped), signature, key33), ScriptHash, hash160(wrapped)},
		{"P2SH-P2WSH", spend(push(wrappedScript), signature, redeem), ScriptHash, hash160(wrappedScript)},
		{"P2WPKH", spend(nil, signature, key33), WitnessPubKeyHash, hash160(key33)},
		{"P2WSH", spend(nil, nil, signature, redeem), WitnessScriptHash, program[:]},
		{"P2PK", spend(push(signature)), 0, nil},
		{"bare multisig", spend(push(nil, signature, signature)), 0, nil},
		{"taproot by key", spend(nil, schnorr), 0, nil},
		{"taproot by key, with hash type", spend(nil, append(bytes.Clone(schnorr), 1)), 0, nil},
		{"taproot by key, with annex", spend(nil, schnorr, []byte{0x50, 1}), 0, nil},
		{"taproot by script", spend(nil, schnorr, redeem, control), 0, nil},
		{"nothing", spend(nil), 0, nil},
		{"only a number", spend([]byte{op1}), 0, nil},
		{"operations", spend([]byte{opDup}), 0, nil},
		{"cut in a push", spend([]byte{5, 1}), 0, nil},
		{"last push is no script", spend(push([]byte{5, 1})), 0, nil},
		{"witness and a foreign script", spend(push(redeem), signature, key33), 0, nil},
		{"witness script cut in a push", spend(nil, signature, []byte{5, 1}), 0, nil},
		{"empty last witness item", spend(nil, signature, nil), 0, nil},
	} {
		got, ok := Sender(&c.in)
		if ok != (c.want != nil) || got.Class != c.class || !bytes.Equal(got.Payload, c.want) {
			t.Errorf("%s: %v %x, %t", c.name, got.Class, got.Payload, ok)
		}
	}
}

// What is derived from an input agrees with the output that it spends, wherever the block has both.
func TestSenderAgreesWithSpentOutputs(t *testing.T) {
	bitcoin, _ := network.Lookup("bitcoin")
	compared := map[Class]int{}
	for _, path := range [][]string{
		{"btc-block-413567", "block413567.raw"},
		{"btc-block-702861", "mainnet_block_000000000000000000000c835b2adcaedc20fdf6ee440009c249452c726dafae.raw"},
	} {
		b := readBlock(t, path...)
		outputs := map[Hash][]Output{}
		for i := range b.Transactions {
			outputs[b.Transactions[i].ID] = b.Transactions[i].Outputs
		}
		for i := range b.Transactions {
			for j := range b.Transactions[i].Inputs {
				in := &b.Transactions[i].Inputs[j]
				spent, ok := outputs[in.Previous]
				if !ok {
					continue
				}
				want := Classify(spent[in.Index].Script)
				got, _ := Sender(in)
				if got.Address(bitcoin) != want.Address(bitcoin) {
					t.Errorf("input %d of %s: derived %s, the spent output pays %s",
						j, b.Transactions[i].ID, got.Address(bitcoin), want.Address(bitcoin))
				}
				compared[want.Class]++
			}
		}
	}
	if compared[PubKeyHash] < 100 || compared[ScriptHash] < 10 || compared[WitnessPubKeyHash] < 100 {
		t.Errorf("too few to compare: %v", compared)
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		script  string
		class   Class
		address string
	}{
		{"76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac", PubKeyHash, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
		{"4104678afdb0fe5548271967f1a67130b7105cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac",
			PubKey, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"},
		{"a914f815b036d9bbbce5e9f2a00abd1bf3dc91e9551087", ScriptHash, "3QJmV3qfvL9SuYo34YihAf3sRCW3qSinyC"},
		// The examples of BIP 173 and BIP 350.
		{"0014751e76e8199196d454941c45d1b3a323f1433bd6", WitnessPubKeyHash, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"},
		{"512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798", Taproot,
			"bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0"},
		{"5210751e76e8199196d454941c45d1b3a323", WitnessUnknown, "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs"},
		{"6002751e", WitnessUnknown, "bc1sw50qgdz25j"},
		{"00101111111111111111111111111111111111", Nonstandard, ""}, // version 0 of 16 bytes
		{"6a0568656c6c6f", NullData, ""},
		{"6a", NullData, ""},
		{"", Nonstandard, ""},
		{"51", Nonstandard, ""},
		{"76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888", Nonstandard, ""},
		{hex.EncodeToString(redeem), Multisig, ""},
		{"52" + hex.EncodeToString(push(key33)) + "51ae", Nonstandard, ""}, // two of one
	} {
		script, err := hex.DecodeString(c.script)
		if err != nil {
			t.Fatal(err)
		}
		bitcoin, _ := network.Lookup("bitcoin")
		got := Classify(script)
		if got.Class != c.class || got.Address(bitcoin) != c.address {
			t.Errorf("%s: %v %q, want %v %q", c.script, got.Class, got.Address(bitcoin), c.class, c.address)
		}
	}
}

func FuzzScripts(f *testing.F) {
	f.Add(push(signature, key33), minerScript)
	f.Add(push(nil, signature, redeem), redeem)
	f.Add([]byte{opPushData4, 255, 255, 255, 255}, []byte{opPushData2, 1})
	f.Fuzz(func(t *testing.T, input, output []byte) {
		bitcoin, _ := network.Lookup("bitcoin")
		Classify(output).Address(bitcoin)
		for _, in := range []Input{spend(input), spend(nil, signature, input), spend(input, output), spend(nil, input)} {
			if payee, ok := Sender(&in); ok && payee.Address(bitcoin) == "" {
				t.Errorf("a sender without an address: %v", payee)
			}
		}
	})
}
