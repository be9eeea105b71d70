// Package transfer is the unit that Sluice screens: one payment to one address for one customer. It turns the JSON that
// an exchange sends into a canonical Transfer, or into a Rejection that names every problem at once; it writes the
// canonical JSON that travels on the topics; and it gives each fact its identity.
//
// Parsing is strict, and it is done by two implementations: a fast scanner for the usual input and a reference decoder
// for everything else. The scanner either gives the value that the reference gives, or declines; it never accepts what
// the reference refuses. The package is pure: the time is a parameter, and nothing here does I/O.
package transfer

import (
	"time"

	"sluice/pkg/amount"
)

// Direction says which end of a transfer is the exchange's customer.
type Direction string

// The directions.
const (
	Deposit    Direction = "deposit"    // from the counterparty to the exchange
	Withdrawal Direction = "withdrawal" // from the exchange to the counterparty
	Internal   Direction = "internal"   // between two customers: both ends are the exchange's own
)

// Stage says whether the money has moved. "" is the default, Confirmed.
type Stage string

// The stages.
const (
	Attempt   Stage = "attempt"   // asked for, not yet on its way
	Confirmed Stage = "confirmed" // has moved
)

// Evidence says where the transfer was read from. "" is the default, Declared.
type Evidence string

// The kinds of evidence.
const (
	Declared Evidence = "declared" // the exchange says so
	Log      Evidence = "log"      // an event log of the transaction's receipt
	Trace    Evidence = "trace"    // an execution trace
	Calldata Evidence = "calldata" // the call's input, without proof that it succeeded
)

// Coinbase is the word that stands for the sender of newly minted coins: a transfer of a coinbase transaction on a
// network of transaction outputs (bitcoin, litecoin, dogecoin, dash, zcash, monero) has From = ["coinbase"]. It is no
// address, it has no key, and it counts as a known counterparty, because there is no sender to know. Minted tokens of
// EVM networks need no word: their logs name the zero address as the sender.
const Coinbase = "coinbase"

// Transfer is one payment to one address for one customer. Parse gives it in canonical form: addresses, amounts, the
// network's name and the time are spelled in the one way that Sluice spells them. The order of the fields is the order
// of the canonical JSON.
type Transfer struct {
	ID                     string // the exchange's own
	Direction              Direction
	Stage                  Stage  // "" is Confirmed
	CustomerID             string // a pseudonym
	CounterpartyCustomerID string // of an internal transfer, otherwise ""
	Network                string // alias, or CAIP-2 where there is none; as given when it is unknown
	Asset                  string // symbol, for display
	AssetID                string // CAIP-19, "" unknown
	Contract               string // token contract, "" for a native asset
	Amount                 amount.Amount
	Fiat                   *Fiat // nil when not given
	TxHash                 string
	OutputIndex            *uint32 // at most one of OutputIndex and LogIndex
	LogIndex               *uint32
	From                   []string        // sending addresses, or Coinbase
	FromAmounts            []amount.Amount // empty, or one for each of From
	To                     []string        // receiving addresses; change and co-paid outputs are not among them
	Memo                   string          // memo, or destination tag
	Initiator              string          // who paid the fee, when neither end did
	Evidence               Evidence        // "" is Declared
	OccurredAt             time.Time       // UTC
}

// Fiat is what a transfer was worth when it occurred.
type Fiat struct {
	Amount   amount.Amount
	Currency string // three upper-case letters, as ISO 4217 writes them
}

// EffectiveStage is the stage with the default in place: Attempt or Confirmed.
func (t *Transfer) EffectiveStage() Stage {
	if t.Stage == "" {
		return Confirmed
	}
	return t.Stage
}

// EffectiveEvidence is the evidence with the default in place.
func (t *Transfer) EffectiveEvidence() Evidence {
	if t.Evidence == "" {
		return Declared
	}
	return t.Evidence
}
