package watchlist

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/audit"
	"sluice/services/internal/lists"
)

// Deps is what a change of the lists works on.
type Deps struct {
	Store       Store
	Leases      Leases
	Activations Activations
	// Known returns the highest activation number that is known besides Redis, such as ClickHouse's, for the first
	// record of a new topic. Nil: none.
	Known func(context.Context) (uint64, error)
	// Copy is a file with a verified copy of the lists, from which an update goes on when Redis has lost them; "": none.
	Copy string
	// Past is the history, from which an update goes on when neither Redis nor the copy has the lists; nil: none.
	Past   Past
	Memory *lists.Memory // what the process loaded; nil: everything is read anew
	// Register is where it is kept what is known of the lists besides their content. Nil: nowhere.
	Register Registry
	Audit    audit.Writer // nil: nothing is written down
	Metrics  *Metrics     // nil: nothing is counted

	Now    func() time.Time // nil: time.Now
	Logger zerolog.Logger
}

func (d Deps) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}

// ImportRequest is one list to be replaced by the content of files.
type ImportRequest struct {
	Format  string
	Options format.Options
	Files   []format.Input
	Source  string        // where the files are from, for people; "": their names
	Use     watchlist.Use // what the entries are for: listed ones, or the exchange's own addresses
	Limits  watchlist.Limits
	Adjust  Adjust

	MediaType string       // that a publisher's server names
	Published time.Time    // when a server says that the file was changed; the publisher's own date in it goes before
	Repeats   bool         // the file was in force before, as its marks tell
	Action    audit.Action // "": audit.ListImport
	Actor     string       // as the audit log names who does it; "": the author

	Author       string // who imports; "": "unattended"
	Reason       string
	AcceptShrink bool // take a load that the guards refuse; wants Author and Reason
}

// Adjust is what the owner of a list says of its entries, in the place of what the publisher says.
type Adjust struct {
	Categories map[taxonomy.Category]taxonomy.Category
	Severity   string // of all entries
	Confidence uint8  // of entries whose publisher says none
}

// ImportResult is what an import did.
type ImportResult struct {
	Report format.Report
	ListChange

	Version  string // of the snapshot with all lists
	Seq      uint64 // activation that put it in force
	Count    int    // entries of all lists
	Repaired bool   // the content was in force already; what was missing in Redis was restored
}

// Import replaces a list and activates the new snapshot. Identical content makes no new activation: it restores what is
// missing in Redis. Nothing is changed when it returns an error of the files or of the guards (watchlist.ErrGuard); after
// any other error it can be run again. Who did it is written down first; that a guard refused it is kept with the list
// until a load is taken.
func Import(ctx context.Context, d Deps, req ImportRequest) (res ImportResult, err error) {
	if req.Author == "" && !req.AcceptShrink {
		req.Author = "unattended"
	}
	if req.Actor == "" {
		req.Actor = "author:" + req.Author
	}
	if req.Action == "" {
		req.Action = audit.ListImport
	}
	err = d.audited(ctx, req.record(), func(ctx context.Context) error {
		res, err = d.load(ctx, req)
		return err
	})
	return res, errors.Join(err, d.noteLoad(ctx, req, res, err))
}

// record is what the audit log has of an import.
func (r *ImportRequest) record() audit.Record {
	detail := map[string]string{"format": r.Format, "author": r.Author}
	for name, value := range map[string]string{"reason": r.Reason, "source": r.Source, "use": string(r.Use)} {
		if value != "" {
			detail[name] = value
		}
	}
	if r.AcceptShrink {
		detail["accept_shrink"] = "true"
	}
	return audit.Record{Actor: r.Actor, Action: r.Action, Object: r.Options.List, Detail: detail}
}

