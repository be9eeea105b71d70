package etl

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"sluice/pkg/address"
	"sluice/pkg/amount"
	"sluice/pkg/chain/bitcoin"
	"sluice/pkg/chain/internal/build"
	"sluice/pkg/network"
	"sluice/pkg/transfer"
)

type (
	btcTransaction struct {
		Type      string      `json:"type"`
		Hash      string      `json:"hash"`
		Timestamp digits      `json:"block_timestamp"`
		Coinbase  bool        `json:"is_coinbase"`
		Inputs    []btcInput  `json:"inputs"`
		Outputs   []btcOutput `json:"outputs"`
	}
	btcInput struct {
		Script    string   `json:"script_hex"`
		Addresses []string `json:"addresses"`
		Value     digits   `json:"value"`
	}
	btcOutput struct {
		Index     digits   `json:"index"`
		Type      string   `json:"type"`
		Addresses []string `json:"addresses"`
		Value     digits   `json:"value"`
	}
)

// Bitcoin converts bitcoin-etl's transactions, JSON lines, of any of the networks that it exports.
type Bitcoin struct {
	build  *build.Builder
	report Report
	detect bool // the network is the one that the first addresses belong to
}

// NewBitcoin gives its transfers to b. With detect, each input's network is the first of bitcoin-etl's on which all
// addresses of its beginning are valid, and b.Network when there are none.
func NewBitcoin(b *build.Builder, report Report, detect bool) *Bitcoin {
	return &Bitcoin{build: b, report: report, detect: detect}
}

// Add reads one export to its end.
func (c *Bitcoin) Add(in io.Reader) error {
	br := bufio.NewReaderSize(in, sample)
	if c.detect {
		head, err := br.Peek(sample)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		c.build.Network = detectNetwork(c.build.Network, head)
	}
	return eachLine(br, c.build, c.report, c.line)
}

// Close has nothing left to give.
func (c *Bitcoin) Close() error { return nil }

func (c *Bitcoin) line(line []byte) error {
	var t btcTransaction
	if err := json.Unmarshal(line, &t); err != nil {
		return err
	}
	switch {
	case t.Type == "block":
		c.build.Stats.Blocks++
		return nil
	case t.Type != "" && t.Type != "transaction":
		return fmt.Errorf("type %q: bitcoin-etl exports blocks and transactions", clip(t.Type))
	case t.Outputs == nil:
		return errors.New("no member outputs: this is no transaction of bitcoin-etl")
	}
	transfers, err := c.transfers(&t)
	if err != nil {
		return err
	}
	c.build.Stats.Transactions++
	for _, made := range transfers {
		if err := give(func() error { return c.build.Give(made) }); err != nil {
			return err
		}
	}
	return nil
}

// transfers reads the whole transaction before the first transfer is given.
func (c *Bitcoin) transfers(t *btcTransaction) ([]*transfer.Transfer, error) {
	if raw, err := hex.DecodeString(t.Hash); err != nil || len(raw) != 32 {
		return nil, fmt.Errorf("hash %q is not 64 hexadecimal digits", clip(t.Hash))
	}
	at, err := parseTime(string(t.Timestamp))
	if err != nil {
		return nil, fmt.Errorf("block_timestamp: %w", err)
	}
	from, amounts, err := c.senders(t)
	if err != nil {
		return nil, err
	}
	made := make([]*transfer.Transfer, len(t.Outputs))
	for i := range t.Outputs {
		if made[i], err = c.output(t, i, at); err != nil {
			return nil, fmt.Errorf("outputs[%d]: %w", i, err)
		}
		made[i].From, made[i].FromAmounts = from, amounts
	}
	return made, nil
}

func (c *Bitcoin) output(t *btcTransaction, i int, at time.Time) (*transfer.Transfer, error) {
	out := &t.Outputs[i]
	index, err := strconv.ParseUint(string(out.Index), 10, 32)
	if err != nil {
		return nil, fmt.Errorf("index %q is not a number of at most 32 bits", clip(string(out.Index)))
	}
	value, err := c.value(out.Value)
	if err != nil {
		return nil, err
	}
	place := uint32(index)
	made := &transfer.Transfer{
		ID:          t.Hash + ":" + strconv.Itoa(int(place)),
		Asset:       c.build.Network.Asset,
		Amount:      value,
		TxHash:      t.Hash,
		OutputIndex: &place,
		OccurredAt:  at,
	}
	for _, text := range out.Addresses {
		canonical, err := c.address(text)
		if err != nil {
			return nil, err
		}
		if canonical != "" {
			made.To = append(made.To, canonical)
		}
	}
	return made, nil
}

