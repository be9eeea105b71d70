package chain

import (
	"bytes"
	"compress/gzip"
	"errors"
	"strings"
	"testing"

	"sluice/pkg/transfer"
)

const oneLine = `{"hash":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",` +
	`"block_timestamp":1231006505,"is_coinbase":true,"inputs":[],"outputs":[{"index":0,` +
	`"addresses":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"],"value":5000000000}]}` + "\n"

func TestConvert(t *testing.T) {
	var lines []byte
	stats, err := Convert("bitcoin-etl", Options{}, strings.NewReader(oneLine), func(made *transfer.Transfer) error {
		lines = append(transfer.AppendCanonical(lines, made), '\n')
		return nil
	})
	// The customer is addr: and the first 16 digits that sha256sum gives for
	// bitcoin:pkh:62e907b15cbf27d5425399ebf6f0fb50ebb88f18, which `sluice address` users know as the key.
	want := `{"id":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b:0","direction":"deposit",` +
		`"customer_id":"addr:c84c492c8fcef4a1","network":"bitcoin","asset":"BTC","amount":"50",` +
		`"tx_hash":"4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b","output_index":0,` +
		`"from":["coinbase"],"to":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"],"occurred_at":"2009-01-03T18:15:05Z"}` + "\n"
	if err != nil || string(lines) != want || stats.Transfers != 1 {
		t.Errorf("%+v, %v\n%s", stats, err, lines)
	}
}

func TestCompressedInput(t *testing.T) {
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	if _, err := w.Write([]byte(oneLine)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const blank = "\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x9e\x7d\x96\x9d\x00\x00\x00\x40\x00\x00\x10\x20\x00\x21\x18\x46\x82\xee\x48\xa7\x0a\x12\x13\xcf\xb2\xd3\xa0" // an empty line
	give := func(*transfer.Transfer) error { return nil }
	if stats, err := Convert("bitcoin-etl", Options{}, &z, give); err != nil || stats.Transfers != 1 {
		t.Errorf("gzip: %+v, %v", stats, err)
	}
	if _, err := Convert("bitcoin-etl", Options{}, strings.NewReader("\x1f\x8b"), give); err == nil {
		t.Error("a broken gzip header is accepted")
	}
	if _, err := Convert("bitcoin-etl", Options{}, strings.NewReader(blank), give); err != nil {
		t.Errorf("bzip2: %v", err)
	}
	if _, err := Convert("bitcoin-etl", Options{}, strings.NewReader(blank[:20]), give); err == nil {
		t.Error("a cut bzip2 file is accepted")
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, c := range []struct {
		format string
		opts   Options
		want   string // "" : accepted
	}{
		{"bitcoin-block", Options{}, ""},
		{"bitcoin-block", Options{Direction: transfer.Withdrawal, Network: "bitcoin"}, ""},
		{"bitcoin-etl", Options{Network: "zcash"}, ""},
		{"ethereum-block", Options{Network: "polygon"}, ""},
		{"ethereum-etl", Options{Network: "eip155:123456"}, ""},
		{"block", Options{}, "bitcoin-block, ethereum-block, bitcoin-etl, ethereum-etl"},
		{"bitcoin-block", Options{Direction: transfer.Internal}, "internal"},
		{"bitcoin-block", Options{Direction: "in"}, `"in"`},
		{"bitcoin-block", Options{Network: "mars"}, "mars"},
		{"bitcoin-block", Options{Network: "bitcoin-cash"}, "does not exist on bitcoin-cash"},
		{"bitcoin-block", Options{Network: "bitcoin-testnet"}, "does not exist on bitcoin-testnet"},
		{"bitcoin-etl", Options{Network: "ethereum"}, "does not exist on ethereum"},
		{"ethereum-etl", Options{Network: "tron"}, "does not exist on tron"},
	} {
		_, err := New(c.format, c.opts, nil)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s %+v: %v, want %q", c.format, c.opts, err, c.want)
		}
	}
}

func TestLinesWithoutReport(t *testing.T) {
	gave := 0
	give := func(*transfer.Transfer) error { gave++; return nil }
	_, err := Convert("bitcoin-etl", Options{}, strings.NewReader(oneLine+"{}\n"+oneLine), give)
	if err == nil || !strings.HasPrefix(err.Error(), "line 2: ") || gave != 1 {
		t.Errorf("%d transfers, %v", gave, err)
	}
	stop := errors.New("enough")
	_, err = Convert("bitcoin-etl", Options{Report: func(error) error { return stop }},
		strings.NewReader("{}\n"+oneLine), give)
	if !errors.Is(err, stop) {
		t.Errorf("got %v", err)
	}
}
