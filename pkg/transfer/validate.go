package transfer

import (
	"errors"
	"strconv"
	"time"

	"sluice/pkg/amount"
)

// The bounds of a transfer.
const (
	MaxAddresses = 1000 // of from, to, contract and initiator together

	MaxIDBytes      = 256  // of id, customer_id, counterparty_customer_id
	MaxAssetBytes   = 64   // of asset
	MaxAddressBytes = 512  // of each address
	MaxHashBytes    = 256  // of tx_hash
	MaxMemoBytes    = 4096 // of memo

	MaxFiatIntegerDigits  = 30 // of fiat.amount; what the analysts' tables hold
	MaxFiatFractionDigits = 8
)

// required are the members without which a body is no transfer.
const required fieldSet = 1<<fieldID | 1<<fieldDirection | 1<<fieldCustomerID | 1<<fieldNetwork | 1<<fieldAsset |
	1<<fieldAmount | 1<<fieldOccurredAt

// checkBounds reports what breaks a bound of the contract. What can only be seen by converting a value is convert's.
func (in *input) checkBounds(found *problems) {
	in.checkRequired(found)
	in.checkName(fieldID, found)
	in.checkName(fieldCustomerID, found)
	in.checkParties(found)
	if in.sound(fieldNetwork) && !validAlias(in.text[fieldNetwork]) && !validChainID(in.text[fieldNetwork]) {
		found.add("network", in.text[fieldNetwork], "must be a CAIP-2 id such as eip155:1, or a name such as bitcoin")
	}
	in.checkText(fieldAsset, 1, MaxAssetBytes, found)
	in.checkText(fieldTxHash, 0, MaxHashBytes, found)
	if id := in.text[fieldAssetID]; id != "" && !validAssetID(id) {
		found.add("asset_id", id, "must be a CAIP-19 id such as eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7")
	}
	if len(in.text[fieldMemo]) > MaxMemoBytes {
		found.add("memo", in.text[fieldMemo], "must have at most 4096 bytes, has "+strconv.Itoa(len(in.text[fieldMemo])))
	}
	if in.given.has(fieldOutputIndex) && in.given.has(fieldLogIndex) {
		found.add("log_index", strconv.FormatUint(uint64(in.index[fieldLogIndex]), 10), "must not stand beside output_index: a transfer is an output or a log")
	}
	in.checkLists(found)
}

// checkRequired reports the members that must be there and are not.
func (in *input) checkRequired(found *problems) {
	for f := range fieldCount {
		if required.has(f) && !in.given.has(f) {
			found.add(members[f].name, "", "is missing")
		}
	}
}

// sound reports whether a member is there and of its shape.
func (in *input) sound(f field) bool { return in.given.has(f) && !in.wrong.has(f) }

// checkName checks the text of an identifier.
func (in *input) checkName(f field, found *problems) { in.checkText(f, 1, MaxIDBytes, found) }

// checkText checks the size of a text and that it has no control characters.
func (in *input) checkText(f field, least, most int, found *problems) {
	if !in.sound(f) {
		return
	}
	text := in.text[f]
	if len(text) < least || len(text) > most {
		found.add(members[f].name, text, "must have "+strconv.Itoa(least)+" to "+strconv.Itoa(most)+" bytes, has "+strconv.Itoa(len(text)))
	}
	if hasControl(text) {
		found.add(members[f].name, text, "must not have control characters")
	}
}

// hasControl reports whether a text has a control character: C0, DEL or C1.
func hasControl(text string) bool {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c < 0x20 || c == 0x7f:
			return true
		case c == 0xc2 && i+1 < len(text) && text[i+1] < 0xa0: // U+0080 to U+009F in UTF-8
			return true
		}
	}
	return false
}

// checkParties checks that an internal transfer, and no other, names a second customer.
func (in *input) checkParties(found *problems) {
	const f = fieldCounterpartyCustomerID
	switch Direction(in.text[fieldDirection]) {
	case Internal:
		if !in.given.has(f) {
			found.add(members[f].name, "", "is missing; an internal transfer names the customer at the other end")
		}
		in.checkName(f, found)
	case Deposit, Withdrawal:
		if in.text[f] != "" {
			found.add(members[f].name, in.text[f], "must stand in internal transfers only")
		}
	}
}

// checkLists checks the addresses' number and size, and that amounts match senders.
func (in *input) checkLists(found *problems) {
	total := len(in.from) + len(in.to)
	if in.text[fieldContract] != "" {
		total++
	}
	if in.text[fieldInitiator] != "" {
		total++
	}
	if total > MaxAddresses {
		longest := "from"
		if len(in.to) > len(in.from) {
			longest = "to"
		}
		found.add(longest, "", "makes more than 1000 addresses, which is the most a transfer may have")
	}
	for i, text := range in.from {
		checkAddressSize("from", i, text, found)
	}
	for i, text := range in.to {
		checkAddressSize("to", i, text, found)
	}
	checkAddressSize("contract", -1, in.text[fieldContract], found)
	checkAddressSize("initiator", -1, in.text[fieldInitiator], found)
	if in.sound(fieldFromAmounts) && len(in.fromAmounts) > 0 && !in.wrong.has(fieldFrom) && len(in.fromAmounts) != len(in.from) {
		found.add("from_amounts", "", "must have as many elements as from: "+strconv.Itoa(len(in.from))+", not "+strconv.Itoa(len(in.fromAmounts)))
	}
}

// checkAddressSize checks the i-th address of a list, or a single one with i = -1. What is in it is not asked here: an
// address that is none is no reason to refuse money that has moved.
func checkAddressSize(name string, i int, text string, found *problems) {
	if len(text) > MaxAddressBytes {
		found.add(element(name, i), text, "must have at most 512 bytes, has "+strconv.Itoa(len(text)))
	}
}

