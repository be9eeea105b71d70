package api

import (
	"encoding/json"
	"time"
)

// Verdict is the verdict on one fact with all that led to it, as the HTTP interface shows it. Members that say nothing
// are left out of its JSON; the tag ch is the column of the tables transfers and flagged_events.
type Verdict struct {
	ID                     string    `ch:"id" json:"id"`
	TransferID             string    `ch:"transfer_id" json:"transfer_id"`
	Tenant                 string    `ch:"tenant" json:"tenant"`
	Version                uint64    `ch:"version" json:"version"`
	ConflictsWith          string    `ch:"conflicts_with" json:"conflicts_with,omitempty"`
	Direction              string    `ch:"direction" json:"direction"`
	Stage                  string    `ch:"stage" json:"stage"`
	CustomerID             string    `ch:"customer_id" json:"customer_id"`
	CounterpartyCustomerID string    `ch:"counterparty_customer_id" json:"counterparty_customer_id,omitempty"`
	Network                string    `ch:"network" json:"network"`
	Asset                  string    `ch:"asset" json:"asset"`
	AssetID                string    `ch:"asset_id" json:"asset_id,omitempty"`
	Contract               string    `ch:"contract" json:"contract,omitempty"`
	Amount                 string    `ch:"amount" json:"amount"` // decimal, exact
	FiatAmount             string    `ch:"fiat_amount" json:"fiat_amount,omitempty"`
	FiatCurrency           string    `ch:"fiat_currency" json:"fiat_currency,omitempty"`
	TxHash                 string    `ch:"tx_hash" json:"tx_hash,omitempty"`
	OutputIndex            *uint32   `ch:"output_index" json:"output_index,omitempty"`
	LogIndex               *uint32   `ch:"log_index" json:"log_index,omitempty"`
	From                   []string  `ch:"from_addresses" json:"from"`
	FromAmounts            []string  `ch:"from_amounts" json:"from_amounts,omitempty"`
	To                     []string  `ch:"to_addresses" json:"to"`
	Memo                   string    `ch:"memo" json:"memo,omitempty"`
	Initiator              string    `ch:"initiator" json:"initiator,omitempty"`
	Evidence               string    `ch:"evidence" json:"evidence"`
	OccurredAt             time.Time `ch:"occurred_at" json:"occurred_at"`

	Verdict        string          `ch:"verdict" json:"verdict"`
	Severity       string          `ch:"severity" json:"severity"`
	Score          uint8           `ch:"score" json:"score"`
	HoldReasons    []string        `ch:"hold_reasons" json:"hold_reasons,omitempty"`
	Categories     []string        `ch:"categories" json:"categories,omitempty"`
	Posture        string          `ch:"posture" json:"posture"`
	Alerts         []Alert         `json:"alerts,omitempty"`
	Hits           []Hit           `json:"hits,omitempty"`
	Status         string          `ch:"status" json:"status"`
	Coverage       string          `ch:"coverage" json:"coverage"`
	CoverageReason string          `ch:"coverage_reason" json:"coverage_reason,omitempty"`
	ListsVersion   string          `ch:"lists_version" json:"lists_version,omitempty"`
	ListsSeq       uint64          `ch:"lists_seq" json:"lists_seq"`
	RulesVersion   string          `ch:"rules_version" json:"rules_version,omitempty"`
	RulesSeq       uint64          `ch:"rules_seq" json:"rules_seq"`
	Inputs         json.RawMessage `json:"inputs,omitempty"`
	PublicCode     string          `ch:"public_code" json:"public_code"`
	RaisedBy       string          `ch:"raised_by" json:"raised_by"`
	CauseSeq       uint64          `ch:"cause_seq" json:"cause_seq,omitempty"`
	RaisedAt       time.Time       `ch:"raised_at" json:"raised_at"`
}

// Alert is one finding of one rule.
type Alert struct {
	AlertID     string `json:"alert_id"`
	Rule        string `json:"rule"`
	RuleVersion string `json:"rule_version"`
	Severity    string `json:"severity"`
	Score       uint8  `json:"score"`
	Category    string `json:"category,omitempty"`
	Side        string `json:"side,omitempty"`
	Exposure    string `json:"exposure,omitempty"`
	Amount      string `json:"amount,omitempty"`
	Reason      string `json:"reason,omitempty"`
}

// Hit is one listed address in the transfer.
type Hit struct {
	List            string     `json:"list"`
	EntryID         string     `json:"entry_id"`
	Entity          string     `json:"entity,omitempty"`
	Category        string     `json:"category"`
	Categories      []string   `json:"categories,omitempty"`
	Authority       string     `json:"authority,omitempty"`
	Program         string     `json:"program,omitempty"`
	Measure         string     `json:"measure,omitempty"`
	Names           string     `json:"names,omitempty"`
	Severity        string     `json:"severity,omitempty"`
	Role            string     `json:"role"`
	Side            string     `json:"side"`
	Address         string     `json:"address"`
	Match           string     `json:"match"`
	ListedOn        string     `json:"listed_on,omitempty"`
	Exposure        string     `json:"exposure"`
	Hops            uint8      `json:"hops"`
	Share           *string    `json:"share,omitempty"`
	Confidence      *uint8     `json:"confidence,omitempty"`
	Timing          string     `json:"timing"`
	PartyListedAt   *string    `json:"party_listed_at,omitempty"`
	AddressListedAt *string    `json:"address_listed_at,omitempty"`
	KnownAt         *time.Time `json:"known_at,omitempty"`
	DelistedAt      *string    `json:"delisted_at,omitempty"`
	SuppressedBy    string     `json:"suppressed_by,omitempty"`
}
