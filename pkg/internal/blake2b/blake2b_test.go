package blake2b

import (
	"bytes"
	"encoding/hex"
	"testing"

	oracle "golang.org/x/crypto/blake2b"
	"pgregory.net/rapid"
)

// RFC 7693, appendix A.
func TestRFCVector(t *testing.T) {
	var sum [Size]byte
	Sum(sum[:], "", []byte("abc"))
	const want = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
	if got := hex.EncodeToString(sum[:]); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// Vectors made by another program: Python's hashlib.blake2b with person=.
func TestPersonalisation(t *testing.T) {
	for _, c := range []struct {
		size                 int
		personal, text, want string
	}{
		{32, "ZcashPrevoutHash", "", "d53a633bbecf82fe9e9484d8a0e727c73bb9e68c96e72dec30144f6a84afa136"},
		{64, "UA_F4Jumble_G\x00\x00\x00", "sluice", "047acafdb7628f1bfcbbb08caa3ee28565d7edda4aca1daa0aa51432f1bc76838ebfb8f1a11050b0cd667a52066071a56f68a28704405ae1b0069b9258a06b5c"},
		{20, "UA_F4Jumble_H\x01", "sluice", "46adafeeb780beed8ee3a74dfc4e1d9a976e89f4"},
	} {
		sum := make([]byte, c.size)
		Sum(sum, c.personal, []byte(c.text))
		if got := hex.EncodeToString(sum); got != c.want {
			t.Errorf("%q %q: %s, want %s", c.personal, c.text, got, c.want)
		}
	}
}

func TestAgreesWithTheOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.Byte(), 0, 5*blockSize).Draw(t, "text")
		size := rapid.IntRange(1, Size).Draw(t, "size")
		cut := rapid.IntRange(0, len(text)).Draw(t, "cut")
		h, err := oracle.New(size, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(text)
		got := make([]byte, size)
		Sum(got, "", text[:cut], text[cut:])
		if want := h.Sum(nil); !bytes.Equal(got, want) {
			t.Fatalf("%x: %x, want %x", text, got, want)
		}
	})
}

func TestLengthsAtTheBlock(t *testing.T) {
	for n := blockSize - 1; n <= 2*blockSize+1; n++ {
		text := bytes.Repeat([]byte{7}, n)
		var got [Size]byte
		Sum(got[:], "", text)
		if got != oracle.Sum512(text) {
			t.Errorf("%d bytes", n)
		}
	}
}

func TestLengthsOutOfBoundsPanic(t *testing.T) {
	for _, c := range []struct {
		size     int
		personal string
	}{{0, ""}, {Size + 1, ""}, {1, "12345678901234567"}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%d bytes, %q: no panic", c.size, c.personal)
				}
			}()
			Sum(make([]byte, c.size), c.personal)
		}()
	}
}

func TestAllocatesNothing(t *testing.T) {
	var sum [Size]byte
	text := make([]byte, 300)
	if n := testing.AllocsPerRun(100, func() { Sum(sum[:], "SS58PRE", text) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzSum(f *testing.F) {
	f.Add([]byte("abc"), uint8(64), uint8(1))
	f.Fuzz(func(t *testing.T, text []byte, size, cut uint8) {
		n := 1 + int(size)%Size
		at := min(int(cut), len(text))
		h, err := oracle.New(n, nil)
		if err != nil {
			t.Fatal(err)
		}
		h.Write(text)
		got := make([]byte, n)
		Sum(got, "", text[:at], text[at:])
		if !bytes.Equal(got, h.Sum(nil)) {
			t.Fatalf("%x: %x", text, got)
		}
	})
}
