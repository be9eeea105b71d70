package etl

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"sluice/pkg/chain/ethereum"
)

// kind is what a row of an ethereum-etl export is about.
type kind uint8

const (
	other kind = iota // traces, contracts, tokens: nothing moves by them alone that other rows do not tell
	blockRow
	transactionRow
	receiptRow
	logRow
	tokenTransferRow
)

// kinds are the values of the member `type`, which only streamed exports have.
var kinds = map[string]kind{
	"block": blockRow, "transaction": transactionRow, "receipt": receiptRow, "log": logRow,
	"token_transfer": tokenTransferRow, "trace": other, "contract": other, "token": other,
}

// ethRow is a row of any of ethereum-etl's tables, JSON or CSV.
type ethRow struct {
	Type            string `json:"type"`
	Number          digits `json:"number"`    // of a block
	Timestamp       digits `json:"timestamp"` // of a block
	Hash            string `json:"hash"`
	Nonce           digits `json:"nonce"`
	From            string `json:"from_address"`
	To              string `json:"to_address"` // "" or null: the transaction creates a contract
	Value           digits `json:"value"`
	Input           string `json:"input"`
	BlockTimestamp  digits `json:"block_timestamp"`
	BlockNumber     digits `json:"block_number"`
	ReceiptStatus   digits `json:"receipt_status"` // of a transaction in a streamed export
	Status          digits `json:"status"`         // of a receipt
	GasUsed         digits `json:"cumulative_gas_used"`
	TransactionHash string `json:"transaction_hash"`
	LogIndex        digits `json:"log_index"`
	Token           string `json:"token_address"`
	Address         string `json:"address"` // of a log
	Topics          topics `json:"topics"`
	Data            string `json:"data"`
}

// topics are an array in JSON; in CSV they are joined by commas.
type topics []string

// UnmarshalJSON takes both.
func (t *topics) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var joined string
		if err := json.Unmarshal(b, &joined); err != nil {
			return err
		}
		*t = splitTopics(joined)
		return nil
	}
	return json.Unmarshal(b, (*[]string)(t))
}

func splitTopics(joined string) topics {
	if joined == "" {
		return nil
	}
	return strings.Split(joined, ",")
}

// kind tells the row's table by its type, or by the columns that no other table has.
func (r *ethRow) kind() (kind, error) {
	if r.Type != "" {
		k, ok := kinds[r.Type]
		if !ok {
			return other, fmt.Errorf("type %q is none of ethereum-etl's", clip(r.Type))
		}
		return k, nil
	}
	switch {
	case r.Token != "":
		return tokenTransferRow, nil
	case r.LogIndex != "":
		return logRow, nil
	case r.Hash != "" && r.From != "":
		return transactionRow, nil
	case r.Number != "" && r.Timestamp != "":
		return blockRow, nil
	case r.TransactionHash != "" && r.GasUsed != "":
		return receiptRow, nil
	}
	return other, errors.New("neither a block, a transaction, a receipt, a log nor a token transfer of ethereum-etl")
}

// columns sets the members of a row from the columns of a CSV table.
type columns []func(*ethRow, string)

// setters are the columns that are read; exports have others too.
var setters = map[string]func(*ethRow, string){
	"type":                func(r *ethRow, v string) { r.Type = v },
	"number":              func(r *ethRow, v string) { r.Number = digits(v) },
	"timestamp":           func(r *ethRow, v string) { r.Timestamp = digits(v) },
	"hash":                func(r *ethRow, v string) { r.Hash = v },
	"nonce":               func(r *ethRow, v string) { r.Nonce = digits(v) },
	"from_address":        func(r *ethRow, v string) { r.From = v },
	"to_address":          func(r *ethRow, v string) { r.To = v },
	"value":               func(r *ethRow, v string) { r.Value = digits(v) },
	"input":               func(r *ethRow, v string) { r.Input = v },
	"block_timestamp":     func(r *ethRow, v string) { r.BlockTimestamp = digits(v) },
	"block_number":        func(r *ethRow, v string) { r.BlockNumber = digits(v) },
	"receipt_status":      func(r *ethRow, v string) { r.ReceiptStatus = digits(v) },
	"status":              func(r *ethRow, v string) { r.Status = digits(v) },
	"cumulative_gas_used": func(r *ethRow, v string) { r.GasUsed = digits(v) },
	"transaction_hash":    func(r *ethRow, v string) { r.TransactionHash = v },
	"log_index":           func(r *ethRow, v string) { r.LogIndex = digits(v) },
	"token_address":       func(r *ethRow, v string) { r.Token = v },
	"address":             func(r *ethRow, v string) { r.Address = v },
	"topics":              func(r *ethRow, v string) { r.Topics = splitTopics(v) },
	"data":                func(r *ethRow, v string) { r.Data = v },
}

