package transfer

import (
	"strconv"

	"sluice/pkg/amount"
	"sluice/pkg/event/canonical"
)

// AppendCanonical appends the canonical JSON of t, an object: the `transfer` member of a record. The members stand in
// the order of the contract, without spaces; those that are empty or have their default are left out. For a Transfer
// that Parse gave, equal content is equal bytes.
func AppendCanonical(dst []byte, t *Transfer) []byte {
	dst = append(dst, `{"id":`...)
	dst = canonical.AppendString(dst, t.ID)
	dst = appendText(dst, `,"direction":`, string(t.Direction))
	if t.EffectiveStage() != Confirmed {
		dst = appendText(dst, `,"stage":`, string(t.Stage))
	}
	dst = appendText(dst, `,"customer_id":`, t.CustomerID)
	dst = appendText(dst, `,"counterparty_customer_id":`, t.CounterpartyCustomerID)
	dst = appendText(dst, `,"network":`, t.Network)
	dst = appendText(dst, `,"asset":`, t.Asset)
	dst = appendText(dst, `,"asset_id":`, t.AssetID)
	dst = appendText(dst, `,"contract":`, t.Contract)
	dst = append(dst, `,"amount":`...)
	dst = appendAmount(dst, t.Amount)
	if t.Fiat != nil {
		dst = append(dst, `,"fiat":{"amount":`...)
		dst = appendAmount(dst, t.Fiat.Amount)
		dst = append(dst, `,"currency":`...)
		dst = canonical.AppendString(dst, t.Fiat.Currency)
		dst = append(dst, '}')
	}
	dst = appendText(dst, `,"tx_hash":`, t.TxHash)
	dst = appendIndex(dst, `,"output_index":`, t.OutputIndex)
	dst = appendIndex(dst, `,"log_index":`, t.LogIndex)
	dst = appendTexts(dst, `,"from":`, t.From)
	if len(t.FromAmounts) > 0 {
		dst = append(dst, `,"from_amounts":`...)
		for i, a := range t.FromAmounts {
			dst = append(dst, separator(i))
			dst = appendAmount(dst, a)
		}
		dst = append(dst, ']')
	}
	dst = appendTexts(dst, `,"to":`, t.To)
	dst = appendText(dst, `,"memo":`, t.Memo)
	dst = appendText(dst, `,"initiator":`, t.Initiator)
	if t.EffectiveEvidence() != Declared {
		dst = appendText(dst, `,"evidence":`, string(t.Evidence))
	}
	dst = append(dst, `,"occurred_at":`...)
	dst = canonical.AppendTime(dst, t.OccurredAt)
	return append(dst, '}')
}

// appendText appends a member of text, nothing when it is empty.
func appendText(dst []byte, member, text string) []byte {
	if text == "" {
		return dst
	}
	return canonical.AppendString(append(dst, member...), text)
}

func appendTexts(dst []byte, member string, texts []string) []byte {
	if len(texts) == 0 {
		return dst
	}
	return canonical.AppendStrings(append(dst, member...), texts)
}

func appendIndex(dst []byte, member string, index *uint32) []byte {
	if index == nil {
		return dst
	}
	return strconv.AppendUint(append(dst, member...), uint64(*index), 10)
}

func appendAmount(dst []byte, a amount.Amount) []byte {
	dst = append(dst, '"')
	dst = a.Append(dst)
	return append(dst, '"')
}

func separator(i int) byte {
	if i == 0 {
		return '['
	}
	return ','
}
