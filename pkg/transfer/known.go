package transfer

import (
	"math/bits"
	"strings"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// addressMemory remembers addresses that were parsed: token contracts, hot wallets and customers' addresses come again
// and again, and their checksums cost more than all else that is done with a body. It holds a fixed number of
// addresses, of which a new one takes the place of an old one, and no pointers, so that it costs the garbage collector
// nothing. The zero value remembers nothing yet; nil never does.
type addressMemory struct {
	bits     int // of the number of slots; 0: defaultBits
	learned  int // addresses so far, up to memoryFrom
	slots    []knownAddress
	networks map[string]*knownNetwork
}

// The bounds of what is remembered. An address takes 160 bytes.
const (
	defaultBits    = 12
	maxBits        = 20
	memoryFrom     = 32 // a Parser that reads fewer addresses in its life needs no memory
	memoryNetworks = 256
	memoryText     = 95 // the longest address of the common families; longer ones are parsed each time
	minMemoryText  = 8
)

// knownNetwork is a network with a number of its own, above 0, by which its addresses are told from others'; 0 for one
// that is not remembered.
type knownNetwork struct {
	network.Network
	number uint16
}

// knownAddress is an address as a text on a network says it, whose canonical text is the text, or the text in lower case.
type knownAddress struct {
	network uint16
	lower   bool // the canonical text is the text in lower case
	size    uint8
	text    [memoryText]byte
	form    address.Form
	key     address.Key
	print   uint64 // fingerprint of key
}

// address is what Parse gave for the text.
func (k *knownAddress) address(text string) address.Address {
	if k.lower {
		text = strings.ToLower(text)
	}
	return address.Address{Text: text, Key: k.key, Form: k.form}
}

// Remember bounds how many addresses the Parser remembers: the next power of two from n on, at least 4,096 and at most
// about a million, each of 160 bytes. It forgets what it knew. Without it a Parser remembers 4,096.
func (p *Parser) Remember(n int) {
	p.addresses = addressMemory{bits: min(max(bits.Len(uint(max(n, 1)-1)), defaultBits), maxBits)}
}

// slot is where an address belongs: the ends of addresses differ.
func slot[T string | []byte](m *addressMemory, text T) *knownAddress {
	var h uint64
	for i := len(text) - minMemoryText; i < len(text); i++ {
		h = h<<8 | uint64(text[i])
	}
	const golden = 0x9e3779b97f4a7c15 // spreads what differs in any byte over the upper bits
	return &m.slots[h*golden>>(64-m.bits)]
}

// recall returns what is remembered of a text on a network, nil for nothing. It allocates nothing.
func recall[T string | []byte](m *addressMemory, net *knownNetwork, text T) *knownAddress {
	if m == nil || m.slots == nil || len(text) < minMemoryText {
		return nil
	}
	k := slot(m, text)
	if k.network != net.number || net.number == 0 || string(k.text[:k.size]) != string(text) {
		return nil
	}
	return k
}

// remember keeps an address that was parsed from a text, where it can be told by the text alone. What stands for a sender
// that has no address is no address, whatever a network's rules say of it.
func (m *addressMemory) remember(net *knownNetwork, text string, a *address.Address) {
	fits := len(text) >= minMemoryText && len(text) <= memoryText && text != Coinbase && text != UnknownSender
	if m == nil || net.number == 0 || !fits || a.Tag != "" || a.Trimmed || a.Testnet || a.Shielded {
		return
	}
	lower := a.Text != text
	if lower && a.Text != strings.ToLower(text) {
		return
	}
	if m.slots == nil {
		if m.learned++; m.learned < memoryFrom {
			return
		}
		if m.bits == 0 {
			m.bits = defaultBits
		}
		m.slots = make([]knownAddress, 1<<m.bits)
	}
	k := slot(m, text)
	*k = knownAddress{network: net.number, lower: lower, size: uint8(len(text)), form: a.Form, key: a.Key, print: a.Key.Fingerprint()}
	copy(k.text[:], text)
}

// lookup finds a network by its name.
func lookup[T string | []byte](m *addressMemory, name T) (*knownNetwork, bool) {
	if m != nil {
		if n, ok := m.networks[string(name)]; ok {
			return n, true
		}
	}
	found, ok := network.Lookup(string(name))
	if !ok {
		return nil, false
	}
	n := &knownNetwork{Network: found}
	if m == nil || len(m.networks) == memoryNetworks {
		return n, true
	}
	if m.networks == nil {
		m.networks = map[string]*knownNetwork{}
	}
	n.number = uint16(len(m.networks) + 1)
	m.networks[string(name)] = n
	return n, true
}
