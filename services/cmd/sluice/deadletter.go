package main

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/internal/deadletter"
)

// deadletterCmd looks at what was given up, and sends it again.
type deadletterCmd struct {
	List   deadletterListCmd   `cmd:"" help:"List dead letters: a table, or a line of JSON each."`
	Show   deadletterShowCmd   `cmd:"" help:"Show dead letters whole: where from, why, headers, bytes."`
	Replay deadletterReplayCmd `cmd:"" help:"Send dead letters again, as they were, to the topic they came from."`
}

// letterFilter says which dead letters are meant.
type letterFilter struct {
	Stage  string `help:"Given up by this stage: ingest, enrichment, alerting, recorder." placeholder:"NAME"`
	Reason string `help:"For this reason, such as rejected or refused." placeholder:"CODE"`
	Topic  string `help:"Came from this topic, such as raw.v1." placeholder:"NAME"`
	ID     string `name:"id" help:"Of this fact, or with this transfer id." placeholder:"ID"`
	From   string `help:"Given up since: a time (RFC 3339), or how long ago, such as 24h." placeholder:"TIME"`
	To     string `help:"Given up before." placeholder:"TIME"`
}

func (c *letterFilter) filter(places []string) (f deadletter.Filter, err error) {
	f = deadletter.Filter{Stage: c.Stage, Reason: c.Reason, Topic: c.Topic, ID: c.ID}
	now := time.Now()
	if f.From, err = moment("from", c.From, now); err != nil {
		return f, err
	}
	if f.To, err = moment("to", c.To, now); err != nil {
		return f, err
	}
	for _, text := range places {
		p, err := deadletter.ParsePlace(text)
		if err != nil {
			return f, err
		}
		f.Places = append(f.Places, p)
	}
	return f, nil
}

// withLetters opens the dead letters for fn.
func withLetters(ctx context.Context, s streams, cfg *config.Config, fn func(*app.Letters) error) (err error) {
	letters, err := app.OpenLetters(ctx, cfg, app.Logger(s.Err, cfg.Log))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, letters.Close()) }()
	return fn(letters)
}

// deadletterListCmd lists dead letters.
type deadletterListCmd struct {
	config.Config
	Filter letterFilter `embed:""`
	Limit  int          `default:"0" help:"Stop after so many; 0: all." placeholder:"N"`
	Format string       `default:"table" enum:"table,json" help:"${enum}."`
}

// letterLine is a dead letter as JSON, without its bytes.
type letterLine struct {
	DeadLetter string    `json:"dead_letter"`
	At         time.Time `json:"at"`
	Stage      string    `json:"stage"`
	Reason     string    `json:"reason"`
	Source     string    `json:"source"`
	ID         string    `json:"id,omitempty"`
	TransferID string    `json:"transfer_id,omitempty"`
	Length     int       `json:"length"`
	SHA256     string    `json:"sha256"`
	Truncated  bool      `json:"truncated,omitempty"`
	ReplayedTo string    `json:"replayed_to,omitempty"`
	Error      string    `json:"error"`
}

// errEnough ends a listing.
var errEnough = errors.New("enough")

