package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"sluice/pkg/address"
	"sluice/pkg/judge"
	"sluice/pkg/network"
	"sluice/pkg/rules"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/schemas"
	"sluice/services/enrichment"
	"sluice/services/internal/stream"
)

// evm is an address of every EVM network.
func evm(digit string) string { return "0x" + strings.Repeat(digit, 40) }

// The listed addresses of the policy's table, one a category. The three bitcoin texts are the P2PKH, P2WPKH and
// P2SH-P2WPKH addresses of one public key (BIP 141's and BIP 173's example); the pairs of the other lines are of one
// account each.
var (
	sanctioned, terror, csam = evm("1"), evm("2"), evm("3")
	scammer, phisher, ransom = evm("4"), evm("5"), evm("6")
	gambler, mixer, exchange = evm("7"), evm("8"), evm("9")
	joiner, thief, sextort   = evm("a"), evm("b"), evm("c")
	investment               = evm("d")
	clean, own               = evm("e"), "0x" + strings.Repeat("ef", 20)
	p2pkh, p2wpkh, wrapped   = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "3JvL6Ymt8MVWiCNHC7oWU6nLeHNJKLZGLN"
	cashLegacy, cashAddr     = "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
	xrpTagged, xrpBase       = "X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59" // tag 1
	scriptOnly, cleanBTC     = "3P14159f73E4gFr7JterCCQh9QjiTjiZrG", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"
)

var policyList = strings.Join([]string{
	"network,address,category,entity",
	"ethereum," + sanctioned + ",sanctions,S",
	"ethereum," + terror + ",terrorist_financing,T",
	"ethereum," + csam + ",csam,C",
	"ethereum," + scammer + ",scam,F",
	"ethereum," + phisher + ",phishing,P",
	"ethereum," + ransom + ",ransomware,R",
	"ethereum," + gambler + ",gambling,G",
	"ethereum," + mixer + ",mixer,M",
	"ethereum," + exchange + ",exchange,Us",
	"ethereum," + joiner + ",coinjoin,J",
	"ethereum," + thief + ",stolen_funds,L",
	"ethereum," + sextort + ",sextortion,X",
	"ethereum," + investment + ",investment_fraud,I",
	"bitcoin," + p2pkh + ",sanctions,B",
	"bitcoin-cash," + cashLegacy + ",sanctions,H",
	"bitcoin," + scriptOnly + ",sanctions,O",
	"xrp," + xrpTagged + ",sanctions,Y",
}, "\n")

func policySnapshot(t testing.TB) *watchlist.Snapshot {
	t.Helper()
	entries, report, err := format.Parse("csv", format.Options{List: "policy"}, format.Input{Name: "policy.csv", R: strings.NewReader(policyList)})
	if err != nil || report.RejectedRows > 0 {
		t.Fatalf("%v, %v", err, report.Rejected)
	}
	for i := range entries {
		if entries[i].Category == taxonomy.Scam {
			entries[i].Names = watchlist.NamesToken
		}
	}
	snap, err := watchlist.NewBuilder().Add("policy", entries).Build()
	if err != nil {
		t.Fatal(err)
	}
	return snap
}

// m is the members of a transfer that differ from the usual one.
type m map[string]any

// payment is a clean payment of 1.5 ETH in the direction, with other members as given; nil takes one away.
func payment(id, direction string, with m) []byte {
	body := m{"id": id, "direction": direction, "customer_id": "c1", "network": "ethereum", "asset": "ETH", "amount": "1.5",
		"from": []string{clean}, "to": []string{own}, "occurred_at": "2026-10-31T12:00:00Z"}
	if direction == "withdrawal" {
		body["from"], body["to"] = body["to"], body["from"]
	}
	if direction == "internal" {
		body["counterparty_customer_id"] = "c2"
	}
	maps.Copy(body, with)
	maps.DeleteFunc(body, func(_ string, v any) bool { return v == nil })
	line, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return line
}

func usd(amount string) m { return m{"amount": amount, "currency": "USD"} }

