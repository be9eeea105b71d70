package transfer

import (
	"time"

	"sluice/pkg/amount"
	"sluice/pkg/network"
)

// Parsed is a transfer that was accepted, with all that its addresses say.
type Parsed struct {
	Transfer Transfer        // canonical; what could not be parsed keeps its text
	Net      network.Network // zero when the network is unknown
	Parties  []Party         // every address that could be parsed: from…, to…, contract, initiator, memo…
	Coverage Coverage

	// Unscreenable says what of a confirmed transfer cannot be screened: an unknown network, an invalid address. The
	// money has moved, so the transfer is accepted and held.
	Unscreenable []Problem

	canonical []byte
	hasher    hasher
}

// Canonical is the canonical JSON of the transfer. The caller must not change it.
func (p *Parsed) Canonical() []byte { return p.canonical }

// FactID is the identity of the transfer within a tenant.
func (p *Parsed) FactID(tenant string) ID {
	return identify(&p.hasher, tenant, p.Transfer.ID, p.Transfer.EffectiveStage(), p.canonical)
}

// memory is where a Transfer's pointers and slices point to.
type memory struct {
	fiat                  Fiat
	outputIndex, logIndex uint32
	fromAmounts           []amount.Amount
}

// Parser parses bodies one after another and reuses its memory for each. The zero value is ready. It must not be used
// by two goroutines at once, and not be copied.
//
// What Parse and Restore return belongs to the Parser and is valid until the next call; strings in it may be kept, its
// slices and pointers may not. Transfer.Clone gives a copy to keep.
type Parser struct {
	in     input
	memory memory
	out    Parsed

	walk       recogniser
	recognised Recognised
	addresses  addressMemory

	found        problems // what rejects the transfer
	unscreenable problems // what a confirmed transfer may have
}

// Parse reads the JSON that an exchange sends. now is the time that occurred_at is compared with. The error is a
// *Rejection that names every problem at once. body is not kept.
func (p *Parser) Parse(body []byte, now time.Time) (*Parsed, error) {
	if len(body) > MaxBody {
		return nil, tooLarge(len(body))
	}
	p.found = problems{}
	if !p.in.scan(body, string(body)) {
		p.in.decode(body, false, &p.found)
	}
	return p.finish(now)
}

// finish makes a canonical transfer of the input, or a rejection of everything that is wrong with it.
func (p *Parser) finish(now time.Time) (*Parsed, error) {
	found, t := &p.found, &p.out.Transfer
	// A body that is no JSON to its end says nothing about what is missing in it.
	broken := !found.empty() && found.list[len(found.list)-1].Field == ""
	p.in.convert(t, &p.memory, found)
	p.in.checkTime(t.OccurredAt, now, found)
	if !broken {
		p.in.checkBounds(found)
	}
	if t.Stage == Attempt || found.empty() {
		p.resolve()
		if t.Stage == Attempt {
			found.take(&p.unscreenable)
		}
	}
	if !found.empty() {
		return nil, found.rejection(t.ID)
	}
	p.out.Unscreenable = p.unscreenable.list
	p.out.canonical = AppendCanonical(p.out.canonical[:0], t)
	return &p.out, nil
}

func (p *Parser) resolve() {
	p.unscreenable = problems{}
	p.out.resolve(&p.unscreenable, &p.addresses)
}

// Restore reads the canonical JSON of a record's `transfer` member, as Sluice's own services do: bounds are not checked
// again and members that this release does not know are ignored. An error means that the record is damaged: trying
// again cannot help.
func (p *Parser) Restore(canonical []byte) (*Parsed, error) {
	if err := p.decode(canonical); err != nil {
		return nil, err
	}
	p.resolve()
	p.out.Unscreenable = p.unscreenable.list
	p.out.canonical = append(p.out.canonical[:0], canonical...)
	return &p.out, nil
}

// decode reads canonical JSON into p.out.Transfer.
func (p *Parser) decode(canonical []byte) error {
	p.found = problems{}
	if !p.in.scan(canonical, string(canonical)) {
		p.in.decode(canonical, true, &p.found)
	}
	p.in.checkRequired(&p.found)
	p.in.convert(&p.out.Transfer, &p.memory, &p.found)
	if !p.found.empty() {
		return p.found.rejection(p.in.text[fieldID])
	}
	return nil
}

// Parse is Parser.Parse for one body; what it returns may be kept.
func Parse(body []byte, now time.Time) (Parsed, error) {
	var p Parser
	out, err := p.Parse(body, now)
	if err != nil {
		return Parsed{}, err
	}
	return *out, nil
}

// Restore is Parser.Restore for one record; what it returns may be kept.
func Restore(canonical []byte) (Parsed, error) {
	var p Parser
	out, err := p.Restore(canonical)
	if err != nil {
		return Parsed{}, err
	}
	return *out, nil
}

// Decode reads the canonical JSON of a record's `transfer` member into values only: addresses are not parsed. It ignores
// members that it does not know. What it returns may be kept.
func Decode(canonical []byte) (Transfer, error) {
	var p Parser
	if err := p.decode(canonical); err != nil {
		return Transfer{}, err
	}
	return p.out.Transfer, nil
}
