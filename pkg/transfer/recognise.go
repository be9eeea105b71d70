package transfer

import (
	"encoding/binary"
	"time"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// Recognised is a transfer whose body is its canonical text already, and about whose screening there is nothing to say
// but its addresses: the counterparty is wholly known and every address is valid. Its bytes are the body's.
type Recognised struct {
	TransferID []byte
	CustomerID []byte
	Stage      Stage
	Prints     []uint64 // fingerprints of the keys: from…, to…, contract, initiator

	canonical []byte
	hasher    hasher
}

// Canonical is the canonical JSON of the transfer: the body.
func (r *Recognised) Canonical() []byte { return r.canonical }

// FactID is the identity of the transfer within a tenant.
func (r *Recognised) FactID(tenant string) ID {
	return identify(&r.hasher, tenant, r.TransferID, r.Stage, r.canonical)
}

// maxRecognised is how many addresses a transfer may have that Recognise takes; usual ones have two or three.
const maxRecognised = 64

// Recognise is the fast way through what most bodies are: it reads a body once, checks everything that Parse checks, and
// makes nothing of it, because the body is the canonical text. It says false about anything else, wrong or merely
// unusual: escapes, text beyond ASCII, another order of members, spaces, a spelling that is not canonical, a gap in
// coverage, a memo that may hold an address. Then Parse is to be asked. Where it says true, Parse would accept the body,
// with the same canonical text, identity and fingerprints.
//
// What it returns belongs to the Parser and shares the memory of body: it is valid until the next call.
func (p *Parser) Recognise(body []byte, now time.Time) (*Recognised, bool) {
	if len(body) > MaxBody {
		return nil, false
	}
	out := &p.recognised
	out.Stage, out.Prints = Confirmed, out.Prints[:0]
	r := &p.walk
	*r = recogniser{body: body, memory: &p.addresses, out: out, parties: r.parties[:0], now: r.now, latest: r.latest}
	if !r.now.Equal(now) {
		r.now, r.latest = now, momentOf(now.Add(MaxAhead))
	}
	if !plain(body) || !r.run() {
		return nil, false
	}
	out.canonical = body
	return out, true
}

// recogniser is one walk over a body of plain text.
type recogniser struct {
	body   []byte
	at     int
	memory *addressMemory
	out    *Recognised

	now    time.Time
	latest moment // at which a transfer may have occurred

	given     fieldSet
	direction Direction
	net       *knownNetwork
	amounts   int // elements of from_amounts
	from, to  int // and of these

	// Addresses are looked up at the end and in a row, so that the processor waits for its memory once for all of them.
	parties             [][]byte // from…, to…
	contract, initiator []byte   // which come behind those
}

// named holds what stands before a member's value, its name and a colon: as text, and the first eight bytes of it as a
// word, for most names differ there from what is at hand.
var named = func() (q [fieldCount]struct {
	text       string
	head, mask uint64
}) {
	for f := range q {
		n := &q[f]
		n.text = `"` + members[f].name + `":`
		for i := range min(len(n.text), 8) {
			n.head |= uint64(n.text[i]) << (8 * i)
			n.mask |= 0xff << (8 * i)
		}
	}
	return q
}()

func (r *recogniser) run() bool {
	if !r.byte('{') {
		return false
	}
	head := r.head()
	for f := range fieldCount {
		n := &named[f]
		if (head^n.head)&n.mask != 0 || !r.literal(n.text) {
			continue
		}
		if !r.member(f) {
			return false
		}
		r.given.put(f)
		if r.byte(',') {
			head = r.head()
			continue
		}
		return r.byte('}') && r.at == len(r.body) && r.whole()
	}
	return false
}

// head is the next eight bytes, zero behind the end.
func (r *recogniser) head() uint64 {
	if rest := r.body[r.at:]; len(rest) >= 8 {
		return binary.LittleEndian.Uint64(rest)
	}
	var last [8]byte
	copy(last[:], r.body[r.at:])
	return binary.LittleEndian.Uint64(last[:])
}

// whole checks what concerns more than one member.
func (r *recogniser) whole() bool {
	if r.given&required != required || r.given.has(fieldOutputIndex) && r.given.has(fieldLogIndex) {
		return false
	}
	counterparty := 1 // of an internal transfer: its other customer
	switch r.direction {
	case Deposit:
		counterparty = r.from
	case Withdrawal:
		counterparty = r.to
	case Internal:
	}
	if counterparty == 0 || r.given.has(fieldCounterpartyCustomerID) != (r.direction == Internal) {
		return false
	}
	if r.given.has(fieldFromAmounts) && r.amounts != r.from {
		return false
	}
	for _, text := range [...][]byte{r.contract, r.initiator} {
		if text != nil {
			r.parties = append(r.parties, text)
		}
	}
	return len(r.parties) <= maxRecognised && r.addresses()
}

// member takes the value of a member.
func (r *recogniser) member(f field) (ok bool) {
	switch f {
	case fieldID:
		r.out.TransferID, ok = r.text(MaxIDBytes)
	case fieldDirection:
		return r.readDirection()
	case fieldStage:
		r.out.Stage = Attempt // the other is the default, and left out
		return r.literal(`"attempt"`)
	case fieldCustomerID:
		r.out.CustomerID, ok = r.text(MaxIDBytes)
	case fieldCounterpartyCustomerID:
		_, ok = r.text(MaxIDBytes)
	case fieldNetwork:
		return r.readNetwork()
	case fieldAsset:
		_, ok = r.text(MaxAssetBytes)
	case fieldAssetID:
		var id []byte
		id, ok = r.text(len(r.body))
		ok = ok && validAssetID(id)
	case fieldContract:
		r.contract, ok = r.text(MaxAddressBytes)
	case fieldAmount:
		return r.amount(maxPlainInteger, maxPlainFraction)
	case fieldFiat:
		return r.fiat()
	case fieldTxHash:
		_, ok = r.text(MaxHashBytes)
	case fieldOutputIndex, fieldLogIndex:
		return r.index()
	case fieldFrom:
		r.from, ok = r.list((*recogniser).party)
	case fieldFromAmounts:
		r.amounts, ok = r.list((*recogniser).part)
	case fieldTo:
		r.to, ok = r.list((*recogniser).party)
	case fieldMemo:
		_, ok = r.text(minMemoAddress - 1)
	case fieldInitiator:
		r.initiator, ok = r.text(MaxAddressBytes)
	case fieldEvidence:
		return r.literal(`"log"`) || r.literal(`"trace"`) || r.literal(`"calldata"`)
	case fieldOccurredAt:
		return r.time()
	case fieldCount: // no member
	}
	return ok
}

// byte steps over c.
func (r *recogniser) byte(c byte) bool {
	if r.at < len(r.body) && r.body[r.at] == c {
		r.at++
		return true
	}
	return false
}

// literal steps over text.
func (r *recogniser) literal(text string) bool {
	rest := r.body[r.at:]
	if len(rest) >= len(text) && string(rest[:len(text)]) == text {
		r.at += len(text)
		return true
	}
	return false
}

// text steps over a string of 1 to most characters.
func (r *recogniser) text(most int) ([]byte, bool) {
	if !r.byte('"') {
		return nil, false
	}
	start := r.at
	end := quote(r.body, start)
	if end <= start || end-start > most {
		return nil, false
	}
	r.at = end + 1
	return r.body[start:end:end], true
}

// list steps over a list of at least one element, which element takes, and counts them.
func (r *recogniser) list(element func(*recogniser) bool) (n int, ok bool) {
	if !r.byte('[') {
		return 0, false
	}
	for n <= maxRecognised {
		if !element(r) {
			return 0, false
		}
		n++
		if !r.byte(',') {
			return n, r.byte(']')
		}
	}
	return 0, false
}

func (r *recogniser) party() bool {
	text, ok := r.text(MaxAddressBytes)
	r.parties = append(r.parties, text)
	return ok
}

// part is an element of from_amounts: small enough that no sum of them is too large.
func (r *recogniser) part() bool { return r.amount(maxPlainInteger-5, maxPlainFraction) }

// addresses takes the fingerprints of the parties.
func (r *recogniser) addresses() bool {
	for _, text := range r.parties {
		print, ok := r.address(text)
		if !ok {
			return false
		}
		r.out.Prints = append(r.out.Prints, print)
	}
	return true
}

// address takes an address that is spelled canonically and has no tag.
func (r *recogniser) address(text []byte) (print uint64, ok bool) {
	if r.net.Family == network.EVM {
		if print, ok := address.PrintEVM(text); ok {
			return print, true
		}
	}
	if known := recall(r.memory, r.net, text); known >= 0 {
		line := &r.memory.lines[known]
		return line.print, !line.lower
	}
	a, err := address.Parse(r.net.Network, string(text))
	if err != nil || a.Shielded || a.Text != string(text) || a.Tag != "" || a.Text == Coinbase || a.Text == UnknownSender {
		return 0, false
	}
	print = a.Key.Fingerprint()
	r.memory.remember(r.net, a.Text, &a, print)
	return print, true
}

func (r *recogniser) readDirection() bool {
	switch {
	case r.literal(`"deposit"`):
		r.direction = Deposit
	case r.literal(`"withdrawal"`):
		r.direction = Withdrawal
	case r.literal(`"internal"`):
		r.direction = Internal
	default:
		return false
	}
	return true
}

func (r *recogniser) readNetwork() bool {
	name, ok := r.text(MaxAssetBytes)
	if !ok {
		return false
	}
	r.net, ok = lookup(r.memory, name)
	return ok && r.net.Canonical() == string(name)
}

// What an amount may have at most.
const (
	maxPlainInteger  = 38
	maxPlainFraction = 30
)

// amount steps over a string that is a decimal in canonical spelling: no zeros that say nothing.
func (r *recogniser) amount(integer, fraction int) bool {
	if !r.byte('"') {
		return false
	}
	start := r.at
	digits := r.digits()
	if digits == 0 || digits > integer || digits > 1 && r.body[start] == '0' {
		return false
	}
	if r.byte('.') {
		if digits = r.digits(); digits == 0 || digits > fraction || r.body[r.at-1] == '0' {
			return false
		}
	}
	return r.byte('"')
}

// digits steps over decimal digits and counts them.
func (r *recogniser) digits() int {
	start := r.at
	for r.at < len(r.body) && r.body[r.at]-'0' <= 9 {
		r.at++
	}
	return r.at - start
}

func (r *recogniser) fiat() bool {
	if !r.literal(`{"amount":`) || !r.amount(MaxFiatIntegerDigits, MaxFiatFractionDigits) || !r.literal(`,"currency":"`) {
		return false
	}
	for range len("USD") {
		if r.at >= len(r.body) || r.body[r.at]-'A' > 'Z'-'A' {
			return false
		}
		r.at++
	}
	return r.literal(`"}`)
}

// index steps over an unsigned integer of 32 bits.
func (r *recogniser) index() bool {
	start := r.at
	n := r.digits()
	if n == 0 || n > 9 || n > 1 && r.body[start] == '0' { // one of ten digits may be too large
		return false
	}
	return true
}

// time steps over a time in UTC, in range, without zeros at the end of its fraction.
func (r *recogniser) time() bool {
	const longest = len("2006-01-02T15:04:05.999999999Z")
	text, ok := r.text(longest)
	if !ok || text[len(text)-1] != 'Z' {
		return false
	}
	at, _, rule := parseMoment(text)
	if rule != "" || len(text) > len("2006-01-02T15:04:05Z") && text[len(text)-2] == '0' {
		return false
	}
	return !at.before(earliest) && !r.latest.before(at)
}
