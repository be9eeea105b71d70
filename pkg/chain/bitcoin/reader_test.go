package bitcoin

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/chain/internal/build"
	"sluice/pkg/network"
	"sluice/pkg/transfer"
)

// convert gives the transfers of an input as deposits.
func convert(t *testing.T, data []byte) ([]*transfer.Transfer, error) {
	t.Helper()
	bitcoin, _ := network.Lookup("bitcoin")
	var got []*transfer.Transfer
	r := NewReader(&build.Builder{
		Direction: transfer.Deposit,
		Network:   bitcoin,
		Emit: func(made *transfer.Transfer) error {
			got = append(got, made)
			return nil
		},
	})
	err := r.Add(bytes.NewReader(data))
	if closing := r.Close(); closing != nil {
		t.Fatal(closing)
	}
	return got, err
}

func frame(block []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(bytes.Clone(magic), uint32(len(block))), block...)
}

func TestReaderWrappings(t *testing.T) {
	a, b := mine(), mine(payTo(spend([]byte{1, 0x51})))
	for name, input := range map[string][]byte{
		"framed":             slices.Concat(frame(a), frame(b)),
		"framed, then zeros": slices.Concat(frame(a), frame(b), make([]byte, 1000)),
		"hexadecimal":        []byte(hex.EncodeToString(a) + "\n\n" + strings.ToUpper(hex.EncodeToString(b)) + "\r\n"),
	} {
		got, err := convert(t, input)
		if err != nil || len(got) != 3 {
			t.Errorf("%s: %d transfers, %v", name, len(got), err)
		}
	}
	if got, err := convert(t, b); err != nil || len(got) != 2 {
		t.Errorf("bare: %d transfers, %v", len(got), err)
	}
}

func TestReaderRefuses(t *testing.T) {
	a := mine()
	for name, input := range map[string][]byte{
		"nothing":                  {},
		"two bare blocks":          slices.Concat(a, a),
		"cut in the frame":         slices.Concat(frame(a), magic),
		"cut in a framed block":    frame(a)[:100],
		"length beyond any block":  append(bytes.Clone(magic), 255, 255, 255, 255),
		"bytes behind the zeros":   slices.Concat(frame(a), make([]byte, 8), []byte{1}),
		"text behind hexadecimal":  []byte(hex.EncodeToString(a) + "\nno hex\n"),
		"odd number of hex digits": []byte(hex.EncodeToString(a) + "0"),
	} {
		if _, err := convert(t, input); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTransfersOfOneTransaction(t *testing.T) {
	opReturnText := append([]byte{opReturn}, push([]byte("=:ETH.ETH:0xab"))...)
	paid := rawTx{
		inputs: []Input{
			spend(push(signature, key33)),
			spend(push(signature, key33)), // the same sender again
			spend(nil, signature, key33),  // the same key as a witness: another spelling
			spend(nil, schnorr),           // nobody can tell
		},
		outputs: []Output{
			{Value: 1, Script: minerScript},
			{Value: 2_1000_0000, Script: opReturnText},
			{Value: 0, Script: []byte{opReturn, 2, 0xff, 0xfe}},
			{Value: 5, Script: redeem},
		},
	}
	spending := payTo(Input{Previous: paid.id(), Index: 0, Script: nil, Witness: [][]byte{schnorr}})
	got, err := convert(t, mine(paid, spending))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, made := range got[2:] { // behind the coinbase's payment and its commitment
		_, index, _ := strings.Cut(made.ID, ":")
		lines = append(lines, fmt.Sprintf("%s %s to %v memo %q customer %t from %d of which unknown %t",
			index, made.Amount, len(made.To), made.Memo, made.CustomerID != build.NoCustomer, len(made.From),
			slices.Contains(made.From, transfer.UnknownSender)))
	}
	want := []string{
		`0 0.00000001 to 1 memo "" customer true from 3 of which unknown true`,
		`1 2.1 to 0 memo "=:ETH.ETH:0xab" customer false from 3 of which unknown true`,
		`2 0 to 0 memo "" customer false from 3 of which unknown true`,
		`3 0.00000005 to 0 memo "" customer false from 3 of which unknown true`,
		`0 0.00000001 to 1 memo "" customer true from 1 of which unknown false`, // its output is in this block
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	if from := got[0].From; len(from) != 1 || from[0] != transfer.Coinbase {
		t.Errorf("the coinbase's senders: %v", from)
	}
}

func TestSendersBeyondTheBound(t *testing.T) {
	for _, n := range []int{build.MaxSenders, build.MaxSenders + 1} {
		var tx rawTx
		for i := range n {
			key := append([]byte{2, byte(i), byte(i >> 8)}, make([]byte, 30)...)
			tx.inputs = append(tx.inputs, spend(push(signature, key)))
		}
		tx.outputs = []Output{{Value: 1, Script: minerScript}}
		got, err := convert(t, mine(tx))
		if err != nil {
			t.Fatal(err)
		}
		from := got[1].From
		if unknown := slices.Contains(from, transfer.UnknownSender); unknown != (n > build.MaxSenders) || len(from) != n {
			t.Errorf("%d senders: %d given, unknown %t", n, len(from), unknown)
		}
	}
}

func TestEmitErrorEndsTheConversion(t *testing.T) {
	full := errors.New("full")
	r := NewReader(&build.Builder{Emit: func(*transfer.Transfer) error { return full }})
	if err := r.Add(bytes.NewReader(mine())); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}
