package event

import (
	"encoding/json"
	"time"

	"sluice/pkg/transfer"
)

// Record is a decoded record of any stage. Members that the stage has not written yet, or that have their default, are
// zero; Screened and Judged tell which stages have written.
type Record struct {
	// Written by ingest.
	ID            transfer.ID
	TransferID    string
	Tenant        string
	ConflictsWith transfer.ID     // zero without one
	Transfer      json.RawMessage // canonical bytes; transfer.Decode reads them

	// Written by lookback on rescreen.v1.
	RaisedBy string // "" live, else lookback, rescreen or backfill; alerting repeats it
	CauseSeq uint64 // the activation that caused the rescreening

	// Written by enrichment.
	Screened     bool // lists_seq is there
	Status       string
	Coverage     transfer.Coverage
	Hits         json.RawMessage // array, nil without hits
	Inputs       json.RawMessage // object, nil without inputs
	ListsSeq     uint64
	ListsVersion string // content hash; where there are hits, and on flagged.v1

	// Written by alerting.
	Judged       bool // verdict is there
	Verdict      string
	Severity     string
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
