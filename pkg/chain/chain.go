// Package chain turns what nodes and exporters give, blocks and tables, into transfers of the contract, as if one
// customer had received or sent each of them. It is how real data gets into Sluice without an exchange.
//
// It promises that nothing comes from a damaged block, that amounts are exact, that every transfer it gives is one that
// the strict parser accepts, and that a sender who exists and cannot be told is named as unknown instead of left out.
// What each format gives is in docs/convert.md. It reads streams with bounded memory and does no I/O of its own.
package chain

import (
	"fmt"
	"io"
	"strings"

	"sluice/pkg/chain/bitcoin"
	"sluice/pkg/chain/ethereum"
	"sluice/pkg/chain/etl"
	"sluice/pkg/chain/internal/build"
	"sluice/pkg/internal/inflate"
	"sluice/pkg/network"
	"sluice/pkg/transfer"
)

// Stats counts what a conversion read and gave.
type Stats = build.Stats

// Options are how a conversion sees the chain. The zero value is a deposit on the format's own network.
type Options struct {
	// Direction is Deposit or Withdrawal: whether the recipients or the senders are the customers. "" is Deposit.
	Direction transfer.Direction
	// Network is the alias or CAIP-2 id of the network that the input is of. "" is bitcoin or ethereum, by the format;
	// for bitcoin-etl the network is then told by the export's addresses.
	Network string
	// Report takes the error of a line of an export, which names its number; the conversion goes on when it returns
	// nil. Without Report the first such line ends the conversion. Blocks have no such lines: a bad one ends it.
	Report func(error) error
}

// reader is what each format implements.
type reader interface {
	Add(io.Reader) error // one input, to its end
	Close() error        // what waited for more input
}

// format is one input format.
type format struct {
	name    string
	network string         // by default
	family  network.Family // of the networks that have the format; Unknown: all that bitcoin-etl exports
	open    func(*build.Builder, Options) reader
}

var formats = []format{
	{"bitcoin-block", "bitcoin", network.Bitcoin, func(b *build.Builder, _ Options) reader {
		return bitcoin.NewReader(b)
	}},
	{"ethereum-block", "ethereum", network.EVM, func(b *build.Builder, _ Options) reader {
		return ethereum.NewReader(b)
	}},
	{"bitcoin-etl", "bitcoin", network.Unknown, func(b *build.Builder, o Options) reader {
		return etl.NewBitcoin(b, o.Report, o.Network == "")
	}},
	{"ethereum-etl", "ethereum", network.EVM, func(b *build.Builder, o Options) reader {
		return etl.NewEthereum(b, o.Report)
	}},
}

// Formats are the names that New takes.
func Formats() []string {
	names := make([]string, len(formats))
	for i := range formats {
		names[i] = formats[i].name
	}
	return names
}

// Converter converts inputs of one format, one after the other: tables of one export, or blocks and their receipts.
type Converter struct {
	build  *build.Builder
	reader reader
}

// New makes a converter that gives its transfers to emit, in the order of the input. A transfer is emit's to keep; an
// error of emit ends the conversion and is returned.
func New(name string, opts Options, emit func(*transfer.Transfer) error) (*Converter, error) {
	f, ok := find(name)
	if !ok {
		return nil, fmt.Errorf("format %q: the formats are %s", name, strings.Join(Formats(), ", "))
	}
	b := &build.Builder{Direction: opts.Direction, Emit: emit}
	switch b.Direction {
	case "":
		b.Direction = transfer.Deposit
	case transfer.Deposit, transfer.Withdrawal:
	case transfer.Internal:
		fallthrough
	default:
		return nil, fmt.Errorf("direction %q: a chain shows a deposit or a withdrawal", opts.Direction)
	}
	alias := opts.Network
	if alias == "" {
		alias = f.network
	}
	if b.Network, ok = network.Lookup(alias); !ok {
		return nil, fmt.Errorf("network %q is not known", alias)
	}
	if !f.covers(b.Network) {
		return nil, fmt.Errorf("format %s does not exist on %s", f.name, b.Network.Canonical())
	}
	if opts.Report == nil {
		opts.Report = func(err error) error { return err }
	}
	return &Converter{build: b, reader: f.open(b, opts)}, nil
}

func find(name string) (format, bool) {
	for _, f := range formats {
		if f.name == name {
			return f, true
		}
	}
	return format{}, false
}

// covers keeps a format from being read with another network's rules. A bitcoin block is one of bitcoin itself: its
// siblings have transactions that it has not.
func (f format) covers(n network.Network) bool {
	switch {
	case n.Testnet:
		return false // transfers on test networks are no money
	case f.family == network.Unknown:
		switch n.Family {
		case network.Bitcoin, network.Litecoin, network.Dogecoin, network.Dash, network.Zcash:
			return true
		default:
			return false
		}
	case f.family == network.Bitcoin:
		return n.Alias == "bitcoin"
	}
	return n.Family == f.family
}

// MaxExpanded is the largest size of one input after decompression, in bytes; all of Bitcoin's blocks in one file are
// under it.
const MaxExpanded = 1 << 40

// Add reads one input to its end: as it is, or compressed by gzip or bzip2. No format begins as these do.
func (c *Converter) Add(in io.Reader) error {
	plain, err := inflate.Open(in, MaxExpanded)
	if err != nil {
		return err
	}
	return c.reader.Add(plain)
}

// Close gives what waited for more input. Without it transfers are missing.
func (c *Converter) Close() error { return c.reader.Close() }

// Stats counts what was read and given so far.
func (c *Converter) Stats() Stats { return c.build.Stats }

// Convert converts one input.
func Convert(name string, opts Options, in io.Reader, emit func(*transfer.Transfer) error) (Stats, error) {
	c, err := New(name, opts, emit)
	if err != nil {
		return Stats{}, err
	}
	if err = c.Add(in); err == nil {
		err = c.Close()
	}
	return c.Stats(), err
}
