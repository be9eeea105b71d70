package address

import (
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/internal/blake2b"
	"sluice/pkg/network"
)

// unifiedVectors are those of ZIP 316's authors, first revision and second, with their receivers in hex.
var unifiedVectors = []struct {
	network, text, p2pkh, p2sh, sapling, orchard string
}{
	{"zcash", fromHex("75316b396b61766a6367746138793974396c763367727672793566717336617668653970616e75346a6c67356a356d6b6b6e34776a3834346d617532346e346878373979737436676c756e337761303935757061706b716867797271396b6664376a723771396467706166687776676c38756a78726c70726c357a61686c363963707273657473366832743938"),
		"", "e6cabf813929132d772d04b03ae85223d03b9be8", "435b0bbc95b5b7d52531a3944f2b85603ee22aaf850963bc156eb561edf2cbe7cf0e770e393ae5d7049026", ""},
	{"zcash", fromHex("753134396561766e61366c6536686a3963743067676174397a7538367574657336323664323336306570646e78657a71703072327872673870387276737771653736707165357763376877666130727a397935646b777073796d613336357a35793273796775687a7564376a68636567787a676b6c716d7775637a35366b6b7732763534676371783677726b66"),
		"3ca74c80ef1d1853423ae2891cd5d0ecbcfde137", "", "69a25a38699708e5f6e76e54e6a7a2ab84dcf288df0d1f2563670168d6c44ace0ef11155c60d5c225e9dec", ""},
	{"zcash", fromHex("75317a35677538783364766b7677636d726a30716b3568727839706361646c3536683834663777647970366e7635337233643563636365646563686d77393835746765357733633272353639716137326c676775753578727178683739616a7a63376b716d65733230706b747a71726a6c707835367168676d716d3536686e39777432686379787064616d616b"),
		"7bec9de217c04f7ce1a86f1fb458aa881c8f39e4", "", "", "d8e5ecb4e005c28718e61a5c336a4f369e771ccdb3363f4f7a04b02a966901a4c05da662d5fd75678f7fb4"},
	{"zcash", fromHex("753170357274326c34386c706d79796579706e6666616c3238386a676632747a3530667a6e32336a647036387663756a76776e30757a3575306576637033356a666d6676726c3236617a3773757171666d30736b6e396d6d7a39756e383667716b713976613332763473"),
		"", "", "", "31844683a07bf8e30057902b0d23e2b2ce9cad0b22190238ca4f329da92c7979052b00f735cb210671bdb0"},
	{"zcash", "zu1wpmyzjrdtsw2n0kgku0pr6raf7jhwe70e45ucfcruk9qrxv59fxegvrlwmqs8uydq57re5rm79eth5hu5hzcqetl39nphtyp74qu5prrpwy8kzqlxagwz24f2c3z0939mwt3cngyfrx5nyk270q4eaj5jqdqepadhq4n6kmf0cdca58t",
		"", "", "d8ef8293d26de832e7193f296ba1922d90f122c6135bc231eebd91efdb03b1a8606771cd4fd6480574d43e", "d4714ee761d1ae823b6972152e20957fefa3f6e3129ea4dfb0a9e98703a63dab929589d6dc51c970f935b3"},
	{"zcash", "zu1jn75qa00cea69xtz3ncl6d4lvxqzzyxq500km3jd4g3gupc5s5hf00gxf9truqgf7n32vhwy0qg3qevvcdgk2e0my9fn269hcjvzsf2umpwq8ew2d2",
		"", "", "", "d8e5ecb4e005c28718e61a5c336a4f369e771ccdb3363f4f7a04b02a966901a4c05da662d5fd75678f7fb4"},
	{"zcash", "tu1fm5xassnx4us9jm60l0ntfcyy6awx7xy02nf2yfkq24uungm3pt0uuvtkjemrav8xvvzm6c4j3clpqwlx5qscvt4lyagng0jqxgu9jjd2cf42pwqnj7uwzua7swgjzfm4swmauuz0lu42nrv7vkx9kjkgjluvddsya20tsat5ejujgg66ulw8r0pdhh5vzhjy2yelhrh2wcsx06kf4z",
		"22d68debb3928da4046370d25ed2bbe8d5e985d0", "", "6493348e8aee112a87f5fa65e1c57065aad369401e05d0daa96e0bcd89e67bf19beb3ac74d599d94585a68", "165082de84f2ad7204426ffafd6b6c7de9cab6d25c13846a1786715268c415948db788f4a5e0daa03d699e"},
	{"zcash", "tu1qrmlrpsfhdkxuwxzcxl23uav23frnzw6ec3n6ytvv6tnfqpm2mut2j66w244vqr9at7lpuh0pad4dsmzt65qhnzp5d2rpzxxfjhsv63fy44k6pk59gsaf34hje3uv0fd0vpmtdqwr98hlu8kq6zuvuty47j0uk4ad9x8tpnhxtrkp24g38trc2mppzxehr8cpz7x7pgw3wze5vc4et06xvawyfdteu9556vzuxguq3g2f",
		"365679a923274fd2186ad300f5f51924eb001b9e", "", "da2672c010f7364df6fad49dd39be0e4d4be73c45e239448fcc385cc68094bf36ddbc4ec0219b567955556", "3c025e3e717e185a77c29ef372b6e7c3b17c459256074fef6e6cbe321cf9e0886a82598867b979de1a7da1"},
}

