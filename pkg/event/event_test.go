package event_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
)

var now = time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)

const (
	sender    = "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"
	recipient = "0xfb6916095ca1df60bb79ce92ce3ea74c37c5d359"
)

const deposit = `{"id":"t1","direction":"deposit","customer_id":"c1","network":"ethereum","asset":"ETH","amount":"1.5",` +
	`"from":["` + sender + `"],"to":["` + recipient + `"],"occurred_at":"2026-11-01T00:00:00Z"}`

func parse(t testing.TB, body string) *transfer.Parsed {
	t.Helper()
	var p transfer.Parser
	out, err := p.Parse([]byte(body), now)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// with is deposit with one text replaced.
func with(old, replacement string) string { return strings.Replace(deposit, old, replacement, 1) }

func TestATransferRecordHasItsMembersInOrder(t *testing.T) {
	p := parse(t, deposit)
	id := p.FactID("default")
	want := `{"id":"` + id.String() + `","transfer_id":"t1","tenant":"default","transfer":` + deposit + `}`
	if got := string(event.AppendTransfer(nil, id, "default", transfer.ID{}, p)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	first := transfer.ID{0xab}
	want = `{"id":"` + id.String() + `","transfer_id":"t1","tenant":"default","conflicts_with":"ab` + strings.Repeat("0", 30) + `","transfer":` + deposit + `}`
	if got := string(event.AppendTransfer([]byte("x"), id, "default", first, p)); got != "x"+want {
		t.Errorf("got\n%s\nwant\nx%s", got, want)
	}
}

func TestARescreenRecordSaysWhy(t *testing.T) {
	p := parse(t, deposit)
	fact := event.Fact{ID: p.FactID("default"), TransferID: "t1", Tenant: "default", Transfer: p.Canonical()}
	for want, again := range map[string]event.Again{
		`},"raised_by":"lookback","cause_seq":42}`:                          {RaisedBy: "lookback", CauseSeq: 42},
		`},"raised_by":"rescreen","cause_seq":7,"previous_verdict":"held"}`: {RaisedBy: "rescreen", CauseSeq: 7, Verdict: "held"},
	} {
		value := event.AppendRescreen(nil, fact, again)
		var r event.Record
		if err := r.Decode(value); err != nil || r.RaisedBy != again.RaisedBy || r.CauseSeq != again.CauseSeq || r.PreviousVerdict != again.Verdict {
			t.Errorf("%s: %+v, %v", value, r, err)
		}
		if !strings.HasSuffix(string(value), want) {
			t.Errorf("%s", value)
		}
	}
}

func TestTheListsThatAFactMayBeScreenedWith(t *testing.T) {
	for _, seq := range []uint64{0, 1, 1 << 63} {
		if got, err := event.ParseLists(event.AppendLists(nil, seq)); got != seq || err != nil {
			t.Errorf("%d, %v, want %d", got, err, seq)
		}
	}
	if got, err := event.ParseLists(nil); got != 0 || err != nil {
		t.Errorf("without a header: %d, %v", got, err)
	}
	for _, size := range []int{1, 7, 9} {
		if _, err := event.ParseLists(make([]byte, size)); err == nil {
			t.Errorf("%d bytes are taken", size)
		}
	}
}

func TestTheIDOfARecordIsFoundAtItsPlace(t *testing.T) {
	p := parse(t, deposit)
	id := p.FactID("a/b")
	value := event.AppendTransfer(nil, id, `te"nant`, transfer.ID{7}, p)
	if got, ok := event.PeekID(value); !ok || got != id {
		t.Errorf("id of %s: %v, %v", value, got, ok)
	}
	for _, other := range []string{``, `{}`, `{"transfer_id":"t1"}`, `{"id":"` + strings.Repeat("g", 32) + `"}`, ` {"id":"`, string(value[:39])} {
		if _, ok := event.PeekID([]byte(other)); ok {
			t.Errorf("%q has an id", other)
		}
	}
}

func TestTheListsOfACleanRecordAreFoundAtItsEnd(t *testing.T) {
	for value, want := range map[string]uint64{
		`{"id":"x","lists_seq":0}`:                    0,
		`{"id":"x","lists_seq":18446744073709551615}`: 18446744073709551615,
	} {
		if got, ok := event.PeekListsSeq([]byte(value)); !ok || got != want {
			t.Errorf("%s: %d, %v", value, got, ok)
		}
	}
	for _, value := range []string{
		``, `}`, `5}`, `{"lists_seq":5}x`, `{"id":"x","lists_seq":18446744073709551616}`, `{"id":"x","lists_seq":}`,
		`{"id":"x","lists_seq":05}`, `{"id":"x","lists_seq":5,"lists_version":"a"}`, `{"id":"x","cause_seq":5}`,
	} {
		if got, ok := event.PeekListsSeq([]byte(value)); ok {
			t.Errorf("%s: found %d", value, got)
		}
	}
}

func TestTheRecordKeyIsTenantAndCustomer(t *testing.T) {
	if got := string(event.AppendKey(nil, "default", "c/1")); got != "default/c/1" {
		t.Errorf("key %q", got)
	}
}

func TestFingerprintsNameEveryParty(t *testing.T) {
	p := parse(t, with(`"to":`, `"contract":"`+recipient+`","memo":"`+sender+`","to":`))
	header := event.AppendFingerprints(nil, p, false)
	f, err := event.ParseFingerprints(header)
	if err != nil {
		t.Fatal(err)
	}
	if f.Coverage != 0 || f.Len() != 4 || f.Len() != len(p.Parties) {
		t.Fatalf("coverage %08b, %d fingerprints of %d parties", f.Coverage, f.Len(), len(p.Parties))
	}
	for i, party := range p.Parties {
		if f.At(i) != party.Key.Fingerprint() {
			t.Errorf("fingerprint %d: %x, want %x", i, f.At(i), party.Key.Fingerprint())
		}
	}
	if header[0] != 1 || f.At(0) != f.At(3) || f.At(1) != f.At(2) || f.At(0) == f.At(1) {
		t.Errorf("header % x", header)
	}
}

func TestCoverageByteSaysWhyARecordMustBeRead(t *testing.T) {
	many := func(n int) string {
		list := make([]string, n)
		for i := range list {
			list[i] = `"0x` + strings.Repeat("0", 36) + string([]byte{'0' + byte(i/1000%10), '0' + byte(i/100%10), '0' + byte(i/10%10), '0' + byte(i%10)}) + `"`
		}
		return with(`["`+sender+`"]`, "["+strings.Join(list, ",")+"]")
	}
	for _, c := range []struct {
		name, body string
		conflict   bool
		want       event.CoverageByte
		coverage   transfer.Coverage
		keys       int
	}{
		{"clean", deposit, false, 0, transfer.Coverage{}, 2},
		{"conflict", deposit, true, event.BitConflict, transfer.Coverage{}, 2},
		{"no sender", with(`"`+sender+`"`, ""), false, 0b1<<2 | 0b10, transfer.Coverage{Counterparty: transfer.KnownNone, Reason: transfer.GapUnknownCounterparty}, 1},
		{"bad sender", with(sender, "x"), false, event.BitUnscreenable | 0b11<<2 | 0b10, transfer.Coverage{Counterparty: transfer.KnownNone, Reason: transfer.GapUnparsed}, 1},
		{"one bad", with(`"`+sender+`"`, `"`+sender+`","x"`), false, event.BitUnscreenable | 0b11<<2 | 0b01, transfer.Coverage{Counterparty: transfer.KnownPartial, Reason: transfer.GapUnparsed}, 2},
		{"bad own address", with(recipient, "x"), false, event.BitUnscreenable, transfer.Coverage{}, 1},
		{"128 keys", many(127), false, 0, transfer.Coverage{}, 128},
		{"129 keys", many(128), false, event.BitOmitted, transfer.Coverage{}, 0},
	} {
		f, err := event.ParseFingerprints(event.AppendFingerprints(nil, parse(t, c.body), c.conflict))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if f.Coverage != c.want || f.Coverage.Coverage() != c.coverage || f.Len() != c.keys {
			t.Errorf("%s: coverage %08b %v, %d keys; want %08b %v, %d", c.name, f.Coverage, f.Coverage.Coverage(), f.Len(), c.want, c.coverage, c.keys)
		}
		if f.Coverage.Has(event.BitConflict) != c.conflict {
			t.Errorf("%s: conflict %v", c.name, !c.conflict)
		}
	}
}

func TestHeadersOfAnotherFormatAreRefused(t *testing.T) {
	for _, header := range [][]byte{nil, {1}, {0, 0}, {2, 0}, {1, 0, 1}, {1, 0, 1, 2, 3, 4, 5, 6, 7}} {
		if f, err := event.ParseFingerprints(header); err == nil {
			t.Errorf("% x was read as %v", header, f)
		}
	}
	for _, header := range [][]byte{nil, {1, 2, 3}, make([]byte, 9)} {
		if m, err := event.ParseAt(header); err == nil {
			t.Errorf("% x was read as %v", header, m)
		}
	}
	for _, header := range [][]byte{nil, {1}, {1, 0}, {1, 2}, {2, 1}} {
		if event.IsClean(header) {
			t.Errorf("% x promises a clean record", header)
		}
	}
	if !event.IsClean(event.AppendScreened(nil, true)) || event.IsClean(event.AppendScreened(nil, false)) {
		t.Error("sc does not read back")
	}
}

func TestTimesOfStagesAreAppended(t *testing.T) {
	accepted, screened := now.Add(123*time.Millisecond), now.Add(time.Second)
	header := event.AppendAt(nil, accepted.In(time.FixedZone("", 3600)))
	if m, err := event.ParseAt(header); err != nil || m != (event.Marks{Accepted: accepted}) {
		t.Errorf("%v, %v", m, err)
	}
	header = event.AppendAt(header, screened)
	if m, err := event.ParseAt(header); err != nil || m != (event.Marks{Accepted: accepted, Screened: screened}) {
		t.Errorf("%v, %v", m, err)
	}
	if len(header) != 16 || !bytes.HasPrefix(header, []byte{0, 0, 1}) {
		t.Errorf("header % x is not big-endian milliseconds", header)
	}
}

func TestADeadLetterIsTheOriginalBytesWithTheFactsBeside(t *testing.T) {
	letter := event.Bury(event.DeadLetter{
		Topic: "sluice.raw.v1", Partition: 3, Offset: 1 << 40, Key: []byte("c\xff"), Stage: "ingest", Reason: event.DeadRejected,
		Error: "transfer rejected", At: now, Value: []byte("\x00garbage\xff"),
	}, 1<<20)
	back, err := event.ParseDeadLetter(letter.Headers(), letter.Value)
	if err != nil {
		t.Fatal(err)
	}
	if string(back.Value) != "\x00garbage\xff" || string(back.Key) != "c\xff" || back.Topic != "sluice.raw.v1" || back.Partition != 3 ||
		back.Offset != 1<<40 || back.Stage != "ingest" || back.Reason != "rejected" || back.Error != "transfer rejected" ||
		!back.At.Equal(now) || back.Length != 9 || back.Truncated || back.SHA256 != letter.SHA256 {
		t.Errorf("%+v", back)
	}
	if got := string(letter.RecordKey()); got != "sluice.raw.v1/3" {
		t.Errorf("key %q", got)
	}
	if _, err := event.ParseDeadLetter([]event.Header{{Name: event.HeaderDeadOffset, Value: []byte("x")}}, nil); err == nil {
		t.Error("an offset that is no number was read")
	}
}

func TestADeadLetterOverTheLimitKeepsItsBeginningAndSaysSo(t *testing.T) {
	const limit = 100 << 10
	value := bytes.Repeat([]byte("a"), limit+1)
	whole := event.Bury(event.DeadLetter{Value: value[:limit]}, limit)
	if len(whole.Value) != limit || whole.Truncated || whole.Length != limit {
		t.Errorf("at the limit: %d bytes, truncated %v, length %d", len(whole.Value), whole.Truncated, whole.Length)
	}
	cut := event.Bury(event.DeadLetter{Value: value, Error: strings.Repeat("ä", 5000), Key: value}, limit)
	if len(cut.Value) != event.MaxDeadKept || !cut.Truncated || cut.Length != limit+1 || cut.SHA256 == whole.SHA256 {
		t.Errorf("over the limit: %d bytes, truncated %v, length %d", len(cut.Value), cut.Truncated, cut.Length)
	}
	back, err := event.ParseDeadLetter(cut.Headers(), cut.Value)
	if err != nil || !back.Truncated || len(back.Error) > event.MaxDeadError || len(back.Key) != event.MaxDeadKey {
		t.Errorf("%v, truncated %v, %d bytes of error, %d of the key", err, back.Truncated, len(back.Error), len(back.Key))
	}
	if small := event.Bury(event.DeadLetter{Value: value}, 10); len(small.Value) != 10 {
		t.Errorf("a limit of 10 keeps %d bytes", len(small.Value))
	}
}

func TestCloudEventsHeaders(t *testing.T) {
	e := event.CloudEvent{ID: transfer.ID{1}, Version: 7, Source: "/sluice/alerting", Type: event.CloudTypeFlagged, Time: now}
	got := map[string]string{}
	for _, h := range e.Headers() {
		got[h.Name] = string(h.Value)
	}
	want := map[string]string{
		"ce_specversion": "1.0", "ce_id": "01" + strings.Repeat("0", 30) + ".7", "ce_source": "/sluice/alerting",
		"ce_type": "sluice.flagged.v1", "ce_time": "2026-11-01T12:00:00Z", "content-type": "application/json",
	}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s is %q, want %q", name, got[name], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("headers %v", got)
	}
}

// usual is a usual deposit.
const usual = `{"id":"dep-2026-11-01-000000000001234567","direction":"deposit","customer_id":"cust-7f3a91c2e4","network":"ethereum","asset":"USDT",` +
	`"contract":"0xdac17f958d2ee523a2206206994597c13d831ec7","amount":"1250.75","fiat":{"amount":"1250.12","currency":"USD"},` +
	`"tx_hash":"0x5c504ed432cb51138bcf09aa5e8a410dd4a1e204ef84bfed1be16dfba1b22060","log_index":117,` +
	`"from":["` + sender + `"],"to":["` + recipient + `"],"evidence":"log","occurred_at":"2026-11-01T12:34:56.789Z"}`

// ingest is all that ingest does for a transfer but the network: parse, identity, value, fingerprints.
type ingest struct {
	parser        transfer.Parser
	value, header []byte
}

func (in *ingest) take(t testing.TB, body []byte) {
	out, err := in.parser.Parse(body, now.Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	id := out.FactID("default")
	in.value = event.AppendTransfer(in.value[:0], id, "default", transfer.ID{}, out)
	in.header = event.AppendFingerprints(in.header[:0], out, false)
}

func TestIngestAllocatesNextToNothing(t *testing.T) {
	var in ingest
	body := []byte(usual)
	const most = 6
	if n := testing.AllocsPerRun(100, func() { in.take(t, body) }); n > most {
		t.Errorf("%v allocations for a usual deposit, want at most %d", n, most)
	}
}

func BenchmarkIngest(b *testing.B) {
	var in ingest
	body := []byte(usual)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		in.take(b, body)
	}
}
