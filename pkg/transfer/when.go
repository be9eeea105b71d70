package transfer

import "time"

// MaxFractionDigits is how many digits a second's fraction may have.
const MaxFractionDigits = 9

// MaxAhead is how far in the future a transfer may have occurred: clocks differ.
const MaxAhead = 24 * time.Hour

// Earliest is when the first block of the first network was mined, to the day: nothing occurred before it.
var Earliest = time.Date(2009, time.January, 3, 0, 0, 0, 0, time.UTC)

// moment is a point in time on the clock of one place: its second as the digits of the date and the time in a row, to be
// compared and not to be counted with, and the nanoseconds behind it.
type moment struct {
	second int64 // 20060102150405
	nanos  int32
}

var earliest = momentOf(Earliest)

func momentOf(t time.Time) moment {
	t = t.UTC()
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return newMoment(year, int(month), day, hour, minute, second, t.Nanosecond())
}

func newMoment(year, month, day, hour, minute, second, nanos int) moment {
	return moment{((((int64(year)*100+int64(month))*100+int64(day))*100+int64(hour))*100+int64(minute))*100 + int64(second), int32(nanos)}
}

func (m moment) before(n moment) bool {
	return m.second < n.second || m.second == n.second && m.nanos < n.nanos
}

// time is the moment at an offset from UTC.
func (m moment) time(offset time.Duration) time.Time {
	part := func(place int64) int { return int(m.second / place % 100) }
	return time.Date(int(m.second/1e10), time.Month(part(1e8)), part(1e6), part(1e4), part(1e2), part(1), int(m.nanos), time.UTC).Add(-offset)
}

// parseTime reads an RFC 3339 time as it is written on the wire: upper-case T and Z, `Z` or an offset, at most 9 digits
// of a fraction, no leap second. The result is in UTC; rule says what is wrong, "" when nothing is.
func parseTime(text string) (t time.Time, rule string) {
	m, offset, rule := parseMoment(text)
	if rule != "" {
		return time.Time{}, rule
	}
	return m.time(offset), ""
}

// parseMoment is parseTime without the calendar's arithmetic.
func parseMoment[T string | []byte](text T) (m moment, offset time.Duration, rule string) {
	const form = `must be an RFC 3339 time with seconds and an offset, such as "2026-11-01T12:00:00Z"`
	if len(text) < len("2006-01-02T15:04:05Z") || text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return moment{}, 0, form
	}
	year, ok1 := number(text[0:4])
	month, ok2 := number(text[5:7])
	day, ok3 := number(text[8:10])
	hour, ok4 := number(text[11:13])
	minute, ok5 := number(text[14:16])
	second, ok6 := number(text[17:19])
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 || !ok6 {
		return moment{}, 0, form
	}
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return moment{}, 0, "is not a time of the calendar"
	}
	rest := text[19:]
	nanos := 0
	if rest[0] == '.' {
		digits := 1
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		fraction := rest[1:digits]
		if len(fraction) == 0 {
			return moment{}, 0, form
		}
		if len(fraction) > MaxFractionDigits {
			return moment{}, 0, "has more than 9 fraction digits; nothing is rounded"
		}
		nanos, _ = number(fraction)
		for range MaxFractionDigits - len(fraction) {
			nanos *= 10
		}
		rest = rest[digits:]
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return moment{}, 0, form
	}
	return newMoment(year, month, day, hour, minute, second, nanos), offset, ""
}

// parseOffset reads `Z` or +hh:mm.
func parseOffset[T string | []byte](text T) (time.Duration, bool) {
	if string(text) == "Z" {
		return 0, true
	}
	if len(text) != len("+00:00") || text[0] != '+' && text[0] != '-' || text[3] != ':' {
		return 0, false
	}
	hours, ok1 := number(text[1:3])
	minutes, ok2 := number(text[4:6])
	if !ok1 || !ok2 || hours > 23 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if text[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// number reads decimal digits, at most 9 of them.
func number[T string | []byte](digits T) (n int, ok bool) {
	for i := range len(digits) {
		c := digits[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
