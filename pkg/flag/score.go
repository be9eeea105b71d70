package flag

import "sluice/pkg/taxonomy"

// Score places an alert within the band of its severity, by the part of the transfer's value that is touched and by
// how sure the publisher is:
//
//	low 1-24 · medium 25-49 · high 50-74 · severe 75-100 · none 0
//	score = floor + (ceiling - floor) x share x confidence, rounded down
//
// share is in millionths; confidence in percent, 0 where the publisher says nothing, and then it counts as 100. So the
// worst case of every band is its ceiling, and a score never tells another order than the severities do.
func Score(s taxonomy.Severity, shareMillionths uint32, confidence uint8) uint8 {
	floor, ceiling := band(s)
	if confidence == 0 || confidence > 100 {
		confidence = 100
	}
	part := uint64(min(shareMillionths, 1_000_000)) * uint64(confidence)
	return uint8(floor + (ceiling-floor)*part/100_000_000)
}

func band(s taxonomy.Severity) (floor, ceiling uint64) {
	switch s {
	case taxonomy.Low:
		return 1, 24
	case taxonomy.Medium:
		return 25, 49
	case taxonomy.High:
		return 50, 74
	case taxonomy.Severe:
		return 75, 100
	case taxonomy.None:
	}
	return 0, 0
}
