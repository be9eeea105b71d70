package bitcoin

import (
	"sluice/pkg/address"
	"sluice/pkg/network"
)

// forms are the address forms of the classes that have one.
var forms = map[Class]address.Form{
	PubKeyHash: address.P2PKH, PubKey: address.P2PKH, ScriptHash: address.P2SH,
	WitnessPubKeyHash: address.P2WPKH, WitnessScriptHash: address.P2WSH, Taproot: address.P2TR,
	WitnessUnknown: address.WitnessFuture,
}

// Address is the canonical text of whom a script pays, "" for a script without an address.
func (p Payee) Address(n network.Network) string {
	form, ok := forms[p.Class]
	if !ok {
		return ""
	}
	payload := p.Payload
	if p.Class == WitnessUnknown {
		payload = append([]byte{p.Version}, payload...)
	}
	a, err := address.Encode(n, form, payload)
	if err != nil {
		return "" // a form that the network does not have, such as a witness program in a dogecoin script
	}
	return a.Text
}
