package address

import (
	"fmt"
	"testing"

	"sluice/pkg/network"
)

// The texts of keys are stored in databases, their wire form in topics and segments, their fingerprints in record
// headers: none of them may change from one release to the next.
func TestKeysNeverChange(t *testing.T) {
	met := map[network.Family]bool{}
	for _, c := range []struct{ network, text, want string }{
		{"ethereum", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "evm:5aaeb6053f3e94c9b9a09f33669435e7ef1beaed d9b3383def186bbf"},
		{"bitcoin", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bitcoin:pkh:62e907b15cbf27d5425399ebf6f0fb50ebb88f18 02c1f1e86ede947b"},
		{"bitcoin", "3LDsS579y7sruadqu11beEJoTjdFiFCdX4", "bitcoin:sh:cb481232299cd5743151ac4b2d63ae198e7bb0a9 84cc534e6e237ab0"},
		{"bitcoin", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "bitcoin:pkh:751e76e8199196d454941c45d1b3a323f1433bd6 94cd6e8c4ab87bba"},
		{"bitcoin", "bc1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3qccfmv3", "bitcoin:wsh:1863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262 84cc710f5b90c5fc"},
		{"bitcoin", "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0", "bitcoin:tr:79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798 f77b6c8a58a81d28"},
		{"bitcoin", "bc1sw50qgdz25j", "bitcoin:w16:751e b4b3ec39ff7ee86f"},
		{"bitcoin-cash", "bitcoincash:qp3wjpa3tjlj042z2wv7hahsldgwhwy0rq9sywjpyy", "bitcoin:pkh:62e907b15cbf27d5425399ebf6f0fb50ebb88f18 02c1f1e86ede947b"},
		{"bitcoin-gold", "GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS", "bitcoin:pkh:42e749e994fe4855aa0a9d1d7eba22c0128150f2 14a9daa7359bb9d1"},
		{"litecoin", "LVg2kJoFNg45Nbpy53h7Fe1wKyeXVRhMH9", "litecoin:pkh:729fd0f4200e2e4e0064d2422c6fe462279fc773 a19dddc464739d5e"},
		{"litecoin", "ltc1qg42tkwuuxefutzxezdkdel39gfstuap288mfea", "litecoin:pkh:4554bb3b9c3653c588d9136cdcfe254260be742a decf77fe12ec6695"},
		{"dogecoin", "DDogepartyxxxxxxxxxxxxxxxxxxw1dfzr", "dogecoin:pkh:5f0d49feb9842f4ef958d1a2f69a776ce17f2808 b29bc7285b3e2f7b"},
		{"dash", "XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2", "dash:pkh:804e16675685d900a9d18ea4c93e51fc320f6885 bae9742cbeaa7f30"},
		{"zcash", "t1VmmGiyjVNeCjxDZzg7vZmd99WyzVby9yC", "zcash:pkh:8286bf790866805397e3a947640b77a43f0b43a5 0384c8bf2abf4904"},
		{"zcash", "t3Vz22vK5z2LcKEdg16Yv4FFneEL1zg9ojd", "zcash:sh:7d46a730d31f97b1930d3368a967c309bd4d136a b553650670ba37ca"},
		{"tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "tron:a614f803b6fd780986a42c78ec9c7f77e6ded13c e00d2e579278bdc2"},
		{"solana", "833XorXTTx5iya5B3Tr6iqEs9GbRuvVfwyLCP2vpdzhq", "solana:6887d504d51eac66f7504b8fea32f0e4d8112b1666c795adead833c762183a34 70e7f5cfaee11b05"},
		{"xrp", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", "xrp:5e7b112523f68d2f5e879db4eac51c6698a69304 83a1c3195976074e"},
		{"stellar", "GA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJVSGZ", "stellar:3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a 8dbeb13d64bd3263"},
		{"stellar", "CA3D5KRYM6CB7OWQ6TWYRR3Z4T7GNZLKERYNZGGA5SOAOPIFY6YQGAXE", "stellar:contract:363eaa3867841fbad0f4ed88c779e4fe66e56a2470dc98c0ec9c073d05c7b103 1a33bd36fb04ce1e"},
		{"stellar", "LA7QYNF7SOWQ3GLR2BGMZEHXAVIRZA4KVWLTJJFC7MGXUA74P7UJUPJN", "stellar:pool:3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a de7f9d3297008894"},
		{"stellar", "BAAD6DBUX6J22DMZOHIEZTEQ64CVCHEDRKWZONFEUL5Q26QD7R76RGR4TU", "stellar:balance:3f0c34bf93ad0d9971d04ccc90f705511c838aad9734a4a2fb0d7a03fc7fe89a dfe78bb899d2e038"},
		{"monero", "47zQ5LAivg6hNCgijXSEFVLX7mke1bgM6YGLFaANDoJbgXDymcAAZvvMNt2PmMpqEe5qRy2zyfMYXdwpmdyitiFh84xnPG2", "monero:0cc1d7c67b15b5a4ff58ab2f9c84431a54b6933eaf0d1753bb3668bd343a22b3 9de97a6f818c7961"},
		{"monero", "88WB4JKdQVhWfkc8cBT9EEJ6vejSAqKJHbV1dXBAXdpgQovtNDNRxfKCS7wB8rHQ5D5zH2Pd1YkyMNNQDie6ZfeZ311fPgn", "monero:sub:8378186c1e6a5286ebf126b1b2ff90ce3ad823a4d23d0bea494d49272815e6b1 eea59f409863eaee"},
		{"litecoin", "ltcmweb1qq20e2arnhvxw97katjkmsd35agw3capxjkrkh7dk8d30rczm8ypxuq329nwh2twmchhqn3jqh7ua4ps539f6aazh79jy76urqht4qa59ts3at6gf", "litecoin:mweb:b70bfbe6b64d48892dd13a9aae06fe1228e9562e0644cc7805454ad74ca4671d 8edfaa7841a14e89"},
		{"zcash", "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya", "zcash:sapling:f2e86b35262fc149016a104cb9c4260fca086398ff617a8a1acb352b48d8ef01 80c7328369977e76"},
		{"zcash", "zcU1Cd6zYyZCd2VJF8yKgmzjxdiiU1rgTTjEwoN1CGUWCziPkUTXUjXmX7TMqdMNsTfuiGN1jQoVN4kGxUR4sAPN4XZ7pxb", "zcash:sprout:5a6e655fbeef0fa217d0fc76479070400b8627308fe9942af1f7d851e6ff49c1 3f577d65df214238"},
		{"zcash", "zu1jn75qa00cea69xtz3ncl6d4lvxqzzyxq500km3jd4g3gupc5s5hf00gxf9truqgf7n32vhwy0qg3qevvcdgk2e0my9fn269hcjvzsf2umpwq8ew2d2", "zcash:orchard:e357be1ca4513b4a6db888fb26ad2cacc87f423854769d753030aa12f8075e87 077d6313d566dde7"},
		{"verge", "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", "verge:pkh:6edde865328cfeabee82f2b86d9f1742453c7378 b9d423aa52aef0b7"},
		{"cardano", "addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3n0d3vllmyqwsx5wktcd8cc3sq835lu7drv2xwl2wywfgse35a3x", "cardano:pkh:9493315cd92eb5d8c4304e67b7e16ae36d61d34502694657811a2c8e 1180dfec940a427d"},
		{"cardano", "addr1w8phkx6acpnf78fuvxn0mkew3l0fd058hzquvz7w36x4gtcyjy7wx", "cardano:sh:c37b1b5dc0669f1d3c61a6fddb2e8fde96be87b881c60bce8e8d542f 4a3b133ac3c9fbbf"},
		{"cardano", "stake1uyehkck0lajq8gr28t9uxnuvgcqrc6070x3k9r8048z8y5gh6ffgw", "cardano:pkh:337b62cfff6403a06a3acbc34f8c46003c69fe79a3628cefa9c47251 da484331570184d4"},
		{"cardano", "Ae2tdPwUPEYzs5BRbGcoS3DXvK8mwgggmESz4HqUwMyaS9eNksZGz1LMS9v", "cardano:28a8f8a0cb8167185c395b9ad63a7d50b3d14fbb91db3fc215f32879 a1448c066a48fe39"},
		{"polkadot", "15oF4uVJwmo4TdGW7VfQxNLavjCXviqxT9S1MgbjMNHr6Sp5", "polkadot:d43593c715fdd31c61141abd04a99fd6822c8558854ccde39a5684e7a56da27d ca5a5cc8e44c0d46"},
		{"ton", "EQAs9VlT6S776tq3unJcP5Ogsj-ELLunLXuOb1EKcOQi4wJB", "ton:2cf55953e92efbeadab7ba725c3f93a0b23f842cbba72d7b8e6f510a70e422e3 613e0ba729700b21"},
		{"ton", "-1:5555555555555555555555555555555555555555555555555555555555555555", "ton:master:5555555555555555555555555555555555555555555555555555555555555555 b66354b0dee01948"},
		{"cosmos", "cosmos1jv65s3grqf6v6jl3dp4t6c9t9rk99cd88lyufl", "cosmos:93354845030274cd4bf1686abd60ab28ec52e1a7 132bb4a77a6073cf"},
		{"algorand", "GONISIUAYDOMHM7VURRAAAP5H6OAWRRBCPXEIOZO3QI7TZKR5GTAQ7WK7Y", "algorand:339a892280c0dcc3b3f5a4620001fd3f9c0b462113ee443b2edc11f9e551e9a6 68db4894fd331152"},
		{"near", "98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de", "near:98793cd91a3f870fb126f66285808c7e094afcfc4eda8a970f6648cdf0dbd6de fa8bbb1c7b760cb7"},
		{"near", "alice.near", "near:named:616c6963652e6e656172 c02fc0abbf226d6d"},
		{"near", "0123456789-0123456789-0123456789-0123456789.near", "near:named:7d865682c8a7a2bde7a70f94118abb198c357233a180894b01df4769ed890dd0 91fbd5d2c70f745f"},
		{"near", "0s85f17cf997934a597031b2e18a9ab6ebd4b9f6a4", "near:contract:85f17cf997934a597031b2e18a9ab6ebd4b9f6a4 b775cb65133b5085"},
		{"aptos", "0xaabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133", "aptos:aabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133 4346c410469bea6e"},
		{"sui", "0xaabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133", "sui:aabf25b0c115130a4ad88bfa08627c5a103b7851e90869c23fadaf0512dd5133 927c5ea7dcf3e13f"},
		{"hedera", "0.0.12345", "hedera:000000000000000000000000000000000000000000003039 c23ed9c0313235ab"},
	} {
		k := mustParse(t, c.network, c.text).Key
		met[k.Family] = true
		if got := fmt.Sprintf("%s %016x", k, k.Fingerprint()); got != c.want {
			t.Errorf("%s %s: %s, was %s", c.network, c.text, got, c.want)
		}
	}
	for _, f := range network.Families() {
		if !met[f] {
			t.Errorf("no address of family %s", f)
		}
	}
}
