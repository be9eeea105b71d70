package bitcoin

import (
	"github.com/btcsuite/btcd/btcutil/base58"
	"github.com/btcsuite/btcd/btcutil/bech32"

	"sluice/pkg/network"
)

// Address is the canonical text of whom a script pays, "" for a script without an address.
func (p Payee) Address(n network.Network) string {
	switch p.Class {
	case PubKeyHash, PubKey:
		return base58.CheckEncode(p.Payload, 0)
	case ScriptHash:
		return base58.CheckEncode(p.Payload, 5)
	case WitnessPubKeyHash, WitnessScriptHash, Taproot, WitnessUnknown:
		d, _ := bech32.ConvertBits(p.Payload, 8, 5, true)
		d = append([]byte{p.Version}, d...)
		if p.Version == 0 {
			s, _ := bech32.Encode("bc", d)
			return s
		}
		s, _ := bech32.EncodeM("bc", d)
		return s
	}
	return ""
}
