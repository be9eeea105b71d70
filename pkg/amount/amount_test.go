package amount_test

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"

	"github.com/holiman/uint256"
	"pgregory.net/rapid"

	"sluice/pkg/amount"
)

func TestParseAcceptsPlainDecimalsAndWritesThemCanonically(t *testing.T) {
	for text, want := range map[string]string{
		"0":                                 "0",
		"0.0":                               "0",
		"7":                                 "7",
		"1.50":                              "1.5",
		"0.1":                               "0.1",
		"100":                               "100",
		"0.000":                             "0",
		"12.000000000000000000000000000000": "12",
		"0.000000000000000000000000000001":  "0.000000000000000000000000000001",
		strings.Repeat("9", 38):             strings.Repeat("9", 38),
		strings.Repeat("9", 38) + "." + nines(30):     strings.Repeat("9", 38) + "." + nines(30),
		"10000000000000000000":                        "10000000000000000000",
		"18446744073709551616.18446744073709551616":   "18446744073709551616.18446744073709551616",
		"1.000000000000000000100000000000":            "1.0000000000000000001",
		"90000000000000000000000000000000000000.0001": "90000000000000000000000000000000000000.0001",
	} {
		a, err := amount.Parse(text)
		if err != nil {
			t.Errorf("Parse(%q): %v", text, err)
			continue
		}
		if got := a.String(); got != want {
			t.Errorf("Parse(%q).String() = %q, want %q", text, got, want)
		}
	}
}

func nines(n int) string { return strings.Repeat("9", n) }

func TestParseRefusesWhatIsNoPlainDecimalWithTheReason(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "empty",
		"-1":                     "no sign",
		"+1":                     "no sign",
		"1e5":                    "exponent",
		"1E5":                    "exponent",
		".5":                     "both sides",
		"5.":                     "both sides",
		".":                      "both sides",
		"1.2.3":                  "at most one point",
		"1,5":                    "separator",
		" 1":                     "space",
		"1 ":                     "space",
		"0x10":                   "digits",
		"٣":                      "digits",
		"NaN":                    "digits",
		"00":                     "leading zero",
		"01":                     "leading zero",
		"00.5":                   "leading zero",
		"1" + nines(38):          "38 integer digits",
		"0." + nines(31):         "30 fraction digits",
		"1." + zeros(31):         "not even zeros",
		nines(39) + "." + "5":    "38 integer digits",
		"1.5" + zeros(1_000_000): "30 fraction digits",
	} {
		_, err := amount.Parse(text)
		var invalid *amount.Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("Parse(%.20q) = %v, want an *Invalid", text, err)
			continue
		}
		if !strings.Contains(invalid.Reason, want) {
			t.Errorf("Parse(%.20q): %q does not speak of %q", text, invalid.Reason, want)
		}
		if len(invalid.Text) > 80 {
			t.Errorf("Parse(%.20q) repeats %d bytes of the text", text, len(invalid.Text))
		}
	}
}

func zeros(n int) string { return strings.Repeat("0", n) }

// decimal draws the text of an amount, together with its value times 10^30.
func decimal(t *rapid.T, label string) (string, *big.Int) {
	whole := rapid.StringMatching(`0|[1-9][0-9]{0,37}`).Draw(t, label+" whole")
	fraction := rapid.StringMatching(`[0-9]{0,30}`).Draw(t, label+" fraction")
	scaled, _ := new(big.Int).SetString(whole+fraction+zeros(30-len(fraction)), 10)
	if fraction == "" {
		return whole, scaled
	}
	return whole + "." + fraction, scaled
}

func TestAmountsAreWhatMathBigSays(t *testing.T) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(68), nil)
	rapid.Check(t, func(t *rapid.T) {
		textA, bigA := decimal(t, "a")
		textB, bigB := decimal(t, "b")
		a, errA := amount.Parse(textA)
		b, errB := amount.ParseBytes([]byte(textB))
		if errA != nil || errB != nil {
			t.Fatalf("refused: %v, %v", errA, errB)
		}
		if a.BigInt().Cmp(bigA) != 0 {
			t.Fatalf("BigInt = %v, want %v", a.BigInt(), bigA)
		}
		if got, want := a.Cmp(b), bigA.Cmp(bigB); got != want {
			t.Fatalf("Cmp = %d, want %d", got, want)
		}
		if (a == b) != (bigA.Cmp(bigB) == 0) || a.IsZero() != (bigA.Sign() == 0) {
			t.Fatal("== or IsZero disagrees")
		}
		sum, ok := a.Add(b)
		wantSum := new(big.Int).Add(bigA, bigB)
		if ok != (wantSum.Cmp(limit) < 0) || ok && sum.BigInt().Cmp(wantSum) != 0 {
			t.Fatalf("Add = %v, %v; want %v", sum, ok, wantSum)
		}
		diff, ok := a.Sub(b)
		wantDiff := new(big.Int).Sub(bigA, bigB)
		if ok != (wantDiff.Sign() >= 0) || ok && diff.BigInt().Cmp(wantDiff) != 0 {
			t.Fatalf("Sub = %v, %v; want %v", diff, ok, wantDiff)
		}
		back, err := amount.Parse(a.String())
		if err != nil || back != a {
			t.Fatalf("%q reads back as %v, %v", a.String(), back, err)
		}
		if strings.Contains(textA, ".") {
			textA = strings.TrimRight(strings.TrimRight(textA, "0"), ".")
		}
		if a.String() != textA {
			t.Fatalf("String = %q, want %q", a.String(), textA)
		}
		whole, fraction, _ := strings.Cut(textA, ".")
		if a.IntegerDigits() != len(whole) || a.FractionDigits() != len(fraction) {
			t.Fatalf("digits %d.%d of %q", a.IntegerDigits(), a.FractionDigits(), textA)
		}
	})
}