func fromHex(digits string) string {
	b, err := hex.DecodeString(digits)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestUnifiedAddresses(t *testing.T) {
	for _, v := range unifiedVectors {
		a := mustParse(t, v.network, v.text)
		var want []Key
		for i, receiver := range []string{v.p2pkh, v.p2sh, v.sapling, v.orchard} {
			if receiver != "" {
				want = append(want, NewKey(network.Zcash, []Kind{PKH, SH, Sapling, Orchard}[i], []byte(fromHex(receiver))))
			}
		}
		if got := append([]Key{a.Key}, a.Also()...); !slices.Equal(got, want) {
			t.Errorf("%s: keys %v, want %v", v.text, got, want)
		}
		if a.Text != v.text || a.Form != Unified || !a.Shielded || a.Testnet {
			t.Errorf("%s: %+v", v.text, a)
		}
		if b := mustParse(t, v.network, strings.ToUpper(v.text)); b != a {
			t.Errorf("%s in capitals: %+v", v.text, b)
		}
		stable(t, net(t, v.network), a)
	}
	if a := mustParse(t, "zcash", unifiedVectors[1].text); a.Key != mustParse(t, "zcash", encodeT1(t, unifiedVectors[1].p2pkh)).Key {
		t.Errorf("the transparent receiver has another key than its own address: %s", a.Key)
	}
}

func encodeT1(t *testing.T, hash string) string {
	t.Helper()
	a, err := Encode(net(t, "zcash"), P2PKH, []byte(fromHex(hash)))
	if err != nil {
		t.Fatal(err)
	}
	return a.Text
}

// jumble is F4Jumble, which the package only undoes.
func jumble(message []byte) {
	left := message[:min(blake2b.Size, len(message)/2)]
	right := message[len(left):]
	jumbleRight(right, left, 0)
	jumbleLeft(left, right, 0)
	jumbleRight(right, left, 1)
	jumbleLeft(left, right, 1)
}

// F4Jumble's own vector, the shortest of ZIP 316.
func TestF4Jumble(t *testing.T) {
	message := []byte(fromHex("5d7a8f739a2d9e945b0ce152a8049e294c4d6e66b164939daffa2ef6ee6921481cdd86b3cc4318d9614fc820905d042b"))
	jumbled := slices.Clone(message)
	jumble(jumbled)
	if got := hex.EncodeToString(jumbled); got != "0304d029141b995da5387c125970673504d6c764d91ea6c082123770c7139ccd88ee27368cd0c0921a0444c8e5858d22" {
		t.Errorf("%s", got)
	}
	unjumble(jumbled)
	if !slices.Equal(jumbled, message) {
		t.Errorf("undone: %x", jumbled)
	}
}

// item is a receiver as it stands in a unified address.
func item(kind, size byte, fill byte) []byte {
	return append([]byte{kind, size}, slices.Repeat([]byte{fill}, int(size))...)
}

func writeUnified(spec uint32, hrp, padding string, items ...[]byte) string {
	message := slices.Concat(items...)
	var pad [unifiedPadding]byte
	copy(pad[:], padding)
	message = append(message, pad[:]...)
	jumble(message)
	return encodeDigits(spec, hrp, appendDigits(nil, message))
}

func TestUnifiedStructure(t *testing.T) {
	pkh, sh, sapling, orchard := item(0, 20, 1), item(1, 20, 2), item(2, 43, 3), item(3, 43, 4)
	for _, text := range []string{
		writeUnified(bech32mSpec, "u", "u", sapling),
		writeUnified(bech32mSpec, "u", "u", pkh, orchard),
		writeUnified(bech32mSpec, "u", "u", sapling, item(0xe0, 4, 9)),
		writeUnified(bech32mSpec, "u", "u", sapling, append([]byte{0xfd, 0xff, 0xff}, 0)),
		writeUnified(bech32mSpec, "u", "u", sapling, append([]byte{0xfe, 0, 0, 1, 0}, 0)),
	} {
		stable(t, net(t, "zcash"), mustParse(t, "zcash", text))
	}
	for text, word := range map[string]string{
		writeUnified(bech32Spec, "u", "u", sapling):                                     "bech32m",
		writeUnified(bech32mSpec, "u", "utest", sapling):                                "padding",
		writeUnified(bech32mSpec, "u", "u", item(9, 10, 1)):                             "48 bytes",
		writeUnified(bech32mSpec, "u", "u", orchard, sapling):                           "order",
		writeUnified(bech32mSpec, "u", "u", sapling, sapling):                           "order",
		writeUnified(bech32mSpec, "u", "u", pkh, sh, sapling):                           "two transparent",
		writeUnified(bech32mSpec, "u", "u", item(0, 21, 1), sapling):                    "20 bytes",
		writeUnified(bech32mSpec, "u", "u", item(2, 42, 1)):                             "43 bytes",
		writeUnified(bech32mSpec, "u", "u", sapling, []byte{3, 43}):                     "cut off",
		writeUnified(bech32mSpec, "u", "u", sapling, []byte{0xfd, 0x03, 0x00, 0}):       "cut off",
		writeUnified(bech32mSpec, "u", "u", sapling, []byte{0xff}):                      "cut off",
		writeUnified(bech32mSpec, "u", "u", sapling, []byte{0xfe, 0xff, 0xff, 0, 0, 0}): "cut off",
		writeUnified(bech32mSpec, "zu", "zu", pkh, sapling):                             "no transparent receiver",
		writeUnified(bech32mSpec, "u", "u", item(9, 43, 1)):                             "without a receiver that is known",
	} {
		if bad := refused(t, "zcash", text); !strings.Contains(bad.Reason, word) {
			t.Errorf("%s: %s, want %q", text, bad.Reason, word)
		}
	}
	if bad := refused(t, "zcash", writeUnified(bech32mSpec, "u", "u", item(9, 43, 1))); bad.Code != Shielded {
		t.Errorf("no known receiver: code %s", bad.Code)
	}
	test := writeUnified(bech32mSpec, "utest", "utest", pkh, sapling)
	if bad := refused(t, "zcash", test); bad.Code != Testnet {
		t.Errorf("%+v", bad)
	}
	if a := mustParse(t, "zcash", test, AllowTestnet()); !a.Testnet || a.Key.Kind != PKH {
		t.Errorf("%+v", a)
	}
	if a := mustParse(t, "zcash-testnet", test); !a.Testnet {
		t.Errorf("%+v", a)
	}
	if bad := refused(t, "zcash-testnet", unifiedVectors[0].text); bad.Code != OtherNet {
		t.Errorf("%+v", bad)
	}
}

func TestShieldedAddresses(t *testing.T) {
	const (
		sapling = "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya"
		sprout  = "zcU1Cd6zYyZCd2VJF8yKgmzjxdiiU1rgTTjEwoN1CGUWCziPkUTXUjXmX7TMqdMNsTfuiGN1jQoVN4kGxUR4sAPN4XZ7pxb"
		mweb    = "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gf"
	)
	for _, c := range []struct {
		network, text string
		kind          Kind
		form          Form
	}{
		{"zcash", sapling, Sapling, SaplingAddress}, {"zcash", sprout, Sprout, SproutAddress}, {"litecoin", mweb, MWEB, Stealth},
	} {
		a := mustParse(t, c.network, c.text)
		if a.Text != c.text || a.Key.Kind != c.kind || a.Form != c.form || !a.Shielded || a.Also() != nil {
			t.Errorf("%s: %+v", c.text, a)
		}
		stable(t, net(t, c.network), a)
		if c.form == SproutAddress {
			continue
		}
		if b := mustParse(t, c.network, strings.ToUpper(c.text)); b != a {
			t.Errorf("%s in capitals: %+v", c.text, b)
		}
	}
	for _, c := range []struct{ network, text, word string }{
		{"zcash", encodeBech32Bytes(bech32Spec, "zs", make([]byte, 42)), "43 bytes"},
		{"zcash", encodeBech32Bytes(bech32mSpec, "zs", make([]byte, 43)), "bech32"},
		{"zcash", bitcoinBase58.encodeCheck([]byte{0x16, 0x9b}, make([]byte, 64)), "version"},
		{"zcash", sprout[:94] + "c", "checksum"},
		{"litecoin", encodeBech32(bech32mSpec, "ltcmweb", 0, slices.Repeat([]byte{2}, 66)), "bech32m"},
		{"litecoin", encodeBech32(bech32Spec, "ltcmweb", 1, slices.Repeat([]byte{2}, 66)), "version 0"},
		{"litecoin", encodeBech32(bech32Spec, "ltcmweb", 0, slices.Repeat([]byte{2}, 65)), "33 bytes"},
		{"litecoin", encodeBech32(bech32Spec, "ltcmweb", 0, slices.Repeat([]byte{4}, 66)), "public keys"},
		{"litecoin", encodeDigits(bech32Spec, "ltcmweb", nil), "public keys"},
	} {
		if bad := refused(t, c.network, c.text); !strings.Contains(bad.Reason, c.word) {
			t.Errorf("%s: %s, want %q", c.text, bad.Reason, c.word)
		}
	}
	for main, test := range map[string]string{
		"litecoin": encodeBech32(bech32Spec, "tmweb", 0, slices.Repeat([]byte{2}, 66)),
		"zcash":    encodeBech32Bytes(bech32Spec, "ztestsapling", make([]byte, 43)),
	} {
		if bad := refused(t, main, test); bad.Code != Testnet {
			t.Errorf("%s: %+v", test, bad)
		}
		for _, a := range []Address{mustParse(t, main, test, AllowTestnet()), mustParse(t, main+"-testnet", test)} {
			if !a.Testnet || !a.Shielded {
				t.Errorf("%s: %+v", test, a)
			}
		}
	}
}

func TestTransparentAddressesAreNotShielded(t *testing.T) {
	for _, text := range []string{"t1VmmGiyjVNeCjxDZzg7vZmd99WyzVby9yC", "tex1s2rt77ggv6q989lr49rkgzmh5slsksa9khdgte"} {
		if a := mustParse(t, "zcash", text); a.Shielded || a.Also() != nil {
			t.Errorf("%+v", a)
		}
	}
}
