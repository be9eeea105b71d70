// Package build is what every chain format shares: the direction in which a movement is seen, the customer that stands
// for our side, and the count of what was given.
package build

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/transfer"
)

// Stats counts what a conversion read and gave.
type Stats struct {
	Blocks       int // blocks read
	Transactions int // transactions read
	Transfers    int // transfers given
	Failed       int // transactions dropped because they moved nothing: their receipt says that they failed
	Problems     int // lines that were reported as problems
}

// NoCustomer is the customer id of a transfer whose own side has no address.
const NoCustomer = "addr:none"

// Builder completes transfers and gives them to Emit.
type Builder struct {
	Direction transfer.Direction // Deposit or Withdrawal
	Network   network.Network
	Emit      func(*transfer.Transfer) error
	Stats     Stats
}

// Give fills in direction, network and customer and emits the transfer. An error of Emit is returned as it is.
func (b *Builder) Give(t *transfer.Transfer) error {
	t.Direction = b.Direction
	t.Network = b.Network.Canonical()
	t.CustomerID = b.customer(t)
	b.Stats.Transfers++
	return b.Emit(t)
}

// customer is `addr:` and the first 16 hex digits of the SHA-256 of the text of our side's key: of the recipient in a
// deposit, of the first sender in a withdrawal. The key and not the spelling is hashed, so that two spellings of one
// address are one customer.
func (b *Builder) customer(t *transfer.Transfer) string {
	own := t.To
	if b.Direction == transfer.Withdrawal {
		own = t.From
	}
	if len(own) == 0 {
		return NoCustomer
	}
	a, err := address.Parse(b.Network, own[0])
	if err != nil { // a word such as transfer.Coinbase
		return NoCustomer
	}
	sum := sha256.Sum256([]byte(a.Key.String()))
	return "addr:" + hex.EncodeToString(sum[:8])
}

// Senders collects distinct senders in the order of their first appearance, within the contract's bound.
type Senders struct {
	list  []string
	seen  map[string]struct{}
	Known bool // false: some sender could not be told
}

// MaxSenders leaves room for one recipient and the word for senders that are not named.
const MaxSenders = transfer.MaxAddresses - 2

// NewSenders has no sender yet.
func NewSenders() *Senders { return &Senders{seen: map[string]struct{}{}, Known: true} }

// Add adds a sender once. Those beyond MaxSenders count as not known.
func (s *Senders) Add(text string) {
	if _, again := s.seen[text]; again {
		return
	}
	if len(s.list) == MaxSenders {
		s.Known = false
		return
	}
	s.seen[text] = struct{}{}
	s.list = append(s.list, text)
}

// List is the senders, and the word for the unknown ones where there are any.
func (s *Senders) List() []string {
	if s.Known {
		return s.list
	}
	return append(s.list, transfer.UnknownSender)
}

// LineError says where in a text input something is wrong.
type LineError struct {
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }
