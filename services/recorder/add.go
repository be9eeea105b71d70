package recorder

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"github.com/go-json-experiment/json"

	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/screening"
	"sluice/pkg/transfer"
)

// Add appends the row of a judged record, whose transfer is p. The error says what of the record has no place in the
// tables; nothing is appended then. The block keeps none of the arguments' slices.
func (b *Transfers) Add(rec *event.Record, p *transfer.Parsed, at event.Marks) error {
	t := &p.Transfer
	if !rec.Judged {
		return errors.New("record has no verdict")
	}
	hits, err := screening.DecodeHits(rec.Hits)
	if err != nil {
		return err
	}
	dates, err := datesOf(hits)
	if err != nil {
		return err
	}
	alerts, err := decodeAlerts(rec.Alerts)
	if err != nil {
		return err
	}
	if err := fits(t, rec); err != nil {
		return err
	}

	if len(hits)+len(alerts) > 0 {
		b.nested++
	}
	b.ID = append(b.ID, rec.ID.String())
	b.TransferID = append(b.TransferID, rec.TransferID)
	b.Tenant = append(b.Tenant, rec.Tenant)
	b.Version = append(b.Version, rec.Version)
	b.ConflictsWith = append(b.ConflictsWith, conflict(rec.ConflictsWith))
	b.addTransfer(t)
	b.Verdict = append(b.Verdict, rec.Verdict)
	b.Severity = append(b.Severity, rec.Severity)
	b.Score = append(b.Score, rec.Score)
	b.HoldReasons = append(b.HoldReasons, b.texts.copyOf(rec.HoldReasons))
	b.Categories = append(b.Categories, b.texts.copyOf(rec.Categories))
	b.Posture = append(b.Posture, or(rec.Posture, "unknown"))
	b.addAlerts(alerts)
	b.addHits(hits, dates)
	b.Status = append(b.Status, or(rec.Status, "complete"))
	b.Coverage = append(b.Coverage, rec.Coverage.Counterparty.String())
	b.CoverageReason = append(b.CoverageReason, rec.Coverage.Reason.String())
	b.ListsVersion = append(b.ListsVersion, rec.ListsVersion)
	b.ListsSeq = append(b.ListsSeq, rec.ListsSeq)
	b.RulesVersion = append(b.RulesVersion, rec.RulesVersion)
	b.RulesSeq = append(b.RulesSeq, rec.RulesSeq)
	b.Inputs = append(b.Inputs, string(rec.Inputs))
	b.PublicCode = append(b.PublicCode, rec.PublicCode)
	b.RaisedBy = append(b.RaisedBy, rec.RaisedBy)
	b.CauseSeq = append(b.CauseSeq, rec.CauseSeq)
	b.RaisedAt = append(b.RaisedAt, rec.RaisedAt)
	b.IngestedAt = append(b.IngestedAt, known(at.Accepted))
	b.ScreenedAt = append(b.ScreenedAt, known(at.Screened))
	return nil
}

func (b *Transfers) addTransfer(t *transfer.Transfer) {
	b.Direction = append(b.Direction, string(t.Direction))
	b.Stage = append(b.Stage, string(t.EffectiveStage()))
	b.CustomerID = append(b.CustomerID, t.CustomerID)
	b.CounterpartyCustomerID = append(b.CounterpartyCustomerID, t.CounterpartyCustomerID)
	b.Network = append(b.Network, t.Network)
	b.Asset = append(b.Asset, t.Asset)
	b.AssetID = append(b.AssetID, t.AssetID)
	b.Contract = append(b.Contract, t.Contract)
	b.Amount = append(b.Amount, t.Amount)
	fiat := transfer.Fiat{}
	if t.Fiat != nil {
		fiat = *t.Fiat
	}
	b.FiatAmount = append(b.FiatAmount, fiat.Amount)
	b.FiatCurrency = append(b.FiatCurrency, fiat.Currency)
	b.TxHash = append(b.TxHash, t.TxHash)
	b.OutputIndex = append(b.OutputIndex, b.numbers.pointer(t.OutputIndex))
	b.LogIndex = append(b.LogIndex, b.numbers.pointer(t.LogIndex))
	b.From = append(b.From, b.texts.copyOf(t.From))
	b.FromAmounts = append(b.FromAmounts, b.amounts.copyOf(t.FromAmounts))
	b.To = append(b.To, b.texts.copyOf(t.To))
	b.Memo = append(b.Memo, t.Memo)
	b.Initiator = append(b.Initiator, t.Initiator)
	b.Evidence = append(b.Evidence, string(t.EffectiveEvidence()))
	b.OccurredAt = append(b.OccurredAt, t.OccurredAt)
}

// Digits that the column of fiat amounts has.
const (
	fiatIntegerDigits  = 30
	fiatFractionDigits = 8
)

// What the time columns hold: nanoseconds since 1970 in 64 bits.
var (
	earliest = time.Unix(0, 0)
	latest   = time.Unix(0, 1<<63-1)
)

