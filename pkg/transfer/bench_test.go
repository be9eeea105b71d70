package transfer

import (
	"encoding/json"
	"testing"
)

// deposit is a usual deposit, as exchanges send it.
const deposit = `{"id":"dep-2026-11-01-000000000001234567","direction":"deposit","customer_id":"cust-7f3a91c2e4","network":"ethereum","asset":"USDT",` +
	`"contract":"0xdac17f958d2ee523a2206206994597c13d831ec7","amount":"1250.75","fiat":{"amount":"1250.12","currency":"USD"},` +
	`"tx_hash":"0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060","log_index":117,` +
	`"from":["0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"],"to":["0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"],` +
	`"evidence":"log","occurred_at":"2026-11-01T12:34:56.789Z"}`

func BenchmarkParse(b *testing.B) {
	var p Parser
	body := []byte(deposit)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Parse(body, fuzzNow); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseReference(b *testing.B) {
	var in input
	body := []byte(deposit)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var found problems
		in.decode(body, false, &found)
		if !found.empty() {
			b.Fatal(found.list)
		}
	}
}

func BenchmarkScanOnly(b *testing.B) {
	var in input
	body := []byte(deposit)
	text := deposit
	b.ReportAllocs()
	for b.Loop() {
		if !in.scan(body, text) {
			b.Fatal("declined")
		}
	}
}

func BenchmarkRestore(b *testing.B) {
	var p Parser
	body := []byte(deposit)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := p.Restore(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFactID(b *testing.B) {
	var p Parser
	out, err := p.Parse([]byte(deposit), fuzzNow)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		out.FactID("default")
	}
}

// BenchmarkEncodingJSON is the baseline: the standard decoder into a struct of the same members, which checks nothing.
func BenchmarkEncodingJSON(b *testing.B) {
	body := []byte(deposit)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var t struct {
			ID         string `json:"id"`
			Direction  string `json:"direction"`
			CustomerID string `json:"customer_id"`
			Network    string `json:"network"`
			Asset      string `json:"asset"`
			Contract   string `json:"contract"`
			Amount     string `json:"amount"`
			Fiat       *struct {
				Amount   string `json:"amount"`
				Currency string `json:"currency"`
			} `json:"fiat"`
			TxHash     string   `json:"tx_hash"`
			LogIndex   *uint32  `json:"log_index"`
			From       []string `json:"from"`
			To         []string `json:"to"`
			Evidence   string   `json:"evidence"`
			OccurredAt string   `json:"occurred_at"`
		}
		if err := json.Unmarshal(body, &t); err != nil {
			b.Fatal(err)
		}
	}
}
