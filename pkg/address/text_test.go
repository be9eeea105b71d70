package address

import (
	"strings"
	"testing"
	"unicode/utf8"
)

const evmText = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"

func TestSpacesAroundAreRemovedAndNoted(t *testing.T) {
	for _, text := range []string{" " + evmText, evmText + " ", "\t" + evmText + "\r\n", "\u00a0" + evmText + "\u3000", "\u2003\u2028" + evmText + "\u0085"} {
		if a := mustParse(t, "ethereum", text); a.Text != evmText || !a.Trimmed {
			t.Errorf("%q: %+v", text, a)
		}
		if g := Guess(text); len(g) != 1 || !g[0].Address.Trimmed {
			t.Errorf("%q: %+v", text, g)
		}
	}
	if a := mustParse(t, "ethereum", evmText); a.Trimmed {
		t.Errorf("%+v", a)
	}
}

func TestStrangeCharactersAreNamed(t *testing.T) {
	for _, c := range []struct{ network, text, code, want string }{
		{"ethereum", "0x5\u0430aeb6053f3e94c9b9a09f33669435e7ef1beaed", "lookalike", `character 4 is U+0430 CYRILLIC SMALL LETTER A, which looks like "a"`},
		{"bitcoin", "1A1z\u03a11eP5QGefi2DMPTfTL5SLmv7DivfNa", "lookalike", `character 5 is U+03A1 GREEK CAPITAL LETTER RHO, which looks like "P"`},
		{"bitcoin", "\uff11A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "lookalike", `character 1 is U+FF11 FULLWIDTH DIGIT ONE, which looks like "1"`},
		{"bitcoin", "1\uff21\uff411zP", "lookalike", `character 2 is U+FF21 FULLWIDTH LATIN CAPITAL LETTER A, which looks like "A"`},
		{"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN\u0430", "lookalike", `character 34 is U+0430 CYRILLIC SMALL LETTER A, which looks like "a"`},
		{"bitcoin", "\u200b1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "lookalike", "character 1 is U+200B ZERO WIDTH SPACE, which cannot be seen"},
		{"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa\ufeff", "lookalike", "character 35 is U+FEFF ZERO WIDTH NO-BREAK SPACE, which cannot be seen"},
		{"tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t\u202e", "lookalike", "character 35 is U+202E RIGHT-TO-LEFT OVERRIDE, which cannot be seen"},
		{"tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjL\u00ads6t", "lookalike", "character 32 is U+00AD SOFT HYPHEN, which cannot be seen"},
		{"solana", "\U0001d7f033XorXTTx5iya5B3Tr6iqEs9GbRuvVfwyLCP2vpdzhq", "lookalike", "character 1 is U+1D7F0, a mathematical letter or digit that looks like a plain one"},
		{"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5 SLmv7DivfNa", "malformed", "character 24 is a space"},
		{"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5\tSLmv7DivfNa", "malformed", "character 24 is U+0009, white space"},
		{"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5\x00SLmv7DivfNa", "malformed", "character 24 is U+0000, a control character"},
		{"bitcoin", "1A1zP1e\xffP5QGefi2DMPTfTL5SLmv7DivfNa", "malformed", "byte 8 (0xff) is not UTF-8"},
		{"bitcoin", "1A1zP1e\u4e2dP5QGefi2DMPTfTL5SLmv7DivfNa", "lookalike", "character 8 is U+4E2D, which is in no address"},
		{"bitcoin", "1A1zP1e\u0301P5QGefi2DMPTfTL5SLmv7DivfNa", "lookalike", "character 8 is U+0301, which cannot be seen or sits on the character before it"},
		{"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfN\u00e1", "lookalike", `character 34 is U+00E1 LATIN SMALL LETTER A WITH ACUTE, which looks like "a"`},
		{"bitcoin", "1A1zP1e\ufe0fP5QGefi2DMPTfTL5SLmv7DivfNa", "lookalike", "character 8 is U+FE0F VARIATION SELECTOR, which cannot be seen"},
	} {
		bad := refused(t, c.network, c.text)
		if bad.Code.String() != c.code || bad.Reason != c.want {
			t.Errorf("%s %q: %s, %s\nwant %s, %s", c.network, c.text, bad.Code, bad.Reason, c.code, c.want)
		}
		if g := Guess(c.text); g != nil {
			t.Errorf("%q is guessed as %+v", c.text, g)
		}
	}
}

// Every look-alike that the table knows is refused by its name, in place of the letter that it looks like.
func TestEveryLookalikeIsRefused(t *testing.T) {
	for r, l := range lookalikes {
		if !utf8.ValidRune(r) || r < 0x80 || l.name == "" || l.like >= 0x80 {
			t.Errorf("U+%04X: %+v", r, l)
		}
		bad := refused(t, "solana", "833XorXTTx5iya5B3Tr6iqEs9GbRuvVfwyLCP2vpdzh"+string(r))
		if bad.Code != Lookalike || !strings.Contains(bad.Reason, "character 44 is U+") || !strings.Contains(bad.Reason, l.name) {
			t.Errorf("U+%04X %s: %s", r, l.name, bad.Reason)
		}
	}
	for r, name := range unseen {
		if bad := refused(t, "ethereum", evmText+string(r)); bad.Code != Lookalike || !strings.Contains(bad.Reason, name) {
			t.Errorf("U+%04X %s: %s", r, name, bad.Reason)
		}
	}
}

func TestLongestText(t *testing.T) {
	pad := strings.Repeat(" ", MaxText-len(evmText))
	if a := mustParse(t, "ethereum", evmText+pad); a.Text != evmText {
		t.Errorf("at the bound: %+v", a)
	}
	bad := refused(t, "ethereum", evmText+pad+" ")
	if bad.Code != TooLong || bad.Reason != "257 bytes: no address is longer than 256" || len(bad.Text) != maxQuoted {
		t.Errorf("over the bound: %+v", bad)
	}
	if g := Guess(evmText + pad); len(g) != 1 {
		t.Errorf("at the bound: %+v", g)
	}
	if g := Guess(evmText + pad + " "); g != nil {
		t.Errorf("over the bound: %+v", g)
	}
	huge := strings.Repeat("1", 10<<20)
	if n := testing.AllocsPerRun(10, func() { _ = Guess(huge) }); n != 0 {
		t.Errorf("%v allocations for a huge text", n)
	}
}

func TestErrorNamesNetworkTextAndReason(t *testing.T) {
	bad := refused(t, "ethereum", "0x12")
	if got, want := bad.Error(), `ethereum address "0x12": 4 characters, want 0x and 40 hex digits`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

func TestErrorCutsBetweenCharacters(t *testing.T) {
	for n := maxQuoted - 4; n < maxQuoted+2; n++ {
		text := strings.Repeat("x", n) + "\U0001f600" + strings.Repeat("y", 40)
		bad := refused(t, "ethereum", text)
		if !utf8.ValidString(bad.Text) || len(bad.Text) > maxQuoted || len(bad.Text) < maxQuoted-3 || !strings.HasPrefix(text, bad.Text) {
			t.Errorf("%d bytes: %q", n, bad.Text)
		}
	}
	if bad := refused(t, "ethereum", strings.Repeat("\x80", MaxText)); len(bad.Text) > maxQuoted {
		t.Errorf("%d bytes kept", len(bad.Text))
	}
}
