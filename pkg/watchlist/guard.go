package watchlist

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrGuard is wrapped by the error of a load that a guard refuses.
var ErrGuard = errors.New("load refused")

// Bounds of a load that nobody set otherwise.
const (
	// MaxShrinkPercent is how much a list may lose in one load, in percent of its entries. A real list lost 14 percent in
	// a day, a broken one 29.
	MaxShrinkPercent = 20
	// A load is refused when more rows than both of these are rejected: lists in the wild hold a few broken ones, and a
	// file whose columns moved hardly a good one.
	MaxRejectedRows    = 20
	MaxRejectedPercent = 5
)

// Acceptance is a person's word that a load may do what the guards refuse.
type Acceptance struct {
	Author string
	Reason string
}

// Limits are the bounds that the owner of a list sets. The zero value stands for the usual ones.
type Limits struct {
	MinEntries      int     // fewer entries are refused
	MaxRejected     int     // more rejected rows are refused; 0: MaxRejectedRows together with MaxRejectedPercent
	MaxRejectedPart float64 // instead of MaxRejected: percent of the rows
}

// Load is what the guards look at.
type Load struct {
	List           string
	Before, After  int       // entries in force, and those that would be
	Rows, Rejected int       // of the files
	Published      time.Time // when the publisher says that the file is of; zero: it does not say
	InForce        time.Time // the same of the content in force
	Repeats        bool      // the file is one that another has taken the place of, as far as its name (ETag, hash) tells
	ByHand         bool      // what is in force was entered by people, one by one, and would be gone
	Head           []byte    // the first bytes of the first file, before decompression
	MediaType      string    // that the publisher's server names, "" none
	Limits         Limits
}

// Cause is why a load is refused, for machines.
type Cause string

// The causes.
const (
	CauseEmpty       Cause = "empty"        // the list would have no entry
	CauseShrunk      Cause = "shrunk"       // more than MaxShrinkPercent of its entries would be gone
	CauseTooFew      Cause = "too_few"      // fewer entries than the owner's bound
	CauseRejected    Cause = "rejected"     // too many rows are rejected
	CauseContentType Cause = "content_type" // a web page, and no list
	CauseOlder       Cause = "older"        // older than what is in force
	CauseByHand      Cause = "by_hand"      // entries that people made would be replaced
	CauseAcceptance  Cause = "acceptance"   // whoever accepts did not say who, or why
)

// Refusal is the error of a load that a guard refuses.
type Refusal struct {
	List  string
	Cause Cause
	Text  string // what was found, for people
}

// Error says what was found, and what to do.
func (r *Refusal) Error() string {
	text := fmt.Sprintf("%v: list %s: %s", ErrGuard, r.List, r.Text)
	if r.Acceptable() {
		text += "; to take it, accept it with author and reason"
	}
	return text
}

// Unwrap makes a refusal an ErrGuard.
func (*Refusal) Unwrap() error { return ErrGuard }

// Acceptable reports whether a person may take the load all the same. What is no list is nobody's to take.
func (r *Refusal) Acceptable() bool { return r.Cause != CauseContentType && r.Cause != CauseAcceptance }

// Check says whether a load may take the place of what is in force; the error is a *Refusal. With an author and a reason
// in accept it allows all that is acceptable; one without the other is refused too.
func (l Load) Check(accept Acceptance) error {
	accepted := accept != Acceptance{}
	if accepted && (accept.Author == "" || accept.Reason == "") {
		return l.refuse(CauseAcceptance, "accepting what the guards refuse needs both an author and a reason")
	}
	r := l.find()
	if r == nil || accepted && r.Acceptable() {
		return nil
	}
	return r
}

// find is the first thing that is wrong with a load.
func (l Load) find() *Refusal {
	if err := l.CheckType(); err != nil {
		return err
	}
	switch {
	case l.After == 0:
		return l.refuse(CauseEmpty, "it would be empty (it has %d entries)", l.Before)
	case l.ByHand:
		return l.refuse(CauseByHand, "its %d entries were made by people, and a file would replace all of them", l.Before)
	case !l.Published.IsZero() && l.Published.Before(l.InForce):
		return l.refuse(CauseOlder, "the file is of %s, what is in force is of %s", day(l.Published), day(l.InForce))
	case l.Repeats && (l.Published.IsZero() || l.InForce.IsZero()):
		return l.refuse(CauseOlder, "the file was in force before, and a newer one took its place")
	case l.tooManyRejected():
		return l.refuse(CauseRejected, "%d of %d rows are rejected", l.Rejected, l.Rows)
	case l.After < l.Limits.MinEntries:
		return l.refuse(CauseTooFew, "it would have %d entries, and is to have at least %d", l.After, l.Limits.MinEntries)
	case (l.Before-l.After)*100 > l.Before*MaxShrinkPercent:
		return l.refuse(CauseShrunk, "it would fall from %d to %d entries, more than %d %%", l.Before, l.After, MaxShrinkPercent)
	default:
		return nil
	}
}

func (l Load) tooManyRejected() bool {
	switch {
	case l.Limits.MaxRejectedPart > 0:
		return float64(l.Rejected)*100 > l.Limits.MaxRejectedPart*float64(l.Rows)
	case l.Limits.MaxRejected > 0:
		return l.Rejected > l.Limits.MaxRejected
	default:
		return l.Rejected > MaxRejectedRows && l.Rejected*100 > l.Rows*MaxRejectedPercent
	}
}

// CheckType refuses what is a web page and no list, by what the server calls it and by how it begins: publishers' sites
// answer with one when something is wrong, and often call it a success. It can be asked before the file is read.
func (l Load) CheckType() *Refusal {
	media, _, _ := strings.Cut(l.MediaType, ";")
	switch media = strings.ToLower(strings.TrimSpace(media)); {
	case media == "text/html" || media == "application/xhtml+xml":
		return l.refuse(CauseContentType, "the server sent a web page (%s) and no list", media)
	case isHTML(l.Head):
		return l.refuse(CauseContentType, "the file is a web page and no list: it begins with %q", firstLine(l.Head))
	default:
		return nil
	}
}

// isHTML reports whether a text begins as a web page does.
func isHTML(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	for _, start := range []string{"<!doctype html", "<html", "<head", "<body"} {
		if len(head) > len(start) && strings.EqualFold(string(head[:len(start)]), start) && strings.IndexByte(" \t\r\n>", head[len(start)]) >= 0 {
			return true
		}
	}
	return false
}

// firstLine is the beginning of a text, for a message.
func firstLine(head []byte) string {
	line, _, _ := strings.Cut(strings.TrimLeft(strings.ToValidUTF8(string(head), "\uFFFD"), " \t\r\n"), "\n")
	return line[:min(len(line), 60)]
}

func (l Load) refuse(c Cause, format string, args ...any) *Refusal {
	return &Refusal{List: l.List, Cause: c, Text: fmt.Sprintf(format, args...)}
}

// day is a publisher's date: with its time only where it has one.
func day(t time.Time) string {
	if t.Equal(t.Truncate(24 * time.Hour)) {
		return t.UTC().Format(time.DateOnly)
	}
	return t.UTC().Format(time.RFC3339)
}
