package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	list "sluice/pkg/watchlist"
	"sluice/services/internal/activation"
	"sluice/services/internal/app"
	"sluice/services/internal/config"
)

// versionHelp says what names a version.
const versionHelp = "A version is named by its hash or at least 8 of its first digits, by #SEQ or the number alone (what was in force at that number of the order of " +
	"knowledge, a verdict's lists_seq), or as current or previous."

// whole is what the commands that look at every version have in common.
type whole struct{ config.Config }

func (c *whole) desk(ctx context.Context, fn func(*app.Desk) error) (err error) {
	desk, err := app.OpenDesk(ctx, &c.Config, app.DeskWhole, zerolog.Nop())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	return fn(desk)
}

// watchlistVersionsCmd shows the activations of lists.
type watchlistVersionsCmd struct {
	whole
	Format string `help:"table or json (NDJSON)." enum:"table,json" default:"table"`
}

// versionLine is one activation of lists as JSON.
type versionLine struct {
	Seq      uint64                   `json:"seq"`
	Version  string                   `json:"version"`
	Previous string                   `json:"previous,omitzero"`
	At       time.Time                `json:"at"`
	Author   string                   `json:"author"`
	Reason   string                   `json:"reason,omitzero"`
	Entries  int                      `json:"entries"`
	Lists    []activation.ListVersion `json:"lists"`
	Current  bool                     `json:"current,omitzero"`
}

func (c *watchlistVersionsCmd) Run(ctx context.Context, s streams) error {
	return c.desk(ctx, func(d *app.Desk) error {
		all, err := d.Activations(ctx)
		if err != nil {
			return err
		}
		lines := make([]versionLine, len(all))
		for i, a := range all {
			lines[i] = versionLine{a.Seq, a.Version, a.Previous, a.At.UTC(), a.Author, a.Reason, a.Entries(), a.Lists, i == len(all)-1}
		}
		if c.Format == "json" {
			return ndjson(s.Out, lines)
		}
		out := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(out, "seq\tversion\tat\tlists\tentries\tauthor\treason\n")
		for _, l := range lines {
			fmt.Fprintf(out, "%d\t%s\t%s\t%d\t%d\t%s\t%s\n", l.Seq, l.Version[:min(16, len(l.Version))], l.At.Format(time.RFC3339), len(l.Lists), l.Entries, oneLine(l.Author), oneLine(l.Reason))
		}
		return out.Flush()
	})
}

// watchlistDiffCmd shows how a version differs from another.
type watchlistDiffCmd struct {
	whole
	A      string `arg:"" help:"The version before, such as previous." placeholder:"A"`
	B      string `arg:"" help:"The version after, such as current." placeholder:"B"`
	List   string `help:"Only this list." placeholder:"NAME"`
	Format string `help:"table or json (NDJSON)." enum:"table,json" default:"table"`
}

// Help is the rest of the command's help.
func (watchlistDiffCmd) Help() string {
	return "One line for each address of each list that was added, was removed, or of which the list says something else now. " + versionHelp
}

func (c *watchlistDiffCmd) Run(ctx context.Context, s streams) error {
	return c.desk(ctx, func(d *app.Desk) error {
		before, from, err := d.Snapshot(ctx, c.A)
		if err != nil {
			return err
		}
		after, to, err := d.Snapshot(ctx, c.B)
		if err != nil {
			return err
		}
		var rows []list.Row
		tally := map[string]*changeTally{list.RowAdded: {}, list.RowRemoved: {}, list.RowChanged: {}}
		for _, r := range before.Diff(after).Rows() {
			if c.List == "" || c.List == r.List {
				rows = append(rows, r)
				tally[r.Change].add(r.Address)
			}
		}
		fmt.Fprintf(s.Err, "#%d (%.16s) -> #%d (%.16s): %s added, %s removed, %s changed\n",
			from.Seq, from.Version, to.Seq, to.Version, tally[list.RowAdded], tally[list.RowRemoved], tally[list.RowChanged])
		if c.Format == "json" {
			return jsonRows(s.Out, rows)
		}
		return tableOfRows(s.Out, rows)
	})
}

// changeTally counts rows and the addresses in them: one text may be an address on several networks or lists.
type changeTally struct {
	rows      int
	addresses map[string]struct{}
}

func (t *changeTally) add(address string) {
	if t.addresses == nil {
		t.addresses = map[string]struct{}{}
	}
	t.rows++
	t.addresses[address] = struct{}{}
}

func (t *changeTally) String() string {
	if t.rows == len(t.addresses) {
		return strconv.Itoa(t.rows)
	}
	return fmt.Sprintf("%d (%d addresses)", t.rows, len(t.addresses))
}

func jsonRows(w io.Writer, rows []list.Row) error {
	out := bufio.NewWriterSize(w, 256<<10)
	var line []byte
	for i := range rows {
		line = append(rows[i].AppendJSON(line[:0]), '\n')
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

func tableOfRows(w io.Writer, rows []list.Row) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "change\tlist\tnetwork\taddress\tentry\tentity\tdiffers in\n")
	for i := range rows {
		r := &rows[i]
		entries := r.After
		if len(entries) == 0 {
			entries = r.Before
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Change, r.List, r.Network, r.Address, oneLine(r.EntryID), oneLine(entries[0].Entity), cmp.Or(strings.Join(r.Fields(), ", "), "-"))
	}
	return out.Flush()
}

// oneLine is text for one cell of a table: nothing in it moves the cursor, and it is no longer than a cell should be.
func oneLine(text string) string {
	const most = 60
	out := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, text))
	if len(out) > most {
		out = append(out[:most-1], '…')
	}
	if len(out) == 0 {
		return "-"
	}
	return string(out)
}

// ndjson writes one JSON object a line.
func ndjson[T any](w io.Writer, lines []T) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range lines {
		if err := enc.Encode(lines[i]); err != nil {
			return err
		}
	}
	return out.Flush()
}
