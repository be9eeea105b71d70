package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"sluice/services/internal/activation"
	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/watchlist"
)

// watchlistLookupCmd shows what is listed about an address.
type watchlistLookupCmd struct {
	config.Config
	Address  string `arg:"" optional:"" help:"Address, in any of its spellings."`
	AsOf     string `help:"What was in force then: an RFC 3339 time, or a day (its first moment, UTC)." placeholder:"TIME"`
	At       string `help:"What this version said." placeholder:"VERSION"`
	All      bool   `help:"Everything that was ever said of it, with the span of each."`
	Transfer string `help:"What the lists by which a transfer was judged said of its addresses: the fact's id, or the exchange's own." placeholder:"ID"`
	Format   string `help:"table or json (NDJSON); none: a table on a terminal." enum:"table,json," default:""`
}

// Help is the rest of the command's help.
func (watchlistLookupCmd) Help() string {
	return "Each line is an entry with the span in which Sluice screened by it (known_from, known_to, and their numbers), and the file that it came " +
		"from. The entry's own dates are the publisher's: party_listed_at is never the address's. " + versionHelp
}

func (c *watchlistLookupCmd) Run(ctx context.Context, s streams) (err error) {
	if c.Format == "" {
		c.Format = "json"
		if app.IsTerminal(s.Out) {
			c.Format = "table"
		}
	}
	moment, err := c.check()
	if err != nil {
		return err
	}
	reach := app.DeskWhole
	if c.AsOf == "" && c.At == "" && c.Transfer == "" && !c.All {
		reach = app.DeskLive
	}
	desk, err := app.OpenDesk(ctx, &c.Config, reach, zerolog.Nop())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	versions, q := desk.Versions(), watchlist.Ask(c.Address)
	if why := q.Doubt(); why != "" && c.Transfer == "" {
		fmt.Fprintf(s.Err, "%q has the form of no network's addresses (%s): looked up as it stands\n", q.Text, why)
	}
	switch {
	case c.Transfer != "":
		return c.transfer(ctx, s, versions)
	case c.All:
		facts, err := versions.LookupAll(ctx, q)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Err, "%d entries in the whole history\n", len(facts))
		return c.facts(s.Out, facts)
	case reach == app.DeskLive:
		return c.live(ctx, s, desk, q)
	}
	var at activation.Activation
	if c.At != "" {
		at, err = versions.Find(ctx, c.At)
	} else {
		all, readErr := versions.All(ctx)
		if readErr != nil {
			return readErr
		}
		at, err = watchlist.At(all, moment)
	}
	if err != nil {
		return err
	}
	answer, err := versions.Lookup(ctx, q, at)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "%d entries in version %s (seq %d, in force from %s)\n", len(answer.Facts), at.Version, at.Seq, at.At.UTC().Format(time.RFC3339))
	if answer.Unrecorded {
		fmt.Fprintln(s.Err, "the history does not have it yet: the spans are missing")
	}
	return c.facts(s.Out, answer.Facts)
}

// check says which flags do not go together, and reads the time.
func (c *watchlistLookupCmd) check() (moment time.Time, err error) {
	n := 0
	for _, given := range []bool{c.AsOf != "", c.At != "", c.All, c.Transfer != ""} {
		if given {
			n++
		}
	}
	switch {
	case n > 1:
		return moment, errors.New("--as-of, --at, --all and --transfer are four questions: ask one")
	case c.Transfer != "" && c.Address != "":
		return moment, errors.New("--transfer asks for the addresses of the transfer: name none")
	case c.Transfer == "" && c.Address == "":
		return moment, errors.New("name an address, or a transfer with --transfer ID")
	case c.AsOf == "":
		return moment, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if moment, err = time.Parse(layout, c.AsOf); err == nil {
			return moment, nil
		}
	}
	return moment, fmt.Errorf("--as-of: %q: want a time such as 2026-11-22T14:00:00Z, or a day such as 2026-11-22", c.AsOf)
}

func (c *watchlistLookupCmd) live(ctx context.Context, s streams, desk *app.Desk, q watchlist.Question) error {
	live, err := desk.Describe(ctx)
	if err != nil {
		return err
	}
	if live.Version == "" {
		return errNeverActivated
	}
	facts, missing, err := desk.Versions().LookupLive(ctx, q, live)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "%d entries in version %s (seq %d)\n", len(facts), live.Version, live.Seq)
	if missing != nil && len(facts) > 0 {
		fmt.Fprintln(s.Err, "without the spans:", missing)
	}
	return c.facts(s.Out, facts)
}

// errNeverActivated is what the commands say that look at the lists in force where there are none.
var errNeverActivated = errors.New("no list was ever activated: `sluice watchlist import` does")

func (c *watchlistLookupCmd) facts(w io.Writer, facts []watchlist.Fact) error {
	if c.Format == "table" {
		return tableOfFacts(w, facts)
	}
	out := bufio.NewWriter(w)
	var line []byte
	for i := range facts {
		line = append(facts[i].AppendJSON(line[:0]), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

func tableOfFacts(w io.Writer, facts []watchlist.Fact) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "list\tentry\tentity\tcategory\tnetwork\taddress\tmatch\taddress listed\tparty listed\tknown since\tin force\tsource\n")
	for i := range facts {
		f := &facts[i]
		e := &f.Entry
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", e.List, oneLine(e.EntryID), oneLine(e.Entity), e.Category, e.Network, e.Address, f.Match,
			cmp.Or(e.AddressListedAt, "-"), cmp.Or(e.PartyListedAt, "-"), timeCell(f.KnownSince), span(f), oneLine(f.Source))
	}
	return out.Flush()
}

func timeCell(at time.Time) string {
	if at.IsZero() {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}

// span is the span of a fact by the numbers of the order of knowledge.
func span(f *watchlist.Fact) string {
	switch {
	case f.FromSeq == 0:
		return "-"
	case f.ToSeq == nil:
		return fmt.Sprintf("#%d-", f.FromSeq)
	default:
		return fmt.Sprintf("#%d-#%d", f.FromSeq, *f.ToSeq)
	}
}

// transfer answers for the addresses of a transfer.
func (c *watchlistLookupCmd) transfer(ctx context.Context, s streams, versions watchlist.Versions) error {
	found, err := versions.LookupTransfer(ctx, c.Transfer)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(s.Out)
	var all []watchlist.Fact
	last := ""
	for _, f := range found {
		if t := f.Transfer; t.ID != last {
			last = t.ID
			fmt.Fprintf(s.Err, "transfer %s (%s) of tenant %s, %s, %s: judged by the lists of seq %d\n", oneLine(t.TransferID), t.ID, t.Tenant, t.OccurredAt.Format(time.RFC3339), t.Verdict, t.ListsSeq)
		}
		fmt.Fprintf(s.Err, "%s %s: %d entries\n", f.Address.Role, oneLine(f.Address.Text), len(f.Facts))
		all = append(all, f.Facts...)
		if c.Format == "table" {
			continue
		}
		for i := range f.Facts {
			line := f.Facts[i].AppendJSON(nil)
			line = append(line[:len(line)-1], `,"transfer":`...)
			line = strconv.AppendQuote(line, f.Transfer.ID)
			line = append(append(append(line, `,"role":"`...), f.Address.Role...), `","lists_seq":`...)
			line = append(strconv.AppendUint(line, f.Transfer.ListsSeq, 10), '}', '\n')
			if _, err := out.Write(line); err != nil {
				return err
			}
		}
	}
	if c.Format == "table" {
		return tableOfFacts(s.Out, all)
	}
	return out.Flush()
}
