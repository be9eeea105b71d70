package canonical_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"sluice/pkg/event/canonical"
)

func TestStringsAreSpelledWithTheFewestEscapes(t *testing.T) {
	for text, want := range map[string]string{
		"":               `""`,
		"a/b<&>":         `"a/b<&>"`,
		"\"\\":           `"\"\\"`,
		"\b\f\n\r\t":     `"\b\f\n\r\t"`,
		"\x00\x1f\x7f":   `"\u0000\u001f` + "\x7f" + `"`,
		"ü\u2028🙂":       "\"ü\u2028🙂\"",
		"a\xffb":         "\"a\ufffdb\"",
		"\xed\xa0\x80":   "\"\ufffd\ufffd\ufffd\"",
		"12345678\n1234": `"12345678\n1234"`,
	} {
		if got := string(canonical.AppendString([]byte("x"), text)); got != "x"+want {
			t.Errorf("%q is spelled %s, want %s", text, got[1:], want)
		}
	}
	if got := string(canonical.AppendStrings(nil, []string{"a", "\n"})); got != `["a","\n"]` {
		t.Error(got)
	}
	if got := string(canonical.AppendStrings[string](nil, nil)); got != `[]` {
		t.Error(got)
	}
}

func TestTimesAreUTCWithoutTrailingZeros(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	for want, in := range map[string]time.Time{
		`"2026-11-01T11:00:00Z"`:           at,
		`"2026-11-01T11:00:00.5Z"`:         at.Add(500 * time.Millisecond),
		`"2026-11-01T11:00:00.000000001Z"`: at.Add(1),
	} {
		if got := string(canonical.AppendTime(nil, in)); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestEveryStringReadsBackAndIsSkipped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		quoted := canonical.AppendString(nil, text)
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil || back != text {
			t.Fatalf("%q is spelled %s and read as %q, %v", text, quoted, back, err)
		}
		if end := canonical.Skip(append(quoted, `,"x`...), 0); end != len(quoted) {
			t.Fatalf("skipping %s ends at %d", quoted, end)
		}
	})
}

func TestStringEndStopsAtWhatNeedsALook(t *testing.T) {
	for length := range 40 {
		text := strings.Repeat("ü", length/2) + strings.Repeat("a", length%2)
		for rest, want := range map[string]int{`"`: len(text), `","b"`: len(text), `\"`: -1, "\x1f\"": -1, "\n": -1, "": -1} {
			if got := canonical.StringEnd([]byte(text+rest), 0); got != want {
				t.Errorf("%q: %d, want %d", text+rest, got, want)
			}
		}
	}
}

func TestSkipTakesCanonicalValuesOnly(t *testing.T) {
	for _, text := range []string{
		`{}`, `[]`, `""`, `0`, `-1.5e+7`, `true`, `false`, `null`, `{"a":[1,{"b":null}],"c":"\n"}`, `"\u001f"`, `1E5`,
		strings.Repeat("[", 33) + strings.Repeat("]", 33),
	} {
		if got := canonical.Skip([]byte("x"+text+","), 1); got != 1+len(text) {
			t.Errorf("%s: ends at %d", text, got-1)
		}
	}
	for _, text := range []string{
		``, ` 1`, `01`, `1.`, `.5`, `-`, `1e`, `tru`, `{`, `[1`, `[1,]`, `{"a"}`, `{"a":}`, `{"a":1,}`, `{a:1}`, `[1 ]`, `{"a" :1}`,
		`"\u0041"`, `"\/"`, `"\u001F"`, `"\ud83d\ude42"`, "\"\n\"", `"\`, `"\u00`, `'a'`, `{1:2}`,
		strings.Repeat("[", 40) + strings.Repeat("]", 40), strings.Repeat("[", 1_000_000),
	} {
		if got := canonical.Skip([]byte(text), 0); got >= 0 {
			t.Errorf("%.40q: ends at %d", text, got)
		}
	}
}

func TestUintIsPlainAndFits(t *testing.T) {
	for text, want := range map[string]uint64{"0": 0, "7,": 7, "18446744073709551615}": math.MaxUint64} {
		digits := strings.TrimRight(text, ",}")
		if got, end := canonical.Uint([]byte(text), 0); got != want || end != len(digits) {
			t.Errorf("%s: %d, %d", text, got, end)
		}
	}
	for _, text := range []string{"", "-1", "00", "01", "18446744073709551616", strings.Repeat("9", 100), "x"} {
		if got, end := canonical.Uint([]byte(text), 0); end >= 0 {
			t.Errorf("%s: %d, %d", text, got, end)
		}
	}
}

func FuzzSkip(f *testing.F) {
	for _, text := range []string{`{"a":[1,2.5e-3,"\n\u0001"],"b":{}}`, `"\u00"`, `[[[]]]`, `-0`, `{"a":1`, "\"\xff\"", `nullx`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, end := canonical.Uint(b, 0); end >= 0 && string(b[:end]) != strconv.FormatUint(n, 10) {
			t.Fatalf("%q is read as %d", b, n)
		}
		end := canonical.Skip(b, 0)
		if end < 0 || !utf8.Valid(b[:end]) {
			return
		}
		value := jsontext.Value(b[:end])
		if !value.IsValid(jsontext.AllowDuplicateNames(true)) {
			t.Fatalf("%q is skipped, and is no JSON", value)
		}
		compact := value.Clone()
		if err := compact.Compact(jsontext.AllowDuplicateNames(true), jsontext.PreserveRawStrings(true)); err != nil || string(compact) != string(value) {
			t.Fatalf("%q has spaces: %s, %v", value, compact, err)
		}
	})
}
