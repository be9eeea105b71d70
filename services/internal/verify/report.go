package verify

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Class is a way in which a promise is broken.
type Class string

// The classes. Each fails a verification.
const (
	Lost       Class = "lost"       // accepted, and neither recorded nor dead-lettered nor under way
	Duplicated Class = "duplicated" // counted twice, or judged twice in two ways by the same knowledge
	Unscreened Class = "unscreened" // cleared, or called complete, without having been screened
)

// Finding is one case of a class.
type Finding struct {
	Class      Class  `json:"class"`
	Kind       string `json:"kind"` // what exactly; docs/verify.md lists them
	ID         string `json:"id,omitempty"`
	TransferID string `json:"transfer_id,omitempty"`
	Tenant     string `json:"tenant,omitempty"`
	Topic      string `json:"topic,omitempty"`
	Partition  int32  `json:"partition,omitempty"` // with Topic
	Offset     int64  `json:"offset,omitempty"`    // with Topic
	Detail     string `json:"detail,omitempty"`
}

// String is the finding on one line, for people.
func (f Finding) String() string {
	parts := []string{string(f.Class) + ":", f.Kind}
	if f.ID != "" {
		parts = append(parts, "id "+f.ID)
	}
	if f.TransferID != "" {
		parts = append(parts, "transfer "+f.TransferID)
	}
	if f.Topic != "" {
		parts = append(parts, fmt.Sprintf("at %s/%d/%d", f.Topic, f.Partition, f.Offset))
	}
	if f.Detail != "" {
		parts = append(parts, "("+f.Detail+")")
	}
	return strings.Join(parts, " ")
}

// Report is what a verification found.
type Report struct {
	From time.Time `json:"from,omitzero"` // of what was accepted in it; zero: from the beginning
	To   time.Time `json:"to,omitzero"`   // zero: until now

	Accepted     int64            `json:"accepted"` // facts in the ledger
	Cleared      int64            `json:"cleared"`
	Flagged      int64            `json:"flagged"`
	Held         int64            `json:"held"`
	DeadLettered int64            `json:"dead_lettered"`
	DeadReasons  map[string]int64 `json:"dead_letter_reasons,omitempty"`
	Pending      int64            `json:"pending"`     // under way
	Redelivered  int64            `json:"redelivered"` // records of facts that were there already
	Conflicts    int64            `json:"conflicts"`   // transfer ids with several contents
	Unmarked     int64            `json:"unmarked"`    // of them, those with more than one content cleared

	Lost       int64 `json:"lost"`
	Duplicated int64 `json:"duplicated"`
	Unscreened int64 `json:"unscreened"`

	Findings []Finding `json:"findings,omitempty"` // the first MaxFindings of each class

	Screened   map[string]int64 `json:"screened_again"` // rows compared with the lists of their version, by where those were read from
	Unprovable int64            `json:"unprovable"`     // rows whose lists neither ClickHouse nor Redis has
	Compared   int64            `json:"compared"`       // records of transfers.v1 whose bytes were compared with the ledger's hash
	Unledgered int64            `json:"unledgered"`     // of these, records that the ledger has not come to: compared with the tables at once
	Verdicts   int64            `json:"verdicts"`       // records of verdicts.v1 that were compared
	Sent       int64            `json:"sent"`           // ids of the file
	Notes      []string         `json:"notes,omitempty"`

	Unchecked []string `json:"unchecked,omitempty"` // what could not be checked: of that nothing is proved

	Took time.Duration `json:"took_ns"`
}

// OK says whether nothing was lost, duplicated or unscreened.
func (r *Report) OK() bool { return r.Lost == 0 && r.Duplicated == 0 && r.Unscreened == 0 }

// Proved says whether everything was checked: that nothing was found broken is a proof only then.
func (r *Report) Proved() bool { return len(r.Unchecked) == 0 }

// MaxFindings is how many findings of each class a report lists; the counts have all of them.
const MaxFindings = 100

// find notes a finding.
func (v *verifier) find(f Finding) error {
	var n *int64
	switch f.Class {
	case Lost:
		n = &v.report.Lost
	case Duplicated:
		n = &v.report.Duplicated
	case Unscreened:
		n = &v.report.Unscreened
	}
	if *n++; *n <= MaxFindings {
		v.report.Findings = append(v.report.Findings, f)
	}
	if v.cfg.Each != nil {
		return v.cfg.Each(f)
	}
	return nil
}

func (v *verifier) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(v.report.Notes, text) {
		v.report.Notes = append(v.report.Notes, text)
	}
}

// uncheck notes something that could not be checked.
func (v *verifier) uncheck(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(v.report.Unchecked, text) {
		v.report.Unchecked = append(v.report.Unchecked, text)
	}
}

// WriteJSON writes the report as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name string, n int64, what string) { fmt.Fprintf(tw, "%s\t%d\t%s\n", name, n, what) }
	row("accepted", r.Accepted, "facts in the ledger")
	row("cleared", r.Cleared, "")
	row("flagged", r.Flagged, "")
	row("held", r.Held, "")
	var reasons []string
	for _, name := range slices.Sorted(maps.Keys(r.DeadReasons)) {
		reasons = append(reasons, fmt.Sprintf("%d %s", r.DeadReasons[name], name))
	}
	row("dead-lettered", r.DeadLettered, strings.Join(reasons, ", "))
	row("pending", r.Pending, "under way, at most")
	row("redelivered", r.Redelivered, "records of facts that were there already")
	row("conflicts", r.Conflicts, "transfer ids with several contents")
	row("unmarked", r.Unmarked, "of them, those with more than one content cleared: ingest did not know of the first")
	fmt.Fprintln(tw, "\t\t")
	row("lost", r.Lost, "")
	row("duplicated", r.Duplicated, "")
	row("unscreened", r.Unscreened, "")
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintf(w, "\nlooked at: %s; %d records of the ledger and %d verdicts compared, %d sent ids\n", r.window(), r.Compared, r.Verdicts, r.Sent)
	fmt.Fprintf(w, "screened again: %d by the lists of ClickHouse's history, %d by those of Redis; of %d neither has the lists\n",
		r.Screened[fromHistory], r.Screened[fromRedis], r.Unprovable)
	for _, n := range r.Notes {
		fmt.Fprintf(w, "note: %s\n", n)
	}
	for _, n := range r.Unchecked {
		fmt.Fprintf(w, "not checked: %s\n", n)
	}
	for _, f := range r.Findings {
		fmt.Fprintln(w, f)
	}
	if hidden := r.Lost + r.Duplicated + r.Unscreened - int64(len(r.Findings)); hidden > 0 {
		fmt.Fprintf(w, "and %d more\n", hidden)
	}
	verdict := "nothing lost, nothing duplicated, nothing unscreened"
	switch {
	case !r.OK():
		verdict = "the promises are broken"
	case !r.Proved():
		verdict = "nothing was found broken, and not everything could be checked"
	}
	_, err := fmt.Fprintf(w, "%s (%s)\n", verdict, r.Took.Round(time.Millisecond))
	return err
}

func (r *Report) window() string {
	switch {
	case r.From.IsZero() && r.To.IsZero():
		return "everything"
	case r.To.IsZero():
		return "what was accepted since " + r.From.UTC().Format(time.RFC3339)
	case r.From.IsZero():
		return "what was accepted before " + r.To.UTC().Format(time.RFC3339)
	}
	return "what was accepted from " + r.From.UTC().Format(time.RFC3339) + " to " + r.To.UTC().Format(time.RFC3339)
}