// said is a verdict in a line: verdict, hold reasons, severity, categories, posture, status and coverage, and of each
// hit category, role, side, match and the network it is listed on; what has its default is left out.
func said(t testing.TB, record []byte) string {
	t.Helper()
	var r struct {
		Verdict, Severity, Posture, Status string
		HoldReasons                        []string `json:"hold_reasons"`
		Coverage                           struct{ Counterparty, Reason string }
		Hits                               []struct {
			Category, Role, Side, Match string
			ListedOn                    string `json:"listed_on"`
		}
		PublicCode string `json:"public_code"`
	}
	if err := json.Unmarshal(record, &r); err != nil {
		t.Fatal(err)
	}
	if code := map[string]string{"cleared": "proceed", "flagged": "proceed", "held": "pending"}[r.Verdict]; r.PublicCode != code {
		t.Errorf("public code %q: %s", r.PublicCode, record)
	}
	words := []string{r.Verdict, strings.Join(r.HoldReasons, "+"), r.Severity}
	if r.Posture != "unknown" {
		words = append(words, r.Posture)
	}
	words = append(words, r.Status, r.Coverage.Counterparty, r.Coverage.Reason)
	for _, h := range r.Hits {
		words = append(words, strings.TrimSuffix(fmt.Sprintf("%s/%s/%s/%s@%s", h.Category, h.Role, h.Side, h.Match, h.ListedOn), "@"))
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

type policyCase struct {
	id, direction string
	with          m
	want          string // "" : refused
}

// from and to put an address on one end.
func from(texts ...string) m { return m{"from": append([]string{}, texts...)} }
func to(texts ...string) m   { return m{"to": append([]string{}, texts...)} }

// and joins members.
func and(all ...m) m {
	joined := m{}
	for _, one := range all {
		maps.Copy(joined, one)
	}
	return joined
}

func btc(with m) m {
	return and(m{"network": "bitcoin", "asset": "BTC", "from": []string{cleanBTC}, "to": []string{cleanBTC}}, with)
}

func xrp(with m) m {
	return and(m{"network": "xrp", "asset": "XRP", "from": []string{"rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv"}, "to": []string{"rDsbeomae4FXwgQTJp9Rs64Qg9vDiTCdBv"}}, with)
}

const sender, recipient = "/sender/counterparty/exact", "/recipient/counterparty/exact"

var policyCases = []policyCase{
	// Nothing against it.
	{"clean deposit", "deposit", nil, "cleared"},
	{"clean withdrawal", "withdrawal", nil, "cleared"},
	{"clean attempt", "withdrawal", m{"stage": "attempt"}, "cleared"},
	{"internal without addresses", "internal", m{"from": nil, "to": nil}, "cleared"},
	{"new coins", "deposit", btc(from("coinbase")), "cleared"},
	{"deposit without our address", "deposit", m{"to": nil}, "cleared"},

	// Deposits by category.
	{"sanctions in", "deposit", from(sanctioned), "held risk severe sanctions" + sender},
	{"terror in", "deposit", from(terror), "held risk severe terrorist_financing" + sender},
	{"csam in", "deposit", from(csam), "held risk severe csam" + sender},
	{"ransom in", "deposit", from(ransom), "flagged severe beneficiary ransomware" + sender},
	{"scam in", "deposit", from(scammer), "flagged high beneficiary scam" + sender},
	{"stolen in", "deposit", from(thief), "flagged high beneficiary stolen_funds" + sender},
	{"mixer in", "deposit", from(mixer), "flagged high mixer" + sender},
	{"coinjoin in", "deposit", from(joiner), "flagged medium coinjoin" + sender},
	{"gambling in", "deposit", from(gambler), "flagged low gambling" + sender},
	{"exchange in", "deposit", from(exchange), "flagged exchange" + sender},
	{"one of two senders", "deposit", and(from(clean, sanctioned), m{"from_amounts": []string{"1.49", "0.01"}}), "held risk severe sanctions" + sender},
	{"attempted deposit", "deposit", and(from(sanctioned), m{"stage": "attempt"}), "held risk severe sanctions" + sender},

	// Withdrawals by severity.
	{"sanctions out", "withdrawal", to(sanctioned), "held risk severe sanctions" + recipient},
	{"sanctions attempted", "withdrawal", and(to(sanctioned), m{"stage": "attempt"}), "held risk severe sanctions" + recipient},
	{"ransom out", "withdrawal", to(ransom), "held risk severe victim ransomware" + recipient},
	{"scam out", "withdrawal", to(scammer), "held risk high victim scam" + recipient},
	{"phishing out", "withdrawal", to(phisher), "held risk high victim phishing" + recipient},
	{"sextortion out", "withdrawal", to(sextort), "held risk high victim sextortion" + recipient},
	{"investment out", "withdrawal", to(investment), "held risk high victim investment_fraud" + recipient},
	{"stolen out", "withdrawal", to(thief), "held risk high stolen_funds" + recipient},
	{"mixer out", "withdrawal", to(mixer), "held risk high mixer" + recipient},
	{"coinjoin out", "withdrawal", to(joiner), "flagged medium coinjoin" + recipient},
	{"gambling out", "withdrawal", to(gambler), "flagged low gambling" + recipient},
	{"exchange out", "withdrawal", to(exchange), "flagged exchange" + recipient},

	// Dust and nothing.
	{"dust in", "deposit", and(from(sanctioned), m{"fiat": usd("0.99")}), "flagged low sanctions" + sender},
	{"just dust", "deposit", and(from(sanctioned), m{"fiat": usd("0.99999999")}), "flagged low sanctions" + sender},
	{"no dust", "deposit", and(from(sanctioned), m{"fiat": usd("1")}), "held risk severe sanctions" + sender},
	{"nothing in", "deposit", and(from(sanctioned), m{"amount": "0"}), "flagged low sanctions" + sender},
	{"nothing in, zeros", "deposit", and(from(sanctioned), m{"amount": "0.000"}), "flagged low sanctions" + sender},
	{"a wei, no fiat", "deposit", and(from(sanctioned), m{"amount": "0.000000000000000001"}), "held risk severe sanctions" + sender},
	{"nothing out", "withdrawal", and(to(scammer), m{"amount": "0"}), "flagged low scam" + recipient},
	{"dust attempted", "withdrawal", and(to(sanctioned), m{"stage": "attempt", "fiat": usd("0.5")}), "flagged low sanctions" + recipient},
	{"clean dust", "deposit", m{"fiat": usd("0.01")}, "cleared"},
	{"dust from nobody", "deposit", m{"from": nil, "amount": "0"}, "held unknown_counterparty low partial none unknown_counterparty"},
	{"dust of an exchange", "deposit", and(from(exchange), m{"amount": "0"}), "flagged low exchange" + sender},

	// Our own side, both ends, token and initiator.
	{"own sanctions in", "deposit", to(sanctioned), "flagged severe sanctions/recipient/own/exact"},
	{"own sanctions out", "withdrawal", from(sanctioned), "held risk severe sanctions/sender/own/exact"},
	{"own scam out", "withdrawal", from(scammer), "held risk high scam/sender/own/exact"},
	{"own coinjoin out", "withdrawal", from(joiner), "flagged medium coinjoin/sender/own/exact"},
	{"own gambling out", "withdrawal", from(gambler), "flagged low gambling/sender/own/exact"},
	{"both ends", "deposit", and(from(gambler), to(sanctioned)), "flagged severe sanctions/recipient/own/exact gambling" + sender},
	{"internal", "internal", from(sanctioned), "flagged severe sanctions/sender/own/exact"},
	{"internal, to scam", "internal", to(scammer), "flagged high scam/recipient/own/exact"},
	{"token in", "deposit", m{"contract": sanctioned}, "flagged severe sanctions/contract/token/exact"},
	{"token out", "withdrawal", m{"contract": sanctioned}, "held risk severe sanctions/contract/token/exact"},
	{"gambling token out", "withdrawal", m{"contract": gambler}, "cleared gambling/contract/token/exact"}, // the entry names neither token nor issuer
	{"initiator in", "deposit", m{"initiator": sanctioned}, "flagged severe sanctions/initiator/initiator/exact"},
	{"initiator out", "withdrawal", m{"initiator": mixer}, "held risk high mixer/initiator/initiator/exact"},
	{"scam token out is no victim", "withdrawal", m{"contract": scammer}, "held risk high scam/contract/token/exact"},

	// Memos.
	{"swap in", "deposit", btc(m{"memo": "=:ETH.ETH:" + sanctioned + ":0"}), "held risk severe sanctions/memo/counterparty/exact@ethereum"},
	{"swap out", "withdrawal", btc(m{"memo": "SWAP:ETH.ETH:" + strings.ToUpper(scammer[2:3]) + scammer[3:] + ":1/1/0"}), "cleared"}, // no 0x: no address
	{"scam swap out", "withdrawal", btc(m{"memo": "SWAP:ETH.ETH:" + scammer + "/" + clean + ":1/1/0"}), "held risk high victim scam/memo/counterparty/exact@ethereum"},
	{"memo is an address", "withdrawal", m{"memo": sanctioned}, "held risk severe sanctions/memo/counterparty/exact"},
	{"memo in spaces", "withdrawal", m{"memo": " " + sanctioned + "\n"}, "held risk severe sanctions/memo/counterparty/exact"},
	{"memo is prose", "withdrawal", m{"memo": "thanks for " + sanctioned}, "cleared"},

	// One key in several spellings.
	{"as listed", "deposit", btc(from(p2pkh)), "held risk severe sanctions" + sender},
	{"segwit of the key", "deposit", btc(from(p2wpkh)), "held risk severe sanctions/sender/counterparty/same_key"},
	{"capitals", "deposit", btc(from(strings.ToUpper(p2wpkh))), "held risk severe sanctions/sender/counterparty/same_key"},
	{"wrapped segwit", "withdrawal", btc(to(wrapped)), "held risk severe sanctions/recipient/counterparty/same_key"},
	{"on bitcoin cash", "deposit", btc(and(m{"network": "bitcoin-cash", "asset": "BCH"}, from(p2pkh))), "held risk severe sanctions" + sender + "@bitcoin"},
	{"cashaddr", "deposit", btc(and(m{"network": "bitcoin-cash", "asset": "BCH"}, from(cashAddr))), "held risk severe sanctions" + sender},
	{"cashaddr, no prefix", "deposit", btc(and(m{"network": "bitcoin-cash", "asset": "BCH"}, from(strings.TrimPrefix(cashAddr, "bitcoincash:")))), "held risk severe sanctions" + sender},
	{"cash on bitcoin", "deposit", btc(from(cashLegacy)), "held risk severe sanctions" + sender + "@bitcoin-cash"},
	{"a script hash", "deposit", btc(from(scriptOnly)), "held risk severe sanctions" + sender},
	{"on bsc", "deposit", and(from(sanctioned), m{"network": "bsc", "asset": "BNB"}), "held risk severe sanctions" + sender + "@ethereum"},
	{"on a chain without a name", "withdrawal", and(to(scammer), m{"network": "eip155:987654321"}), "held risk high victim scam" + recipient + "@ethereum"},
	{"capital hex", "deposit", from("0x" + strings.ToUpper(joiner[2:])), "flagged medium coinjoin" + sender},

	// Tags.
	{"the tag", "deposit", xrp(from(xrpTagged)), "held risk severe sanctions" + sender},
	{"the tag as memo", "withdrawal", xrp(and(to(xrpBase), m{"memo": "1"})), "held risk severe sanctions" + recipient},
	{"another tag", "withdrawal", xrp(and(to(xrpBase), m{"memo": "2"})), "flagged low sanctions/recipient/counterparty/base_only"},
	{"no tag", "withdrawal", xrp(to(xrpBase)), "flagged low sanctions/recipient/counterparty/base_only"},
	{"another tag on our side", "withdrawal", xrp(from(xrpBase)), "flagged low sanctions/sender/own/base_only"},

	// Nobody to screen, or not everybody.
	{"no sender", "deposit", m{"from": nil}, "held unknown_counterparty low partial none unknown_counterparty"},
	{"empty senders", "deposit", from(), "held unknown_counterparty low partial none unknown_counterparty"},
	{"no recipient", "withdrawal", to(), "held unknown_counterparty low partial none unknown_counterparty"},
	{"no recipient, attempted", "withdrawal", and(to(), m{"stage": "attempt"}), "held unknown_counterparty low partial none unknown_counterparty"},
	{"unknown alone", "deposit", btc(from("unknown")), "held unknown_counterparty low partial none unknown_counterparty"},
	{"unknown beside clean", "deposit", btc(from(cleanBTC, "unknown")), "cleared partial partial unknown_counterparty"},
	{"unknown beside listed", "deposit", btc(from(p2pkh, "unknown")), "held risk severe partial partial unknown_counterparty sanctions" + sender},
	{"no sender and a listed token", "deposit", m{"from": nil, "contract": sanctioned}, "held unknown_counterparty severe partial none unknown_counterparty sanctions/contract/token/exact"},
	{"shielded", "deposit", m{"network": "zcash", "asset": "ZEC", "from": []string{"zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya"}, "to": []string{"t1ZmpK4QFcvyQZ3ghTgSboBW8b4HgiZHQF9"}},
		"held unknown_counterparty low partial none shielded"},

	// What cannot be screened.
	{"unknown network", "deposit", m{"network": "nowhere"}, "held unscreenable low partial none unparsed"},
	{"unknown network, attempted", "withdrawal", m{"network": "nowhere", "stage": "attempt"}, ""},
	{"bad checksum", "deposit", from("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), "held unscreenable low partial none unparsed"},
	{"bad checksum beside listed", "deposit", from("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", sanctioned), "held risk+unscreenable severe partial partial unparsed sanctions" + sender},
	{"bad checksum, attempted", "withdrawal", and(to("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), m{"stage": "attempt"}), ""},
	{"bad own address", "deposit", to("0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"), "held unscreenable low partial unparsed"},
	{"bad contract", "withdrawal", m{"contract": "tether"}, "held unscreenable low partial unparsed"},
	{"bad initiator", "deposit", m{"initiator": "0x12"}, "held unscreenable low partial unparsed"},
	{"bad address in an internal transfer", "internal", from("0x12"), "held unscreenable low partial unparsed"},
	{"coinbase on ethereum", "deposit", from("coinbase"), "held unscreenable low partial none unparsed"},
	{"testnet", "deposit", btc(from("mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn")), "held unscreenable low partial none unparsed"},
}

func policyLines() (lines [][]byte) {
	for _, c := range policyCases {
		lines = append(lines, payment(c.id, c.direction, c.with))
	}
	return lines
}

// filtered runs lines through the offline filter: transfer id -> record, the last one of an id.
func filtered(t testing.TB, lines [][]byte, config judge.FilterConfig) (records map[string][]byte, stats judge.FilterStats) {
	t.Helper()
	var out, errs bytes.Buffer
	config.Now, config.All = realNow, true
	stats, err := judge.Filter(bytes.NewReader(bytes.Join(lines, []byte("\n"))), &out, &errs, config)
	if err != nil {
		t.Fatal(err)
	}
	records = map[string][]byte{}
	for line := range bytes.Lines(out.Bytes()) {
		records[readJudged(t, line).TransferID] = line
	}
	return records, stats
}

// TestTheBuiltInPolicyRowByRow judges a transfer of each kind that docs/policy.md speaks of, by the offline filter and
// by the running pipeline.
func TestTheBuiltInPolicyRowByRow(t *testing.T) {
	snap, lines := policySnapshot(t), policyLines()
	records, stats := filtered(t, lines, judge.FilterConfig{Lists: judge.Lists{Snapshot: snap, Seq: 7}, Rules: builtin(t)})
	refused := 0
	for _, c := range policyCases {
		record, ok := records[c.id]
		switch {
		case c.want == "" && ok:
			t.Errorf("%s: %s, want it refused", c.id, said(t, record))
		case c.want == "":
			refused++
		case !ok:
			t.Errorf("%s: refused, want %s", c.id, c.want)
		default:
			if got := said(t, record); got != c.want {
				t.Errorf("%s:\n got %s\nwant %s", c.id, got, c.want)
			}
		}
	}
	if stats.Failed != refused {
		t.Errorf("%d lines failed, want %d", stats.Failed, refused)
	}

	c := newChain(t)
	c.lists.set(enrichment.Current{Snapshot: snap, Seq: 7, Usable: true})
	messages := make([]stream.Message, len(lines))
	for i, line := range lines {
		messages[i] = stream.Message{Topic: schemas.Raw, Key: []byte("c1"), Value: line}
	}
	c.produce(messages...)
	for _, r := range c.take(schemas.Verdicts, len(records)) {
		got := readJudged(t, r.value)
		if want := readJudged(t, records[got.TransferID]); got.replayable() != want.replayable() {
			t.Errorf("%s: the pipeline says\n%s\nthe filter\n%s", got.TransferID, got.replayable(), want.replayable())
		}
	}
	c.take(schemas.DeadLetters, refused)
}

func TestTheSecondOfTwoContentsIsHeld(t *testing.T) {
	judgeBy := judge.FilterConfig{Lists: judge.Lists{Snapshot: policySnapshot(t), Seq: 7}, Rules: builtin(t)}
	for _, tt := range []struct {
		name   string
		second []byte
		want   string
	}{
		{"the same", payment("a", "deposit", nil), "cleared"},
		{"the same in another spelling", payment("a", "deposit", m{"amount": "1.50", "from": []string{"0x" + strings.ToUpper(clean[2:])}, "stage": "confirmed", "occurred_at": "2026-10-31T13:00:00.000+01:00"}), "cleared"},
		{"another stage", payment("a", "deposit", m{"stage": "attempt"}), "cleared"},
		{"another amount", payment("a", "deposit", m{"amount": "1.51"}), "held conflict medium"},
		{"to a listed address", payment("a", "deposit", from(sanctioned)), "held risk+conflict severe sanctions" + sender},
		{"dust from a listed one", payment("a", "deposit", and(from(sanctioned), m{"amount": "0"})), "held conflict medium sanctions" + sender},
	} {
		records, _ := filtered(t, [][]byte{payment("a", "deposit", nil), tt.second}, judgeBy)
		if got := said(t, records["a"]); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestUnknownCounterpartiesByOption(t *testing.T) {
	lines := [][]byte{payment("in", "deposit", m{"from": nil}), payment("out", "withdrawal", m{"to": nil}), payment("bad", "deposit", from("0x12"))}
	for _, tt := range []struct {
		in, out         rules.Treatment
		wantIn, wantOut string
	}{
		{rules.HoldIt, rules.FlagIt, "held unknown_counterparty low", "flagged low"},
		{rules.FlagIt, rules.ClearIt, "flagged low", "cleared"},
		{rules.ClearIt, rules.HoldIt, "cleared", "held unknown_counterparty low"},
	} {
		options := rules.DefaultOptions()
		options.UnknownDeposit, options.UnknownWithdrawal = tt.in, tt.out
		set, err := rules.Compile(options, rules.Builtin())
		if err != nil {
			t.Fatal(err)
		}
		records, _ := filtered(t, lines, judge.FilterConfig{Lists: judge.Lists{Snapshot: policySnapshot(t)}, Rules: judge.Rules{Set: set}})
		const gap = " partial none unknown_counterparty"
		for id, want := range map[string]string{"in": tt.wantIn + gap, "out": tt.wantOut + gap, "bad": "held unscreenable low partial none unparsed"} {
			if got := said(t, records[id]); got != want {
				t.Errorf("%v and %v: %s\n got %s\nwant %s", tt.in, tt.out, id, got, want)
			}
		}
	}
}

func TestOwnAddressesAreToldFromOthers(t *testing.T) {
	ethereum, _ := network.Lookup("ethereum")
	var own []watchlist.Entry
	for _, text := range []string{exchange, sanctioned} {
		a, err := address.Parse(ethereum, text)
		if err != nil {
			t.Fatal(err)
		}
		own = append(own, watchlist.Entry{List: "own", EntryID: a.Text, Network: "ethereum", Address: a.Text, Key: a.Key,
			Category: taxonomy.Exchange, Categories: []taxonomy.Category{taxonomy.Exchange}, Use: watchlist.UseOwn})
	}
	snapshot, err := policySnapshot(t).WithList("own", watchlist.Origin{}, own)
	if err != nil {
		t.Fatal(err)
	}
	lists := judge.Lists{Snapshot: snapshot}
	records, _ := filtered(t, [][]byte{
		payment("ours", "withdrawal", from(exchange)),
		payment("ours, listed for more", "withdrawal", from(sanctioned)),
		payment("not ours", "withdrawal", from(gambler)),
	}, judge.FilterConfig{Lists: lists, Rules: builtin(t)})
	for id, want := range map[string]string{
		"ours":                  "cleared",
		"ours, listed for more": "held risk severe sanctions/sender/own/exact",
		"not ours":              "flagged low gambling/sender/own/exact",
	} {
		if got := said(t, records[id]); got != want {
			t.Errorf("%s:\n got %s\nwant %s", id, got, want)
		}
	}
}

func TestWithoutListsEverythingIsHeld(t *testing.T) {
	records, _ := filtered(t, [][]byte{payment("clean", "deposit", nil), payment("listed", "deposit", from(sanctioned)), payment("nobody", "deposit", from())},
		judge.FilterConfig{Rules: builtin(t)})
	for id, want := range map[string]string{
		"clean": "held degraded degraded", "listed": "held degraded degraded",
		"nobody": "held degraded+unknown_counterparty low degraded none unknown_counterparty",
	} {
		if got := said(t, records[id]); got != want {
			t.Errorf("%s:\n got %s\nwant %s", id, got, want)
		}
	}
}
