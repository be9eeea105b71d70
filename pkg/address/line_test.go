package address

import (
	"strings"
	"testing"
)

func TestLine(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"ethereum\t0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "ok\t" + evmText},
		{"ethereum\t0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\r\n", "ok\t" + evmText},
		{"eip155:1\t" + evmText, "ok\t" + evmText},
		{"ethereum\t  " + evmText + " ", "ok\t" + evmText},
		{"xrp\tX7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", "ok\tr9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59\t1"},
		{"xrp\tX7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ", "ok\tr9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59"},
		{"ethereum\t0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "invalid\twrong checksum in the case of its letters (EIP-55); in one case it would be read without"},
		{"bitcoin\tmzBc4XEFSdzCDcTxAgf6EZXgsZWpztRhef", "invalid\ta testnet address: bitcoin is the main network"},
		{"bitcoin", "invalid\tno tab in the line: want a network, a tab, an address"},
		{"", "invalid\tno tab in the line: want a network, a tab, an address"},
		{"\t", `invalid` + "\t" + `unknown network ""`},
		{"bitcon\t1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "invalid\tunknown network \"bitcon\": is it bitcoin?"},
		{"Ethereum\t" + evmText, "invalid\tunknown network \"Ethereum\": is it ethereum?"},
		{"usdt\t" + evmText, "invalid\tunknown network \"usdt\": is it tron or ethereum or bitcoin?"},
		{"eip155:01\t" + evmText, "invalid\tunknown network \"eip155:01\": is it ethereum?"},
		{"bitcoin\ta\tb", "invalid\tcharacter 2 is U+0009, white space"},
		{"bitcoin\t", "invalid\tempty"},
	} {
		got, _, ok := Line(c.line)
		if !strings.HasPrefix(got, strings.TrimSuffix(c.want, "?")) || ok != strings.HasPrefix(got, "ok\t") {
			t.Errorf("%q: %q, %t\nwant %q", c.line, got, ok, c.want)
		}
	}
}

func TestLineNotesRemovedSpaces(t *testing.T) {
	if out, note, ok := Line("ethereum\t " + evmText); !ok || out != "ok\t"+evmText || note != `spaces around "`+evmText+`" were removed` {
		t.Errorf("%q, %q, %t", out, note, ok)
	}
	if _, note, _ := Line("ethereum\t" + evmText + "\r\n"); note != "" {
		t.Errorf("a line end is noted: %q", note)
	}
}
