package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/rs/zerolog"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/lookback"
)

// lookbackCmd is about the runs that screen recorded transfers again.
type lookbackCmd struct {
	Status lookbackStatusCmd `cmd:"" default:"withargs" help:"Show the last runs with their progress."`
	Run    lookbackRunCmd    `cmd:"" help:"Order a run: the watchlist service screens again what the lists' changes since then concern."`
}

// lookbackStatusCmd shows runs, the last one first.
type lookbackStatusCmd struct {
	config.Config
	Limit  int    `default:"20" help:"How many runs."`
	Format string `default:"table" enum:"table,json" help:"table, or json: one object a line."`
}

func (c *lookbackStatusCmd) Run(ctx context.Context, s streams) error {
	if c.Limit < 1 || c.Limit > 10_000 {
		return fmt.Errorf("--limit: %d, want 1 to 10000", c.Limit)
	}
	runs, err := app.LookbackRuns(ctx, &c.Config, c.Limit, zerolog.Nop())
	if err != nil {
		return err
	}
	if c.Format == "json" {
		out := json.NewEncoder(s.Out)
		for i := range runs {
			if err := out.Encode(&runs[i]); err != nil {
				return err
			}
		}
		return nil
	}
	return writeRuns(s.Out, runs)
}

// writeRuns writes a table. The time is that from the activation to the last flag, or to the end where there was none.
func writeRuns(w io.Writer, runs []lookback.Run) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(out, "seq\tscope\tstate\tkeys\tfound\tsent\tflagged\tunverified\tmissing\tpasses\tlast flag after\tended after\t\n")
	after := func(r *lookback.Run, at time.Time, known bool) string {
		if !known {
			return "-"
		}
		return at.Sub(r.ActivatedAt).Round(10 * time.Millisecond).String()
	}
	for i := range runs {
		r := &runs[i]
		seq := fmt.Sprint(r.Seq)
		if r.FromSeq != r.Seq {
			seq = fmt.Sprintf("%d (from %d)", r.Seq, r.FromSeq)
		}
		detail := r.Detail
		if r.Step != "" {
			detail = r.Step + ": " + detail
		}
		fmt.Fprintf(out, "%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t%s\t%s\t%s\n", seq, r.Scope, r.State, r.Keys, r.Found, r.Sent, r.Flagged, r.Unverified, r.Missing,
			r.Passes, after(r, r.LastFlagAt, !r.LastFlagAt.IsZero()), after(r, r.UpdatedAt, r.State == lookback.Done), detail)
	}
	return out.Flush()
}

// lookbackRunCmd orders a run.
type lookbackRunCmd struct {
	config.Config
	FromSeq uint64 `help:"The first activation of lists whose changes count." placeholder:"N"`
	Since   string `help:"Or the first one at this time or after it: RFC 3339, or how long ago." placeholder:"TIME"`
	Author  string `required:"" help:"Who orders it." placeholder:"NAME"`
	Reason  string `help:"Why." placeholder:"TEXT"`
}

func (c *lookbackRunCmd) Run(ctx context.Context, s streams) error {
	if (c.FromSeq == 0) == (c.Since == "") {
		return errors.New("--from-seq, --since: want one of them")
	}
	now := time.Now()
	since, err := moment("since", c.Since, now)
	if err != nil {
		return err
	}
	a, err := app.OrderLookback(ctx, &c.Config, lookback.Ordered{FromSeq: c.FromSeq, Since: since, Author: c.Author, Reason: c.Reason, At: now}, zerolog.Nop())
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "ordered as seq %d: what the lists' changes since activation %d concern is screened again; sluice watchlist lookback status shows it\n", a.Seq, a.FromSeq)
	return nil
}