func (c *deadletterListCmd) Run(ctx context.Context, s streams) error {
	f, err := c.Filter.filter(nil)
	if err != nil {
		return err
	}
	return withLetters(ctx, s, &c.Config, func(l *app.Letters) error {
		out := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
		encoder := json.NewEncoder(s.Out)
		n := 0
		err := l.Each(ctx, f, func(x *deadletter.Letter) error {
			n++
			if c.Format == "json" {
				line := letterLine{x.Place.String(), x.At, x.Stage, x.Reason, x.Source(), x.Fact, x.TransferID, x.Length, x.SHA256, x.Truncated, x.ReplayedTo, x.Error}
				if err := encoder.Encode(line); err != nil {
					return err
				}
			} else {
				if n == 1 {
					fmt.Fprintln(out, "dead letter\tat\tstage\treason\tsource\ttransfer\tbytes\treplayed\terror")
				}
				replayed := ""
				if x.ReplayedTo != "" {
					replayed = "yes"
				}
				fmt.Fprintf(out, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", x.Place, x.At.UTC().Format(time.RFC3339), printable(x.Stage, 20), printable(x.Reason, 20),
					printable(strings.TrimPrefix(x.Source(), "sluice."), 40), printable(x.TransferID, 40), x.Length, replayed, printable(x.Error, 100))
			}
			if n == c.Limit {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return err
		}
		if n == 0 {
			fmt.Fprintln(s.Err, "no dead letters match")
		}
		return out.Flush()
	})
}

// printable is text of others on one line of a terminal: what is not printable is escaped, and it ends after some runes.
func printable(text string, most int) string {
	var b strings.Builder
	n := 0
	for _, r := range text {
		if n++; n > most {
			b.WriteString("…")
			break
		}
		if unicode.IsPrint(r) && r != utf8.RuneError {
			b.WriteRune(r)
			continue
		}
		b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
	}
	return b.String()
}

// deadletterShowCmd shows dead letters whole.
type deadletterShowCmd struct {
	config.Config
	Filter letterFilter `embed:""`
	Places []string     `arg:"" optional:"" name:"dead-letter" help:"PARTITION/OFFSET, as the list shows it."`
}

func (c *deadletterShowCmd) Run(ctx context.Context, s streams) error {
	f, err := c.Filter.filter(c.Places)
	if err != nil {
		return err
	}
	if f.Empty() {
		return errors.New("which? Name dead letters (PARTITION/OFFSET), or filter them")
	}
	return withLetters(ctx, s, &c.Config, func(l *app.Letters) error {
		n := 0
		err := l.Each(ctx, f, func(x *deadletter.Letter) error {
			if n++; n > 1 {
				fmt.Fprintln(s.Out)
			}
			return show(s.Out, x)
		})
		if err == nil && n == 0 {
			return errors.New("no dead letter matches")
		}
		return err
	})
}

// show writes a dead letter for people.
func show(w io.Writer, x *deadletter.Letter) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, value string) { fmt.Fprintf(tw, "%s\t%s\n", name, value) }
	const line = 2000
	row("dead letter", x.Place.String())
	row("given up", fmt.Sprintf("%s by %s, reason %s", x.At.UTC().Format(time.RFC3339Nano), printable(x.Stage, line), printable(x.Reason, line)))
	row("error", printable(x.Error, line))
	row("source", printable(x.Source(), line))
	row("key", printable(string(x.Key), line))
	if x.Fact != "" {
		row("fact", printable(x.Fact, line))
	}
	if x.TransferID != "" {
		row("transfer", printable(x.TransferID, line))
	}
	row("sha256", printable(x.SHA256, line))
	size := fmt.Sprintf("%d bytes", x.Length)
	if x.Truncated {
		size += fmt.Sprintf(", of which the first %d were kept", len(x.Value))
	}
	row("length", size)
	for _, h := range x.Original {
		row("header "+printable(h.Name, 100), headerText(h.Value))
	}
	switch why := x.Unsendable(); {
	case x.ReplayedTo != "":
		row("replayed", "to "+printable(x.ReplayedTo, line))
	case why != "":
		row("replay", "not possible: "+printable(why, line))
	default:
		row("replay", "sluice deadletter replay "+x.Place.String())
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n"+body(x.Value))
	return err
}

func headerText(value []byte) string {
	if utf8.Valid(value) {
		return printable(string(value), 200)
	}
	return "0x" + hex.EncodeToString(value[:min(len(value), 200)])
}

// body is text as it is, but for what a terminal would act on; anything else as a dump in hex.
func body(value []byte) string {
	if !utf8.Valid(value) {
		return hex.Dump(value)
	}
	lines := strings.Split(strings.TrimSuffix(string(value), "\n"), "\n")
	for i, l := range lines {
		lines[i] = printable(strings.TrimSuffix(l, "\r"), len(l))
	}
	return strings.Join(lines, "\n") + "\n"
}

// deadletterReplayCmd sends dead letters again.
type deadletterReplayCmd struct {
	config.Config
	Filter letterFilter `embed:""`
	Places []string     `arg:"" optional:"" name:"dead-letter" help:"PARTITION/OFFSET, as the list shows it."`
	All    bool         `help:"All of them, when nothing else says which."`
	Again  bool         `help:"Also those that were sent again before."`
	DryRun bool         `help:"Send nothing; say what would be sent."`
}

// Help is the rest of the command's help.
func (deadletterReplayCmd) Help() string {
	return "Writes the original bytes with the original key and headers to the topic they came from; the first hop of that topic takes them " +
		"like any others, and what was recorded already collapses. A line of JSON for each on standard output; exit status 1 when one cannot be " +
		"sent, for instance because it was cut. A dead letter that was sent again is noted, and the second time nothing is sent."
}

func (c *deadletterReplayCmd) Run(ctx context.Context, s streams) error {
	f, err := c.Filter.filter(c.Places)
	if err != nil {
		return err
	}
	if f.Empty() && !c.All {
		return errors.New("which? Name dead letters (PARTITION/OFFSET), filter them, or say --all")
	}
	return withLetters(ctx, s, &c.Config, func(l *app.Letters) error {
		encoder := json.NewEncoder(s.Out)
		counts := map[deadletter.Status]int{}
		err := l.Replay(ctx, f, deadletter.Options{DryRun: c.DryRun, Again: c.Again}, func(r deadletter.Result) error {
			counts[r.Status]++
			return encoder.Encode(r)
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(s.Err, "%d replayed, %d would be, %d were already, %d refused\n", counts[deadletter.Replayed], counts[deadletter.WouldReplay],
			counts[deadletter.AlreadyReplayed], counts[deadletter.Refused])
		if counts[deadletter.Refused] > 0 {
			return errLines
		}
		return nil
	})
}
