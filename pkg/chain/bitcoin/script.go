package bitcoin

import (
	"crypto/sha256"

	"golang.org/x/crypto/ripemd160" //nolint:staticcheck // Bitcoin's hash of public keys and scripts
)

// Class is what an output's script pays to.
type Class uint8

// The classes. The zero value is a script that names nobody.
const (
	Nonstandard Class = iota
	PubKeyHash
	ScriptHash
	WitnessPubKeyHash
	WitnessScriptHash
	Taproot
	WitnessUnknown // a witness version without rules so far
	PubKey
	Multisig // bare, as in the early years: no address stands for it
	NullData // OP_RETURN: provably unspendable, carries data
)

var classNames = [...]string{"nonstandard", "p2pkh", "p2sh", "p2wpkh", "p2wsh", "p2tr", "witness_unknown", "p2pk",
	"multisig", "op_return"}

// String is the class in lower case, such as "p2pkh".
func (c Class) String() string { return classNames[c] }

// Script opcodes that outputs are recognised by.
const (
	op0             = 0x00
	opPushData1     = 0x4c
	opPushData2     = 0x4d
	opPushData4     = 0x4e
	op1             = 0x51
	op16            = 0x60
	opReturn        = 0x6a
	opDup           = 0x76
	opEqual         = 0x87
	opEqualVerify   = 0x88
	opHash160       = 0xa9
	opCheckSig      = 0xac
	opCheckMultisig = 0xae
)

// Payee is whom a script pays: a class and, for the classes that have an address, its payload.
type Payee struct {
	Class   Class
	Version uint8  // of a witness program
	Payload []byte // hash or witness program; nil for Nonstandard, Multisig and NullData
}

// Classify reads an output's script. P2PK pays the hash of its public key.
func Classify(s []byte) Payee {
	switch {
	case len(s) == 25 && s[0] == opDup && s[1] == opHash160 && s[2] == 20 && s[23] == opEqualVerify && s[24] == opCheckSig:
		return Payee{Class: PubKeyHash, Payload: s[3:23]}
	case len(s) == 23 && s[0] == opHash160 && s[1] == 20 && s[22] == opEqual:
		return Payee{Class: ScriptHash, Payload: s[2:22]}
	case isWitnessProgram(s):
		return witnessProgram(s)
	case len(s) > 0 && s[0] == opReturn:
		return Payee{Class: NullData}
	case len(s) > 2 && int(s[0]) == len(s)-2 && s[len(s)-1] == opCheckSig && isPubKey(s[1:len(s)-1]):
		return Payee{Class: PubKey, Payload: hash160(s[1 : len(s)-1])}
	case isMultisig(s):
		return Payee{Class: Multisig}
	}
	return Payee{}
}

func isWitnessProgram(s []byte) bool {
	return len(s) >= 4 && len(s) <= 42 && (s[0] == op0 || s[0] >= op1 && s[0] <= op16) && int(s[1]) == len(s)-2
}

func witnessProgram(s []byte) Payee {
	program := s[2:]
	if s[0] == op0 {
		switch len(program) {
		case 20:
			return Payee{Class: WitnessPubKeyHash, Payload: program}
		case 32:
			return Payee{Class: WitnessScriptHash, Payload: program}
		}
		return Payee{} // version 0 has these two lengths alone: nobody can spend it
	}
	version := s[0] - op1 + 1
	if version == 1 && len(program) == 32 {
		return Payee{Class: Taproot, Version: 1, Payload: program}
	}
	return Payee{Class: WitnessUnknown, Version: version, Payload: program}
}

// isPubKey looks at the form alone; whether the point is on the curve does not matter to whom it names.
func isPubKey(b []byte) bool {
	switch len(b) {
	case 33:
		return b[0] == 2 || b[0] == 3
	case 65:
		return b[0] == 4 || b[0] == 6 || b[0] == 7 // 6 and 7: the hybrid form of the early years
	}
	return false
}

// isMultisig recognises `m key… n OP_CHECKMULTISIG`.
func isMultisig(s []byte) bool {
	if len(s) < 4 || s[len(s)-1] != opCheckMultisig || s[0] < op1 || s[0] > op16 {
		return false
	}
	keys := 0
	for rest := s[1 : len(s)-2]; len(rest) > 0; keys++ {
		n := int(rest[0])
		if n+1 > len(rest) || !isPubKey(rest[1:n+1]) {
			return false
		}
		rest = rest[n+1:]
	}
	m, n := int(s[0])-op1+1, int(s[len(s)-2])-op1+1
	return n == keys && m <= n
}

// nextOp splits the first operation off a script. data is what it pushes, nil for an operation that pushes nothing or a
// small number; ok is false where the script ends in the middle of a push.
func nextOp(s []byte) (op byte, data, rest []byte, ok bool) {
	op, rest = s[0], s[1:]
	var n, width int
	switch {
	case op >= 1 && op < opPushData1:
		n = int(op)
	case op == opPushData1:
		width = 1
	case op == opPushData2:
		width = 2
	case op == opPushData4:
		width = 4
	default:
		return op, nil, rest, true
	}
	if len(rest) < width {
		return op, nil, nil, false
	}
	for i := range width {
		n |= int(rest[i]) << (8 * i)
	}
	rest = rest[width:]
	if n > len(rest) {
		return op, nil, nil, false
	}
	return op, rest[:n:n], rest[n:], true
}

// pushes returns what a script pushes, or false where it does anything else. OP_0 and the small numbers push items too,
// which never are keys or scripts and stand as empty items.
func pushes(s []byte) ([][]byte, bool) {
	var items [][]byte
	for len(s) > 0 {
		op, data, rest, ok := nextOp(s)
		if !ok || op > op16 {
			return nil, false
		}
		items, s = append(items, data), rest
	}
	return items, true
}

// wellFormed says whether every push of the script is complete, as every script that was ever run is.
func wellFormed(s []byte) bool {
	for len(s) > 0 {
		_, _, rest, ok := nextOp(s)
		if !ok {
			return false
		}
		s = rest
	}
	return true
}

func hash160(b []byte) []byte {
	inner := sha256.Sum256(b)
	h := ripemd160.New()
	h.Write(inner[:])
	return h.Sum(nil)
}
