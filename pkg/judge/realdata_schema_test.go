package judge

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"sluice/pkg/chain"
	"sluice/pkg/internal/testdata"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist/format"
)

// publishedSchema compiles the JSON Schema of verdicts. The schemas are of another module, whose files stand beside.
func publishedSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	files, err := filepath.Glob("../../schemas/events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas: %v", err)
	}
	c := jsonschema.NewCompiler()
	for _, file := range files {
		body, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource("urn:sluice:events:"+strings.TrimSuffix(filepath.Base(file), ".json"), doc); err != nil {
			t.Fatal(err)
		}
	}
	s, err := c.Compile("urn:sluice:events:verdicts.v1")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func checkSchema(t interface{ Errorf(string, ...any) }, s *jsonschema.Schema, record []byte) {
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(record))
	if err == nil {
		err = s.Validate(doc)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, record)
	}
}

func TestVerdictsOnRealTransfersAreOfThePublishedSchema(t *testing.T) {
	labels := testdata.Dir(t, "graphsense-tagpacks", "packs")
	var inputs []format.Input
	for _, name := range []string{"walletexplorer", "etherscan-wordcloud-exchange", "exchange-wallets-binance", "usdt_blacklist", "tornado_cash"} {
		body, err := os.ReadFile(filepath.Join(labels, name+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, format.Input{Name: name, R: bytes.NewReader(body)})
	}
	snap := snapshotOf(t, "tagpack", format.Options{List: "labels"}, inputs...)
	var lines []string
	for _, in := range []struct {
		format string
		file   []string
	}{
		{"bitcoin-block", []string{"btc-block-413567", "block413567.raw"}},
		{"ethereum-block", []string{"eth-blocks-pevm", "ethereum-19426587.json"}},
		{"ethereum-etl", []string{"eth-etl", "test_stream_blocks_17173049_17173050_expected_logs.json"}},
		{"bitcoin-etl", []string{"btc-etl", "zcash_block_with_shielded_addresses_expected_transactions.json"}},
	} {
		f, err := os.Open(testdata.Dir(t, in.file...))
		if err != nil {
			t.Fatal(err)
		}
		_, err = chain.Convert(in.format, chain.Options{Direction: transfer.Withdrawal}, f, func(made *transfer.Transfer) error {
			lines = append(lines, string(transfer.AppendCanonical(nil, made)))
			return nil
		})
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	var out, errs bytes.Buffer
	_, err := Filter(strings.NewReader(strings.Join(lines, "\n")), &out, &errs, FilterConfig{
		Lists: Lists{Snapshot: snap, Seq: 1}, Rules: Rules{Set: builtin(t), Seq: 1}, Now: testNow, All: true,
	})
	if err != nil || errs.Len() > 0 {
		t.Fatalf("%v\n%s", err, errs.String())
	}
	s := publishedSchema(t)
	for line := range bytes.Lines(out.Bytes()) {
		checkSchema(t, s, line)
	}
}

// TestVerdictsAreOfThePublishedSchema judges the strangest of small transfers: broken addresses, unknown networks, tags.
func TestVerdictsAreOfThePublishedSchema(t *testing.T) {
	s := publishedSchema(t)
	rapid.Check(t, func(t *rapid.T) {
		p, snap := genParsed().Draw(t, "transfer"), genSnapshot().Draw(t, "lists")
		j := New("default", Lists{Snapshot: snap, Seq: 3}, Rules{Set: testSets[0], Seq: 2})
		record, _, err := j.Transfer(nil, p, genConflict().Draw(t, "conflict"), testNow)
		if err != nil {
			t.Fatal(err)
		}
		checkSchema(t, s, record)
	})
}
