package bitcoin

import "crypto/sha256"

// Sender derives whom an input spends from. ok is false where it cannot be told:
//
//   - P2PK and bare multisig inputs carry signatures alone;
//   - a taproot input by key carries one signature, and by script an internal key that is not the address's;
//   - an input that only a nonstandard script explains.
//
// What it derives is what the input claims by its form. A form that several script types share is resolved as every
// wallet writes it: a signature and a key are P2PKH, a last push that reads as a script is P2SH.
func Sender(in *Input) (payee Payee, ok bool) {
	if len(in.Witness) > 0 {
		return witnessSender(in)
	}
	items, pushOnly := pushes(in.Script)
	if !pushOnly || len(items) == 0 {
		return Payee{}, false
	}
	last := items[len(items)-1]
	if len(items) == 2 && isSignature(items[0]) && isPubKey(last) {
		return Payee{Class: PubKeyHash, Payload: hash160(last)}, true
	}
	if len(last) == 0 || isSignature(last) || !wellFormed(last) {
		return Payee{}, false
	}
	return Payee{Class: ScriptHash, Payload: hash160(last)}, true
}

func witnessSender(in *Input) (Payee, bool) {
	if len(in.Script) > 0 { // a witness program wrapped in P2SH: the script is one push of it
		items, pushOnly := pushes(in.Script)
		if !pushOnly || len(items) != 1 || !isWitnessProgram(items[0]) {
			return Payee{}, false
		}
		return Payee{Class: ScriptHash, Payload: hash160(items[0])}, true
	}
	last := in.Witness[len(in.Witness)-1]
	if len(in.Witness) == 2 && isSignature(in.Witness[0]) && len(last) == 33 && isPubKey(last) {
		return Payee{Class: WitnessPubKeyHash, Payload: hash160(last)}, true
	}
	if isTaprootSpend(in.Witness) || len(last) == 0 || !wellFormed(last) {
		return Payee{}, false
	}
	program := sha256.Sum256(last)
	return Payee{Class: WitnessScriptHash, Payload: program[:]}, true
}

// isTaprootSpend knows the three last items that only taproot has: a Schnorr signature alone, an annex, and a control
// block. The first bytes of the last two are opcodes that make any script before taproot fail, so no P2WSH spend that
// was ever mined is taken for one.
func isTaprootSpend(witness [][]byte) bool {
	last := witness[len(witness)-1]
	if len(witness) == 1 {
		return len(last) == 64 || len(last) == 65
	}
	if len(last) == 0 {
		return false
	}
	const annex = 0x50
	control := last[0]&0xfe >= 0xc0 && len(last) >= 33 && (len(last)-33)%32 == 0
	return last[0] == annex || control
}

// isSignature recognises a DER signature with its hash type byte, as strictly as it takes to tell it from a script.
func isSignature(b []byte) bool {
	return len(b) >= 9 && len(b) <= 74 && b[0] == 0x30 && int(b[1]) <= len(b)-3 && b[2] == 0x02
}
