package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"sluice/schemas"
	"sluice/services/internal/stream"
)

// oneListed is a list with a single address, that scenarios put in force when they want something listed.
const oneListed = "0x5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e5e"

func importOne(t *testing.T, s stack) {
	t.Helper()
	importList(t, s, "txt", "one", oneListed+"\n", "--category", "sanctions")
}

// paid is a deposit by a customer.
func paid(id, from string) []byte {
	return bytes.Replace([]byte(deposit(id, from)), []byte(`"c1"`), []byte(`"c-`+id+`"`), 1)
}

// sendOne posts a single object and returns the status, and the answer's members.
func sendOne(t *testing.T, s stack, query string, body []byte) (int, map[string]any) {
	t.Helper()
	status, members, err := tryOne(t, s, query, body)
	if err != nil {
		t.Fatal(err)
	}
	return status, members
}

// tryOne is sendOne for a stack that may not answer.
func tryOne(t *testing.T, s stack, query string, body []byte) (int, map[string]any, error) {
	at, err := s.at()
	if err != nil {
		return 0, nil, err
	}
	status, answer, err := call(t.Context(), http.MethodPost, "http://"+at.HTTP+"/v1/transfers"+query, "application/json", body)
	if err != nil {
		return 0, nil, err
	}
	members := map[string]any{}
	if err := json.Unmarshal(answer, &members); err != nil {
		return 0, nil, fmt.Errorf("%d: %w: %s", status, err, answer)
	}
	return status, members, nil
}

// otherContent sends a transfer id again with other content: that is another fact, held and marked.
func otherContent(t *testing.T, s stack) {
	importOne(t, s)
	where := "transfer_id = 'other-1'"
	first, second, third := paid("other-1", cleanSender), paid("other-1", oneListed), paid("other-1", "0x00000000000000000000000000000000000000cc")
	ids := make([]string, 3)
	for i, step := range []struct {
		body   []byte
		status int
		says   string
	}{{first, 202, "accepted"}, {second, 409, "conflict"}, {third, 409, "conflict"}, {first, 200, "duplicate"}, {second, 409, "conflict"}} {
		status, answer := sendOne(t, s, "", step.body)
		if status != step.status || answer["status"] != step.says {
			t.Errorf("step %d: %d %v, want %d %s", i, status, answer, step.status, step.says)
		}
		if i < len(ids) {
			ids[i], _ = answer["id"].(string)
		}
	}
	want := map[string]string{ids[0]: "cleared []", ids[1]: "held [risk conflict]", ids[2]: "held [conflict]"}
	check := func(when string) {
		t.Helper()
		settle(t, s)
		got := map[string]string{}
		for id, r := range rows(t, s, "transfers", where) {
			got[id] = fmt.Sprint(r.Verdict, " ", r.HoldReasons)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: transfers has %v, want %v", when, got, want)
		}
		flagged := latest(t, readTopic(t, s, schemas.Flagged))
		for id, said := range want {
			v, ok := flagged[id]
			if ok != strings.HasPrefix(said, "held") || ok && fmt.Sprint(v.Verdict, " ", v.HoldReasons) != said {
				t.Errorf("%s: flagged.v1 says %v of what is %s", when, v, said)
			}
		}
		if n := s.common().ask(t, "SELECT facts FROM sluice.conflicts WHERE "+where); n != "3" {
			t.Errorf("%s: the view of conflicts has %q facts, want 3", when, n)
		}
	}
	check("over HTTP")

	// An attempt and its confirmation share an id, and are no conflict.
	attempt := bytes.Replace(paid("other-2", cleanSender), []byte(`"direction"`), []byte(`"stage":"attempt","direction"`), 1)
	for _, body := range [][]byte{attempt, paid("other-2", cleanSender)} {
		if status, answer := sendOne(t, s, "", body); status != http.StatusAccepted {
			t.Errorf("%d %v, want 202", status, answer)
		}
	}

	// Nobody gets a held transfer released by sending it again another way.
	produce(t, s, rawMessages(t, &batch{lines: [][]byte{first, second, third}})...)
	check("through the raw topic, too")
}

