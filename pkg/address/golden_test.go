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
