package simulate

import (
	"math"
	"math/rand/v2"
	"time"
)

// activity is how busy the exchange is at a time, around 1: least at four in the morning UTC, most at four in the
// afternoon, and a quarter less at weekends.
func activity(t time.Time) float64 {
	t = t.UTC()
	hour := float64(t.Hour()) + float64(t.Minute())/60
	a := 1 - 0.6*math.Cos(2*math.Pi*(hour-4)/24)
	if day := t.Weekday(); day == time.Saturday || day == time.Sunday {
		a *= 0.75
	}
	return a
}

// gap draws the time to the next transfer of a Poisson process with rate transfers a second.
func gap(random *rand.Rand, rate float64) time.Duration {
	return time.Duration(random.ExpFloat64() / rate * float64(time.Second))
}
