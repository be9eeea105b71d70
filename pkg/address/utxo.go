package address

import (
	"fmt"

	"sluice/pkg/network"
)

// utxo is what a network with Bitcoin's kinds of addresses accepts: Base58Check versions, the prefix of its segwit
// addresses, the prefix of its CashAddr.
type utxo struct {
	alias    string
	width    int // bytes of a Base58 version, 1 or 2
	versions []version
	hrp      string // human-readable part of segwit addresses, "" without segwit
	cash     string // "" without CashAddr
	legacy   bool   // has CashAddr, and its canonical text is Base58 all the same
	test     []*utxo
	extra    func(text string, r *utxo, o Option) (a Address, p problem, mine bool) // further spellings of the network
}

// version is a Base58Check version byte or byte pair and what it says.
type version struct {
	number uint16
	kind   Kind
	form   Form
}

// hashBytes is the length of a HASH160, Bitcoin's hash of public keys and scripts.
const hashBytes = 20

// find gives the version with the number.
func (r *utxo) find(number uint16) (version, bool) {
	for _, v := range r.versions {
		if v.number == number {
			return v, true
		}
	}
	return version{}, false
}

func parseUTXO(n network.Network, text string, o Option) (Address, problem) {
	r := rulesUTXO(n.Alias)
	if r == nil {
		return Address{}, noRules
	}
	if r.extra != nil {
		if a, p, mine := r.extra(text, r, o); mine {
			if p.ok() {
				a.Key.Family = n.Family
				a.Testnet = a.Testnet || n.Testnet
			}
			return a, p
		}
	}
	var a Address
	var p problem
	switch {
	case r.looksCash(text):
		a, p = r.parseCash(text, o)
	case r.isBech32(text):
		a, p = r.parseBech32(text, o)
	default:
		if a, p = r.parseBase58(text, o); p.code == Malformed {
			// It may be a bech32 text of another network, or one in mixed case.
			if _, q := r.parseBech32(text, 0); q.code == OtherNet || hasPrefixFold(text, r.hrp+"1") && r.hrp != "" {
				p = q
			}
		}
	}
	if !p.ok() {
		return Address{}, p
	}
	a.Key.Family = n.Family
	a.Testnet = a.Testnet || n.Testnet
	return a, p
}

// parseBase58 reads a Base58Check address of the network, or of its test networks where they were asked for.
func (r *utxo) parseBase58(text string, o Option) (Address, problem) {
	var raw [2 + hashBytes + checksumBytes]byte
	b := raw[:r.width+hashBytes+checksumBytes]
	if f := bitcoinBase58.decodeCheck(b, text); f != sound {
		return Address{}, bitcoinBase58.problem(f, text, "want a Base58 text of 25 to 35 characters")
	}
	number := uint16(b[0])
	if r.width == 2 {
		number = number<<8 | uint16(b[1])
	}
	hash := b[r.width : r.width+hashBytes]
	v, ok := r.find(number)
	if !ok {
		for _, t := range r.test {
			if v, ok := t.find(number); ok && t.width == r.width {
				if o&allowTestnet == 0 {
					return Address{}, testnetOnly(r.alias)
				}
				return t.base58(text, v, hash, true), problem{}
			}
		}
		return Address{}, problem{code: OtherNet, reason: fmt.Sprintf("version 0x%0*x is no version of a %s address", 2*r.width, number, r.alias)}
	}
	return r.base58(text, v, hash, false), problem{}
}

// base58 makes the address of a good Base58Check text.
func (r *utxo) base58(text string, v version, hash []byte, testnet bool) Address {
	a := Address{Text: text, Key: NewKey(0, v.kind, hash), Form: v.form, Testnet: testnet}
	if r.cash != "" {
		a.Form = Legacy
		if r.legacy {
			a.Form = v.form
			return a
		}
		a.Text, _ = encodeCash(r.cash, cashType(v.kind), hash)
	}
	return a
}

// isBech32 reports whether text has the segwit prefix of the network or of a test network of it, in one case.
func (r *utxo) isBech32(text string) bool {
	if r.hasPrefix(text) {
		return true
	}
	for _, t := range r.test {
		if t.hasPrefix(text) {
			return true
		}
	}
	return false
}

// hasPrefix is isBech32 without the test networks. In capitals the whole text has to be so: LTC1… may also begin a
// Base58 address.
func (r *utxo) hasPrefix(text string) bool {
	n := len(r.hrp)
	if n == 0 || len(text) <= n || text[n] != '1' || !hasPrefixFold(text, r.hrp) {
		return false
	}
	return text[:n] == r.hrp || upper(text) == text
}

