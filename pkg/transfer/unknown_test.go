package transfer

import (
	"fmt"
	"testing"
	"time"
)

func TestASenderWhoCannotBeNamed(t *testing.T) {
	const named = `"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"`
	for from, want := range map[string]Coverage{
		`"unknown"`:                 {KnownNone, GapUnknownCounterparty},
		named + `,"unknown"`:        {KnownPartial, GapUnknownCounterparty},
		named:                       {},
		`"coinbase"`:                {},
		named + `,"unknown","junk"`: {KnownPartial, GapUnparsed},
	} {
		body := fmt.Sprintf(`{"id":"t","direction":"deposit","customer_id":"c","network":"bitcoin","asset":"BTC","amount":"1","from":[%s],`+
			`"to":["12cbQLTFMXRnSzktFkuoG3eHoMeFtpTu3S"],"occurred_at":"2026-01-01T00:00:00Z"}`, from)
		p, err := Parse([]byte(body), time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		if err != nil {
			t.Fatal(err)
		}
		if p.Coverage != want {
			t.Errorf("from [%s]: %s %s", from, p.Coverage.Counterparty, p.Coverage.Reason)
		}
	}
}
