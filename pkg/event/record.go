package event

import (
	"encoding/json"
	"time"

	"sluice/pkg/transfer"
)

// Record is a decoded record of any stage. Screened and Judged tell which stages have written: the members of a stage
// that has not are zero, those of a stage that has and that it left out have their default.
type Record struct {
	given uint32 // set of member

	// Written by ingest.
	ID            transfer.ID
	TransferID    string
	Tenant        string
	ConflictsWith transfer.ID     // zero without one
	Transfer      json.RawMessage // canonical bytes; transfer.Decode reads them

	// Written by lookback on rescreen.v1.
	RaisedBy        string // lookback, rescreen or backfill; a judged record without it is live
	CauseSeq        uint64 // the activation that caused the rescreening
	PreviousVerdict string // flagged or held: what it was judged to be until then; "" for cleared

	// Written by enrichment.
	Screened     bool   // lists_seq is there
	Status       string // complete by default
	Coverage     transfer.Coverage
	Hits         json.RawMessage // array, nil without hits
	Inputs       json.RawMessage // object, nil without inputs
	ListsSeq     uint64
	ListsVersion string // content hash; where there are hits, and on flagged.v1

	// Written by alerting.
	Judged       bool // verdict is there
	Verdict      string
	Severity     string // none by default
	Score        uint8
	HoldReasons  []string
	Categories   []string
	Posture      string
	Alerts       json.RawMessage // array, nil without alerts
	RulesSeq     uint64
	Version      uint64
	PublicCode   string
	RaisedAt     time.Time
	RulesVersion string // on flagged.v1
}
