package event

import (
	"encoding/binary"
	"fmt"

	"sluice/pkg/transfer"
)

// The layout of the fp header: a format byte, a coverage byte, then eight bytes, little-endian, for each address key in
// the order from…, to…, contract, initiator, memo….
const (
	fingerprintFormat = 1
	fingerprintHead   = 2
	fingerprintSize   = 8
)

// MaxFingerprints is how many fingerprints a header carries. A transfer with more addresses carries none, and says so
// in its coverage byte: it is screened by its JSON.
const MaxFingerprints = 128

// CoverageByte is the second byte of the fp header. Zero is the common case: the counterparty is wholly known, nothing
// conflicts, and every address has its fingerprint behind the byte. With any other value the record must be read.
type CoverageByte uint8

// The bits of a CoverageByte above those of the coverage itself: bits 0-1 hold transfer.Known, bits 2-3 transfer.Gap.
const (
	BitConflict     CoverageByte = 1 << 4 // conflicts_with is in the record
	BitUnscreenable CoverageByte = 1 << 5 // the network or some address, of either side, is not valid
	BitOmitted      CoverageByte = 1 << 7 // too many addresses: no fingerprints follow
)

// Coverage is how much of the counterparty can be screened.
func (c CoverageByte) Coverage() transfer.Coverage {
	return transfer.Coverage{Counterparty: transfer.Known(c & 3), Reason: transfer.Gap(c >> 2 & 3)}
}

// Has reports whether any of the bits is set.
func (c CoverageByte) Has(bits CoverageByte) bool { return c&bits != 0 }

func coverageByte(p *transfer.Parsed, conflict bool) CoverageByte {
	c := CoverageByte(p.Coverage.Counterparty)&3 | CoverageByte(p.Coverage.Reason)&3<<2
	if conflict {
		c |= BitConflict
	}
	if len(p.Unscreenable) > 0 {
		c |= BitUnscreenable
	}
	if len(p.Parties) > MaxFingerprints {
		c |= BitOmitted
	}
	return c
}

// AppendFingerprints appends the value of the fp header of a transfer. conflict says that its record has
// conflicts_with.
func AppendFingerprints(dst []byte, p *transfer.Parsed, conflict bool) []byte {
	c := coverageByte(p, conflict)
	dst = append(dst, fingerprintFormat, byte(c))
	if c.Has(BitOmitted) {
		return dst
	}
	for i := range p.Parties {
		dst = binary.LittleEndian.AppendUint64(dst, p.Parties[i].Key.Fingerprint())
	}
	return dst
}

// AppendPrints appends the value of the fp header of a transfer about whose coverage there is nothing to say.
func AppendPrints(dst []byte, prints []uint64, conflict bool) []byte {
	c := CoverageByte(0)
	if conflict {
		c = BitConflict
	}
	dst = append(dst, fingerprintFormat, byte(c))
	for _, print := range prints {
		dst = binary.LittleEndian.AppendUint64(dst, print)
	}
	return dst
}

// Fingerprints is a decoded fp header. It shares the header's memory.
type Fingerprints struct {
	Coverage CoverageByte
	keys     []byte
}

// ParseFingerprints reads an fp header. An error means that the record must be screened by its JSON.
func ParseFingerprints(header []byte) (Fingerprints, error) {
	switch {
	case len(header) < fingerprintHead:
		return Fingerprints{}, fmt.Errorf("header %s: has %d bytes, want at least %d", HeaderFingerprint, len(header), fingerprintHead)
	case header[0] != fingerprintFormat:
		return Fingerprints{}, fmt.Errorf("header %s: format %d is not known, want %d", HeaderFingerprint, header[0], fingerprintFormat)
	case (len(header)-fingerprintHead)%fingerprintSize != 0:
		return Fingerprints{}, fmt.Errorf("header %s: has %d bytes of fingerprints, want a multiple of %d", HeaderFingerprint, len(header)-fingerprintHead, fingerprintSize)
	}
	return Fingerprints{Coverage: CoverageByte(header[1]), keys: header[fingerprintHead:]}, nil
}

// Len is the number of fingerprints.
func (f Fingerprints) Len() int { return len(f.keys) / fingerprintSize }

// At is the i-th fingerprint, i below Len.
func (f Fingerprints) At(i int) uint64 {
	return binary.LittleEndian.Uint64(f.keys[i*fingerprintSize:])
}

// MarkConflict sets BitConflict in an fp header that AppendFingerprints made.
func MarkConflict(header []byte) { header[1] |= byte(BitConflict) }
