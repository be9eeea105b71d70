package nearest_test

import (
	"testing"

	"pgregory.net/rapid"

	"sluice/pkg/nearest"
)

func TestSlips(t *testing.T) {
	for words, want := range map[[2]string]int{
		{"", ""}: 0, {"", "abc"}: 3, {"abc", ""}: 3, {"abc", "abc"}: 0, {"kitten", "sitting"}: 3, {"amuont", "amount"}: 2, {"A", "a"}: 1,
	} {
		if got := nearest.Slips(words[0], words[1]); got != want {
			t.Errorf("%q: %d, want %d", words, got, want)
		}
	}
}

func TestSlipsAreADistance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringOfN(rapid.RuneFrom([]rune("abc")), 0, 8, -1)
		a, b, c := word.Draw(t, "a"), word.Draw(t, "b"), word.Draw(t, "c")
		ab, ba := nearest.Slips(a, b), nearest.Slips(b, a)
		if ab != ba || (ab == 0) != (a == b) || ab > max(len(a), len(b)) {
			t.Fatalf("%q to %q: %d, back %d", a, b, ab, ba)
		}
		if ac, bc := nearest.Slips(a, c), nearest.Slips(b, c); ac > ab+bc {
			t.Fatalf("%q to %q: %d, by %q: %d + %d", a, c, ac, b, ab, bc)
		}
	})
}

func TestWord(t *testing.T) {
	known := []string{"amount", "asset", "assets"}
	for _, c := range []struct {
		word  string
		slips int
		want  string
	}{
		{"amuont", 2, "amount"}, {"amuont", 1, ""}, {"asset", 0, "asset"}, {"asse", 2, "asset"}, {"xyz", 2, ""}, {"", 9, "asset"},
	} {
		if got := nearest.Word(c.word, known, c.slips); got != c.want {
			t.Errorf("%q within %d: %q, want %q", c.word, c.slips, got, c.want)
		}
	}
	if got := nearest.Word("a", nil, 3); got != "" {
		t.Errorf("of none: %q", got)
	}
}