// garbage sends what is no transfer: it is kept, byte for byte, with its reason, and what comes behind it is judged.
func garbage(t *testing.T, s stack) {
	good := paid("garbage-good", cleanSender)
	bad := map[string][]byte{
		"binary":        []byte("\x00\xff\xfe{not a transfer\r\n\t\\x"),
		"empty object":  []byte("{}"),
		"array":         append(append([]byte("["), good...), ']'),
		"case variant":  bytes.Replace(paid("garbage-case", cleanSender), []byte(`"amount"`), []byte(`"Amount":"1","amount"`), 1),
		"duplicate key": bytes.Replace(paid("garbage-twice", cleanSender), []byte(`"amount"`), []byte(`"amount":"1","amount"`), 1),
		"trailing":      append(slices.Clone(paid("garbage-trailing", cleanSender)), " x"...),
		"not utf-8":     bytes.Replace(paid("garbage-utf8", cleanSender), []byte(`"ETH"`), []byte("\"E\xffH\""), 1),
		"large":         append([]byte("{"), bytes.Repeat([]byte("garbage \x01'\""), 80_000)...),
		"deep":          bytes.Repeat([]byte("["), 200_000),
	}
	messages := []stream.Message{{Topic: schemas.Raw, Key: []byte("c-garbage"), Value: []byte{}}}
	for _, value := range bad {
		messages = append(messages, stream.Message{Topic: schemas.Raw, Key: []byte("c-garbage"), Value: value})
	}
	messages = append(messages, stream.Message{Topic: schemas.Raw, Key: []byte("c-garbage"), Value: good})
	produce(t, s, messages...)
	settle(t, s)

	kept := map[string]onTopic{}
	for _, r := range readTopic(t, s, schemas.DeadLetters) {
		if r.headers["dl_source_topic"] == schemas.Raw && r.headers["dl_key"] == "c-garbage" {
			kept[string(r.value)] = r
		}
	}
	table := map[string]string{}
	text := s.common().ask(t, "SELECT sha256, concat(hex(SHA256(value)), ' ', toString(length), ' ', toString(truncated), ' ', reason) FROM sluice.dead_letters FINAL WHERE key = 'c-garbage'")
	for line := range strings.Lines(text + "\n") {
		sum, what, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		table[sum] = what
	}
	bad["empty"] = []byte{}
	for name, value := range bad {
		r, ok := kept[string(value)]
		if !ok {
			t.Errorf("%s is not in the dead letter topic byte for byte", name)
			continue
		}
		digest := sha256.Sum256(value)
		sum := hex.EncodeToString(digest[:])
		if r.headers["dl_sha256"] != sum || r.headers["dl_reason"] == "" || r.headers["dl_error"] == "" || r.headers["dl_stage"] != "ingest" {
			t.Errorf("%s: headers %v", name, r.headers)
		}
		// A row may keep the first 64 KiB.
		want := fmt.Sprintf("%s %d false %s", strings.ToUpper(sum), len(value), r.headers["dl_reason"])
		if part := sha256.Sum256(value[:min(len(value), 64<<10)]); table[sum] != want && !strings.HasPrefix(table[sum], strings.ToUpper(hex.EncodeToString(part[:]))+fmt.Sprintf(" %d true", len(value))) {
			t.Errorf("%s: dead_letters has %q, want %q", name, table[sum], want)
		}
	}
	if len(kept) != len(bad) || len(table) != len(bad) {
		t.Errorf("%d on the topic, %d in the table, want %d", len(kept), len(table), len(bad))
	}
	if got := rows(t, s, "transfers", "transfer_id LIKE 'garbage-%'"); len(got) != 1 {
		t.Errorf("recorded: %v", got)
	}
}

// poison puts what no stage can read on the topics between the stages: it is kept, the transfer is held, and the stream
// goes on.
func poison(t *testing.T, s stack) {
	const key = "default/c-poison"
	ids := map[string]string{}
	for i, topic := range []string{schemas.Transfers, schemas.Screened} {
		id := fmt.Sprintf("%032x", 0xbad0+i)
		ids[id] = topic
		produce(t, s,
			stream.Message{Topic: topic, Key: []byte(key), Value: []byte(`{"id":"` + id), Headers: []stream.Header{{Name: "id", Value: []byte(id)}}},
			stream.Message{Topic: topic, Key: []byte(key), Value: []byte("nameless " + id)})
	}
	after := paid("poison-after", cleanSender)
	produce(t, s, stream.Message{Topic: schemas.Raw, Key: []byte("c-poison-after"), Value: after})
	settle(t, s)
	verdicts, flagged := latest(t, readTopic(t, s, schemas.Verdicts)), latest(t, readTopic(t, s, schemas.Flagged))
	dead := map[string]int{}
	for _, r := range readTopic(t, s, schemas.DeadLetters) {
		dead[r.headers["dl_source_topic"]+" "+string(r.value)]++
	}
	apart := 0
	for _, v := range flagged {
		if v.TransferID == "" && slices.Contains(v.HoldReasons, "quarantined") {
			apart++
		}
	}
	if apart != 2*len(ids) {
		t.Errorf("%d events on flagged.v1 for %d records that cannot be read: alert consumers take some for others", apart, 2*len(ids))
	}
	for id, topic := range ids {
		for name, v := range map[string]verdict{schemas.Verdicts: verdicts[id], schemas.Flagged: flagged[id]} {
			if v.Verdict != "held" || !slices.Contains(v.HoldReasons, "quarantined") {
				t.Errorf("poison on %s: %s says %q %v", topic, name, v.Verdict, v.HoldReasons)
			}
		}
		for _, value := range []string{`{"id":"` + id, "nameless " + id} {
			if dead[topic+" "+value] == 0 {
				t.Errorf("%q of %s is not in the dead letter topic", value, topic)
			}
		}
	}
	if got := rows(t, s, "transfers", "transfer_id = 'poison-after'"); len(got) != 1 {
		t.Errorf("what came after: %v", got)
	}
}

