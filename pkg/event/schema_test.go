package event_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"sluice/pkg/event"
	"sluice/pkg/transfer"
)

// schema compiles the published JSON Schema of a format. The schemas are of another module, whose files stand beside.
func schema(t testing.TB, format string) *jsonschema.Schema {
	t.Helper()
	files, err := filepath.Glob("../../schemas/events/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no schemas in ../../schemas/events: %v", err)
	}
	compiler := jsonschema.NewCompiler()
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := compiler.AddResource("urn:sluice:events:"+strings.TrimSuffix(filepath.Base(name), ".json"), doc); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	compiled, err := compiler.Compile("urn:sluice:events:" + format)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func validate(s *jsonschema.Schema, value string) error {
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(value))
	if err != nil {
		return err
	}
	return s.Validate(doc)
}

const fullDeposit = `{"id":"t1","direction":"deposit","stage":"confirmed","customer_id":"c1","network":"eip155:1","asset":"USDT",` +
	`"asset_id":"eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7","contract":"0xdAC17F958D2ee523a2206206994597C13D831ec7",` +
	`"amount":"1.50","fiat":{"amount":"1.500","currency":"EUR"},"tx_hash":"0xabc","log_index":7,"from":["` + sender + `","x"],` +
	`"from_amounts":["1","0.50"],"to":["` + recipient + `"],"memo":"a\nb","initiator":"` + recipient + `","evidence":"log",` +
	`"occurred_at":"2026-11-01T01:00:00.50+01:00"}`

// Bodies that the parser takes are valid by the schema; what breaks a rule that a schema can express is not, by either.
func TestSchemaOfTransfersInAgreesWithTheParser(t *testing.T) {
	raw := schema(t, "raw.v1")
	change := func(old, replacement string) string {
		if !strings.Contains(fullDeposit, old) {
			t.Fatalf("%s is not in the example", old)
		}
		return strings.Replace(fullDeposit, old, replacement, 1)
	}
	valid := []string{
		deposit, fullDeposit, with(sender, "coinbase"), change(`"log_index":7`, `"output_index":0`), change(`"log_index":7`, `"log_index":4294967295`),
		change(`"memo":"a\nb"`, `"memo":""`), change(`"asset_id":"eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7"`, `"asset_id":""`),
		change(`"deposit"`, `"internal","counterparty_customer_id":"c2"`), change(`"deposit"`, `"withdrawal","counterparty_customer_id":""`),
		change(`"eip155:1"`, `"atlantis"`), change(`"1.50"`, `"0"`), change(`"1.500"`, `"123456789012345678901234567890.12345678"`),
	}
	for _, body := range valid {
		if _, err := transfer.Parse([]byte(body), now); err != nil {
			t.Errorf("the parser refuses %s: %v", body, err)
		}
		if err := validate(raw, body); err != nil {
			t.Errorf("the schema refuses %s: %v", body, err)
		}
	}
	invalid := []string{
		`[]`, `{}`, change(`"id":"t1",`, ``), change(`"id":"t1"`, `"id":""`), change(`"id":"t1"`, `"ID":"t1"`), change(`"id":"t1"`, `"id":null`),
		change(`"t1"`, `"`+strings.Repeat("x", 257)+`"`), change(`"t1"`, `"a\tb"`), change(`"t1"`, `"a\u0085b"`),
		change(`"deposit"`, `"in"`), change(`"deposit"`, `"internal"`), change(`"deposit"`, `"deposit","counterparty_customer_id":"c2"`),
		change(`"confirmed"`, `"done"`), change(`"eip155:1"`, `"my chain"`), change(`"USDT"`, `""`), change(`"eip155:1/erc20`, `"erc20`),
		change(`"1.50"`, `1.5`), change(`"1.50"`, `"1e5"`), change(`"1.50"`, `"01"`), change(`"1.50"`, `".5"`), change(`"1.50"`, `"-1"`),
		change(`"1.50"`, `"1`+strings.Repeat("0", 38)+`"`), change(`"1.50"`, `"0.`+strings.Repeat("0", 31)+`"`),
		change(`"1.500"`, `"0.123456789"`), change(`"1.500"`, `"1`+strings.Repeat("0", 30)+`"`), change(`"EUR"`, `"eur"`), change(`,"currency":"EUR"`, ``),
		change(`"currency":"EUR"`, `"currency":"EUR","rate":"1"`), change(`"log_index":7`, `"log_index":7,"output_index":1`),
		change(`"log_index":7`, `"log_index":-1`), change(`"log_index":7`, `"log_index":1.5`), change(`"log_index":7`, `"log_index":4294967296`),
		change(`"from":["`+sender+`","x"]`, `"from":"`+sender+`"`), change(`,"x"]`, `,7]`), change(`"0.50"]`, `"x"]`),
		change(`"a\nb"`, `"`+strings.Repeat("m", 4097)+`"`), change(`"log"`, `"rumour"`), change(`+01:00"`, `"`), change(`.50+01`, `.1234567890+01`),
		change(`"x"]`, `"`+strings.Repeat("y", 513)+`"]`),
	}
	for _, body := range invalid {
		if _, err := transfer.Parse([]byte(body), now); err == nil {
			t.Errorf("the parser takes %.400s", body)
		}
		if err := validate(raw, body); err == nil {
			t.Errorf("the schema takes %.400s", body)
		}
	}
}