// fromBig is FromInt of an integer of at most 256 bits.
func fromBig(n *big.Int, decimals int) (amount.Amount, error) {
	return amount.FromInt(uint256.MustFromBig(n), decimals)
}

func TestChainUnitsAreScaledExactly(t *testing.T) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
	rapid.Check(t, func(t *rapid.T) {
		n := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 32).Draw(t, "units"))
		decimals := rapid.IntRange(0, 30).Draw(t, "decimals")
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(decimals)), nil)
		a, err := fromBig(n, decimals)
		fits := n.Cmp(new(big.Int).Mul(limit, power)) < 0
		if fits != (err == nil) {
			t.Fatalf("fits %v, error %v", fits, err)
		}
		if err != nil {
			return
		}
		back := new(big.Int).Mul(a.BigInt(), power)
		back.Quo(back, new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil))
		if back.Cmp(n) != 0 {
			t.Fatalf("%v units of 10^-%d became %v", n, decimals, a)
		}
	})
}

func TestChainUnitsThatCannotBeAnAmountAreRefused(t *testing.T) {
	huge := new(big.Int).Lsh(big.NewInt(1), 256)
	for name, err := range map[string]error{
		"31 decimals": second(amount.FromUint64(1, 31)),
		"-1 decimals": second(amount.FromUint64(1, -1)),
		"max uint256": second(fromBig(new(big.Int).Sub(huge, big.NewInt(1)), 18)),
	} {
		var invalid *amount.Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("%s: error %v, want an *Invalid", name, err)
		}
	}
	a, err := amount.FromUint64(150_000_000, 8)
	if err != nil || a.String() != "1.5" {
		t.Errorf("150000000 units of 10^-8 are %v, %v", a, err)
	}
}

func TestSumReportsOverflow(t *testing.T) {
	most := amount.MustParse(nines(38) + "." + nines(30))
	least := amount.MustParse("0." + zeros(29) + "1")
	if _, ok := amount.Sum([]amount.Amount{most, least}); ok {
		t.Error("the largest amount and the least one above zero have a sum")
	}
	if sum, ok := amount.Sum([]amount.Amount{least, least}); !ok || sum.String() != "0."+zeros(29)+"2" {
		t.Errorf("sum = %v, %v", sum, ok)
	}
	if sum, ok := amount.Sum(nil); !ok || !sum.IsZero() {
		t.Errorf("the sum of none = %v, %v", sum, ok)
	}
}

func second(_ amount.Amount, err error) error { return err }

func TestJSONHasAStringAndNothingElseIsRead(t *testing.T) {
	got, err := json.Marshal(amount.MustParse("1.50"))
	if err != nil || string(got) != `"1.5"` {
		t.Errorf("Marshal = %s, %v", got, err)
	}
	var a amount.Amount
	if err := json.Unmarshal([]byte(`"2.25"`), &a); err != nil || a != amount.MustParse("2.25") {
		t.Errorf("Unmarshal = %v, %v", a, err)
	}
	for _, text := range []string{`2.25`, `"1e3"`, `""`} {
		if err := json.Unmarshal([]byte(text), &a); err == nil {
			t.Errorf("%s was read as %v", text, a)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"0", "1.5", "00", "1e5", nines(38) + "." + nines(30), "1." + zeros(31), "", ".", "-1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := amount.Parse(text)
		b, errBytes := amount.ParseBytes([]byte(text))
		if a != b || (err == nil) != (errBytes == nil) {
			t.Fatalf("Parse %v, %v; ParseBytes %v, %v", a, err, b, errBytes)
		}
		if err != nil {
			if !a.IsZero() {
				t.Fatalf("an error with the amount %v", a)
			}
			return
		}
		want, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q was read, and math/big does not", text)
		}
		got, _ := new(big.Rat).SetString(a.String())
		if got.Cmp(want) != 0 {
			t.Fatalf("%q became %v", text, a)
		}
	})
}

func BenchmarkParseAndAppend(b *testing.B) {
	text := []byte("1234.567890123456789")
	var dst []byte
	b.ReportAllocs()
	for b.Loop() {
		a, err := amount.ParseBytes(text)
		if err != nil {
			b.Fatal(err)
		}
		dst = a.Append(dst[:0])
	}
}