// waitAndAsk waits for verdicts, and asks for what is recorded.
func waitAndAsk(t *testing.T, s stack) {
	importOne(t, s)
	ids := map[string]string{}
	for name, step := range map[string]struct{ from, verdict string }{
		"ask-clean": {cleanSender, "cleared"}, "ask-listed": {oneListed, "held"}, "ask-unknown": {"", "held"},
	} {
		began := time.Now()
		status, v := sendOne(t, s, "?wait=verdict", paid(name, step.from))
		if status != http.StatusOK || v["verdict"] != step.verdict || v["transfer_id"] != name {
			t.Errorf("%s: %d %v, want %s", name, status, v, step.verdict)
		}
		t.Logf("%s: the verdict came after %s", name, time.Since(began).Round(time.Millisecond))
		ids[name], _ = v["id"].(string)
	}
	// Whoever lost the answer sends again, and gets it.
	if status, v := sendOne(t, s, "?wait=verdict", paid("ask-listed", oneListed)); status != http.StatusOK || v["verdict"] != "held" {
		t.Errorf("the same again: %d %v, want the verdict", status, v)
	}
	for query, body := range map[string][]byte{"?wait=soon": paid("ask-never", cleanSender), "": []byte(`{"id":"ask-bad"}`)} {
		if status, p := sendOne(t, s, query, body); status != 400 && status != 422 || p["title"] == nil {
			t.Errorf("%s: %d %v, want a problem document", query, status, p)
		}
	}
	at, err := s.at()
	if err != nil {
		t.Fatal(err)
	}
	get := func(path string) (int, []byte) {
		status, text, err := call(t.Context(), http.MethodGet, "http://"+at.HTTP+path, "", nil)
		if err != nil {
			t.Fatal(err)
		}
		return status, text
	}
	if _, one := s.(*embeddedStack); !one {
		t.Log("the ingest service alone answers no questions: sluice run does")
		return
	}
	settle(t, s)
	for name, id := range ids {
		if status, text := get("/v1/transfers/" + id); status != 200 || !bytes.Contains(text, []byte(`"`+name+`"`)) {
			t.Errorf("%s: %d %s", name, status, text)
		}
		if status, text := get("/v1/transfers?transfer_id=" + name); status != 200 || !bytes.Contains(text, []byte(id)) {
			t.Errorf("%s by its own id: %d %s", name, status, text)
		}
		status, text := get("/v1/flagged?customer_id=c-" + name)
		if held := name != "ask-clean"; status != 200 || bytes.Contains(text, []byte(id)) != held {
			t.Errorf("flagged of %s: %d %s", name, status, text)
		}
	}
	for path, want := range map[string]int{
		"/v1/transfers/" + strings.Repeat("0", 32): 404, "/v1/transfers/nonsense": 400, "/v1/transfers?transfer_id=": 400,
		"/v1/transfers?transferid=x": 400, "/v1/flagged?limit=0": 400, "/v1/flagged?verdict=guilty": 400, "/v1/flagged?limit=1": 200,
		"/v1/nothing": 404, "/healthz": 200, "/readyz": 200, "/metrics": 200,
	} {
		if status, text := get(path); status != want {
			t.Errorf("GET %s: %d %s, want %d", path, status, text, want)
		}
	}
	if status, text := get("/v1/transfers?transfer_id=ask-nobody"); status != 200 || !strings.Contains(string(text), "[]") {
		t.Errorf("an id that nobody sent: %d %s", status, text)
	}
}

// doctor examines the stack, and stacks of which one server is missing.
func doctor(t *testing.T, s stack) {
	b := s.common()
	if o, err := command(t.Context(), b.env, "", "doctor"); err != nil || o.exit != 0 {
		t.Errorf("of a stack that is well: %v %s", err, o)
	}
	nothing := freeAddress(t)
	for _, missing := range []struct{ check, setting, hint string }{
		{"kafka", "SLUICE_KAFKA_BROKERS=" + nothing, "SLUICE_KAFKA_BROKERS"},
		{"redis", "SLUICE_REDIS_URL=redis://:secret@" + nothing, "SLUICE_REDIS_URL"},
		{"clickhouse", "SLUICE_CLICKHOUSE_DSN=http://default:secret@" + nothing, "SLUICE_CLICKHOUSE_DSN"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		o, err := command(ctx, append(slices.Clone(b.env), missing.setting), "", "doctor")
		cancel()
		if err != nil {
			t.Error(err)
			continue
		}
		lines := strings.Split(o.out, "\n")
		at := slices.IndexFunc(lines, func(l string) bool {
			fields := strings.Fields(l)
			return len(fields) > 1 && fields[0] == "problem" && fields[1] == missing.check
		})
		if o.exit != 1 || at < 0 || !strings.Contains(lines[at], nothing) || !strings.Contains(strings.Join(lines[at:min(at+2, len(lines))], " "), missing.hint) {
			t.Errorf("without %s: %s", missing.check, o)
		}
		if strings.Contains(o.out+o.err, "secret") {
			t.Errorf("a password is shown: %s", o)
		}
	}
}
