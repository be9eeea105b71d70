package warehouse

import (
	"encoding/json"
	"time"

	"sluice/services/api"
)

// stored is a row as it is read: nested members are columns.
type stored struct {
	api.Verdict
	InputsText string `ch:"inputs"`

	AlertID          []string `ch:"alerts.alert_id"`
	AlertRule        []string `ch:"alerts.rule"`
	AlertRuleVersion []string `ch:"alerts.rule_version"`
	AlertSeverity    []string `ch:"alerts.severity"`
	AlertScore       []uint8  `ch:"alerts.score"`
	AlertCategory    []string `ch:"alerts.category"`
	AlertSide        []string `ch:"alerts.side"`
	AlertExposure    []string `ch:"alerts.exposure"`
	AlertAmount      []string `ch:"alerts.amount"`
	AlertReason      []string `ch:"alerts.reason"`

	HitList            []string     `ch:"hits.list"`
	HitEntryID         []string     `ch:"hits.entry_id"`
	HitEntity          []string     `ch:"hits.entity"`
	HitCategory        []string     `ch:"hits.category"`
	HitCategories      [][]string   `ch:"hits.categories"`
	HitAuthority       []string     `ch:"hits.authority"`
	HitProgram         []string     `ch:"hits.program"`
	HitMeasure         []string     `ch:"hits.measure"`
	HitNames           []string     `ch:"hits.names"`
	HitSeverity        []string     `ch:"hits.severity"`
	HitRole            []string     `ch:"hits.role"`
	HitSide            []string     `ch:"hits.side"`
	HitAddress         []string     `ch:"hits.address"`
	HitMatch           []string     `ch:"hits.match"`
	HitListedOn        []string     `ch:"hits.listed_on"`
	HitExposure        []string     `ch:"hits.exposure"`
	HitHops            []uint8      `ch:"hits.hops"`
	HitShare           []*string    `ch:"hits.share"`
	HitConfidence      []*uint8     `ch:"hits.confidence"`
	HitTiming          []string     `ch:"hits.timing"`
	HitPartyListedAt   []*string    `ch:"hits.party_listed_at"`
	HitAddressListedAt []*string    `ch:"hits.address_listed_at"`
	HitKnownAt         []*time.Time `ch:"hits.known_at"`
	HitDelistedAt      []*string    `ch:"hits.delisted_at"`
	HitSuppressedBy    []string     `ch:"hits.suppressed_by"`
}

// verdict puts the nested members together. The columns of a nested member are equally long in every row.
func (s *stored) verdict() api.Verdict {
	v := s.Verdict
	if s.InputsText != "" {
		v.Inputs = json.RawMessage(s.InputsText)
	}
	if v.FiatCurrency == "" {
		v.FiatAmount = ""
	}
	for i := range s.AlertID {
		v.Alerts = append(v.Alerts, api.Alert{
			AlertID: s.AlertID[i], Rule: s.AlertRule[i], RuleVersion: s.AlertRuleVersion[i], Severity: s.AlertSeverity[i],
			Score: s.AlertScore[i], Category: s.AlertCategory[i], Side: s.AlertSide[i], Exposure: s.AlertExposure[i],
			Amount: s.AlertAmount[i], Reason: s.AlertReason[i],
		})
	}
	for i := range s.HitList {
		v.Hits = append(v.Hits, api.Hit{
			List: s.HitList[i], EntryID: s.HitEntryID[i], Entity: s.HitEntity[i], Category: s.HitCategory[i],
			Categories: s.HitCategories[i], Authority: s.HitAuthority[i], Program: s.HitProgram[i], Measure: s.HitMeasure[i],
			Names: s.HitNames[i], Severity: s.HitSeverity[i],
			Role: s.HitRole[i], Side: s.HitSide[i], Address: s.HitAddress[i], Match: s.HitMatch[i], ListedOn: s.HitListedOn[i],
			Exposure: s.HitExposure[i], Hops: s.HitHops[i], Share: s.HitShare[i], Confidence: s.HitConfidence[i],
			Timing: s.HitTiming[i], PartyListedAt: s.HitPartyListedAt[i], AddressListedAt: s.HitAddressListedAt[i],
			KnownAt: s.HitKnownAt[i], DelistedAt: s.HitDelistedAt[i], SuppressedBy: s.HitSuppressedBy[i],
		})
	}
	return v
}

// selectList are the columns of stored; what has no exact or no readable form of its own is read as text.
const selectList = `* REPLACE (
 toString(amount) AS amount, toString(fiat_amount) AS fiat_amount, arrayMap(x -> toString(x), from_amounts) AS from_amounts,
 arrayMap(x -> toString(x), alerts.amount) AS ` + "`alerts.amount`" + `, arrayMap(x -> toString(x), hits.share) AS ` + "`hits.share`" + `,
 arrayMap(x -> toString(x), hits.party_listed_at) AS ` + "`hits.party_listed_at`" + `, arrayMap(x -> toString(x), hits.address_listed_at) AS ` + "`hits.address_listed_at`" + `,
 arrayMap(x -> toString(x), hits.delisted_at) AS ` + "`hits.delisted_at`" + `)`
