package lists

import "time"

// Screener is what one instance that screens reported last. It reports in the very call in which it reads the pointer,
// and before it: whatever that call tells it, it does not screen with older lists than Seq, and no longer than MaxAge
// after At without another report.
type Screener struct {
	ID     string
	Seq    uint64 // activation of the lists that it holds; 0: none
	Usable bool   // whether it relies on them
	MaxAge time.Duration
	At     time.Time // by Redis' clock
}

// Screeners is everybody who reported within the last hour.
type Screeners struct {
	Now   time.Time // by Redis' clock
	Since time.Time // when the first report was made that Redis still knows of; zero: there is none
	All   []Screener
}

// screenerMargin is what two clocks may run apart within MaxAge.
const screenerMargin = 2 * time.Second

// Silent says that the screener has not reported for so long that its lists are not usable any more.
func (s *Screeners) Silent(x Screener) bool { return s.Now.Sub(x.At) > x.MaxAge+screenerMargin }

// Complete says that nobody can rely on lists without standing in All: who reported before Redis lost its memory must
// have reported again, or its lists are too old. maxAge is the longest that any instance has.
func (s *Screeners) Complete(maxAge time.Duration) bool {
	return !s.Since.IsZero() && s.Now.Sub(s.Since) > maxAge+screenerMargin
}

// Settled is how long after the pointer moved nobody can rely on lists of an older one: whoever read the older pointer
// did so before.
func Settled(maxAge time.Duration) time.Duration { return maxAge + screenerMargin }
