package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/internal/lists"
	"sluice/services/watchlist"
)

// byHand is what the commands that edit own lists have in common.
type byHand struct {
	config.Config
	List   string `required:"" help:"Name of the own list." placeholder:"NAME"`
	Author string `required:"" help:"Who does it; kept beside the account of this machine." placeholder:"NAME"`
	Reason string `required:"" help:"Why; kept with the entry." placeholder:"TEXT"`
}

// edit opens the lists, does something to them and tells what became of each entry.
func edit(ctx context.Context, cfg *config.Config, s streams, fn func(*app.Desk) ([]watchlist.Done, watchlist.Applied, error)) (err error) {
	desk, err := app.OpenDesk(ctx, cfg, app.DeskChange, app.Logger(s.Err, config.Log{Level: "warn", Format: cfg.Log.Format}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	done, applied, err := fn(desk)
	if err != nil {
		return err
	}
	for _, d := range done {
		fmt.Fprintf(s.Out, "%s\t%s", d.Status, d.EntryID)
		if d.Proposal != "" {
			fmt.Fprintf(s.Out, "\t%s", d.Proposal)
		}
		fmt.Fprintln(s.Out)
		if d.Note != "" {
			fmt.Fprintf(s.Err, "note %s: %s\n", d.EntryID, d.Note)
		}
		if d.Status == watchlist.StatusProposed {
			fmt.Fprintf(s.Err, "%s waits for a second person: sluice watchlist approve %s\n", d.EntryID, d.Proposal)
		}
	}
	if applied.Seq > 0 { // else nothing was ever in force, and nothing is now
		fmt.Fprintf(s.Err, "in force as seq %d, version %s\n", applied.Seq, applied.Version)
	}
	return nil
}

// watchlistAddCmd adds and changes entries.
type watchlistAddCmd struct {
	byHand
	Network    string   `help:"Network of the addresses; none: told by their form, where that fits one family." placeholder:"ALIAS"`
	Tag        string   `help:"Destination tag, memo or payment id; none: every one of the address." placeholder:"TAG"`
	EntryID    string   `help:"Id of the entry, for a single address; none: the address itself." placeholder:"ID"`
	Entity     string   `help:"The party; of own addresses the name under which lists have the exchange." placeholder:"NAME"`
	Category   string   `help:"Category of listed addresses." placeholder:"CATEGORY"`
	Severity   string   `help:"Severity of the hits, in the place of the category's." placeholder:"SEVERITY"`
	Confidence uint8    `help:"Percent." placeholder:"N"`
	Use        string   `default:"listed" enum:"listed,allow,own" help:"listed; allow: hits are told and not judged; own: the exchange's own addresses."`
	Names      string   `default:"" enum:",token,issuer" help:"For token contracts: what is listed is the token, or its issuer."`
	Service    string   `default:"" enum:",deposit,hot,cold,sweep" help:"Of own addresses: what they are for."`
	CustomerID string   `help:"Of own addresses: whose deposits they take." placeholder:"PSEUDONYM"`
	ForList    string   `help:"Of allow: only hits of this list." placeholder:"NAME"`
	ForEntry   string   `help:"Of allow: only hits of this entry of --for-list." placeholder:"ID"`
	Expires    string   `help:"When the entry ends; allow wants one." placeholder:"RFC3339"`
	Reference  string   `help:"Case, licence or decision behind it." placeholder:"TEXT"`
	Addresses  []string `arg:"" name:"address" help:"Addresses, in any of their spellings."`
}

func (c *watchlistAddCmd) Run(ctx context.Context, s streams) error {
	if c.EntryID != "" && len(c.Addresses) > 1 {
		return errors.New("--entry-id: is for a single address")
	}
	inputs := make([]watchlist.Input, len(c.Addresses))
	for i, text := range c.Addresses {
		inputs[i] = watchlist.Input{Network: c.Network, Address: text, Tag: c.Tag, EntryID: c.EntryID, Entity: c.Entity, Category: c.Category,
			Severity: c.Severity, Confidence: c.Confidence, Use: c.Use, Names: c.Names, Service: c.Service, CustomerID: c.CustomerID,
			ForList: c.ForList, ForEntry: c.ForEntry, ExpiresAt: c.Expires, Reference: c.Reference}
	}
	return edit(ctx, &c.Config, s, func(d *app.Desk) ([]watchlist.Done, watchlist.Applied, error) {
		return watchlist.Add(ctx, d.Deps(), c.List, inputs, app.Person(c.Author, c.Reason))
	})
}

// watchlistExpireCmd gives entries an end.
type watchlistExpireCmd struct {
	byHand
	At      string   `required:"" help:"When they end; never: not at all." placeholder:"RFC3339"`
	Entries []string `arg:"" name:"entry-id" help:"Ids of the entries."`
}

func (c *watchlistExpireCmd) Run(ctx context.Context, s streams) error {
	var at time.Time
	if c.At != "never" {
		var err error
		if at, err = time.Parse(time.RFC3339, c.At); err != nil {
			return fmt.Errorf("--at: %q is no time such as 2027-01-01T00:00:00Z", c.At)
		}
	}
	return edit(ctx, &c.Config, s, func(d *app.Desk) ([]watchlist.Done, watchlist.Applied, error) {
		return watchlist.SetEnd(ctx, d.Deps(), c.List, c.Entries, at, app.Person(c.Author, c.Reason))
	})
}

// watchlistRemoveCmd takes entries out.
type watchlistRemoveCmd struct {
	byHand
	Entries []string `arg:"" name:"entry-id" help:"Ids of the entries."`
}

func (c *watchlistRemoveCmd) Run(ctx context.Context, s streams) error {
	return edit(ctx, &c.Config, s, func(d *app.Desk) ([]watchlist.Done, watchlist.Applied, error) {
		return watchlist.Remove(ctx, d.Deps(), c.List, c.Entries, app.Person(c.Author, c.Reason))
	})
}

// watchlistApproveCmd puts a proposal in force.
type watchlistApproveCmd struct {
	config.Config
	Approver string `required:"" help:"The second person; kept beside the account of this machine, which must be another than the proposal's." placeholder:"NAME"`
	Proposal string `arg:"" help:"Id of the proposal."`
}

func (c *watchlistApproveCmd) Run(ctx context.Context, s streams) error {
	return edit(ctx, &c.Config, s, func(d *app.Desk) ([]watchlist.Done, watchlist.Applied, error) {
		done, applied, err := watchlist.Approve(ctx, d.Deps(), c.Proposal, app.Person(c.Approver, ""))
		return []watchlist.Done{done}, applied, err
	})
}

// watchlistRejectCmd takes a proposal away.
type watchlistRejectCmd struct {
	config.Config
	Reason   string `required:"" help:"Why." placeholder:"TEXT"`
	Proposal string `arg:"" help:"Id of the proposal."`
}

func (c *watchlistRejectCmd) Run(ctx context.Context, s streams) (err error) {
	desk, err := app.OpenDesk(ctx, &c.Config, app.DeskChange, app.Logger(s.Err, config.Log{Level: "warn", Format: c.Log.Format}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	return watchlist.Reject(ctx, desk.Deps(), c.Proposal, app.Person("", c.Reason))
}

// known gives fn what is known of the lists besides their content.
func known(ctx context.Context, cfg *config.Config, s streams, fn func(lists.Register) error) (err error) {
	desk, err := app.OpenDesk(ctx, cfg, app.DeskLive, app.Logger(s.Err, config.Log{Level: "warn", Format: cfg.Log.Format}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	r, err := desk.Register(ctx)
	if err != nil {
		return err
	}
	return fn(r)
}

// watchlistProposalsCmd shows what waits for a second person.
type watchlistProposalsCmd struct{ config.Config }

func (c *watchlistProposalsCmd) Run(ctx context.Context, s streams) error {
	return known(ctx, &c.Config, s, func(r lists.Register) error {
		for _, id := range slices.Sorted(maps.Keys(r.Proposals)) {
			p := r.Proposals[id]
			fmt.Fprintf(s.Out, "%s\t%s\t%s\t%s\n", id, p.At.Format(time.RFC3339), p.Actor, p.Entry)
		}
		return nil
	})
}

// watchlistSourcesCmd shows the state of the sources.
type watchlistSourcesCmd struct {
	config.Config
	Format string `default:"table" enum:"table,json" help:"table, or json: one object a line."`
}

func (c *watchlistSourcesCmd) Run(ctx context.Context, s streams) error {
	return known(ctx, &c.Config, s, func(r lists.Register) error {
		out := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		if c.Format == "table" {
			fmt.Fprintln(out, "list\tlast good\tmax age\tstate\tsource")
		}
		for _, name := range slices.Sorted(maps.Keys(r.Lists)) {
			x := r.Lists[name]
			if c.Format == "json" {
				if err := json.NewEncoder(s.Out).Encode(x); err != nil {
					return err
				}
				continue
			}
			fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\n", name, shownTime(x.Good), shownAge(x.MaxAge), shownState(x, time.Now()), x.Source)
		}
		return out.Flush()
	})
}

func shownTime(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}

func shownAge(d time.Duration) string {
	if d == 0 {
		return "for ever"
	}
	return d.String()
}

// shownState is the state of a list in a few words.
func shownState(x lists.State, now time.Time) string {
	stale := ""
	if at := x.Stale(); !at.IsZero() && now.After(at) {
		stale = "STALE, "
	}
	switch {
	case x.Refused != nil:
		return stale + "refused: " + x.Refused.Text
	case x.Error != "":
		return stale + "failed: " + x.Error
	case x.Good.IsZero():
		return stale + "not looked at yet"
	default:
		return stale + "good"
	}
}

// watchlistFetchCmd looks at sources now.
type watchlistFetchCmd struct {
	config.Config
	Lists []string `arg:"" optional:"" name:"list" help:"Lists whose sources are looked at; none: all."`
}

func (c *watchlistFetchCmd) Run(ctx context.Context, s streams) (err error) {
	sources, err := app.Sources(&c.Config, "")
	if err != nil {
		return err
	}
	for _, name := range c.Lists {
		if !slices.ContainsFunc(sources, func(x watchlist.Source) bool { return x.List() == name }) {
			return fmt.Errorf("list %q has no source in the config (--config FILE, sources)", name)
		}
	}
	if len(sources) == 0 {
		return errors.New("the config names no sources (--config FILE, sources)")
	}
	desk, err := app.OpenDesk(ctx, &c.Config, app.DeskChange, app.Logger(s.Err, config.Log{Level: "warn", Format: c.Log.Format}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, desk.Close()) }()
	bad := false
	for _, x := range sources {
		if len(c.Lists) > 0 && !slices.Contains(c.Lists, x.List()) {
			continue
		}
		out, res, err := desk.Refresh(ctx, x)
		if out != watchlist.OutcomeUnchanged && res.Report.Rows > 0 {
			tell(s.Err, res.Report)
		}
		if err != nil {
			bad = true
			fmt.Fprintf(s.Err, "%s: %v\n", x.List(), err)
		}
		fmt.Fprintf(s.Out, "%s\t%s\t%d\n", x.List(), out, res.After)
	}
	if bad {
		return errLines
	}
	return nil
}
