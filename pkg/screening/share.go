package screening

import (
	"fmt"
	"math/big"
	"strings"

	"sluice/pkg/amount"
)

// One is the whole in the unit of Share.
const One = 1_000_000

// Share is a part of a value in millionths, or unknown, which is the zero value and judged as the whole.
type Share struct {
	Known      bool
	Millionths uint32 // 0 to One
}

// Whole is the share of a single sender.
func Whole() Share { return Share{Known: true, Millionths: One} }

// ShareOf is part / total, computed exactly and then rounded up to a millionth, so that a listed part is never shown
// as nothing. It is unknown when the total is zero or the part exceeds it.
func ShareOf(part, total amount.Amount) Share {
	if total.IsZero() || part.Cmp(total) > 0 {
		return Share{}
	}
	n := part.BigInt()
	n.Mul(n, big.NewInt(One))
	rest := new(big.Int)
	n.QuoRem(n, total.BigInt(), rest)
	m := uint32(n.Uint64())
	if rest.Sign() != 0 {
		m++
	}
	return Share{Known: true, Millionths: m}
}

// Worst is the share to judge by: the known one, the whole without one.
func (s Share) Worst() uint32 {
	if !s.Known {
		return One
	}
	return s.Millionths
}

// Append appends the share as a decimal between 0 and 1 without trailing zeros, such as 0.25.
func (s Share) Append(dst []byte) []byte {
	if s.Millionths >= One {
		return append(dst, '1')
	}
	dst = append(dst, '0')
	if s.Millionths == 0 {
		return dst
	}
	var digits [6]byte
	for i, m := 5, s.Millionths; i >= 0; i, m = i-1, m/10 {
		digits[i] = byte('0' + m%10)
	}
	dst = append(dst, '.')
	return append(dst, strings.TrimRight(string(digits[:]), "0")...)
}

// ParseShare reads what Append writes, and nothing else.
func ParseShare(text string) (Share, error) {
	var s Share
	whole, frac, dotted := strings.Cut(text, ".")
	switch {
	case text == "1":
		return Whole(), nil
	case whole != "0", len(frac) > 6, dotted && (frac == "" || strings.HasSuffix(frac, "0")):
		return s, fmt.Errorf("share %q: want a decimal from 0 to 1 with at most 6 fraction digits", text)
	}
	for i := range 6 {
		s.Millionths *= 10
		if i >= len(frac) {
			continue
		}
		if frac[i] < '0' || frac[i] > '9' {
			return Share{}, fmt.Errorf("share %q: %q is no digit", text, frac[i])
		}
		s.Millionths += uint32(frac[i] - '0')
	}
	s.Known = true
	return s, nil
}
