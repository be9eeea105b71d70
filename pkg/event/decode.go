package event

import (
	"bytes"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/event/canonical"
)

// member is a member of a record. Its value is its place in the canonical order.
type member uint8

const (
	memberID member = iota
	memberTransferID
	memberTenant
	memberConflictsWith
	memberTransfer
	memberRaisedBy
	memberCauseSeq
	memberPreviousVerdict
	memberStatus
	memberCoverage
	memberHits
	memberInputs
	memberListsSeq
	memberListsVersion
	memberVerdict
	memberSeverity
	memberScore
	memberHoldReasons
	memberCategories
	memberPosture
	memberAlerts
	memberRulesSeq
	memberVersion
	memberPublicCode
	memberRaisedAt
	memberRulesVersion
	memberCount
)

var memberNames = [memberCount]string{
	"id", "transfer_id", "tenant", "conflicts_with", "transfer", "raised_by", "cause_seq", "previous_verdict",
	"status", "coverage", "hits", "inputs", "lists_seq", "lists_version", "verdict", "severity", "score", "hold_reasons", "categories", "posture",
	"alerts", "rules_seq", "version", "public_code", "raised_at", "rules_version",
}

// requiredMembers are what every record begins with.
const requiredMembers = 1<<memberID | 1<<memberTransferID | 1<<memberTenant | 1<<memberTransfer

// Damaged is the error of a record that cannot be read. Trying again cannot help.
type Damaged struct {
	Member string // "" for the whole record
	Reason string
}

func (e *Damaged) Error() string {
	if e.Member == "" {
		return "record is damaged: " + e.Reason
	}
	return "record is damaged: " + e.Member + ": " + e.Reason
}

// Decode reads the value of a record of any stage into r, whose slices it reuses. Members that it does not know are
// ignored. What r holds afterwards shares the memory of value. The error is a *Damaged, and r is then of no use.
//
// A fast scanner reads the canonical spelling; any other takes the strict decoder, which reads all JSON, refuses
// repeated members, and gives the same.
func (r *Record) Decode(value []byte) error {
	if !r.scan(value) {
		if err := r.decode(value); err != nil {
			return err
		}
	}
	return r.complete()
}

// scan is the fast decoder. It returns false, and leaves r in any state, when value has another spelling.
func (r *Record) scan(value []byte) bool {
	r.reset()
	if !utf8.Valid(value) || len(value) < 2 || value[0] != '{' {
		return false
	}
	for at, next := 1, member(0); ; at++ {
		m, begin := matchMember(value, at, next)
		if begin < 0 || r.given&(1<<m) != 0 {
			return false
		}
		end := canonical.Skip(value, begin)
		if end < 0 || end >= len(value) || r.set(m, value[begin:end]) != nil {
			return false
		}
		at, next = end, m+1
		if value[at] == '}' {
			return at+1 == len(value)
		}
		if value[at] != ',' {
			return false
		}
	}
}

// matchMember finds which member's name stands at at, guessing from next on, and returns the index of its value, or -1.
func matchMember(value []byte, at int, next member) (member, int) {
	rest := value[at:]
	if len(rest) == 0 || rest[0] != '"' {
		return 0, -1
	}
	for n := range memberCount {
		m := (next + n) % memberCount
		name := memberNames[m]
		if len(rest) > len(name)+3 && string(rest[1:1+len(name)]) == name && rest[1+len(name)] == '"' && rest[2+len(name)] == ':' {
			return m, at + len(name) + 3
		}
	}
	return 0, -1
}

// decode is the strict decoder.
func (r *Record) decode(value []byte) error {
	r.reset()
	d := jsontext.NewDecoder(bytes.NewBuffer(value), jsontext.AllowDuplicateNames(true))
	if d.PeekKind() != jsontext.KindBeginObject {
		return &Damaged{Reason: "want a JSON object"}
	}
	if _, err := d.ReadToken(); err != nil {
		return &Damaged{Reason: err.Error()}
	}
	for d.PeekKind() == jsontext.KindString {
		token, err := d.ReadToken()
		if err != nil {
			return &Damaged{Reason: err.Error()}
		}
		name := token.String()
		raw, err := d.ReadValue()
		if err != nil {
			return &Damaged{Reason: err.Error()}
		}
		end := int(d.InputOffset())
		if err := r.put(name, value[end-len(raw):end:end]); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return &Damaged{Reason: err.Error()}
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return &Damaged{Reason: "has something behind the object"}
	}
	return nil
}

