package transfer

import (
	"math/bits"
	"strings"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// addressMemory remembers addresses that were parsed: token contracts, hot wallets and customers' addresses come again
// and again, and their checksums cost more than all else that is done with a body. It holds a fixed number of
// addresses, two of them in each place, of which a new one pushes out either, and no pointers, so that it costs the
// garbage collector nothing. The zero value remembers nothing yet; nil never does.
//
// What a look-up reads fills one line of the processor's cache, and stands apart from what it rarely needs: such a memory
// is larger than the cache, and waiting for it is what a look-up costs.
type addressMemory struct {
	bits     int  // of the number of addresses; 0: defaultBits
	learned  int  // addresses so far, up to memoryFrom
	next     bool // of two the second is pushed out
	lines    []addressLine
	rests    []addressRest // of the address in the line of the same index
	networks map[string]*knownNetwork
}

// The bounds of what is remembered.
const (
	defaultBits    = 12
	maxBits        = 20
	memoryFrom     = 32 // a Parser that reads fewer addresses in its life needs no memory
	memoryNetworks = 256
	memoryText     = 95 // the longest address of the common families; longer ones are parsed each time
	minMemoryText  = 8
	lineText       = 52 // of which so many bytes stand in its line: all of most addresses
)

// knownNetwork is a network with a number of its own, above 0, by which its addresses are told from others'; 0 for one
// that is not remembered.
type knownNetwork struct {
	network.Network
	number uint16
}

// addressLine is an address as a text on a network says it, whose canonical text is the text, or the text in lower case.
// It takes 64 bytes.
type addressLine struct {
	print   uint64 // fingerprint of its key
	network uint16 // 0: no address
	lower   bool   // the canonical text is the text in lower case
	size    uint8  // of the text
	text    [lineText]byte
}

// addressRest is what a look-up rarely needs of an address.
type addressRest struct {
	text [memoryText - lineText]byte // behind what the line has
	form address.Form
	key  address.Key
}

// Remember bounds how many addresses the Parser remembers: the next power of two from n on, at least 4,096 and at most
// about a million, each of 144 bytes. It forgets what it knew. Without it a Parser remembers 4,096.
func (p *Parser) Remember(n int) {
	p.addresses = addressMemory{bits: min(max(bits.Len(uint(max(n, 1)-1)), defaultBits), maxBits)}
}

// place is where an address belongs, itself or behind it: the ends of addresses differ.
func place[T string | []byte](m *addressMemory, text T) int {
	var h uint64
	for i := len(text) - minMemoryText; i < len(text); i++ {
		h = h<<8 | uint64(text[i])
	}
	const golden = 0x9e3779b97f4a7c15 // spreads what differs in any byte over the upper bits
	return int(h*golden>>(64-m.bits)) &^ 1
}

// recall returns the index of what is remembered of a text on a network, -1 for nothing. It allocates nothing.
func recall[T string | []byte](m *addressMemory, net *knownNetwork, text T) int {
	if m == nil || m.lines == nil || len(text) < minMemoryText || net.number == 0 {
		return -1
	}
	first := place(m, text)
	for i := first; i < first+2; i++ {
		if holds(m, i, net, text) {
			return i
		}
	}
	return -1
}

func holds[T string | []byte](m *addressMemory, i int, net *knownNetwork, text T) bool {
	l := &m.lines[i]
	if l.network != net.number || int(l.size) != len(text) {
		return false
	}
	if len(text) <= lineText {
		return string(l.text[:len(text)]) == string(text)
	}
	return string(l.text[:]) == string(text[:lineText]) && string(m.rests[i].text[:len(text)-lineText]) == string(text[lineText:])
}

// address is what Parse gave for the text that is remembered at i.
func (m *addressMemory) address(i int, text string) address.Address {
	if m.lines[i].lower {
		text = strings.ToLower(text)
	}
	return address.Address{Text: text, Key: m.rests[i].key, Form: m.rests[i].form}
}

// remember keeps an address that was parsed from a text, with the fingerprint of its key, where it can be told by the text
// alone. What stands for a sender that has no address is no address, whatever a network's rules say of it.
func (m *addressMemory) remember(net *knownNetwork, text string, a *address.Address, print uint64) {
	fits := len(text) >= minMemoryText && len(text) <= memoryText && text != Coinbase && text != UnknownSender
	if m == nil || net.number == 0 || !fits || a.Tag != "" || a.Trimmed || a.Testnet || a.Shielded {
		return
	}
	lower := a.Text != text
	if lower && a.Text != strings.ToLower(text) {
		return
	}
	if m.lines == nil {
		if m.learned++; m.learned < memoryFrom {
			return
		}
		if m.bits == 0 {
			m.bits = defaultBits
		}
		m.lines, m.rests = make([]addressLine, 1<<m.bits), make([]addressRest, 1<<m.bits)
	}
	i := place(m, text)
	if m.lines[i].network != 0 && (m.lines[i+1].network == 0 || m.next) {
		i++
	}
	m.next = !m.next
	line := addressLine{print: print, network: net.number, lower: lower, size: uint8(len(text))}
	rest := addressRest{form: a.Form, key: a.Key}
	copy(rest.text[:], text[copy(line.text[:], text):])
	m.lines[i], m.rests[i] = line, rest
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
