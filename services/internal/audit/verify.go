package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

// Report is what Verify found.
type Report struct {
	Head     Head     // of the last record that is whole
	Torn     int      // bytes behind it that an interrupted write left; no record that was acknowledged
	NoHead   bool     // there is no head file
	Anchored uint64   // number of the last record that an anchor has; 0: none
	Problems []string // where the log is not what was written; none: it is
}

// ErrBroken is returned when a log is not what was written.
var ErrBroken = errors.New("the audit log is not what was written")

// maxProblems bounds how many places are named: after the first, what follows is of little worth.
const maxProblems = 20

// Anchor is the head that the log had once, as it was noted elsewhere.
type Anchor struct {
	Head         // Seq 0: only the hash is known
	Where string // for people
}

// Verify reads a whole log and its head file, and gives each record to each, when that is not nil. The log must have the
// record of every anchor, with all before it as they were. The error is ErrBroken when Problems has any, or that of
// reading. Anchors are to be read before the log is.
func Verify(path string, anchors []Anchor, each func(seq uint64, r Record) error) (Report, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) && len(anchors) > 0 {
		r := Report{Problems: []string{fmt.Sprintf("there is no log at %s, and %s knows of record %d", path, anchors[len(anchors)-1].Where, anchors[len(anchors)-1].Seq)}}
		return r, ErrBroken
	}
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	defer func() { _ = file.Close() }()
	// The head is read first: a log that grows meanwhile is longer than its head, never shorter.
	kept, err := readHead(path)
	if err != nil {
		return Report{}, fmt.Errorf("audit: %w", err)
	}
	v := verifier{each: each, kept: kept, anchors: map[Hash][]Anchor{}}
	for _, a := range anchors {
		v.anchors[a.Hash] = append(v.anchors[a.Hash], a)
	}
	if err := v.read(file); err != nil {
		return v.Report, fmt.Errorf("audit: %s: %w", path, err)
	}
	v.ends(path)
	for _, a := range anchors { // in their order; what the log has is struck off
		if len(v.anchors[a.Hash]) > 0 {
			v.missing(a)
		}
	}
	if len(v.Problems) > 0 {
		return v.Report, ErrBroken
	}
	return v.Report, nil
}

type verifier struct {
	Report
	each    func(uint64, Record) error
	kept    Head
	anchors map[Hash][]Anchor // that no record was found for yet
	sawKept bool
	lines   int
}

func (v *verifier) problem(format string, args ...any) {
	if len(v.Problems) < maxProblems {
		v.Problems = append(v.Problems, fmt.Sprintf(format, args...))
	}
}

func (v *verifier) read(r io.Reader) error {
	in := bufio.NewReaderSize(r, maxLine)
	for {
		text, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF):
			v.Torn = len(text)
			return nil
		case errors.Is(err, bufio.ErrBufferFull):
			v.lines++
			v.problem("line %d is longer than %d bytes", v.lines, maxLine)
			return nil
		case err != nil:
			return err
		}
		v.lines++
		if err := v.line(text[:len(text)-1]); err != nil {
			return err
		}
	}
}

func (v *verifier) line(text []byte) error {
	r, l, hash, err := decode(text)
	if err != nil {
		v.problem("line %d: %s", v.lines, err)
		// The next one names this one's hash; it cannot be compared, and its number tells whether only one is bad.
		v.Head = Head{Seq: v.Head.Seq + 1}
		return nil
	}
	if l.Seq != v.Head.Seq+1 {
		v.problem("line %d: record %d stands where %d belongs: records were dropped, added or moved", v.lines, l.Seq, v.Head.Seq+1)
	} else if l.Prev != v.Head.Hash.String() {
		v.problem("line %d: record %d does not follow the one before it", v.lines, l.Seq)
	}
	v.Head = Head{l.Seq, hash}
	v.sawKept = v.sawKept || v.Head == v.kept
	for _, a := range v.anchors[hash] {
		if a.Seq != 0 && a.Seq != l.Seq {
			v.problem("line %d: record %d has the hash that %s has of record %d", v.lines, l.Seq, a.Where, a.Seq)
		}
		v.Anchored = l.Seq
	}
	delete(v.anchors, hash)
	if v.each != nil {
		return v.each(l.Seq, r)
	}
	return nil
}

// ends compares the log's end with what is known of it elsewhere.
func (v *verifier) ends(path string) {
	switch {
	case v.kept == Head{}:
		if v.NoHead = true; v.Head.Seq > 1 { // a crash may come between the first record and its head
			v.problem("%s is missing: whether the log's end was cut off cannot be told by the log alone", headPath(path))
		}
	case v.sawKept:
	case v.kept.Seq > v.Head.Seq:
		v.problem("the log ends with record %d, and its head file knows of %d: %d records were cut off", v.Head.Seq, v.kept.Seq, v.kept.Seq-v.Head.Seq)
	default:
		v.problem("record %d is not the one that the head file knows", v.kept.Seq)
	}
}

// missing says what it means that the log has not the record of an anchor.
func (v *verifier) missing(a Anchor) {
	switch {
	case a.Seq == 0:
		v.problem("no record has the hash %s of %s: the log was cut off before it, or written anew", a.Hash, a.Where)
	case a.Seq > v.Head.Seq:
		v.problem("%s knows of record %d, and the log ends with record %d: its end was cut off", a.Where, a.Seq, v.Head.Seq)
	default:
		v.problem("record %d is not the one that %s knows, %s: the log was written anew", a.Seq, a.Where, a.Hash)
	}
}

// ReadHead returns the head of the log at path: of its last whole record. An absent log has the zero Head.
func ReadHead(path string) (Head, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return Head{}, nil
	}
	if err != nil {
		return Head{}, fmt.Errorf("audit: %w", err)
	}
	defer func() { _ = file.Close() }()
	head, _, _, err := tail(file)
	if err != nil {
		return Head{}, fmt.Errorf("audit: %s: %w", path, err)
	}
	return head, nil
}