// parseBech32 reads a segwit address of the network, or of its test networks where they were asked for.
func (r *utxo) parseBech32(text string, o Option) (Address, problem) {
	var t bech32Text
	if p := decodeBech32(&t, text); !p.ok() {
		return Address{}, p
	}
	switch {
	case sameFold(t.prefix, r.hrp):
		return r.segwit(text, &t, false)
	case r.hrp == "":
		return Address{}, problem{code: OtherNet, reason: "a segwit address, and " + r.alias + " has none"}
	}
	for _, test := range r.test {
		if sameFold(t.prefix, test.hrp) {
			if o&allowTestnet == 0 {
				return Address{}, testnetOnly(r.alias)
			}
			return test.segwit(text, &t, true)
		}
	}
	return Address{}, problem{code: OtherNet, reason: fmt.Sprintf("prefix %s: segwit addresses of %s begin with %s1", quote(t.prefix), r.alias, r.hrp)}
}

// The lengths of witness programs in bytes, by BIP-141.
const (
	programShortest = 2
	programLongest  = 40
	programHash     = 32
)

// segwit reads the witness version and program of a bech32 text that has the network's prefix.
func (r *utxo) segwit(text string, t *bech32Text, testnet bool) (Address, problem) {
	if t.n == 0 {
		return Address{}, problem{code: Malformed, reason: "no witness version behind the prefix"}
	}
	v := t.digits[0]
	var program [(bech32Longest * 5 / 8) + 1]byte
	n, ok := packDigits(program[:], t.digits[1:t.n])
	switch {
	case v > lastWitness:
		return Address{}, problem{code: Malformed, reason: fmt.Sprintf("witness version %d: there are 0 to %d", v, lastWitness)}
	case v == 0 && t.spec != bech32Spec:
		return Address{}, problem{code: Checksum, reason: "witness version 0 with the checksum of bech32m: want bech32"}
	case v > 0 && t.spec != bech32mSpec:
		return Address{}, problem{code: Checksum, reason: fmt.Sprintf("witness version %d with the checksum of bech32: want bech32m", v)}
	case !ok:
		return Address{}, problem{code: Malformed, reason: "stray bits at the end of its witness program"}
	case n < programShortest || n > programLongest:
		return Address{}, problem{code: Malformed, reason: fmt.Sprintf("witness program of %d bytes: want %d to %d", n, programShortest, programLongest)}
	case v == 0 && n != hashBytes && n != programHash:
		return Address{}, problem{code: Malformed, reason: fmt.Sprintf("witness program of %d bytes: version 0 has %d or %d", n, hashBytes, programHash)}
	}
	kind, form := witnessKind(v, n)
	if t.capital {
		text = lower(text)
	}
	return Address{Text: text, Key: NewKey(0, kind, program[:n]), Form: form, Testnet: testnet}, problem{}
}

// witnessKind is what a program of n bytes under a witness version stands for.
func witnessKind(version uint8, n int) (Kind, Form) {
	switch {
	case version == 0 && n == hashBytes:
		return PKH, P2WPKH
	case version == 0:
		return WSH, P2WSH
	case version == 1 && n == programHash:
		return TR, P2TR
	}
	return Witness(version), WitnessFuture
}

// looksCash reports whether text has a CashAddr prefix of the network, or is made of CashAddr digits and begins as
// one without its prefix does.
func (r *utxo) looksCash(text string) bool {
	if r.cash == "" || text == "" {
		return false
	}
	if hasPrefixFold(text, r.cash+":") {
		return true
	}
	for _, t := range r.test {
		if hasPrefixFold(text, t.cash+":") {
			return true
		}
	}
	switch lowerByte(text[0]) {
	case 'q', 'p', 'z', 'r':
		return len(text) > 2*hashBytes // no Base58 address is as long
	}
	return false
}

