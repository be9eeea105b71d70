package address_test

import (
	"testing"

	"pgregory.net/rapid"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// checkPrintEVM holds PrintEVM to Parse on every kind of EVM network: a text that it takes is valid, canonical, and has
// the key with that fingerprint; one that is both and is not taken would only be slow, and there is none.
func checkPrintEVM(t interface{ Fatalf(string, ...any) }, text string) {
	print, ok := address.PrintEVM([]byte(text))
	for _, name := range []string{"ethereum", "bsc", "eip155:77777"} {
		n, known := network.Lookup(name)
		if !known {
			t.Fatalf("no network %s", name)
		}
		a, err := address.Parse(n, text)
		canonical := err == nil && a.Text == text && !a.Trimmed && !a.Shielded && a.Tag == "" && len(a.Also()) == 0
		if ok != canonical || ok && a.Key.Fingerprint() != print {
			t.Fatalf("%q on %s: %x, %v; Parse says %+v, %v", text, name, print, ok, a, err)
		}
	}
}

func TestPrintEVMAgreesWithParse(t *testing.T) {
	const usual = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
	for i := range len(usual) {
		for c := range 256 {
			text := []byte(usual)
			text[i] = byte(c)
			checkPrintEVM(t, string(text))
		}
		checkPrintEVM(t, usual[:i])
		checkPrintEVM(t, usual[:i]+"0"+usual[i:])
	}
	rapid.Check(t, func(t *rapid.T) {
		checkPrintEVM(t, rapid.StringMatching(`0x[0-9a-f]{39}[0-9a-fA-F]`).Draw(t, "text"))
	})
}

func FuzzPrintEVM(f *testing.F) {
	f.Add("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed")
	f.Add("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed")
	f.Fuzz(func(t *testing.T, text string) { checkPrintEVM(t, text) })
}
