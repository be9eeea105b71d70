// Package amount is an exact decimal value for quantities of an asset or a currency: never negative, never rounded.
//
// An Amount has at most 38 integer and 30 fraction digits and is kept as an integer, the value times 10^30. What does
// not fit is refused with an error that says why; nothing is ever cut or rounded. The zero value is 0, and two amounts
// are equal exactly when == says so.
//
// The text form is a plain decimal: digits, then optionally a point and digits. No sign, no exponent, no leading zero
// before another integer digit, no point without digits on both sides. Trailing zeros in the fraction are accepted as
// long as there are at most 30 fraction digits in all, so that a writer who pads to his own scale is understood, and a
// text that claims more precision than Sluice keeps is refused even when the excess is zeros. The canonical text has no
// trailing zeros.
package amount

import (
	"math/big"
	"math/bits"
	"strings"

	"github.com/holiman/uint256"
)

// The bounds of an amount, in decimal digits.
const (
	MaxIntegerDigits  = 38
	MaxFractionDigits = 30
)

// Amount is an exact, non-negative decimal. The zero value is 0. It is comparable: equal values are ==.
type Amount struct {
	scaled uint256.Int // the value times 10^30, below limit
}

// limit is 10^68: the first scaled value with 39 integer digits.
var limit = *uint256.MustFromDecimal("1" + strings.Repeat("0", MaxIntegerDigits+MaxFractionDigits))

// IsZero reports whether the amount is 0.
func (a Amount) IsZero() bool { return a.scaled.IsZero() }

// Cmp returns -1, 0 or 1 as a is less than, equal to or greater than b.
func (a Amount) Cmp(b Amount) int { return a.scaled.Cmp(&b.scaled) }

// Add returns a+b, and false (with 0) when the sum has more than 38 integer digits.
func (a Amount) Add(b Amount) (Amount, bool) {
	var sum Amount
	sum.scaled.Add(&a.scaled, &b.scaled) // both below 10^68: no wrap in 256 bits
	if !sum.scaled.Lt(&limit) {
		return Amount{}, false
	}
	return sum, true
}

// Sub returns a-b, and false (with 0) when b is greater than a.
func (a Amount) Sub(b Amount) (Amount, bool) {
	var diff Amount
	if _, borrow := diff.scaled.SubOverflow(&a.scaled, &b.scaled); borrow {
		return Amount{}, false
	}
	return diff, true
}

// Sum adds the amounts, and returns false (with 0) when the sum has more than 38 integer digits.
func Sum(amounts []Amount) (Amount, bool) {
	var total Amount
	for _, a := range amounts {
		var ok bool
		if total, ok = total.Add(a); !ok {
			return Amount{}, false
		}
	}
	return total, true
}

// BigInt returns the value times 10^30.
func (a Amount) BigInt() *big.Int { return a.scaled.ToBig() }

// FractionDigits returns how many fraction digits the canonical text has, 0 to 30.
func (a Amount) FractionDigits() int {
	_, high, low := a.split()
	n, part := MaxFractionDigits, low
	if low == 0 {
		n, part = halfDigits, high
	}
	if part == 0 {
		return 0
	}
	for ; part%10 == 0; part /= 10 {
		n--
	}
	return n
}

// IntegerDigits returns how many integer digits the canonical text has, 1 to 38.
func (a Amount) IntegerDigits() int {
	whole, _, _ := a.split()
	n := 1
	for !whole.IsUint64() {
		divWord(&whole, 10)
		n++
	}
	for rest := whole.Uint64(); rest > 9; rest /= 10 {
		n++
	}
	return n
}

// halfDigits of a fraction fit one word: two divisions by a word are cheaper than one by two.
const (
	halfDigits = MaxFractionDigits / 2
	half       = 1_000_000_000_000_000 // 10^halfDigits
)

// split returns the integer part, and the upper and the lower half of the fraction digits as numbers.
func (a Amount) split() (whole uint256.Int, high, low uint64) {
	whole = a.scaled
	low = divWord(&whole, half)
	high = divWord(&whole, half)
	return whole, high, low
}

// putFraction writes the fraction digits and returns how many there are up to the last that is not 0.
func putFraction(dst *[MaxFractionDigits]byte, high, low uint64) int {
	n := halfDigits
	putDigits(dst[:n], high)
	if low != 0 {
		n = MaxFractionDigits
		putDigits(dst[halfDigits:], low)
	}
	for n > 0 && dst[n-1] == '0' {
		n--
	}
	return n
}

// divWord divides v by d in place and returns the remainder.
func divWord(v *uint256.Int, d uint64) (rem uint64) {
	for i := len(v) - 1; i >= 0; i-- {
		if v[i] == 0 && rem == 0 {
			continue
		}
		v[i], rem = bits.Div64(rem, v[i], d)
	}
	return rem
}

// putDigits fills dst with the decimal digits of n, with leading zeros.
func putDigits(dst []byte, n uint64) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}
