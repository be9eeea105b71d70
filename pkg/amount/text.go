package amount

import (
	"fmt"
	"strconv"

	"github.com/holiman/uint256"
)

// Invalid says why a text or a number is no amount.
type Invalid struct {
	Text   string // the text, at most 80 bytes of it
	Reason string // lower case, says what would be right
}

func (e *Invalid) Error() string { return fmt.Sprintf("amount %q: %s", e.Text, e.Reason) }

// The reasons of Invalid.
const (
	reasonEmpty        = "is empty; want a decimal such as 12.5"
	reasonSyntax       = "must be digits with at most one point and digits on both sides of it: no sign, exponent, space or separator"
	reasonLeadingZero  = "has a leading zero; write 0.5 or 7, not 00.5 or 07"
	reasonIntegerLong  = "has more than 38 integer digits"
	reasonFractionLong = "has more than 30 fraction digits; nothing is rounded, not even zeros"
	reasonDecimals     = "has more than 30 decimals, which would need rounding"
)

// Parse reads the text form of an amount. The error is *Invalid.
func Parse(text string) (Amount, error) { return parse(text) }

// ParseBytes is Parse without a string.
func ParseBytes(text []byte) (Amount, error) { return parse(text) }

// MustParse is Parse for constants and tests; it panics on a text that is no amount.
func MustParse(text string) Amount {
	a, err := Parse(text)
	if err != nil {
		panic(err)
	}
	return a
}

func parse[T string | []byte](text T) (Amount, error) {
	point := -1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
		case c == '.' && point < 0 && i > 0 && i < len(text)-1:
			point = i
		default:
			return Amount{}, invalid(text, reasonSyntax)
		}
	}
	whole, fraction := len(text), 0
	if point >= 0 {
		whole, fraction = point, len(text)-point-1
	}
	switch {
	case whole == 0:
		return Amount{}, invalid(text, reasonEmpty)
	case whole > 1 && text[0] == '0':
		return Amount{}, invalid(text, reasonLeadingZero)
	case whole > MaxIntegerDigits:
		return Amount{}, invalid(text, reasonIntegerLong)
	case fraction > MaxFractionDigits:
		return Amount{}, invalid(text, reasonFractionLong)
	}
	var a Amount
	var word uint64
	digits := 0
	for i := 0; i < len(text); i++ {
		if text[i] == '.' {
			continue
		}
		if digits == maxWordDigits {
			a.pushDigits(word, digits)
			word, digits = 0, 0
		}
		word = word*10 + uint64(text[i]-'0')
		digits++
	}
	a.pushDigits(word, digits)
	a.scaled.Mul(&a.scaled, &powers[MaxFractionDigits-fraction])
	return a, nil
}

// maxWordDigits decimal digits fit a uint64.
const maxWordDigits = 19

// pushDigits appends n decimal digits to the number.
func (a *Amount) pushDigits(word uint64, n int) {
	if !a.scaled.IsZero() {
		a.scaled.Mul(&a.scaled, &powers[n])
	}
	a.scaled.AddUint64(&a.scaled, word)
}

// powers[n] is 10^n.
var powers = func() (p [MaxFractionDigits + 1]uint256.Int) {
	ten := uint256.NewInt(10)
	p[0].SetOne()
	for i := 1; i < len(p); i++ {
		p[i].Mul(&p[i-1], ten)
	}
	return p
}()

func invalid[T string | []byte](text T, reason string) error {
	const most = 80
	s := string(text[:min(len(text), most)])
	return &Invalid{Text: s, Reason: reason}
}

// FromUint64 returns n units of 10^-decimals: FromUint64(150000000, 8) is 1.5.
func FromUint64(n uint64, decimals int) (Amount, error) {
	var u uint256.Int
	u.SetUint64(n)
	return FromInt(&u, decimals)
}

// FromInt returns n units of 10^-decimals, as chains count them. It refuses decimals outside 0 to 30, and a value of
// more than 38 integer digits, such as the largest uint256 that contracts use for "without limit".
func FromInt(n *uint256.Int, decimals int) (Amount, error) {
	if decimals < 0 || decimals > MaxFractionDigits {
		return Amount{}, &Invalid{Text: n.Dec(), Reason: reasonDecimals}
	}
	var a Amount
	if _, overflow := a.scaled.MulOverflow(n, &powers[MaxFractionDigits-decimals]); overflow || !a.scaled.Lt(&limit) {
		return Amount{}, &Invalid{Text: n.Dec(), Reason: reasonIntegerLong}
	}
	return a, nil
}

// String returns the canonical text: no trailing zeros in the fraction, no point without a fraction.
func (a Amount) String() string {
	var buf [MaxIntegerDigits + 1 + MaxFractionDigits]byte
	return string(a.Append(buf[:0]))
}

// Append appends the canonical text to dst.
func (a Amount) Append(dst []byte) []byte {
	whole, high, low := a.split()
	dst = appendWhole(dst, whole)
	if high == 0 && low == 0 {
		return dst
	}
	var digits [MaxFractionDigits]byte
	n := putFraction(&digits, high, low)
	return append(append(dst, '.'), digits[:n]...)
}

// appendWhole appends an integer of at most 38 digits.
func appendWhole(dst []byte, v uint256.Int) []byte {
	if v.IsUint64() {
		return strconv.AppendUint(dst, v.Uint64(), 10)
	}
	const word = 10_000_000_000_000_000_000 // 10^maxWordDigits
	low := divWord(&v, word)
	dst = strconv.AppendUint(dst, v.Uint64(), 10)
	var digits [maxWordDigits]byte
	putDigits(digits[:], low)
	return append(dst, digits[:]...)
}

// MarshalText returns the canonical text, so that JSON has a string.
func (a Amount) MarshalText() ([]byte, error) { return a.Append(nil), nil }

// UnmarshalText reads the text form.
func (a *Amount) UnmarshalText(text []byte) error {
	v, err := ParseBytes(text)
	if err != nil {
		return err
	}
	*a = v
	return nil
}
