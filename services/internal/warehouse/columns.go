package warehouse

import (
	"github.com/shopspring/decimal"

	"sluice/pkg/amount"
	"sluice/services/recorder"
)

// scratch is memory for the columns that the driver wants in another form than the block has them. Decimals are the
// driver's own exact type: the values have at most as many digits as their columns, so that nothing is cut.
type scratch struct {
	amount, fiat []decimal.Decimal
	fromAmounts  [][]decimal.Decimal
	alertAmounts [][]decimal.Decimal
	shares       [][]*decimal.Decimal
	columns      []named
	wordbook
}

func (s *scratch) release() {
	clear(s.fromAmounts)
	clear(s.alertAmounts)
	clear(s.shares)
	clear(s.columns)
	s.reset()
	scratches.Put(s)
}

// Digits behind the point.
const (
	amountScale = amount.MaxFractionDigits
	shareScale  = 6
)

func decimals(dst []decimal.Decimal, values []amount.Amount) []decimal.Decimal {
	for _, v := range values {
		if v.IsZero() {
			dst = append(dst, decimal.Decimal{})
			continue
		}
		dst = append(dst, decimal.NewFromBigInt(v.BigInt(), -amountScale))
	}
	return dst
}

func decimalLists(dst [][]decimal.Decimal, lists [][]amount.Amount) [][]decimal.Decimal {
	for _, list := range lists {
		if len(list) == 0 {
			dst = append(dst, nil)
			continue
		}
		dst = append(dst, decimals(make([]decimal.Decimal, 0, len(list)), list))
	}
	return dst
}

func shareLists(dst [][]*decimal.Decimal, lists [][]*uint32) [][]*decimal.Decimal {
	for _, list := range lists {
		var out []*decimal.Decimal
		for _, millionths := range list {
			if millionths == nil {
				out = append(out, nil)
				continue
			}
			d := decimal.New(int64(*millionths), -shareScale)
			out = append(out, &d)
		}
		dst = append(dst, out)
	}
	return dst
}

// transfers are the columns that transfers, flagged_events and flagged_history have in common.
func (s *scratch) transfers(b *recorder.Transfers) []named {
	s.amount = decimals(s.amount[:0], b.Amount)
	s.fiat = decimals(s.fiat[:0], b.FiatAmount)
	s.fromAmounts = decimalLists(s.fromAmounts[:0], b.FromAmounts)
	s.columns = append(s.columns[:0],
		named{"id", b.ID}, named{"transfer_id", b.TransferID}, named{"tenant", s.words(b.Tenant)}, named{"version", b.Version},
		named{"conflicts_with", b.ConflictsWith}, named{"direction", s.words(b.Direction)}, named{"stage", s.words(b.Stage)},
		named{"customer_id", b.CustomerID}, named{"counterparty_customer_id", b.CounterpartyCustomerID},
		named{"network", s.words(b.Network)}, named{"asset", s.words(b.Asset)}, named{"asset_id", b.AssetID}, named{"contract", b.Contract},
		named{"amount", s.amount}, named{"fiat_amount", s.fiat}, named{"fiat_currency", s.words(b.FiatCurrency)},
		named{"tx_hash", b.TxHash}, named{"output_index", b.OutputIndex}, named{"log_index", b.LogIndex},
		named{"from_addresses", b.From}, named{"from_amounts", s.fromAmounts}, named{"to_addresses", b.To},
		named{"memo", b.Memo}, named{"initiator", b.Initiator}, named{"evidence", s.words(b.Evidence)}, named{"occurred_at", b.OccurredAt},
		named{"verdict", s.words(b.Verdict)}, named{"severity", s.words(b.Severity)}, named{"score", b.Score},
		named{"hold_reasons", b.HoldReasons}, named{"categories", b.Categories}, named{"posture", s.words(b.Posture)},

		named{"status", s.words(b.Status)}, named{"coverage", s.words(b.Coverage)}, named{"coverage_reason", s.words(b.CoverageReason)},
		named{"lists_version", s.words(b.ListsVersion)}, named{"lists_seq", b.ListsSeq}, named{"rules_version", s.words(b.RulesVersion)},
		named{"rules_seq", b.RulesSeq}, named{"inputs", b.Inputs}, named{"public_code", s.words(b.PublicCode)},
		named{"raised_by", s.words(b.RaisedBy)}, named{"cause_seq", b.CauseSeq}, named{"raised_at", b.RaisedAt},
	)
	if !b.Plain() {
		s.nested(b)
	}
	s.columns = given(s.columns)
	return s.columns
}

// addresses are the columns of transfer_addresses.
func (s *scratch) addresses(b *recorder.Addresses) []named {
	s.columns = given(append(s.columns[:0],
		named{"key", b.Key}, named{"occurred_at", b.OccurredAt}, named{"id", b.ID}, named{"role", s.words(b.Role)},
		named{"side", s.words(b.Side)}, named{"address", b.Address}, named{"tag", b.Tag}, named{"network", s.words(b.Network)},
		named{"tenant", s.words(b.Tenant)}, named{"customer_id", b.CustomerID}, named{"direction", s.words(b.Direction)},
	))
	return s.columns
}

// nested adds the columns of alerts and hits; without them they are empty.
func (s *scratch) nested(b *recorder.Transfers) {
	s.alertAmounts = decimalLists(s.alertAmounts[:0], b.Alerts.Amount)
	s.shares = shareLists(s.shares[:0], b.Hits.Share)
	a, h := &b.Alerts, &b.Hits
	s.columns = append(s.columns,
		named{"alerts.alert_id", a.AlertID}, named{"alerts.rule", a.Rule}, named{"alerts.rule_version", a.RuleVersion},
		named{"alerts.severity", a.Severity}, named{"alerts.score", a.Score}, named{"alerts.category", a.Category},
		named{"alerts.side", a.Side}, named{"alerts.exposure", a.Exposure}, named{"alerts.amount", s.alertAmounts},
		named{"alerts.reason", a.Reason},

		named{"hits.list", h.List}, named{"hits.entry_id", h.EntryID}, named{"hits.entity", h.Entity},
		named{"hits.category", h.Category}, named{"hits.categories", h.Categories}, named{"hits.authority", h.Authority},
		named{"hits.program", h.Program}, named{"hits.measure", h.Measure},
		named{"hits.names", h.Names}, named{"hits.severity", h.Rated}, named{"hits.role", h.Role}, named{"hits.side", h.Side},
		named{"hits.address", h.Address}, named{"hits.match", h.Match}, named{"hits.listed_on", h.ListedOn},
		named{"hits.exposure", h.Exposure}, named{"hits.hops", h.Hops}, named{"hits.share", s.shares},
		named{"hits.confidence", h.Confidence}, named{"hits.timing", h.Timing}, named{"hits.party_listed_at", h.PartyListedAt},
		named{"hits.address_listed_at", h.AddressListedAt}, named{"hits.known_at", h.KnownAt},
		named{"hits.delisted_at", h.DelistedAt}, named{"hits.suppressed_by", h.SuppressedBy},
	)
}
