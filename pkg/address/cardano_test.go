package address

import (
	"hash/crc32"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/internal/testdata"
)

const (
	cip19Payment = "cardano:pkh:9493315cd92eb5d8c4304e67b7e16ae36d61d34502694657811a2c8e"
	cip19Script  = "cardano:sh:c37b1b5dc0669f1d3c61a6fddb2e8fde96be87b881c60bce8e8d542f"
	cip19Stake   = "cardano:pkh:337b62cfff6403a06a3acbc34f8c46003c69fe79a3628cefa9c47251"
)

// The vectors of CIP-19: of each type of address, for the main network and the test networks.
func TestCIP19Vectors(t *testing.T) {
	page, err := os.ReadFile(testdata.Dir(t, "addresses", "cardano-cip19", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	wants := map[string]struct {
		key  string
		form Form
	}{
		"00": {cip19Payment, Base}, "01": {cip19Script, Base}, "02": {cip19Payment, Base}, "03": {cip19Script, Base},
		"04": {cip19Payment, Pointer}, "05": {cip19Script, Pointer}, "06": {cip19Payment, Enterprise}, "07": {cip19Script, Enterprise},
		"14": {cip19Stake, Reward}, "15": {cip19Script, Reward},
	}
	vectors := regexp.MustCompile(`(?m)^    type-(\d\d): (\S+)$`).FindAllStringSubmatch(string(page), -1)
	if len(vectors) != 2*len(wants) {
		t.Fatalf("%d vectors, want %d", len(vectors), 2*len(wants))
	}
	for _, v := range vectors {
		want, text := wants[v[1]], v[2]
		name, other := "cardano", "cardano-preprod"
		test := strings.Contains(text, "_test")
		if test {
			name, other = other, name
		}
		a := mustParse(t, name, text)
		if a.Text != text || a.Key.String() != want.key || a.Form != want.form || a.Testnet != test {
			t.Errorf("type %s: %s %s %s, want %s %s", v[1], a.Text, a.Key, a.Form, want.key, want.form)
		}
		if b := mustParse(t, name, strings.ToUpper(text)); b != a {
			t.Errorf("%s in capitals: %+v", text, b)
		}
		stable(t, net(t, name), a)
		code := OtherNet
		if test {
			code = Testnet
			if b := mustParse(t, "cardano", text, AllowTestnet()); b != a {
				t.Errorf("%s, test networks allowed: %+v", text, b)
			}
		}
		if bad := refused(t, other, text); bad.Code != code {
			t.Errorf("%s on %s: %+v", text, other, bad)
		}
	}
}

func TestByronAddresses(t *testing.T) {
	for _, c := range []struct {
		network, text, root string
	}{
		{"cardano", "Ae2tdPwUPEYzs5BRbGcoS3DXvK8mwgggmESz4HqUwMyaS9eNksZGz1LMS9v", ""},
		{"cardano", "DdzFFzCqrhsfdzUZxvuBkhV8Lpm9p43p9ubh79GCTkxJikAjKh51qhtCFMqUniC5tv5ZExyvSmAte2Du2tGimavSo6qSgXbjiy8qZRTg", ""},
		{"cardano-preprod", "2cWKMJemoBajc46Wu4Z7e6bG48myZWfB7Z6pD77L6PrJQWt9HZ3Yv7o8CYZTBMqHTPTkv", "946480eb45fa900e84d1f25141589468ca1d38bbb4e6c3abec7d1ea0"},
		{"cardano-preview", "37btjrVyb4KEB2STADSsj3MYSAdj52X5FrFWpw2r7Wmj2GDzXjFRsHWuZqrw7zSkwopv8Ci3VWeg6bisU9dgJxW5hb2MZYeduNKbQJrqz3zVBsu9nT", "9c708538a763ff27169987a489e35057ef3cd3778c05e96f7ba9450e"},
	} {
		a := mustParse(t, c.network, c.text)
		if a.Text != c.text || a.Form != Byron || a.Key.Kind != Account || a.Testnet != (c.network != "cardano") || !strings.HasSuffix(a.Key.String(), c.root) {
			t.Errorf("%s: %+v", c.text, a)
		}
		stable(t, net(t, c.network), a)
		if a.Testnet {
			if bad := refused(t, "cardano", c.text); bad.Code != Testnet {
				t.Errorf("%+v", bad)
			}
		} else if bad := refused(t, "cardano-preprod", c.text); bad.Code != OtherNet {
			t.Errorf("%+v", bad)
		}
	}
}

// shelley writes an address of a first byte and what follows.
func shelley(hrp string, first byte, rest ...[]byte) string {
	return encodeBech32Bytes(bech32Spec, hrp, slices.Concat(append([][]byte{{first}}, rest...)...))
}

// byron writes an address of what its checksum covers.
func byron(body []byte, behind ...byte) string {
	sum := crc32.ChecksumIEEE(body)
	head := []byte{0x58, byte(len(body))}
	if len(body) < 24 {
		head = []byte{0x40 | byte(len(body))}
	}
	raw := slices.Concat([]byte{0x82, 0xd8, 0x18}, head, body, []byte{0x1a, byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)}, behind)
	return string(bitcoinBase58.encode(nil, raw))
}

func TestCardanoStructure(t *testing.T) {
	hash := slices.Repeat([]byte{5}, cardanoHash)
	root := slices.Concat([]byte{0x83, 0x58, 0x1c}, hash)
	for _, text := range []string{
		shelley("addr", 0x41, hash, []byte{0x81, 0x00, 0x01, 0x02}),
		shelley("addr", 0x61, hash),
		byron(slices.Concat(root, []byte{0xa0, 0x00})),
		byron(slices.Concat(root, []byte{0xa1, 0x01, 0x43, 1, 2, 3, 0x02})),
	} {
		stable(t, net(t, "cardano"), mustParse(t, "cardano", text))
	}
	for text, word := range map[string]string{
		encodeBech32Bytes(bech32mSpec, "addr", append([]byte{0x61}, hash...)):               "bech32m",
		shelley("addr", 0x61, hash[1:]):                                                     "28 bytes",
		shelley("addr", 0x61, hash, []byte{1}):                                              "length",
		shelley("addr", 0x01, hash):                                                         "length",
		shelley("addr", 0x01, hash, hash, []byte{1}):                                        "length",
		shelley("addr", 0x41, hash, []byte{1, 2}):                                           "length",
		shelley("addr", 0x41, hash, []byte{1, 2, 0x83}):                                     "length",
		shelley("addr", 0x41, hash, []byte{1, 2, 3, 4}):                                     "length",
		shelley("addr", 0x41, hash, slices.Repeat([]byte{0x80}, 10), []byte{1, 2, 3}):       "length",
		shelley("addr", 0x60, hash):                                                         "different networks",
		shelley("addr_test", 0x61, hash):                                                    "different networks",
		shelley("addr", 0x62, hash):                                                         "different networks",
		shelley("addr", 0xe1, hash):                                                         "different kinds",
		shelley("stake", 0x61, hash):                                                        "different kinds",
		shelley("addr", 0x81, hash):                                                         "different kinds",
		byron(slices.Concat(root, []byte{0xa0, 0x00}), 0):                                   "CBOR",
		byron(slices.Concat(root, []byte{0xa0, 0x00, 0x00})):                                "root",
		byron(slices.Concat(root, []byte{0xa0})):                                            "root",
		byron(slices.Concat(root, []byte{0xa0, 0x18, 0x01})):                                "root",
		byron(slices.Concat(root, []byte{0xbb, 255, 255, 255, 255, 255, 255, 255, 255, 0})): "root",
		byron([]byte{0x83, 0x41, 1, 0xa0, 0}):                                               "root",
		byron([]byte{0x82, 0x41, 1}):                                                        "root",
		string(bitcoinBase58.encode(nil, []byte{0x82, 0xd8, 0x18, 0x5b, 255, 255, 255, 255, 255, 255, 255, 255})): "CBOR",
		string(bitcoinBase58.encode(nil, []byte{0x82, 0xd8, 0x18, 0x5f})):                                         "CBOR",
		"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa":                                                                      "bitcoin",
		strings.Repeat("z", 200):                                                                                  "wrong length",
	} {
		if bad := refused(t, "cardano", text); !strings.Contains(bad.Reason, word) {
			t.Errorf("%s: %s, want %q", text, bad.Reason, word)
		}
	}
}