func readHeader(line string) (columns, error) {
	names, err := splitCSV(line)
	if err != nil {
		return nil, err
	}
	made := make(columns, len(names))
	known := 0
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			return nil, fmt.Errorf("column %q stands twice in the header", clip(name))
		}
		if made[i] = setters[name]; made[i] != nil {
			known++
		}
	}
	if known == 0 {
		return nil, fmt.Errorf("%q is neither JSON nor a header of ethereum-etl's CSV", clip(line))
	}
	return made, nil
}

func (c columns) read(line string) (ethRow, error) {
	var r ethRow
	values, err := splitCSV(line)
	if err != nil {
		return r, err
	}
	if len(values) != len(c) {
		return r, fmt.Errorf("%d fields, the header has %d", len(values), len(c))
	}
	for i, set := range c {
		if set != nil {
			set(&r, values[i])
		}
	}
	return r, nil
}

func splitCSV(line string) ([]string, error) {
	if !strings.Contains(line, `"`) {
		return strings.Split(line, ","), nil
	}
	return csv.NewReader(strings.NewReader(line)).Read()
}

// hash is the transaction that the row is about, in any table.
func (r *ethRow) hash() (ethereum.Hash, error) {
	text := r.TransactionHash
	if text == "" {
		text = r.Hash
	}
	h, err := ethereum.ParseHash(text)
	if err != nil {
		return h, fmt.Errorf("transaction hash: %w", err)
	}
	return h, nil
}

func (r *ethRow) transaction() (ethereum.Transaction, error) {
	var t ethereum.Transaction
	var err error
	if t.Hash, err = r.hash(); err != nil {
		return t, err
	}
	if t.From, err = ethereum.ParseAddress(r.From); err != nil {
		return t, fmt.Errorf("from_address: %w", err)
	}
	if r.To != "" {
		to, err := ethereum.ParseAddress(r.To)
		if err != nil {
			return t, fmt.Errorf("to_address: %w", err)
		}
		t.To = &to
	}
	if t.Value, err = ethereum.ParseQuantity(string(r.Value)); err != nil {
		return t, fmt.Errorf("value: %w", err)
	}
	if r.Input != "" {
		if t.Input, err = ethereum.ParseCallInput(r.Input); err != nil {
			return t, fmt.Errorf("input: %w", err)
		}
	}
	if t.Nonce, err = parseUint(string(r.Nonce)); err != nil && t.To == nil {
		return t, fmt.Errorf("nonce %q is not a number, and the created contract's address depends on it", clip(string(r.Nonce)))
	}
	t.Outcome, err = outcome(r.ReceiptStatus)
	return t, err
}

func outcome(status digits) (ethereum.Outcome, error) {
	switch status {
	case "":
		return ethereum.Unknown, nil // before the Byzantium fork, or exported without receipts
	case "0":
		return ethereum.Failed, nil
	case "1":
		return ethereum.Succeeded, nil
	}
	return ethereum.Unknown, fmt.Errorf("receipt status %q is neither 0 nor 1", clip(string(status)))
}

// tokenTransfer reads a row of token_transfers. The table does not say which of its values are ids.
func (r *ethRow) tokenTransfer() (k ethereum.Token, err error) {
	if k.Transaction, err = r.hash(); err != nil {
		return k, err
	}
	if k.Contract, err = ethereum.ParseAddress(r.Token); err != nil {
		return k, fmt.Errorf("token_address: %w", err)
	}
	if k.From, err = ethereum.ParseAddress(r.From); err != nil {
		return k, fmt.Errorf("from_address: %w", err)
	}
	if k.To, err = ethereum.ParseAddress(r.To); err != nil {
		return k, fmt.Errorf("to_address: %w", err)
	}
	if k.Value, err = ethereum.ParseQuantity(string(r.Value)); err != nil {
		return k, fmt.Errorf("value: %w", err)
	}
	k.LogIndex, err = r.logIndex()
	return k, err
}

// logTransfer reads a row of logs; ok is false for a log of something else than a transfer.
func (r *ethRow) logTransfer() (k ethereum.Token, ok bool, err error) {
	l := ethereum.Log{}
	if l.Contract, err = ethereum.ParseAddress(r.Address); err != nil {
		return k, false, fmt.Errorf("address: %w", err)
	}
	if l.Topics, err = ethereum.ParseTopics(r.Topics); err != nil {
		return k, false, err
	}
	if l.Data, err = ethereum.ParseHex(r.Data); err != nil {
		return k, false, fmt.Errorf("data: %w", err)
	}
	if l.Index, err = r.logIndex(); err != nil {
		return k, false, err
	}
	if k, ok = ethereum.DecodeLog(&l); !ok {
		return k, false, nil
	}
	k.Transaction, err = r.hash()
	return k, true, err
}

func (r *ethRow) logIndex() (uint32, error) {
	index, err := strconv.ParseUint(string(r.LogIndex), 10, 32)
	if err != nil {
		return 0, fmt.Errorf("log_index %q is not a number of at most 32 bits", clip(string(r.LogIndex)))
	}
	return uint32(index), nil
}