// fits refuses what a column would cut or turn into something else without an error.
func fits(t *transfer.Transfer, rec *event.Record) error {
	var errs []error
	if f := t.Fiat; f != nil && (f.Amount.IntegerDigits() > fiatIntegerDigits || f.Amount.FractionDigits() > fiatFractionDigits) {
		errs = append(errs, fmt.Errorf("fiat.amount %s: has more than %d integer or %d fraction digits", f.Amount, fiatIntegerDigits, fiatFractionDigits))
	}
	for _, c := range []struct {
		name string
		at   time.Time
	}{{"occurred_at", t.OccurredAt}, {"raised_at", rec.RaisedAt}} {
		if c.at.Before(earliest) || c.at.After(latest) {
			errs = append(errs, fmt.Errorf("%s %s: want a time from 1970 to 2262", c.name, c.at.Format(time.RFC3339)))
		}
	}
	return errors.Join(errs...)
}

// known is a time, or the column's zero where there is none.
func known(at time.Time) time.Time {
	if at.Before(earliest) || at.After(latest) {
		return earliest
	}
	return at
}

func or(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}

func conflict(id transfer.ID) string {
	if id == (transfer.ID{}) {
		return ""
	}
	return id.String()
}

// alert is the JSON form of one alert of a record.
type alert struct {
	ID          string        `json:"alert_id"`
	Rule        string        `json:"rule"`
	RuleVersion string        `json:"rule_version"`
	Severity    string        `json:"severity"`
	Score       uint8         `json:"score"`
	Category    string        `json:"category"`
	Side        string        `json:"side"`
	Exposure    string        `json:"exposure"`
	Amount      amount.Amount `json:"amount"`
	Reason      string        `json:"reason"`
}

func decodeAlerts(raw []byte) (alerts []alert, err error) {
	if len(raw) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(raw, &alerts); err != nil {
		return nil, fmt.Errorf("alerts: %w", err)
	}
	return alerts, nil
}

// column is one member of every element, as a list of its own.
func column[T, E any](list []E, member func(*E) T) []T {
	if len(list) == 0 {
		return nil
	}
	out := make([]T, len(list))
	for i := range list {
		out[i] = member(&list[i])
	}
	return out
}

func (b *Transfers) addAlerts(list []alert) {
	a := &b.Alerts
	a.AlertID = append(a.AlertID, column(list, func(x *alert) string { return x.ID }))
	a.Rule = append(a.Rule, column(list, func(x *alert) string { return x.Rule }))
	a.RuleVersion = append(a.RuleVersion, column(list, func(x *alert) string { return x.RuleVersion }))
	a.Severity = append(a.Severity, column(list, func(x *alert) string { return x.Severity }))
	a.Score = append(a.Score, column(list, func(x *alert) uint8 { return x.Score }))
	a.Category = append(a.Category, column(list, func(x *alert) string { return x.Category }))
	a.Side = append(a.Side, column(list, func(x *alert) string { return x.Side }))
	a.Exposure = append(a.Exposure, column(list, func(x *alert) string { return x.Exposure }))
	a.Amount = append(a.Amount, column(list, func(x *alert) amount.Amount { return x.Amount }))
	a.Reason = append(a.Reason, column(list, func(x *alert) string { return x.Reason }))
}

// hitDates are the dates of one hit.
type hitDates struct{ party, address, delisted, known *time.Time }

func datesOf(hits []screening.Hit) ([]hitDates, error) {
	if len(hits) == 0 {
		return nil, nil
	}
	out := make([]hitDates, len(hits))
	for i := range hits {
		h, d := &hits[i], &out[i]
		for _, c := range []struct {
			name, layout, text string
			at                 **time.Time
		}{
			{"party_listed_at", time.DateOnly, h.PartyListedAt, &d.party},
			{"address_listed_at", time.DateOnly, h.AddressListedAt, &d.address},
			{"delisted_at", time.DateOnly, h.DelistedAt, &d.delisted},
			{"known_at", time.RFC3339Nano, h.KnownAt, &d.known},
		} {
			at, err := moment(c.layout, c.text)
			if err != nil {
				return nil, fmt.Errorf("hits[%d].%s: %w", i, c.name, err)
			}
			*c.at = at
		}
	}
	return out, nil
}

// moment reads a date or a time that a column holds; nil for "".
func moment(layout, text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	at, err := time.Parse(layout, text)
	if err != nil {
		return nil, fmt.Errorf("%q is not of the form %s", text, layout)
	}
	if at.Year() < 1900 || at.Year() > 2261 {
		return nil, fmt.Errorf("%q: want a year from 1900 to 2261", text)
	}
	at = at.UTC()
	return &at, nil
}

