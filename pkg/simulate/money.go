package simulate

import (
	"math"
	"math/rand/v2"

	"sluice/pkg/amount"
)

// Bounds of what one transfer is worth, in US cents.
const (
	leastCents = 10_00
	mostCents  = 50_000_000_00
)

// drawCents draws what a transfer is worth. Most are some hundred dollars (log-normal around 250), and one in forty is
// from the tail (Pareto from 20,000 dollars, exponent 1.1), which carries most of the money.
func drawCents(random *rand.Rand) uint64 {
	const (
		median, sigma       = 250_00, 1.6
		tailShare           = 1.0 / 40
		tailFrom, tailShape = 20_000_00, 1.1
	)
	var cents float64
	if random.Float64() < tailShare {
		cents = tailFrom * math.Pow(1-random.Float64(), -1/tailShape)
	} else {
		cents = median * math.Exp(sigma*random.NormFloat64())
	}
	return uint64(min(max(cents, leastCents), mostCents))
}

// units converts cents into the asset's smallest units, a few of which are drawn anew so that amounts are not round.
// Nothing overflows: mostCents times 10^8 is below 2^63.
func (a *asset) units(random *rand.Rand, cents uint64) uint64 {
	units := cents * powersOfTen[a.digits] / a.cents
	return units + random.Uint64N(units/1000+1)
}

var powersOfTen = [...]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8}

// exact is an amount of n units of 10^-digits; with the bounds above it always fits.
func exact(n uint64, digits int) amount.Amount {
	a, err := amount.FromUint64(n, digits)
	if err != nil {
		panic(err)
	}
	return a
}
