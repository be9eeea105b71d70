// Package shared knows addresses that innocent transfers of many people touch: contracts of common tokens, routers,
// bridges, hot wallets of exchanges. A list may name one with good reason; whoever imports it should know that a hit
// then says little about the customer. It is a data file and its look-up, and far from complete: an address that is not
// in it may be shared all the same.
package shared

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// Kind is what makes an address a shared one.
type Kind string

// The kinds.
const (
	Token    Kind = "token_contract"
	Router   Kind = "router"
	Bridge   Kind = "bridge"
	Exchange Kind = "exchange"
)

// meaning says for people what a hit on an address of the kind means.
var meaning = map[Kind]string{
	Token:    "a hit as the token's contract says that the transfer moves this token, and alerts only where the entry names the token or its issuer, or is sanctions",
	Router:   "a hit says that the transfer was made through this contract, whoever made it",
	Bridge:   "a hit says that the funds crossed this bridge, whoever sent them",
	Exchange: "a hit says that the funds came from or went to this exchange, any customer's",
}

// Address is a shared address.
type Address struct {
	Network, Text string // as the data file writes them
	Kind          Kind
	Name          string
	Source        string // where the name comes from
}

// Meaning says for people what a hit on the address means.
func (a Address) Meaning() string { return meaning[a.Kind] }

//go:embed shared.tsv
var data string

var table = sync.OnceValue(func() map[address.Key]Address {
	all, err := parse(data)
	if err != nil {
		panic("shared.tsv: " + err.Error()) // a broken build, found by any test
	}
	return all
})

// Lookup returns what is known of the address with the key.
func Lookup(key address.Key) (Address, bool) {
	a, ok := table()[key]
	return a, ok
}

// parse reads lines NETWORK<TAB>ADDRESS<TAB>KIND<TAB>NAME<TAB>SOURCE.
func parse(text string) (map[address.Key]Address, error) {
	all := map[address.Key]Address{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if line = strings.TrimRight(line, "\r\n"); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 5 || f[3] == "" || !strings.HasPrefix(f[4], "https://") {
			return nil, fmt.Errorf("line %d: want NETWORK, ADDRESS, KIND, NAME, SOURCE between tabs, the source a web address", n)
		}
		if meaning[Kind(f[2])] == "" {
			return nil, fmt.Errorf("line %d: kind %q is none of token_contract, router, bridge, exchange", n, f[2])
		}
		net, ok := network.Lookup(f[0])
		if !ok {
			return nil, fmt.Errorf("line %d: network %q is unknown", n, f[0])
		}
		a, err := address.Parse(net, f[1])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if _, twice := all[a.Key]; twice {
			return nil, fmt.Errorf("line %d: the address %q stands twice", n, f[1])
		}
		all[a.Key] = Address{Network: f[0], Text: f[1], Kind: Kind(f[2]), Name: f[3], Source: f[4]}
	}
	return all, nil
}