func (b *Transfers) addHits(list []screening.Hit, dates []hitDates) {
	type hit = screening.Hit
	h := &b.Hits
	h.List = append(h.List, column(list, func(x *hit) string { return x.List }))
	h.EntryID = append(h.EntryID, column(list, func(x *hit) string { return x.EntryID }))
	h.Entity = append(h.Entity, column(list, func(x *hit) string { return x.Entity }))
	h.Category = append(h.Category, column(list, func(x *hit) string { return string(x.Category) }))
	h.Categories = append(h.Categories, column(list, func(x *hit) []string { return texts(x.Categories) }))
	h.Authority = append(h.Authority, column(list, func(x *hit) string { return x.Authority }))
	h.Program = append(h.Program, column(list, func(x *hit) string { return x.Program }))
	h.Measure = append(h.Measure, column(list, func(x *hit) string { return string(x.Measure) }))
	h.Names = append(h.Names, column(list, func(x *hit) string { return string(x.Names) }))
	h.Rated = append(h.Rated, column(list, func(x *hit) string { return x.Rated }))
	h.Role = append(h.Role, column(list, func(x *hit) string { return string(x.Role) }))
	h.Side = append(h.Side, column(list, func(x *hit) string { return string(x.Side) }))
	h.Address = append(h.Address, column(list, func(x *hit) string { return x.Address }))
	h.Match = append(h.Match, column(list, func(x *hit) string { return string(x.Match) }))
	h.ListedOn = append(h.ListedOn, column(list, func(x *hit) string { return x.ListedOn }))
	h.Exposure = append(h.Exposure, column(list, func(x *hit) string { return string(x.Exposure) }))
	h.Hops = append(h.Hops, column(list, func(x *hit) uint8 { return x.Hops }))
	h.Share = append(h.Share, column(list, func(x *hit) *uint32 { return share(x.Share) }))
	h.Confidence = append(h.Confidence, column(list, func(x *hit) *uint8 { return percent(x.Confidence) }))
	h.Timing = append(h.Timing, column(list, func(x *hit) string { return string(x.Timing) }))
	h.PartyListedAt = append(h.PartyListedAt, column(dates, func(x *hitDates) *time.Time { return x.party }))
	h.AddressListedAt = append(h.AddressListedAt, column(dates, func(x *hitDates) *time.Time { return x.address }))
	h.DelistedAt = append(h.DelistedAt, column(dates, func(x *hitDates) *time.Time { return x.delisted }))
	h.KnownAt = append(h.KnownAt, column(dates, func(x *hitDates) *time.Time { return x.known }))
	h.SuppressedBy = append(h.SuppressedBy, column(list, func(x *hit) string { return x.SuppressedBy }))
}

func texts[T ~string](words []T) []string {
	return column(words, func(w *T) string { return string(*w) })
}

func share(s screening.Share) *uint32 {
	if !s.Known {
		return nil
	}
	return &s.Millionths
}

// percent is a confidence; 0 is unknown.
func percent(n uint8) *uint8 {
	if n == 0 {
		return nil
	}
	return &n
}

// Add appends a row for each address of the transfer of a record, those that no parser can read by their text.
func (b *Addresses) Add(rec *event.Record, p *transfer.Parsed) {
	b.add(rec, p, p.Parties)
	b.add(rec, p, screening.Unparsed(p)) // lists answer for these, and so does this table
}

func (b *Addresses) add(rec *event.Record, p *transfer.Parsed, parties []transfer.Party) {
	if len(parties) == 0 {
		return
	}
	id, t := rec.ID.String(), &p.Transfer
	for i := range parties {
		party := &parties[i]
		b.Key = append(b.Key, party.Key.String())
		b.OccurredAt = append(b.OccurredAt, t.OccurredAt)
		b.ID = append(b.ID, id)
		b.Role = append(b.Role, string(party.Role))
		b.Side = append(b.Side, string(party.Side))
		b.Address = append(b.Address, party.Text)
		b.Tag = append(b.Tag, party.Tag)
		b.Network = append(b.Network, t.Network)
		b.Tenant = append(b.Tenant, rec.Tenant)
		b.CustomerID = append(b.CustomerID, t.CustomerID)
		b.Direction = append(b.Direction, string(t.Direction))
	}
}

// Reset empties the block and keeps its memory.
func (b *Transfers) Reset() {
	truncate(reflect.ValueOf(b).Elem())
	b.nested = 0
	b.texts.reset()
	b.amounts.reset()
	b.numbers.reset()
}

// Reset empties the block and keeps its memory.
func (b *Addresses) Reset() { truncate(reflect.ValueOf(b).Elem()) }

// Reset empties the block and keeps its memory.
func (b *DeadLetters) Reset() { truncate(reflect.ValueOf(b).Elem()) }

// Reset empties the block and keeps its memory.
func (b *History) Reset() { truncate(reflect.ValueOf(b).Elem()) }

// truncate sets the length of every exported slice of a block to 0. The values stay until they are overwritten: a
// block is about to be filled again.
func truncate(block reflect.Value) {
	for i := range block.NumField() {
		f := block.Field(i)
		switch {
		case !block.Type().Field(i).IsExported():
		case f.Kind() == reflect.Slice:
			f.SetLen(0)
		case f.Kind() == reflect.Struct:
			truncate(f)
		}
	}
}
