package intake

import (
	"errors"
	"fmt"
	"strings"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/watchlist"
)

// resolved is a publisher's address as an entry has it.
type resolved struct {
	network string
	text    string
	tag     string
	key     address.Key
}

// foreign names the networks of tickers whose addresses this release cannot read. An entry there is kept by its text.
var foreign = map[string]string{
	"ADA": "cardano", "ALGO": "algorand", "ATOM": "cosmos", "BEP2": "bnb-beacon", "DOT": "polkadot", "EOS": "eos",
	"FIL": "filecoin", "XVG": "verge", "NEAR": "near", "TON": "ton", "XTZ": "tezos", "KSM": "kusama", "HBAR": "hedera",
	"APT": "aptos", "SUI": "sui", "ICP": "internet-computer", "NEO": "neo", "ICX": "icon", "XEM": "nem", "DCR": "decred",
}

// tokens names the networks of tickers that publishers write and that are no network's own asset.
var tokens = map[string][]string{
	"BEP20": {"bsc"}, "ERC20": {"ethereum"}, "TRC20": {"tron"}, "KCS": {"ethereum"}, "HECO": {"heco"}, "OKT": {"okt"},
}

func unknownNetwork(name string) error {
	if near := network.Nearest(name); len(near) > 0 {
		return fmt.Errorf("network %q is unknown; the nearest names are %s", name, strings.Join(near, ", "))
	}
	return fmt.Errorf("network %q is unknown; it must be an alias such as \"bitcoin\" or a CAIP-2 id such as \"eip155:1\"", name)
}

// resolve turns a publisher's address into entries' addresses: one, or several where its form fits several families and
// nobody says which. note is something to tell a person; why says why the row cannot be entered.
func (c *Collector) resolve(row Row) (found []resolved, note, why string) {
	text := strings.TrimSpace(row.Text)
	if text == "" {
		return nil, "", "the address is empty"
	}
	named, outside, why := c.named(row)
	if why != "" {
		return nil, "", why
	}
	if outside != "" {
		return keepText(outside, text, unreadable(row.Ticker))
	}
	var first error
	for _, n := range named {
		a, err := address.Parse(n, row.Text)
		if err == nil {
			return enter([]network.Network{n}, []address.Address{a})
		}
		if invalid := (*address.Invalid)(nil); errors.As(err, &invalid) && invalid.Code == address.NoRules {
			return keepText(n.Canonical(), text, unreadable(n.Canonical()))
		}
		if first == nil {
			first = err
		}
	}
	// The publisher's word does not fit the address, or there is none: its form decides.
	var nets []network.Network
	var addrs []address.Address
	for _, g := range address.Guess(row.Text) {
		nets, addrs = append(nets, g.Network), append(addrs, g.Address)
	}
	switch {
	case len(addrs) == 0 && first != nil && row.Keep:
		return keepText(named[0].Canonical(), text, reason(first)+": kept by its exact text")
	case len(addrs) == 0 && first != nil:
		return nil, "", reason(first)
	case len(addrs) == 0 && row.Ticker != "" && !strings.HasPrefix(text, "0x"): // that is an EVM address, and a broken one
		return keepText(strings.ToLower(row.Ticker), text, unreadable(row.Ticker))
	case len(addrs) == 0:
		return nil, "", "no family of networks accepts it as an address: " + guessReason(row.Text)
	}
	found, note, why = enter(nets, addrs)
	if why == "" && (len(named) > 0 || row.Ticker != "") {
		note = join(fmt.Sprintf("filed under %s, and by its form an address of %s: entered as such", claim(row, named), names(nets)), note)
	}
	return found, note, why
}

// named returns the networks that the row or the options name; outside is the name of one that Sluice cannot read.
func (c *Collector) named(row Row) (nets []network.Network, outside, why string) {
	claims := row.Networks
	if len(claims) == 0 && row.Ticker != "" {
		if nets := network.ByTicker(row.Ticker); len(nets) > 0 {
			return nets, "", ""
		}
		upper := strings.ToUpper(row.Ticker)
		if name, ok := foreign[upper]; ok {
			return nil, name, ""
		}
		claims = tokens[upper]
		if len(claims) == 0 {
			return nil, "", ""
		}
	}
	if len(claims) == 0 && c.opts.Network != "" {
		claims = []string{c.opts.Network}
	}
	for _, name := range claims {
		n, ok := network.Lookup(name)
		if !ok {
			return nil, "", unknownNetwork(name).Error()
		}
		nets = append(nets, n)
	}
	return nets, "", ""
}

// enter makes the entries' addresses of parsed ones, unless they are nobody's.
func enter(nets []network.Network, addrs []address.Address) (found []resolved, note, why string) {
	for i, a := range addrs {
		if why, no := a.Key.Unlistable(); no {
			return nil, "", why
		}
		found = append(found, resolved{network: nets[i].Canonical(), text: a.Text, tag: a.Tag, key: a.Key})
		if a.Trimmed {
			note = "spaces around the address were removed"
		}
	}
	if len(found) > 1 {
		note = join(note, "the form fits "+names(nets)+": entered for each")
	}
	return found, note, ""
}

func unreadable(name string) string {
	return "addresses of " + name + " cannot be checked by this release: kept by its exact text"
}

// keepText keeps an address that no family of this release reads: it answers for the same text only.
func keepText(networkName, text, because string) (found []resolved, note, why string) {
	if len(text) > watchlist.MaxAddress {
		return nil, "", fmt.Sprintf("%d bytes are too long for an address", len(text))
	}
	for _, r := range text {
		if r <= ' ' || r > '~' {
			return nil, "", fmt.Sprintf("%q is no character of an address", r)
		}
	}
	return []resolved{{network: networkName, text: text, key: watchlist.TextKey(text)}}, because, ""
}

// reason is why an address was refused, without the repetition of network and text.
func reason(err error) string {
	var invalid *address.Invalid
	if errors.As(err, &invalid) {
		return "not an address of " + invalid.Network + ": " + invalid.Reason
	}
	return err.Error()
}

// guessReason explains, for a text that no family accepts, what is wrong with it as an address of the network whose
// form it has.
func guessReason(text string) string {
	name := "bitcoin"
	if strings.HasPrefix(strings.TrimSpace(text), "0x") {
		name = "ethereum"
	}
	n, _ := network.Lookup(name)
	if _, err := address.Parse(n, text); err != nil {
		return reason(err)
	}
	return "unknown form"
}

func claim(row Row, named []network.Network) string {
	if row.Ticker != "" {
		return row.Ticker
	}
	return names(named)
}

func names(nets []network.Network) string {
	out := make([]string, len(nets))
	for i, n := range nets {
		out[i] = n.Canonical()
	}
	return strings.Join(out, ", ")
}

func join(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "; " + b
}