// parseCash reads a CashAddr of the network, or of its test networks where they were asked for. Of the lengths that
// CashAddr has, outputs exist for a public key hash of 20 bytes and for a script hash of 20 or 32.
func (r *utxo) parseCash(text string, o Option) (Address, problem) {
	for _, t := range r.test {
		if hasPrefixFold(text, t.cash+":") {
			if o&allowTestnet == 0 {
				return Address{}, testnetOnly(r.alias)
			}
			a, p := t.parseCash(text, 0)
			a.Testnet = true
			return a, p
		}
	}
	digits := text
	if hasPrefixFold(text, r.cash+":") {
		var ok bool
		if digits, ok = cutCash(text, r.cash); !ok {
			return Address{}, problem{code: Malformed, reason: "small and capital letters mixed: a CashAddr is in one case"}
		}
	}
	var hash [64]byte
	t, n, p := decodeCash(&hash, r.cash, digits)
	if !p.ok() {
		if p.code == Checksum && len(digits) == len(text) {
			return r.bareTestCash(text, p, o)
		}
		if p.at > 0 {
			p.at += len(text) - len(digits)
		}
		return Address{}, p
	}
	kind, form := PKH, CashAddr
	switch t {
	case cashPKH, cashTokenPKH:
	case cashSH, cashTokenSH:
		kind = SH
	default:
		return Address{}, problem{code: Malformed, reason: fmt.Sprintf("CashAddr of type %d: there are 0 to 3", t)}
	}
	if n != hashBytes && (kind != SH || n != programHash) {
		return Address{}, problem{code: Malformed, reason: fmt.Sprintf("CashAddr with a hash of %d bytes: outputs have 20, or 32 for a script", n)}
	}
	if t == cashTokenPKH || t == cashTokenSH {
		form = CashAddrToken
	}
	a := Address{Text: text, Key: NewKey(0, kind, hash[:n]), Form: form}
	switch {
	case r.legacy:
		if n != hashBytes {
			return Address{}, problem{code: Malformed, reason: "a script hash of 32 bytes, which " + r.alias + " does not have"}
		}
		a.Text = r.encodeBase58(kind, hash[:n])
	case len(digits) == len(text) || form == CashAddrToken || text[0] < 'a':
		a.Text, _ = encodeCash(r.cash, cashType(kind), hash[:n])
	}
	return a, problem{}
}

// bareTestCash is what becomes of a CashAddr without prefix that is none of the main network: one of a test network
// may be it, for the checksum covers the prefix.
func (r *utxo) bareTestCash(text string, p problem, o Option) (Address, problem) {
	for _, t := range r.test {
		if a, q := t.parseCash(text, 0); q.ok() {
			if o&allowTestnet == 0 {
				return Address{}, testnetOnly(r.alias)
			}
			a.Testnet = true
			return a, q
		}
	}
	return Address{}, p
}

func cashType(kind Kind) uint8 {
	if kind == SH {
		return cashSH
	}
	return cashPKH
}

func testnetOnly(alias string) problem {
	return problem{code: Testnet, reason: "a testnet address: " + alias + " is the main network"}
}

// encodeBase58 writes a hash under the network's first version of the kind; "" when it has none.
func (r *utxo) encodeBase58(kind Kind, hash []byte) string {
	for _, v := range r.versions {
		if v.kind == kind && v.form != Legacy {
			prefix := [2]byte{byte(v.number >> 8), byte(v.number)}
			return bitcoinBase58.encodeCheck(prefix[2-r.width:], hash)
		}
	}
	return ""
}

// encodeUTXO writes the canonical text of a hash or witness program. A program of WitnessFuture comes with its version
// as first byte.
func encodeUTXO(n network.Network, form Form, payload []byte) (text string, ok bool) {
	r := rulesUTXO(n.Alias)
	if r == nil {
		return "", false
	}
	switch form {
	case P2PKH, P2SH, CashAddr, Legacy:
		kind := PKH
		if form == P2SH {
			kind = SH
		}
		if r.cash != "" && !r.legacy {
			if len(payload) != hashBytes && (kind != SH || len(payload) != programHash) {
				return "", false
			}
			return encodeCash(r.cash, cashType(kind), payload)
		}
		if len(payload) != hashBytes || form == CashAddr || form == Legacy {
			return "", false
		}
		text = r.encodeBase58(kind, payload)
		return text, text != ""
	default:
		return r.encodeWitness(form, payload)
	}
}

// encodeWitness writes a witness program by Bech32 or Bech32m.
func (r *utxo) encodeWitness(form Form, payload []byte) (text string, ok bool) {
	if r.hrp == "" {
		return "", false
	}
	switch {
	case form == P2WPKH && len(payload) == hashBytes, form == P2WSH && len(payload) == programHash:
		return encodeBech32(bech32Spec, r.hrp, 0, payload), true
	case form == P2TR && len(payload) == programHash:
		return encodeBech32(bech32mSpec, r.hrp, 1, payload), true
	case form == WitnessFuture && len(payload) > programShortest && len(payload) <= 1+programLongest:
		if _, f := witnessKind(payload[0], len(payload)-1); f != WitnessFuture || payload[0] > lastWitness {
			return "", false
		}
		return encodeBech32(bech32mSpec, r.hrp, payload[0], payload[1:]), true
	}
	return "", false
}

// sizesSegwit is for families with Bitcoin's kinds.
func sizesSegwit(kind Kind) (low, high int) {
	switch {
	case kind == PKH || kind == SH:
		return hashBytes, hashBytes
	case kind == WSH || kind == TR:
		return programHash, programHash
	case kind > witness && kind <= witness+lastWitness:
		return programShortest, MaxPayload
	}
	return 0, 0
}

// sizesHashes is for families with key and script hashes and no segwit.
func sizesHashes(kind Kind) (low, high int) {
	if kind == PKH || kind == SH {
		return hashBytes, hashBytes
	}
	return 0, 0
}
