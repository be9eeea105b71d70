package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"sluice/services/internal/app"
	"sluice/services/internal/audit"
	"sluice/services/internal/config"
)

// auditCmd reads the audit log.
type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Find records that were changed, dropped, moved or cut off."`
	List   auditListCmd   `cmd:"" help:"Write the records (NDJSON)."`
	Head   auditHeadCmd   `cmd:"" help:"Print number and hash of the last record, to be kept where the log's owner cannot write."`
}

// auditFile is the log that a command reads.
type auditFile struct {
	config.Config
	File string `arg:"" optional:"" help:"The log; none: audit.file of the config." type:"path"`
}

func (a *auditFile) path() string {
	if a.File != "" {
		return a.File
	}
	return a.AuditFile()
}

// auditVerifyCmd verifies the log.
type auditVerifyCmd struct {
	auditFile
	Head    string        `help:"A hash that audit head printed earlier, kept elsewhere: the log must still have that record." placeholder:"HASH"`
	Offline bool          `help:"Do not compare with the heads that activations have noted."`
	Timeout time.Duration `default:"30s" help:"Give up on a broker that does not answer for so long."`
}

// Help is the rest of the command's help.
func (auditVerifyCmd) Help() string {
	return "Exit status 1 when the log is not what was written; 3 when the broker did not answer, so that it could not be compared with the heads that activations have noted."
}

func (c *auditVerifyCmd) Run(ctx context.Context, s streams) error {
	var anchors []audit.Anchor
	if c.Head != "" {
		h, err := audit.ParseHash(c.Head)
		if err != nil {
			return fmt.Errorf("--head: %w", err)
		}
		anchors = append(anchors, audit.Anchor{Head: audit.Head{Hash: h}, Where: "--head"})
	}
	noted, unread := c.noted(ctx, s)
	report, err := audit.Verify(c.path(), append(anchors, noted...), nil)
	for _, p := range report.Problems {
		fmt.Fprintln(s.Out, p)
	}
	if errors.Is(err, audit.ErrBroken) {
		return errLines
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(s.Out, "%d records, each as it was written; head %s\n", report.Head.Seq, report.Head.Hash)
	if report.Torn > 0 {
		fmt.Fprintf(s.Err, "the last %d bytes are of a write that a crash interrupted: no record that was acknowledged\n", report.Torn)
	}
	switch {
	case report.Anchored > 0:
		fmt.Fprintf(s.Out, "held to %d heads that were noted elsewhere, the last one of record %d\n", len(anchors)+len(noted), report.Anchored)
	case unread == nil:
		fmt.Fprintln(s.Err, "no activation has noted a head of this log, and there is no --head: if it was cut off or written anew together with its head file, it looks whole")
	}
	if unread != nil {
		return unproved{fmt.Errorf("the heads that activations have noted: %w", unread)}
	}
	return nil
}

// noted are the heads of the log in force that activations have noted. A copy of a log somewhere has no broker beside it,
// unless one is named.
func (c *auditVerifyCmd) noted(ctx context.Context, s streams) ([]audit.Anchor, error) {
	if c.Offline || c.File != "" && len(c.Kafka.Brokers) == 0 {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	anchors, err := app.AuditAnchors(ctx, &c.Config, app.Logger(s.Err, c.Log))
	if errors.Is(err, app.ErrNoOrder) {
		err = nil
	}
	return anchors, err
}

// auditListCmd writes the records.
type auditListCmd struct {
	auditFile
	Action string    `help:"Only this action, such as list.import." placeholder:"ACTION"`
	Actor  string    `help:"Only this actor." placeholder:"ACTOR"`
	Since  time.Time `help:"Only from this time on (RFC 3339)." placeholder:"TIME"`
}

// auditRecord is a record as it is listed.
type auditRecord struct {
	Seq    uint64            `json:"seq"`
	At     time.Time         `json:"at"`
	Actor  string            `json:"actor"`
	Action audit.Action      `json:"action"`
	Object string            `json:"object,omitempty"`
	Detail map[string]string `json:"detail,omitempty"`
}

func (c *auditListCmd) Run(s streams) error {
	if a := audit.Action(c.Action); c.Action != "" && !a.Valid() {
		return fmt.Errorf("--action: %q is not an action; docs/reference/audit.md lists them", c.Action)
	}
	out := json.NewEncoder(s.Out)
	out.SetEscapeHTML(false)
	report, err := audit.Verify(c.path(), nil, func(seq uint64, r audit.Record) error {
		if c.Action != "" && string(r.Action) != c.Action || c.Actor != "" && r.Actor != c.Actor || r.At.Before(c.Since) {
			return nil
		}
		return out.Encode(auditRecord{seq, r.At, r.Actor, r.Action, r.Object, r.Detail})
	})
	for _, p := range report.Problems {
		fmt.Fprintln(s.Err, p)
	}
	if errors.Is(err, audit.ErrBroken) {
		return errLines
	}
	return err
}

// auditHeadCmd prints the head.
type auditHeadCmd struct{ auditFile }

func (c *auditHeadCmd) Run(s streams) error {
	head, err := audit.ReadHead(c.path())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(s.Out, "%d\t%s\n", head.Seq, head.Hash)
	return err
}