// senders gives the distinct senders, and what each put in when every input says so.
func (c *Bitcoin) senders(t *btcTransaction) ([]string, []amount.Amount, error) {
	if t.Coinbase {
		return []string{transfer.Coinbase}, nil, nil
	}
	from, complete := build.NewSenders(), true
	from.Known = len(t.Inputs) > 0 // nothing but newly minted coins comes from nobody
	sums := map[string]amount.Amount{}
	for i := range t.Inputs {
		in := &t.Inputs[i]
		texts, err := c.inputAddresses(in)
		if err != nil {
			return nil, nil, fmt.Errorf("inputs[%d]: %w", i, err)
		}
		if len(texts) == 0 {
			from.Known = false
		}
		for _, text := range texts {
			from.Add(text)
		}
		if complete = complete && len(texts) == 1 && in.Value != ""; !complete {
			continue
		}
		value, err := c.value(in.Value)
		if err != nil {
			return nil, nil, fmt.Errorf("inputs[%d]: %w", i, err)
		}
		sums[texts[0]], _ = sums[texts[0]].Add(value) // of at most 2^64 units each: no sum of them overflows
	}
	list := from.List()
	if !complete || !from.Known {
		return list, nil, nil
	}
	amounts := make([]amount.Amount, len(list))
	for i, text := range list {
		amounts[i] = sums[text]
	}
	return list, amounts, nil
}

// inputAddresses takes the addresses that the export names, and without any what the input's script tells. An export
// that was not enriched has no addresses, and none has witnesses.
func (c *Bitcoin) inputAddresses(in *btcInput) ([]string, error) {
	var texts []string
	for _, text := range in.Addresses {
		canonical, err := c.address(text)
		if err != nil {
			return nil, err
		}
		if canonical != "" {
			texts = append(texts, canonical)
		}
	}
	if len(texts) > 0 || in.Script == "" {
		return texts, nil
	}
	script, err := hex.DecodeString(in.Script)
	if err != nil {
		return nil, errors.New("script_hex is not hexadecimal")
	}
	if payee, ok := bitcoin.Sender(&bitcoin.Input{Script: script}); ok {
		if text := payee.Address(c.build.Network); text != "" {
			texts = append(texts, text)
		}
	}
	return texts, nil
}

// nonstandard begins the names that bitcoin-etl invents for scripts without an address.
const nonstandard = "nonstandard"

// address gives the canonical text, "" for a name that is none.
func (c *Bitcoin) address(text string) (string, error) {
	if strings.HasPrefix(text, nonstandard) {
		return "", nil
	}
	a, err := address.Parse(c.build.Network, text)
	if err != nil {
		return "", err
	}
	return a.Text, nil
}

func (c *Bitcoin) value(text digits) (amount.Amount, error) {
	units, err := parseUint(string(text))
	if err != nil {
		return amount.Amount{}, fmt.Errorf("value %q is not a whole number of the smallest unit", clip(string(text)))
	}
	return amount.FromUint64(units, int(c.build.Network.Decimals))
}

func parseUint(text string) (uint64, error) { return strconv.ParseUint(text, 10, 64) }

// sample is how much of an export is looked at to tell its network.
const sample = 1 << 20

// exported are the networks that bitcoin-etl knows, the likelier before those that share an address form with them.
var exported = []string{"bitcoin", "bitcoin-cash", "litecoin", "dogecoin", "dash", "zcash"}

// detectNetwork finds the network of an export by the addresses at its beginning.
func detectNetwork(fallback network.Network, head []byte) network.Network {
	texts := sampleAddresses(head)
	if len(texts) == 0 {
		return fallback
	}
	for _, alias := range exported {
		n, ok := network.Lookup(alias)
		for i := 0; ok && i < len(texts); i++ {
			_, err := address.Parse(n, texts[i])
			ok = err == nil
		}
		if ok {
			return n
		}
	}
	return fallback // no network has them all: each bad line is reported under this one
}

// sampleAddresses collects the addresses of the whole lines in head.
func sampleAddresses(head []byte) []string {
	var texts []string
	for len(head) > 0 {
		line, rest, _ := bytes.Cut(head, []byte("\n"))
		head = rest
		var t btcTransaction
		if json.Unmarshal(line, &t) != nil {
			continue
		}
		for i := range t.Outputs {
			for _, text := range t.Outputs[i].Addresses {
				if !strings.HasPrefix(text, nonstandard) {
					texts = append(texts, text)
				}
			}
		}
	}
	return texts
}
