package address

import (
	"encoding/binary"
	"strings"
	"testing"
)

// Texts with good checksums whose content is none that the network has.

func xAddress(prefix uint16, flag byte, tag uint64) string {
	body := binary.BigEndian.AppendUint16(nil, prefix)
	body = append(append(body, make([]byte, hashBytes)...), flag)
	return rippleBase58.encodeCheck(nil, binary.LittleEndian.AppendUint64(body, tag))
}

func TestXAddressTags(t *testing.T) {
	for _, c := range []struct {
		text, tag, word string
	}{
		{xAddress(xMain, xNoTag, 0), "", ""},
		{xAddress(xMain, xTag32, 0), "0", ""},
		{xAddress(xMain, xTag32, 1<<32-1), "4294967295", ""},
		{xAddress(xMain, xTag32, 1<<32), "", "32 bits"},
		{xAddress(xMain, 2, 1), "", "32 bits"},
		{xAddress(xMain, xNoTag, 1), "", "no tag, and has one"},
		{xAddress(0x0545, xNoTag, 0), "", "no X-address"},
		{xAddress(xMain, xNoTag, 0) + "r", "", "length"},
	} {
		if c.word != "" {
			if bad := refused(t, "xrp", c.text); !strings.Contains(bad.Reason, c.word) {
				t.Errorf("%s: %s, want %q", c.text, bad.Reason, c.word)
			}
			continue
		}
		if a := mustParse(t, "xrp", c.text); a.Tag != c.tag || a.Text != "rrrrrrrrrrrrrrrrrrrrrhoLvTp" {
			t.Errorf("%s: %+v, want tag %q", c.text, a, c.tag)
		}
	}
	if a := mustParse(t, "xrp", xAddress(xTest, xTag32, 7), AllowTestnet()); !a.Testnet || a.Tag != "7" {
		t.Errorf("testnet: %+v", a)
	}
	if bad := refused(t, "xrp", rippleBase58.encodeCheck([]byte{1}, make([]byte, hashBytes))); bad.Code != Malformed {
		t.Errorf("another version: %+v", bad)
	}
}

func TestTEXStructure(t *testing.T) {
	hash := make([]byte, hashBytes)
	write := func(spec uint32, hrp string, payload []byte) string {
		return encodeDigits(spec, hrp, appendDigits(nil, payload))
	}
	if a := mustParse(t, "zcash", write(bech32mSpec, "tex", hash)); a.Form != TEX {
		t.Errorf("%+v", a)
	}
	for text, word := range map[string]string{
		write(bech32Spec, "tex", hash):             "bech32m",
		write(bech32mSpec, "tex", hash[1:]):        "20 bytes",
		write(bech32mSpec, "tex", append(hash, 0)): "20 bytes",
		write(bech32mSpec, "tex1", hash):           "20 bytes",
		"tex1qqqqqqqq":                             "checksum",
	} {
		if bad := refused(t, "zcash", text); !strings.Contains(bad.Reason, word) {
			t.Errorf("%s: %s, want %q", text, bad.Reason, word)
		}
	}
	if a := mustParse(t, "zcash-testnet", write(bech32mSpec, "textest", hash)); a.Form != TEX {
		t.Errorf("%+v", a)
	}
}

// encodeDigits writes five-bit digits as they are.
func encodeDigits(spec uint32, hrp string, digits []byte) string {
	sum := bech32Prefix(hrp)
	for _, d := range digits {
		sum = bech32Step(sum, d)
	}
	for range bech32Checksum {
		sum = bech32Step(sum, 0)
	}
	sum ^= spec
	for i := range bech32Checksum {
		digits = append(digits, uint8(sum>>(5*(bech32Checksum-1-i)))&31)
	}
	text := hrp + "1"
	for _, d := range digits {
		text += string(bech32Digits[d])
	}
	return text
}

func TestSegwitWithoutVersion(t *testing.T) {
	if bad := refused(t, "bitcoin", encodeDigits(bech32Spec, "bc", nil)); !strings.Contains(bad.Reason, "no witness version") {
		t.Errorf("%+v", bad)
	}
}

func TestStrkeyStructure(t *testing.T) {
	key := make([]byte, strkeyBytes)
	for _, c := range []struct {
		version byte
		payload []byte
		ok      bool
	}{
		{strkeyAccount, key, true}, {strkeyContract, key, true}, {strkeyPool, key, true},
		{strkeyBalance, append([]byte{balanceV0}, key...), true}, {strkeyBalance, append([]byte{1}, key...), false}, {strkeyBalance, key, false},
		{strkeyMuxed, append(key, make([]byte, 8)...), true}, {strkeyMuxed, key, false}, {strkeyAccount, append(key, make([]byte, 8)...), false},
		{19 << 3, key, false}, {23 << 3, key, false}, // pre-authorised transaction, hash
	} {
		text := encodeStrkey(c.version, c.payload)
		if _, err := Parse(net(t, "stellar"), text); (err == nil) != c.ok {
			t.Errorf("%s (version %d, %d bytes): %v", text, c.version, len(c.payload), err)
		}
	}
	// 36 bytes leave two bits over, which must be zero: the digit before last of their group has other spellings.
	text := encodeStrkey(strkeyBalance, append([]byte{balanceV0}, key...))
	last := base32Values[text[len(text)-1]]
	if bad := refused(t, "stellar", text[:len(text)-1]+string(base32Digits[last|1])); !strings.Contains(bad.Reason, "stray bits") {
		t.Errorf("%+v", bad)
	}
}