// put sets the member with the name; one that is not known is ignored.
func (r *Record) put(name string, raw []byte) error {
	for m := range memberCount {
		if memberNames[m] != name {
			continue
		}
		if r.given&(1<<m) != 0 {
			return &Damaged{Member: name, Reason: "stands there twice"}
		}
		if err := r.set(m, raw); err != nil {
			return &Damaged{Member: name, Reason: err.Error()}
		}
		return nil
	}
	return nil
}

// complete checks what every record must have, and puts defaults in place.
func (r *Record) complete() error {
	for m := range memberCount {
		if requiredMembers>>m&1 == 1 && r.given>>m&1 == 0 {
			return &Damaged{Member: memberNames[m], Reason: "is missing"}
		}
	}
	r.Screened = r.given&(1<<memberListsSeq) != 0
	r.Judged = r.given&(1<<memberVerdict) != 0
	if r.Screened && r.Status == "" {
		r.Status = "complete"
	}
	if r.Judged && r.Severity == "" {
		r.Severity = "none"
	}
	if r.Judged && r.RaisedBy == "" {
		r.RaisedBy = "live"
	}
	return nil
}

// reset empties r and keeps its memory.
func (r *Record) reset() {
	*r = Record{HoldReasons: r.HoldReasons[:0], Categories: r.Categories[:0]}
}

// set takes the value of a member; raw is one well-formed JSON value.
func (r *Record) set(m member, raw []byte) (err error) {
	r.given |= 1 << m
	switch m {
	case memberID:
		r.ID, err = toID(raw)
	case memberTransferID:
		r.TransferID, err = toText(raw)
	case memberTenant:
		r.Tenant, err = toText(raw)
	case memberConflictsWith:
		r.ConflictsWith, err = toID(raw)
	case memberTransfer:
		r.Transfer, err = toRaw(raw, '{')
	case memberRaisedBy:
		r.RaisedBy, err = toText(raw)
	case memberCauseSeq:
		r.CauseSeq, err = toUint(raw)
	case memberPreviousVerdict:
		r.PreviousVerdict, err = toText(raw)
	case memberStatus:
		r.Status, err = toText(raw)
	case memberCoverage:
		r.Coverage, err = toCoverage(raw)
	case memberHits:
		r.Hits, err = toRaw(raw, '[')
	case memberInputs:
		r.Inputs, err = toRaw(raw, '{')
	case memberListsSeq:
		r.ListsSeq, err = toUint(raw)
	case memberListsVersion:
		r.ListsVersion, err = toText(raw)
	default:
		err = r.setVerdict(m, raw)
	}
	return err
}

// setVerdict takes the value of a member that alerting writes.
func (r *Record) setVerdict(m member, raw []byte) (err error) {
	switch m {
	case memberVerdict:
		r.Verdict, err = toText(raw)
	case memberSeverity:
		r.Severity, err = toText(raw)
	case memberScore:
		r.Score, err = toScore(raw)
	case memberHoldReasons:
		r.HoldReasons, err = toTexts(r.HoldReasons, raw)
	case memberCategories:
		r.Categories, err = toTexts(r.Categories, raw)
	case memberPosture:
		r.Posture, err = toText(raw)
	case memberAlerts:
		r.Alerts, err = toRaw(raw, '[')
	case memberRulesSeq:
		r.RulesSeq, err = toUint(raw)
	case memberVersion:
		r.Version, err = toUint(raw)
	case memberPublicCode:
		r.PublicCode, err = toText(raw)
	case memberRaisedAt:
		r.RaisedAt, err = toTime(raw)
	case memberRulesVersion:
		r.RulesVersion, err = toText(raw)
	default: // set has the others
	}
	return err
}