// canonicalFact draws a transfer in all its forms and gives its record.
func canonicalFact(t *rapid.T) []byte {
	optional := func(name, value string) string {
		if rapid.Bool().Draw(t, "has "+name) {
			return `"` + name + `":` + value + ","
		}
		return ""
	}
	address := rapid.SampledFrom([]string{`"` + sender + `"`, `"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"`, `"nobody"`, `""`})
	list := strings.Join(rapid.SliceOfN(address, 0, 3).Draw(t, "addresses"), ",")
	body := `{` + optional("stage", `"confirmed"`) + optional("fiat", `{"amount":"1.50","currency":"EUR"}`) + optional("tx_hash", `"0xabc"`) +
		optional("contract", `"`+recipient+`"`) + optional("memo", rapid.SampledFrom([]string{`"x"`, `""`, `"\u0000\n"`}).Draw(t, "memo")) +
		optional("log_index", fmt.Sprint(rapid.Uint32().Draw(t, "index"))) + optional("initiator", address.Draw(t, "initiator")) +
		optional("evidence", rapid.SampledFrom([]string{`"declared"`, `"calldata"`}).Draw(t, "evidence")) +
		optional("asset_id", `"eip155:1/slip44:60"`) + optional("from", "["+list+"]") + optional("to", "["+list+"]") +
		rapid.SampledFrom([]string{`"direction":"deposit"`, `"direction":"withdrawal"`, `"direction":"internal","counterparty_customer_id":"c2"`}).Draw(t, "direction") +
		`,"amount":"` + rapid.StringMatching(`(0|[1-9][0-9]{0,37})(\.[0-9]{1,30})?`).Draw(t, "amount") +
		`","network":"` + rapid.SampledFrom([]string{"ethereum", "eip155:137", "eip155:99999999", "atlantis"}).Draw(t, "network") +
		`","id":"t1","customer_id":"c1","asset":"X","occurred_at":"` +
		time.Unix(rapid.Int64Range(1_300_000_000, 1_790_000_000).Draw(t, "at"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanos")).UTC().Format(time.RFC3339Nano) + `"}`
	p, err := transfer.Parse([]byte(body), now)
	if err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	conflict := transfer.ID{}
	if rapid.Bool().Draw(t, "conflict") {
		conflict = transfer.ID{1}
	}
	return event.AppendTransfer(nil, p.FactID("default"), "default", conflict, &p)
}

// What each stage adds, at its fullest.
const (
	fullScreening = `,"status":"partial","coverage":{"counterparty":"partial","reason":"unparsed"},"hits":[{"list":"ofac-sdn","entry_id":"7",` +
		`"entity":"X","category":"sanctions","categories":["sanctions","mixer"],"authority":"OFAC","program":"CYBER2","measure":"block",` +
		`"role":"sender","side":"counterparty","address":"` + sender + `","match":"exact","listed_on":"tron","exposure":"direct","hops":1,` +
		`"share":"0.5","confidence":90,"timing":"listed_before","party_listed_at":"2020-01-02","address_listed_at":null,"known_at":"2026-01-01T00:00:00Z"}],` +
		`"inputs":{"own":true},"lists_seq":7,"lists_version":"ab"`
	fullVerdict = `,"verdict":"held","severity":"severe","score":100,"hold_reasons":["risk","conflict"],"categories":["sanctions","mixer"],` +
		`"posture":"victim","alerts":[{"alert_id":"x","rule":"r","rule_version":"v","severity":"high","score":90,"category":"sanctions",` +
		`"side":"counterparty","exposure":"direct","amount":"1.5","reason":"listed"}],"rules_seq":3,"version":7,"public_code":"pending",` +
		`"raised_at":"2026-11-01T12:00:00Z","rules_version":"cd"`
)

// splice returns the record with members behind its last one.
func splice(value []byte, members string) []byte {
	return append(append(slices.Clone(value[:len(value)-1]), members...), '}')
}

func TestCanonicalRecordsAreValidByTheirSchemas(t *testing.T) {
	transfers, screened, verdicts := schema(t, "transfers.v1"), schema(t, "screened.v1"), schema(t, "verdicts.v1")
	rapid.Check(t, func(t *rapid.T) {
		var r event.Record
		value := canonicalFact(t)
		for _, stage := range []struct {
			schema  *jsonschema.Schema
			members []string
		}{
			{transfers, []string{""}},
			{screened, []string{`,"lists_seq":7`, fullScreening}},
			{verdicts, []string{`,"verdict":"cleared","rules_seq":3,"version":7,"public_code":"proceed","raised_at":"2026-11-01T12:00:00.5Z"`, fullVerdict}},
		} {
			value = splice(value, rapid.SampledFrom(stage.members).Draw(t, "members"))
			if err := validate(stage.schema, string(value)); err != nil {
				t.Fatalf("%s: %v", value, err)
			}
			if err := r.Decode(value); err != nil {
				t.Fatalf("%s: %v", value, err)
			}
			if err := validate(stage.schema, string(splice(value, `,"colour":"red"`))); err != nil {
				t.Fatalf("a later release's member is refused: %v", err)
			}
		}
		if err := validate(screened, string(canonicalFact(t))); err == nil {
			t.Fatal("a fact that was not screened is valid as a screened one")
		}
	})
}

func TestSchemasOfRecordsRefuseOtherWords(t *testing.T) {
	p := parse(t, deposit)
	fact := event.AppendTransfer(nil, p.FactID("default"), "default", transfer.ID{1}, p)
	record := splice(fact, fullScreening+fullVerdict)
	verdicts := schema(t, "verdicts.v1")
	if err := validate(verdicts, string(record)); err != nil {
		t.Fatal(err)
	}
	for old, replacement := range map[string]string{
		`"1.5","from`: `"1.50","from`, `00:00:00Z"},"status`: `00:00:00.50Z"},"status`, `"from":["`: `"stage":"confirmed","from":["`, `"held"`: `"stopped"`,
		`"status":"partial"`: `"status":"complete"`, `"unparsed"`: `"none"`, `"hits":[{"list":"ofac-sdn",`: `"hits":[{`, `"score":100`: `"score":101`,
		`"risk"`: `"whim"`, `"mixer"],"posture"`: `"bad"],"posture"`, `"version":7`: `"version":-7`, `"public_code":"pending",`: ``, `"lists_seq":7,`: ``,
		`"id":"`: `"id":"x`, `"to":["` + recipient + `"]`: `"to":[]`,
	} {
		changed := strings.Replace(string(record), old, replacement, 1)
		if changed == string(record) {
			t.Errorf("%s is not in %s", old, record)
		}
		if err := validate(verdicts, changed); err == nil {
			t.Errorf("%s in the place of %s is valid", replacement, old)
		}
	}
}

func TestSchemaOfActivations(t *testing.T) {
	activations := schema(t, "activations.v1")
	const lists = `{"kind":"lists","base":41,"epoch":"e1","version":"ab","previous":"cd","author":"alice","reason":"daily","at":"2026-11-01T12:00:00Z",` +
		`"lists":[{"list":"ofac-sdn","version":"ef","entries":664}]}`
	for _, value := range []string{
		lists, strings.Replace(lists, `"base":41,"epoch":"e1",`, "", 1), strings.Replace(lists, `"previous":"cd",`, "", 1),
		`{"kind":"rules","version":"ab","author":"alice","at":"2026-11-01T12:00:00Z"}`,
		`{"kind":"rescreen","version":"run-7","author":"lookback","reason":"ofac-sdn","at":"2026-11-01T12:00:00Z"}`,
		`{"kind":"rescreen","version":"run-8","author":"alice","at":"2026-11-01T12:00:00Z","scope":"since","from_seq":5}`,
		`{"kind":"rescreen","version":"run-9","author":"sluice","at":"2026-11-01T12:00:00Z","scope":"held"}`,
		strings.Replace(lists, `]}`, `],"audit":{"log":"audit","seq":3,"hash":"`+strings.Repeat("ab", 32)+`"}}`, 1),
	} {
		if err := validate(activations, value); err != nil {
			t.Errorf("%s: %v", value, err)
		}
	}
	for _, value := range []string{
		`{}`, strings.Replace(lists, `"epoch":"e1",`, "", 1), strings.Replace(lists, `"lists":[`, `"list":[`, 1), strings.Replace(lists, `664`, `-1`, 1),
		strings.Replace(lists, `"kind":"lists"`, `"kind":"rules"`, 1), strings.Replace(lists, `"kind":"lists"`, `"kind":"mood"`, 1),
		strings.Replace(lists, `"author":"alice",`, "", 1), strings.Replace(lists, `12:00:00Z`, `12:00:00+01:00`, 1),
		strings.Replace(lists, `]}`, `],"audit":{"log":"audit","seq":3,"hash":"ab"}}`, 1),
	} {
		if err := validate(activations, value); err == nil {
			t.Errorf("%s is valid", value)
		}
	}
}
