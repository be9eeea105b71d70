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
	"EOS": "eos", "FIL": "filecoin", "XTZ": "tezos", "ICP": "internet-computer", "NEO": "neo", "ICX": "icon",
	"XEM": "nem", "DCR": "decred",
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

// refusal is why a row cannot be entered.
type refusal struct {
	code Code
	text string
}

func (r refusal) Error() string { return r.text }

func refuse(code Code, text string) error { return refusal{code, text} }

// codeOf is the code of a refusal.
func codeOf(err error) Code {
	if r := (refusal{}); errors.As(err, &r) {
		return r.code
	}
	return CodeMalformed
}

// note is something to tell a person about a row that is entered.
type note struct {
	code Code
	text string
}

// resolve turns a publisher's address into entries' addresses: one, or several where its form fits several families and
// nobody says which. The notes are what to tell a person; the error says why the row cannot be entered.
func (c *Collector) resolve(row Row) ([]resolved, []note, error) {
	text := strings.TrimSpace(row.Text)
	if text == "" {
		return nil, nil, refuse(CodeEmpty, "the address is empty")
	}
	named, outside, err := c.named(row)
	if err != nil {
		return nil, nil, err
	}
	if outside != "" {
		return keepText(outside, text, unreadable(outside))
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
		return nil, nil, refuse(CodeAddress, reason(first))
	case len(addrs) == 0 && row.Ticker != "" && !strings.HasPrefix(text, "0x"): // that is an EVM address, and a broken one
		return keepText(strings.ToLower(row.Ticker), text, unreadable(row.Ticker))
	case len(addrs) == 0:
		return nil, nil, refuse(CodeAddress, "no family of networks accepts it as an address: "+WhyNone(row.Text))
	}
	found, notes, err := enter(nets, addrs)
	if err == nil && (len(named) > 0 || row.Ticker != "") {
		filed := fmt.Sprintf("filed under %s, and by its form an address of %s: entered as such", claim(row, named), names(nets))
		notes = append([]note{{CodeRefiled, filed}}, notes...)
	}
	return found, notes, err
}

// named returns the networks that the row or the options name; outside is the name of one that Sluice cannot read.
func (c *Collector) named(row Row) (nets []network.Network, outside string, err error) {
	claims := row.Networks
	if len(claims) == 0 && row.Ticker != "" {
		if nets := network.ByTicker(row.Ticker); len(nets) > 0 {
			return nets, "", nil
		}
		upper := strings.ToUpper(row.Ticker)
		if name, ok := foreign[upper]; ok {
			return nil, name, nil
		}
		claims = tokens[upper]
		if len(claims) == 0 {
			return nil, "", nil
		}
	}
	if len(claims) == 0 && c.opts.Network != "" {
		claims = []string{c.opts.Network}
	}
	for _, name := range claims {
		n, ok := network.Lookup(name)
		switch {
		case ok:
			nets = append(nets, n)
		case row.Keep && network.Nearest(name) == nil && networkName(name):
			return nil, name, nil
		default:
			return nil, "", refuse(CodeNetwork, unknownNetwork(name).Error())
		}
	}
	return nets, "", nil
}

// networkName says whether a name can be one of a network.
func networkName(name string) bool {
	for _, r := range name {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune("-.:_", r) {
			return false
		}
	}
	return name != "" && len(name) <= watchlist.MaxListName
}

// enter makes the entries' addresses of parsed ones, unless they are nobody's.
func enter(nets []network.Network, addrs []address.Address) (found []resolved, notes []note, err error) {
	trimmed := false
	for i, a := range addrs {
		if why, no := a.Key.Unlistable(); no {
			return nil, nil, refuse(CodeNobody, why)
		}
		found = append(found, resolved{network: nets[i].Canonical(), text: a.Text, tag: a.Tag, key: a.Key})
		trimmed = trimmed || a.Trimmed
	}
	if trimmed {
		notes = append(notes, note{CodeTrimmed, "spaces around the address were removed"})
	}
	if len(found) > 1 {
		notes = append(notes, note{CodeAmbiguous, "the form fits " + names(nets) + ": entered for each"})
	}
	return found, notes, nil
}

func unreadable(name string) string {
	return "addresses of " + name + " cannot be checked by this release: kept by its exact text"
}

// keepText keeps an address that no family of this release reads: it answers for the same text only.
func keepText(networkName, text, because string) ([]resolved, []note, error) {
	if len(text) > watchlist.MaxAddress {
		return nil, nil, refuse(CodeAddress, fmt.Sprintf("%d bytes are too long for an address", len(text)))
	}
	for _, r := range text {
		if r <= ' ' || r > '~' {
			return nil, nil, refuse(CodeAddress, fmt.Sprintf("%q is no character of an address", r))
		}
	}
	return []resolved{{network: networkName, text: text, key: watchlist.TextKey(text)}}, []note{{CodeText, because}}, nil
}

// reason is why an address was refused, without the repetition of network and text.
func reason(err error) string {
	var invalid *address.Invalid
	if errors.As(err, &invalid) {
		return "not an address of " + invalid.Network + ": " + invalid.Reason
	}
	return err.Error()
}

// WhyNone explains, for a text that no family accepts, what is wrong with it. It is explained as an address of a network
// only where its form is that network's alone: nobody has named one.
func WhyNone(text string) string {
	var may []network.Network // not guessed, for hashes have their form: 32 bytes in hex
	for _, g := range address.Readings(text) {
		if g.Address.Key.Kind == address.Account {
			may = append(may, g.Network)
		}
	}
	if len(may) > 0 {
		return "it may be one of " + names(may) + ", and much else has this form: name the network"
	}
	bare := strings.TrimSpace(text)
	if strings.HasPrefix(bare, "0x") {
		ethereum, _ := network.Lookup("ethereum")
		_, err := address.Parse(ethereum, text)
		return reason(err)
	}
	if strings.Trim(bare, "0123456789abcdefABCDEF") == "" {
		return fmt.Sprintf("%d hexadecimal digits: an address of ethereum and its like is 0x and 40 of them", len(bare))
	}
	if account, _, tagged := strings.Cut(strings.Replace(bare, "?dt=", ":", 1), ":"); tagged && len(address.Guess(account)) > 0 {
		return "an address with a tag behind it: the tag stands by itself (in the field tag), and so does the address"
	}
	damaged := false
	for _, n := range network.All() {
		invalid := (*address.Invalid)(nil)
		if _, err := address.Parse(n, text); n.Testnet || !errors.As(err, &invalid) {
			continue
		}
		switch invalid.Code {
		case address.Secret, address.Lookalike, address.TooLong:
			return invalid.Reason
		case address.Checksum:
			damaged = true
		default: // it has not the form of this network's
		}
	}
	if damaged { // of no certain network: many share a form
		return "it has the form of an address, and its checksum is wrong: a character is mistyped, missing or too many"
	}
	return "it has the form of no network's addresses"
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