// element names the i-th element of a list; i = -1 is no element.
func element(name string, i int) string {
	if i < 0 {
		return name
	}
	return name + "[" + strconv.Itoa(i) + "]"
}

// convert makes values of the texts: what it cannot convert it reports. It writes into t and into memory that m lends.
func (in *input) convert(t *Transfer, m *memory, found *problems) {
	*t = Transfer{
		ID: in.text[fieldID], CustomerID: in.text[fieldCustomerID],
		CounterpartyCustomerID: in.text[fieldCounterpartyCustomerID],
		Network:                in.text[fieldNetwork], Asset: in.text[fieldAsset], AssetID: in.text[fieldAssetID],
		Contract: in.text[fieldContract], TxHash: in.text[fieldTxHash],
		From: in.from, To: in.to, Memo: in.text[fieldMemo], Initiator: in.text[fieldInitiator],
		Direction: in.direction(found), Stage: in.stage(found), Evidence: in.evidence(found),
	}
	if in.sound(fieldAmount) {
		t.Amount = toAmount("amount", in.text[fieldAmount], found)
	}
	if in.sound(fieldFiat) {
		m.fiat = in.toFiat(found)
		t.Fiat = &m.fiat
	}
	if in.given.has(fieldOutputIndex) {
		m.outputIndex = in.index[fieldOutputIndex]
		t.OutputIndex = &m.outputIndex
	}
	if in.given.has(fieldLogIndex) {
		m.logIndex = in.index[fieldLogIndex]
		t.LogIndex = &m.logIndex
	}
	if in.sound(fieldFromAmounts) && len(in.fromAmounts) > 0 {
		m.fromAmounts = toAmounts(m.fromAmounts[:0], in.fromAmounts, found)
		t.FromAmounts = m.fromAmounts
	}
	if in.sound(fieldOccurredAt) {
		at, rule := parseTime(in.text[fieldOccurredAt])
		if rule != "" {
			found.add("occurred_at", in.text[fieldOccurredAt], rule)
			in.wrong.put(fieldOccurredAt)
		}
		t.OccurredAt = at
	}
}

func (in *input) direction(found *problems) Direction {
	switch text := in.text[fieldDirection]; Direction(text) {
	case Deposit, Withdrawal, Internal:
		return Direction(text)
	}
	in.notOneOf(fieldDirection, "must be deposit, withdrawal or internal", found)
	return ""
}

// stage puts the default in place.
func (in *input) stage(found *problems) Stage {
	switch Stage(in.text[fieldStage]) {
	case Attempt:
		return Attempt
	case Confirmed:
		return Confirmed
	}
	in.notOneOf(fieldStage, "must be attempt or confirmed", found)
	return Confirmed
}

// evidence puts the default in place.
func (in *input) evidence(found *problems) Evidence {
	switch text := in.text[fieldEvidence]; Evidence(text) {
	case Declared, Log, Trace, Calldata:
		return Evidence(text)
	}
	in.notOneOf(fieldEvidence, "must be declared, log, trace or calldata", found)
	return Declared
}

func (in *input) notOneOf(f field, rule string, found *problems) {
	if in.sound(f) {
		found.add(members[f].name, in.text[f], rule)
	}
}

func toAmount(name, text string, found *problems) amount.Amount {
	a, err := amount.Parse(text)
	if err != nil {
		found.add(name, text, amountRule(err))
	}
	return a
}

func amountRule(err error) string {
	var invalid *amount.Invalid
	if errors.As(err, &invalid) {
		return invalid.Reason
	}
	return err.Error()
}

// toAmounts converts the senders' amounts, and refuses a sum that is no amount.
func toAmounts(dst []amount.Amount, texts []string, found *problems) []amount.Amount {
	for i, text := range texts {
		a, err := amount.Parse(text)
		if err != nil {
			found.add(element("from_amounts", i), text, amountRule(err))
		}
		dst = append(dst, a)
	}
	if _, ok := amount.Sum(dst); !ok {
		found.add("from_amounts", "", "must have a sum of at most 38 integer digits")
	}
	return dst
}

func (in *input) toFiat(found *problems) (fiat Fiat) {
	for m, name := range fiatMembers {
		if !in.fiatGiven[m] {
			found.add("fiat."+name, "", "is missing")
		}
	}
	if in.fiatGiven[fiatAmount] && !in.fiatWrong[fiatAmount] {
		text := in.fiat[fiatAmount]
		fiat.Amount = toAmount("fiat.amount", text, found)
		if fiat.Amount.IntegerDigits() > MaxFiatIntegerDigits || fiat.Amount.FractionDigits() > MaxFiatFractionDigits {
			found.add("fiat.amount", text, "must have at most 30 integer and 8 fraction digits; nothing is rounded")
		}
	}
	if in.fiatGiven[fiatCurrency] && !in.fiatWrong[fiatCurrency] {
		fiat.Currency = in.fiat[fiatCurrency]
		if !within(fiat.Currency, 3, 3, func(c byte) bool { return c >= 'A' && c <= 'Z' }) {
			found.add("fiat.currency", fiat.Currency, "must be three upper-case letters of ISO 4217, such as EUR")
		}
	}
	return fiat
}

// checkTime reports a time outside the range in which transfers occur.
func (in *input) checkTime(at, now time.Time, found *problems) {
	switch {
	case !in.sound(fieldOccurredAt):
	case at.Before(Earliest):
		found.add("occurred_at", in.text[fieldOccurredAt], "must not be before 2009-01-03T00:00:00Z")
	case at.After(now.Add(MaxAhead)):
		found.add("occurred_at", in.text[fieldOccurredAt], "must not be more than 24 h after now, "+now.UTC().Format(time.RFC3339))
	}
}