func TestCashAddrStructure(t *testing.T) {
	write := func(payload []byte) string {
		digits := appendDigits(nil, payload)
		sum := cashPrefix("bitcoincash")
		for _, d := range digits {
			sum = cashStep(sum, d)
		}
		for range cashChecksum {
			sum = cashStep(sum, 0)
		}
		sum ^= 1
		for i := range cashChecksum {
			digits = append(digits, uint8(sum>>(5*(cashChecksum-1-i)))&31)
		}
		text := "bitcoincash:"
		for _, d := range digits {
			text += string(bech32Digits[d])
		}
		return text
	}
	hash := make([]byte, hashBytes)
	if a := mustParse(t, "bitcoin-cash", write(append([]byte{0x00}, hash...))); a.Key.Kind != PKH {
		t.Errorf("%+v", a)
	}
	if a := mustParse(t, "bitcoin-cash", write(append([]byte{0x0b}, make([]byte, 32)...))); a.Key.Kind != SH || a.Key.size != 32 {
		t.Errorf("a script hash of 32 bytes: %+v", a)
	}
	for text, word := range map[string]string{
		write(append([]byte{0x80}, hash...)):                "version",
		write(append([]byte{0x00}, hash[1:]...)):            "version",
		write(append([]byte{0x03}, hash...)):                "version",
		write(append([]byte{0x78}, hash...)):                "type 15",
		write(append([]byte{0x03}, make([]byte, 32)...)):    "32 bytes",
		"bitcoincash:qqqq":                                  "length",
		"bitcoincash:" + strings.Repeat("q", cashLongest+1): "length",
	} {
		if bad := refused(t, "bitcoin-cash", text); !strings.Contains(bad.Reason, word) {
			t.Errorf("%s: %s, want %q", text, bad.Reason, word)
		}
	}
	if bad := refused(t, "bitcoin-sv", write(append([]byte{0x0b}, make([]byte, 32)...))); !strings.Contains(bad.Reason, "32 bytes") {
		t.Errorf("bitcoin-sv: %+v", bad)
	}
	bare := "pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t"
	if a := mustParse(t, "bitcoin-cash", bare, AllowTestnet()); !a.Testnet || a.Text != "bchtest:"+bare {
		t.Errorf("testnet without prefix: %+v", a)
	}
	if a := mustParse(t, "bitcoin-sv", "bchtest:"+bare, AllowTestnet()); !a.Testnet || a.Text[0] != '2' {
		t.Errorf("testnet of bitcoin-sv: %+v", a)
	}
}

func TestMoneroStructure(t *testing.T) {
	write := func(version byte, n int) string {
		body := append([]byte{version}, make([]byte, n)...)
		sum := keccak256(body)
		return encodeMonero(append(body, sum[:checksumBytes]...))
	}
	for _, c := range []struct {
		version byte
		bytes   int
		ok      bool
	}{
		{moneroMain.standard, moneroKeys, true}, {moneroMain.sub, moneroKeys, true}, {moneroMain.integrated, moneroKeys + moneroPaymentID, true},
		{moneroMain.integrated, moneroKeys, false}, {moneroMain.standard, moneroKeys + moneroPaymentID, false}, {moneroMain.sub, moneroKeys + moneroPaymentID, false},
		{99, moneroKeys, false},
	} {
		if _, err := Parse(net(t, "monero"), write(c.version, c.bytes)); (err == nil) != c.ok {
			t.Errorf("version %d, %d bytes: %v", c.version, c.bytes, err)
		}
	}
	for _, name := range []string{"monero-testnet", "monero-stagenet"} {
		a, err := Encode(net(t, name), Plain, make([]byte, moneroKeys))
		if err != nil || !a.Testnet {
			t.Errorf("%s: %+v, %v", name, a, err)
		}
		if b := mustParse(t, "monero", a.Text, AllowTestnet()); b.Key != a.Key || !b.Testnet {
			t.Errorf("%s: %+v", name, b)
		}
	}
}

func TestFullwidthNames(t *testing.T) {
	for c, want := range map[byte]string{'0': "FULLWIDTH DIGIT ZERO", 'z': "FULLWIDTH LATIN SMALL LETTER Z", 'Q': "FULLWIDTH LATIN CAPITAL LETTER Q", ':': "FULLWIDTH form"} {
		if got := fullwidthName(c); got != want {
			t.Errorf("%c: %s, want %s", c, got, want)
		}
	}
}

func TestChecksumEVMLeavesOtherTextsAlone(t *testing.T) {
	for _, text := range []string{"", "0x", "0X5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED", strings.ToUpper(evmText[2:]) + "aa", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"} {
		if got := ChecksumEVM(text); got != text {
			t.Errorf("%s: %s", text, got)
		}
	}
}
