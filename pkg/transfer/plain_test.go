package transfer

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// mostlyPlain has few bytes that are not plain, so that both answers are common.
func mostlyPlain() *rapid.Generator[[]byte] {
	usual := rapid.ByteRange(0x20, 0x7e)
	return rapid.SliceOfN(rapid.OneOf(usual, usual, usual, usual, usual, usual, usual, usual, usual, rapid.SampledFrom([]byte("\"\\\x00\x1f\x7f\x80\xff"))), 0, 40)
}

func TestPlainIsWhatABytewiseLookSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := mostlyPlain().Draw(t, "bytes")
		want := !slices.ContainsFunc(b, func(c byte) bool { return c < 0x20 || c >= 0x7f || c == '\\' })
		if got := plain(b); got != want {
			t.Fatalf("plain(%q) = %v", b, got)
		}
		from := rapid.IntRange(0, len(b)).Draw(t, "from")
		wantQuote := bytes.IndexByte(b[from:], '"')
		if wantQuote >= 0 {
			wantQuote += from
		}
		if got := quote(b, from); got != wantQuote {
			t.Fatalf("quote(%q, %d) = %d, want %d", b, from, got, wantQuote)
		}
	})
}

func TestEveryByteIsPlainOrNotInEveryPlace(t *testing.T) {
	for size := range 20 {
		for at := range size {
			for c := range 256 {
				b := bytes.Repeat([]byte{'~'}, size)
				b[at] = byte(c)
				if got, want := plain(b), c >= 0x20 && c < 0x7f && c != '\\'; got != want {
					t.Fatalf("plain(%q) = %v", b, got)
				}
			}
		}
	}
}

// Moments are compared in place of times, and become the time that they were read from.
func TestMomentsAreOrderedAsTimesAre(t *testing.T) {
	when := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(-62_135_596_800, 253_402_300_799).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos"))
	})
	rapid.Check(t, func(t *rapid.T) {
		a := when.Draw(t, "a")
		b := a.Add(time.Duration(rapid.Int64Range(-3e9, 3e9).Draw(t, "apart")))
		if rapid.Bool().Draw(t, "far") {
			b = when.Draw(t, "b")
		}
		if got := momentOf(a).before(momentOf(b)); got != a.Before(b) {
			t.Fatalf("%v before %v: %v", a, b, got)
		}
		if got := momentOf(a).time(0); !got.Equal(a) {
			t.Fatalf("%v became %v", a, got)
		}
	})
}
