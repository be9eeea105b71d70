// Package transfer is the unit that Sluice screens: one payment to one address for one customer. It turns the JSON that
// an exchange sends into a canonical Transfer, or into a Rejection that names every problem at once; it writes the
// canonical JSON that travels on the topics; and it gives each fact its identity.
//
// Parsing is strict, and it is done by two implementations: a fast scanner for the usual input and a reference decoder
// for everything else. The scanner either gives the value that the reference gives, or declines; it never accepts what
// the reference refuses. The package is pure: the time is a parameter, and nothing here does I/O.
//
// # What is refused
//
//   - A body over 1 MiB, that is not exactly one JSON object in UTF-8, or is nested deeper than 16 levels.
//   - A member that is unknown (another case is another name), repeated, null, or not of its JSON type. Amounts are
//     strings, indexes are plain integers.
//   - The lack of id, direction, customer_id, network, asset, amount or occurred_at. tx_hash is not asked for: money that
//     has moved is screened even when its sender could not say in which transaction.
//   - id, customer_id and counterparty_customer_id that have not 1 to 256 bytes, asset not 1 to 64, tx_hash more than
//     256, an address more than 512, memo more than 4096; control characters in any of them but addresses and memo.
//   - counterparty_customer_id on anything but an internal transfer, and its lack on one.
//   - A network that is neither of the form of CAIP-2 nor of an alias, an asset_id that is not of the form of CAIP-19.
//   - An amount that package amount refuses; a fiat amount of more than 30 integer or 8 fraction digits, which is what
//     the tables for analysts hold; a currency that is not three upper-case letters.
//   - output_index beside log_index; from_amounts of another length than from, or whose sum is no amount.
//   - More than 1,000 addresses in from, to, contract and initiator together.
//   - occurred_at that is not RFC 3339 with upper-case T and Z, before 2009-01-03, or more than 24 h after now.
//   - In an attempt, an unknown network or an invalid address. In a confirmed transfer these are accepted, the text is
//     kept, and Parsed.Unscreenable says so.
//
// An optional text that is empty, and an empty list, are as good as absent.
//
// # Canonical form
//
// Addresses are spelled as package address spells them, the network by its alias where it has one, amounts and times
// without trailing zeros, times in UTC; members that are empty or have their default are left out. The tag inside the
// address of the only recipient goes to the memo when that is empty or says the same; every other tag stays in the
// address, which then keeps its spelling, so that nothing is lost. Other texts stay as they were given.
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

// UnknownSender is the word in From for senders that exist and cannot be told, such as those of taproot inputs in a raw
// block. It is no address and has no key; beside other senders it makes the counterparty partly known, alone unknown.
const UnknownSender = "unknown"

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
