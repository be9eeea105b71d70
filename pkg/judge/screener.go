package judge

import (
	"errors"
	"strconv"

	"sluice/pkg/event"
	"sluice/pkg/screening"
	"sluice/pkg/transfer"
)

// Lists are what a Screener knows: a snapshot, and the activation that put it in force.
type Lists struct {
	Snapshot screening.Lists // nil: there are no usable lists, and every transfer is degraded
	Seq      uint64
}

// Screener turns facts (transfers.v1, rescreen.v1) into screened records. It reuses its memory: it must not be used by
// two goroutines at once. Lists may be exchanged between calls.
type Screener struct {
	Lists Lists

	sieve   screening.Sieve
	record  event.Record
	parser  transfer.Parser
	tail    []byte // what a clean record gains, at tailSeq
	tailSeq uint64
}

// noLists is the version of the lists that a transfer was not screened with.
const noLists = ""

// errNotARecord is the error of a value that nothing can be spliced into.
var errNotARecord = errors.New("record is damaged: want a JSON object with members")

// Screen appends the screened record of value to dst. fp is the record's fingerprint header, nil to read the JSON in
// any case. clean tells what the sc header must say. On an error dst is as it was, and no retry helps.
func (s *Screener) Screen(dst, value, fp []byte) (out []byte, clean bool, err error) {
	if screening.Clean(fp, s.Lists.Snapshot) {
		if head, tail, ok := s.Clean(value); ok {
			return append(append(dst, head...), tail...), true, nil
		}
	}
	return s.Look(dst, value)
}

// Sift says of each fingerprint header whether its record is clean by it alone, as almost all are. The answer is valid until
// the next call.
func (s *Screener) Sift(fps [][]byte) []bool { return s.sieve.Clean(fps, s.Lists.Snapshot) }

// Clean is Screen for a record that Sift calls clean: the screened record is head, a part of value, and behind it tail, which
// is valid until the next call. It copies nothing. False: ask Look.
func (s *Screener) Clean(value []byte) (head, tail []byte, ok bool) {
	if !beginsAsRecord(value) || !endsWithTransfer(value) {
		return nil, nil, false
	}
	if len(s.tail) == 0 || s.tailSeq != s.Lists.Seq {
		s.tail, s.tailSeq = closeScreened(s.tail[:0], s.Lists.Seq), s.Lists.Seq
	}
	return value[:len(value)-1], s.tail, true
}

// Look is Screen by the record's JSON alone.
func (s *Screener) Look(dst, value []byte) (out []byte, clean bool, err error) {
	if err := s.record.Decode(value); err != nil {
		return dst, false, err
	}
	if s.record.Screened {
		return dst, false, &event.Damaged{Member: "lists_seq", Reason: "the record was screened before"}
	}
	parsed, err := s.parser.Restore(s.record.Transfer)
	if err != nil {
		return dst, false, err
	}
	r := screening.Screen(parsed, s.Lists.Snapshot)
	version := noLists
	if s.Lists.Snapshot != nil {
		version = s.Lists.Snapshot.Version()
	}
	return s.finish(dst, value, &r, version)
}

// finish splices a result in behind the record in s.record. version is that of the lists it was screened with.
func (s *Screener) finish(dst, value []byte, r *screening.Result, version string) ([]byte, bool, error) {
	body, ok := withoutBrace(value)
	if !ok {
		return dst, false, errNotARecord
	}
	// A conflict and a record that is judged again are alerting's to read, so they are never called clean.
	live := s.record.RaisedBy == "" && s.record.CauseSeq == 0
	conflict := !s.record.ConflictsWith.IsZero()
	dst = append(dst, body...)
	dst = screening.AppendMembers(dst, r, s.Lists.Seq, version, conflict)
	return append(dst, '}'), r.Clean() && live && !conflict, nil
}

// Degraded appends the screened record of a fact that is not screened, because no usable lists came in time. It names
// no lists_version, for no lists were used. The verdict will be held, reason degraded.
func (s *Screener) Degraded(dst, value []byte) (out []byte, err error) {
	if err := s.record.Decode(value); err != nil {
		return dst, err
	}
	parsed, err := s.parser.Restore(s.record.Transfer)
	if err != nil {
		return dst, err
	}
	r := screening.Screen(parsed, nil)
	out, _, err = s.finish(dst, value, &r, noLists)
	return out, err
}

// Quarantined appends what enrichment passes on of a record that Screen refused: the record as it is when it can be
// read as one, else a record of what its id header and its key tell. The verdict will be held, reason quarantined.
func (s *Screener) Quarantined(dst, value []byte, h Headers) []byte {
	r := screening.Result{Quarantined: true}
	if s.record.Decode(value) == nil && !s.record.Screened {
		if out, _, err := s.finish(dst, value, &r, noLists); err == nil {
			return out
		}
	}
	s.record = event.Record{}
	stub := h.record()
	out, _, _ := s.finish(dst, stub, &r, noLists)
	return out
}

// beginsAsRecord reports whether a value begins with a fact id, as every canonical record does. The digits are not
// looked at: what ingest wrote comes with a checksum, and what it did not write fails here or where it is decoded.
func beginsAsRecord(value []byte) bool {
	const open, digits = `{"id":"`, 2 * len(transfer.ID{})
	return len(value) > len(open)+digits && string(value[:len(open)]) == open && value[len(open)+digits] == '"'
}

// endsWithTransfer reports whether the record's last member is an object, as it is in a fact that came from ingest and
// is not in one that is judged again.
func endsWithTransfer(value []byte) bool {
	n := len(value)
	return n > 2 && value[n-1] == '}' && value[n-2] == '}'
}

// withoutBrace is a record without its closing brace, and whether it has one behind a member.
func withoutBrace(value []byte) ([]byte, bool) {
	n := len(value)
	if n < len(`{"a":1}`) || value[0] != '{' || value[n-1] != '}' {
		return nil, false
	}
	return value[:n-1], true
}

// closeScreened writes what a clean record gains.
func closeScreened(dst []byte, seq uint64) []byte {
	dst = append(dst, `,"lists_seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	return append(dst, '}')
}
