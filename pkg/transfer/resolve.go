package transfer

import (
	"errors"
	"slices"
	"strings"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// ruleNetwork is the rule of a network that is well-formed and unknown.
const ruleNetwork = "is not a known network, so that its addresses cannot be screened; want a CAIP-2 id such as eip155:1, or a name such as bitcoin"

// ruleWord is the rule of a word of the contract where an address belongs.
const ruleWord = "stands for a sender without an address, and is none"

// resolve parses every address of the transfer, writes the canonical texts back, and fills Net, Parties and Coverage.
// What cannot be parsed keeps its text and is reported.
func (p *Parsed) resolve(found *problems, memory *addressMemory) {
	t := &p.Transfer
	net, known := lookup(memory, t.Network)
	if known {
		t.Network = net.Canonical()
	} else {
		net = new(knownNetwork)
		found.add("network", t.Network, ruleNetwork)
	}
	p.Net = net.Network
	r := resolver{t: t, net: net, known: known, parties: p.Parties[:0], found: found, memory: memory}
	r.run()
	p.Parties, p.Coverage = r.parties, r.coverage()
}

// Addresses returns the addresses of a canonical transfer on its network: from…, to…, contract, initiator, memo…. What
// is no valid address is left out. t is not changed.
func (t *Transfer) Addresses(net network.Network) []Party {
	own := *t
	own.From, own.To = slices.Clone(t.From), slices.Clone(t.To)
	r := resolver{t: &own, net: &knownNetwork{Network: net}, known: net != network.Network{}, found: &problems{}}
	r.run()
	return r.parties
}

// resolver is one run over the addresses of a transfer.
type resolver struct {
	t       *Transfer
	net     *knownNetwork
	known   bool
	parties []Party
	found   *problems
	memory  *addressMemory

	parsed, shielded, invalid, unnamed int // of the counterparty's addresses; a shielded one was parsed too
	memos                              int // texts of the memo that are addresses
}

// sideOf tells whose the senders and recipients are.
func (r *resolver) sideOf(role Role) Side {
	sender := role == RoleSender
	if r.t.Direction == Deposit && sender || r.t.Direction == Withdrawal && !sender {
		return SideCounterparty
	}
	return SideOwn
}

func (r *resolver) run() {
	t := r.t
	for i, text := range t.From {
		if r.minted(text) {
			r.count(RoleSender, &r.parsed)
			continue
		}
		if text == UnknownSender {
			r.count(RoleSender, &r.unnamed)
			continue
		}
		if a, ok := r.parse("from", i, text, RoleSender); ok {
			t.From[i] = spelled(a, text)
			r.add(a, Party{Role: RoleSender, Side: r.sideOf(RoleSender), Index: i, Tag: a.Tag})
		}
	}
	for i, text := range t.To {
		if a, ok := r.parse("to", i, text, RoleRecipient); ok {
			r.recipient(i, text, a)
		}
	}
	if t.Contract != "" {
		if a, ok := r.parse("contract", -1, t.Contract, RoleContract); ok {
			t.Contract = spelled(a, t.Contract)
			r.add(a, Party{Role: RoleContract, Side: SideToken, Tag: a.Tag})
		}
	}
	if t.Initiator != "" {
		if a, ok := r.parse("initiator", -1, t.Initiator, RoleInitiator); ok {
			t.Initiator = spelled(a, t.Initiator)
			r.add(a, Party{Role: RoleInitiator, Side: SideInitiator, Tag: a.Tag})
		}
	}
	r.memo()
}

// minted reports whether a sender is the word for newly minted coins: alone, on a network of transaction outputs.
func (r *resolver) minted(text string) bool {
	if text != Coinbase || len(r.t.From) != 1 {
		return false
	}
	switch r.net.Family {
	case network.Bitcoin, network.Litecoin, network.Dogecoin, network.Dash, network.Zcash, network.Monero, network.Verge:
		return true
	default:
		return false
	}
}

// recipient takes a receiving address. The tag inside an address (X-address, muxed account, integrated address) of the
// only recipient is the memo in another spelling: it moves there when the memo is empty or says the same. Otherwise, as
// with several recipients, the address keeps it and the memo stays what it was: neither is thrown away.
func (r *resolver) recipient(i int, text string, a address.Address) {
	t := r.t
	only := len(t.To) == 1
	if only && a.Tag != "" && (t.Memo == "" || t.Memo == a.Tag) {
		t.Memo = a.Tag
		t.To[i] = a.Text
	} else {
		t.To[i] = spelled(a, text)
	}
	tag := a.Tag
	if tag == "" && only {
		tag = t.Memo
	}
	r.add(a, Party{Role: RoleRecipient, Side: r.sideOf(RoleRecipient), Index: i, Tag: tag})
}

// spelled is how an address stands in the canonical transfer: without a tag as its canonical text; with one, which the
// canonical text does not have, as it was given.
func spelled(a address.Address, text string) string {
	if a.Tag == "" {
		return a.Text
	}
	return strings.TrimSpace(text)
}

// add adds a party for each key of its address: a unified address of zcash stands for several, and any of them may be
// the one that is listed.
func (r *resolver) add(a address.Address, p Party) {
	p.Text, p.Key = a.Text, a.Key
	r.parties = append(r.parties, p)
	for _, p.Key = range a.Also() {
		r.parties = append(r.parties, p)
	}
}

// parse parses the i-th address of a list, or a single one with i = -1, and counts it when it is the counterparty's.
func (r *resolver) parse(field string, i int, text string, role Role) (address.Address, bool) {
	if !r.known {
		r.count(role, &r.invalid) // the network was reported
		return address.Address{}, false
	}
	if known := recall(r.memory, r.net, text); known >= 0 {
		r.count(role, &r.parsed)
		return r.memory.address(known, text), true
	}
	a, err := address.Parse(r.net.Network, text)
	switch {
	case err == nil && (text == Coinbase || text == UnknownSender):
		r.count(role, &r.invalid) // a name on NEAR, and a word of the contract everywhere
		r.found.add(element(field, i), text, ruleWord)
	case err == nil && a.Shielded:
		r.count(role, &r.shielded) // there is a key to compare, and nobody to be seen behind it
		return a, true
	case err == nil:
		r.memory.remember(r.net, text, &a, a.Key.Fingerprint())
		r.count(role, &r.parsed)
		return a, true
	case hidden(err):
		r.count(role, &r.shielded)
	default:
		r.count(role, &r.invalid)
		r.found.add(element(field, i), text, addressRule(r.net.Network, err))
	}
	return address.Address{}, false
}

// count counts an address of the counterparty.
func (r *resolver) count(role Role, counter *int) {
	if (role == RoleSender || role == RoleRecipient) && r.sideOf(role) == SideCounterparty {
		*counter++
	}
}

func addressRule(net network.Network, err error) string {
	var invalid *address.Invalid
	if errors.As(err, &invalid) {
		return "is no " + net.Canonical() + " address: " + invalid.Reason
	}
	return err.Error()
}

// coverage sums up what the counts say. An internal transfer has no counterparty, and so nothing that is not covered.
func (r *resolver) coverage() Coverage {
	unknown := r.shielded + r.invalid + r.unnamed
	switch {
	case r.t.Direction == Internal, r.parsed > 0 && unknown == 0:
		return Coverage{}
	case r.parsed+unknown == 0:
		return Coverage{Counterparty: KnownNone, Reason: GapUnknownCounterparty}
	}
	c := Coverage{Counterparty: KnownNone, Reason: GapShielded}
	if r.parsed > 0 {
		c.Counterparty = KnownPartial
	}
	switch {
	case r.invalid > 0:
		c.Reason = GapUnparsed
	case r.shielded == 0:
		c.Reason = GapUnknownCounterparty
	}
	return c
}

// hidden reports a good address of which nothing can be read: it is shielded whole.
func hidden(err error) bool {
	var invalid *address.Invalid
	return errors.As(err, &invalid) && invalid.Code == address.Shielded
}