// load is Import behind the audit log.
func (d Deps) load(ctx context.Context, req ImportRequest) (ImportResult, error) {
	load, err := d.look(&req)
	if err != nil {
		return ImportResult{ListChange: ListChange{List: req.Options.List}}, err
	}
	// The entries go into the list as they are read: together they would be several times as large.
	builder, taken := watchlist.NewBuilder(), taker{req: &req, now: d.now()}
	opts := req.Options
	opts.Into = func(e *watchlist.Entry) {
		if taken.take(e) {
			builder.AddEntry(e)
		}
	}
	report, err := parse(req, opts)
	if err != nil {
		return ImportResult{ListChange: ListChange{List: req.Options.List}}, err
	}
	taken.tell(&report)
	res := ImportResult{Report: report, ListChange: ListChange{List: report.List}}
	if taken.err != nil {
		return res, taken.err
	}
	load.Rows, load.Rejected, load.Limits, load.Repeats = report.Rows, report.RejectedRows, req.Limits, req.Repeats
	load.Published = req.Published
	if report.Published != "" {
		if load.Published, err = time.Parse(time.DateOnly, report.Published); err != nil {
			return res, fmt.Errorf("the date of the file: %w", err)
		}
	}
	origin := watchlist.Origin{Format: req.Format, Source: req.Source, ImportedAt: d.now().UTC().Truncate(time.Second),
		PublishedAt: load.Published.UTC().Truncate(time.Second), Author: req.Author, Reason: req.Reason}
	if load.Published.IsZero() {
		origin.PublishedAt = time.Time{}
	}
	list, err := builder.AddList(report.List, origin, nil).Build()
	if err != nil {
		return res, err
	}
	u := Update{Edits: []Edit{{List: report.List, Whole: list, Load: &load}}, Author: req.Author, Reason: req.Reason}
	if req.AcceptShrink {
		u.Accept = watchlist.Acceptance{Author: req.Author, Reason: req.Reason}
		if u.Accept == (watchlist.Acceptance{}) {
			u.Accept.Author = "-" // so that the guard asks for both
		}
	}
	a, err := Apply(ctx, d, u)
	if len(a.Lists) == 1 {
		res.ListChange = a.Lists[0]
	}
	res.Version, res.Seq, res.Count, res.Repaired = a.Version, a.Seq, a.Count, a.Repaired
	return res, err
}

// parse reads the files of a request; the entries go where the options say.
func parse(req ImportRequest, opts format.Options) (format.Report, error) {
	_, report, err := format.Parse(req.Format, opts, req.Files...)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrFile, err)
	}
	return report, err
}

// taker makes of what a file lists what the list's owner says.
type taker struct {
	req   *ImportRequest
	now   time.Time
	ended int   // entries that have ended before they come
	err   error // of the first entry that may not come from a file
}

// take gives an entry what the owner says, and says whether it is to be in force. One that has ended is left out: no
// version has it, else every load of the file would put it in force until the next tick.
func (t *taker) take(e *watchlist.Entry) bool {
	if t.err == nil {
		t.err = give(e, t.req.Use)
	}
	if at, ends := endOf(e); ends && !t.now.Before(at) {
		t.ended++
		return false
	}
	t.req.Adjust.entry(e)
	return t.err == nil
}

// tell says in the report what was left out.
func (t *taker) tell(report *format.Report) {
	if t.ended > 0 {
		report.Entries -= t.ended
		report.LeftOut += t.ended
		report.LeftOutFor = append(report.LeftOutFor, format.Count{Term: "ended", Rows: t.ended})
	}
}

// entry gives an entry what the list's owner says.
func (a Adjust) entry(e *watchlist.Entry) {
	if len(a.Categories) > 0 {
		all := make([]taxonomy.Category, len(e.Categories))
		for n, c := range e.Categories {
			if all[n] = c; a.Categories[c] != "" {
				all[n] = a.Categories[c]
			}
		}
		e.Categories = taxonomy.Sort(all)
		e.Category = e.Categories[0]
	}
	if e.Use == watchlist.UseListed {
		e.Severity = a.Severity
	}
	if e.Confidence == 0 {
		e.Confidence = a.Confidence
	}
}

// ErrFile is wrapped by the error of a file that is not of its format, or cut.
var ErrFile = errors.New("the list cannot be read")

// headBytes is how much of a file the guards see.
const headBytes = 512

// look names the source, and looks at how the first file begins before it is read.
func (d Deps) look(req *ImportRequest) (watchlist.Load, error) {
	if req.Source == "" {
		names := make([]string, len(req.Files))
		for i, f := range req.Files {
			names[i] = f.Name
		}
		req.Source = strings.Join(names, ", ")
	}
	load := watchlist.Load{List: req.Options.List, MediaType: req.MediaType}
	if len(req.Files) > 0 {
		r := bufio.NewReader(req.Files[0].R)
		head, err := r.Peek(headBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return load, fmt.Errorf("%s: %w", req.Files[0].Name, err)
		}
		load.Head = bytes.Clone(head)
		if refusal := load.CheckType(); refusal != nil {
			return load, refusal
		}
		req.Files[0].R = r
	}
	return load, nil
}

// give makes an entry of what a file lists.
func give(e *watchlist.Entry, use watchlist.Use) error {
	switch use {
	case watchlist.UseListed:
		if e.Use == watchlist.UseAllow {
			return fmt.Errorf("%w: entry %q allows hits: such entries are made one by one, each by its author, and none comes from a file", ErrFile, e.EntryID)
		}
		return nil
	case watchlist.UseOwn:
		e.Use, e.Category, e.Categories = use, taxonomy.Exchange, []taxonomy.Category{taxonomy.Exchange}
		return nil
	default:
		return fmt.Errorf("use %q is not for files: entries that allow are made one by one, each with author, reason and end", use)
	}
}
