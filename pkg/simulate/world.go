package simulate

import (
	"fmt"
	"math/rand/v2"
	"strconv"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
)

// asset is what moves on a network.
type asset struct {
	symbol   string
	contract string // token contract, "" for the network's own
	id       string // CAIP-19, "" for the network's own
	cents    uint64 // US cents of one unit
	digits   int    // fraction digits that amounts have, at most what the chain has
	weight   int    // how often it moves, against the other assets of all networks
}

// form is a spelling of addresses and how often a counterparty has it.
type form struct {
	form   address.Form
	size   int // bytes of payload
	weight int
}

// chainModel is a network as the simulation knows it.
type chainModel struct {
	alias      string
	hashPrefix string
	tags       bool // one deposit address for everybody, told apart by the memo
	inputs     bool // transactions have several senders
	forms      []form
	assets     []asset
}

var chains = []chainModel{
	{
		alias: "bitcoin", inputs: true,
		forms: []form{
			{address.P2WPKH, 20, 6}, {address.P2PKH, 20, 2}, {address.P2SH, 20, 2}, {address.P2TR, 32, 1}, {address.P2WSH, 32, 1},
		},
		assets: []asset{{symbol: "BTC", cents: 64_000_00, digits: 8, weight: 30}},
	},
	{
		alias: "ethereum", hashPrefix: "0x",
		forms: []form{{address.Plain, 20, 1}},
		assets: []asset{
			{symbol: "ETH", cents: 3_100_00, digits: 8, weight: 16},
			{symbol: "USDT", contract: "0xdac17f958d2ee523a2206206994597c13d831ec7",
				id: "eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7", cents: 1_00, digits: 6, weight: 12},
			{symbol: "USDC", contract: "0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48",
				id: "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48", cents: 1_00, digits: 6, weight: 8},
		},
	},
	{
		alias: "tron",
		forms: []form{{address.Plain, 20, 1}},
		assets: []asset{
			{symbol: "USDT", contract: "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", cents: 1_00, digits: 6, weight: 20},
			{symbol: "TRX", cents: 13, digits: 6, weight: 4},
		},
	},
	{
		alias: "litecoin", inputs: true,
		forms:  []form{{address.P2WPKH, 20, 2}, {address.P2PKH, 20, 1}},
		assets: []asset{{symbol: "LTC", cents: 84_00, digits: 8, weight: 4}},
	},
	{
		alias: "dogecoin", inputs: true,
		forms:  []form{{address.P2PKH, 20, 1}},
		assets: []asset{{symbol: "DOGE", cents: 15, digits: 8, weight: 3}},
	},
	{
		alias: "xrp", tags: true,
		forms:  []form{{address.Plain, 20, 1}},
		assets: []asset{{symbol: "XRP", cents: 52, digits: 6, weight: 3}},
	},
}

// wallets are the addresses of one network. They are made once: making a transfer takes slices of them.
type wallets struct {
	model     *chainModel
	network   network.Network
	customers []string // deposit addresses, by customer; one where customers have tags
	others    []string // ordinary counterparties
	broken    []string // with a wrong checksum
	listed    map[taxonomy.Category][]listing
}

// listing is a listed address and whose it is.
type listing struct {
	text  []string // of one element, so that a transfer need not make a slice of it
	key   address.Key
	party int // from 1
}

// Sizes of what every network has.
const (
	listedPerCategory = 12
	partiesPerList    = 4
	brokenAddresses   = 64
)

// makeWallets makes the addresses of one network out of random payloads.
func makeWallets(m *chainModel, random *rand.Rand, customers, others int) (*wallets, error) {
	n, ok := network.Lookup(m.alias)
	if !ok {
		return nil, fmt.Errorf("network %q is not known", m.alias)
	}
	w := &wallets{model: m, network: n, listed: map[taxonomy.Category][]listing{}}
	maker := addressMaker{network: n, random: random}
	own := customers
	if m.tags {
		own = 1
	}
	for range own {
		w.customers = append(w.customers, maker.next(m.forms[:1]).Text)
	}
	for range others {
		w.others = append(w.others, maker.next(m.forms).Text)
	}
	for _, c := range listedCategories {
		for i := range listedPerCategory {
			a := maker.next(m.forms)
			w.listed[c] = append(w.listed[c], listing{[]string{a.Text}, a.Key, i%partiesPerList + 1})
		}
	}
	for maker.err == nil && len(w.broken) < brokenAddresses && m.alias != "ethereum" {
		if text := breakChecksum(maker.next(m.forms[:1]).Text); !valid(n, text) {
			w.broken = append(w.broken, text)
		}
	}
	return w, maker.err
}

// addressMaker makes valid addresses; the first error ends its work.
type addressMaker struct {
	network network.Network
	random  *rand.Rand
	err     error
}

func (m *addressMaker) next(forms []form) address.Address {
	if m.err != nil {
		return address.Address{}
	}
	total := 0
	for _, f := range forms {
		total += f.weight
	}
	pick := m.random.IntN(total)
	for _, f := range forms {
		if pick -= f.weight; pick >= 0 {
			continue
		}
		var payload [32]byte
		fill(m.random, payload[:f.size])
		a, err := address.Encode(m.network, f.form, payload[:f.size])
		m.err = err
		return a
	}
	return address.Address{} // not reached: pick is below the sum of the weights
}

func fill(random *rand.Rand, dst []byte) {
	for i := 0; i < len(dst); i += 8 {
		v := random.Uint64()
		for j := i; j < min(i+8, len(dst)); j++ {
			dst[j] = byte(v)
			v >>= 8
		}
	}
}

// breakChecksum changes the last character as a slip of the pen does; both alphabets have the two.
func breakChecksum(text string) string {
	last := byte('q')
	if text[len(text)-1] == last {
		last = 'p'
	}
	return text[:len(text)-1] + string(last)
}

func valid(n network.Network, text string) bool {
	_, err := address.Parse(n, text)
	return err == nil
}

// customerIDs are the pseudonyms; a customer's destination tag is his number.
func customerIDs(n int) (ids, tags []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("customer-%06d", i))
		tags = append(tags, strconv.Itoa(100_000+i))
	}
	return ids, tags
}
