package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"sluice/services/internal/app"
	"sluice/services/internal/config"
	"sluice/services/internal/verify"
)

// verifyCmd proves the promises, or says where they are broken.
type verifyCmd struct {
	config.Config
	From           string        `help:"Only what was accepted since: a time (RFC 3339), or how long ago, such as 24h." placeholder:"TIME"`
	To             string        `help:"Only what was accepted before: a time (RFC 3339), or how long ago." placeholder:"TIME"`
	Sent           string        `help:"File with the transfer ids that a client was answered 2xx for, one a line." placeholder:"FILE" type:"existingfile"`
	SentBy         string        `help:"Tenant whose ids --sent has, where there are several." placeholder:"TENANT"`
	Sample         int           `default:"100000" help:"How many transfers to screen again, besides all that name an address which was ever listed." placeholder:"N"`
	All            bool          `help:"Screen every transfer again, not a sample."`
	Format         string        `default:"table" enum:"table,json" help:"How the report is printed: ${enum}."`
	IDs            string        `name:"ids" help:"Write every finding to this file, a line of JSON each; the report lists the first 100 of each class." placeholder:"FILE" type:"path"`
	Timeout        time.Duration `default:"30s" help:"Give up on a server that does not answer for so long; a statement of ClickHouse may take longer."`
	ClickHouseHTTP string        `name:"clickhouse-http" help:"ClickHouse's HTTP interface, where it is not on the host of clickhouse.dsn at port 8123 (8443 with TLS)." placeholder:"URL"`
}

// Help is the rest of the command's help.
func (verifyCmd) Help() string {
	return "Compares what was accepted with what was recorded, and screens again what was recorded. Exit status 1 when anything was lost, " +
		"counted twice, or cleared unseen; 3 when nothing was found broken and something could not be checked, or a server did not answer; " +
		"what is under way fails nothing. The lists are read from ClickHouse, and from redis.url those that ClickHouse does not have. It changes nothing. What each number means: docs/verify.md."
}

func (c *verifyCmd) Run(ctx context.Context, s streams) (err error) {
	now := time.Now()
	cfg := verify.Config{Tenant: c.Ingest.Tenant, PointerMaxAge: c.Lists.PointerMaxAge, Sent: c.Sent, SentBy: c.SentBy, Sample: c.Sample, All: c.All, Timeout: c.Timeout}
	if cfg.From, err = moment("from", c.From, now); err != nil {
		return err
	}
	if cfg.To, err = moment("to", c.To, now); err != nil {
		return err
	}
	if c.Sample <= 0 {
		return fmt.Errorf("--sample: %d transfers, want at least 1", c.Sample)
	}
	if c.Timeout <= 0 {
		return fmt.Errorf("--timeout: %s, want more than 0", c.Timeout)
	}
	log := app.Logger(s.Err, c.Log)
	embedded := len(c.Kafka.Brokers) == 0 && c.ClickHouse.DSN == "" // Redis is asked where there is one, and never needed
	servers, err := app.Attach(ctx, &c.Config, app.Needs{Kafka: true, Redis: embedded, ClickHouse: true}, log)
	if err != nil {
		return unproved{err}
	}
	defer func() { err = errors.Join(err, servers.Close()) }()
	if err := c.reach(&cfg, servers); err != nil {
		return err
	}
	if u, derived, err := verify.HTTPInterface(cfg.ClickHouse.DSN, cfg.ClickHouse.TLS != nil); err != nil {
		return err
	} else if derived {
		fmt.Fprintf(s.Err, "clickhouse.dsn names the native protocol; asking the HTTP interface at %s (another one: --clickhouse-http)\n", config.Redact(u.String()))
	}
	if app.IsTerminal(s.Err) {
		cfg.Progress = func(what string) { fmt.Fprintf(s.Err, "looking at %s\n", what) }
	}
	if c.IDs != "" {
		done, err := c.writeFindings(&cfg)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, done()) }()
	}
	report, err := verify.Run(ctx, cfg)
	if err != nil {
		return unproved{err}
	}
	write := report.WriteTable
	if c.Format == "json" {
		write = report.WriteJSON
	}
	if err := write(s.Out); err != nil {
		return err
	}
	switch {
	case !report.OK():
		return errLines
	case !report.Proved():
		return unproved{}
	}
	return nil
}

// reach says where the servers are. TLS, users and passwords of the config are those of the servers that it names.
func (c *verifyCmd) reach(cfg *verify.Config, servers *app.Servers) (err error) {
	k, ch := &c.Kafka, &c.ClickHouse
	cfg.Kafka.Brokers, cfg.ClickHouse.DSN = servers.Brokers, servers.ClickHouse
	if len(k.Brokers) > 0 {
		cfg.Kafka.Mechanism, cfg.Kafka.User = k.SASL.Mechanism, k.SASL.User
		if cfg.Kafka.TLS, err = k.TLS.Client("kafka"); err != nil {
			return err
		}
		if cfg.Kafka.Password, err = k.SASL.Login.Secret("kafka.sasl"); err != nil {
			return err
		}
	}
	if cfg.Redis.URL = servers.Redis; c.Redis.URL != "" {
		cfg.Redis.User = c.Redis.User
		if cfg.Redis.TLS, err = c.Redis.TLS.Client("redis"); err != nil {
			return err
		}
		if cfg.Redis.Password, err = c.Redis.Login.Secret("redis"); err != nil {
			return err
		}
	}
	if c.ClickHouseHTTP != "" {
		if cfg.ClickHouse.DSN, err = c.otherHTTP(cfg.ClickHouse.DSN); err != nil {
			return err
		}
	}
	if ch.DSN == "" {
		return nil
	}
	cfg.ClickHouse.User = ch.User
	if cfg.ClickHouse.TLS, err = ch.TLS.Client("clickhouse"); err != nil {
		return err
	}
	cfg.ClickHouse.Password, err = ch.Login.Secret("clickhouse")
	return err
}

// otherHTTP is the URL of --clickhouse-http with the user and password of the DSN: on a command line everybody sees them.
func (c *verifyCmd) otherHTTP(dsn string) (string, error) {
	named, _, err := verify.HTTPInterface(dsn, false)
	if err != nil {
		return "", err
	}
	u, _, err := verify.HTTPInterface(c.ClickHouseHTTP, false)
	if err != nil {
		return "", fmt.Errorf("--clickhouse-http: %w", err)
	}
	if _, has := u.User.Password(); has {
		return "", errors.New("--clickhouse-http: the password in it would be on the command line, where others see it: leave it out, that of clickhouse.dsn is taken")
	}
	if u.User == nil {
		u.User = named.User
	}
	return u.String(), nil
}

// writeFindings makes the file of all findings; done completes it.
func (c *verifyCmd) writeFindings(cfg *verify.Config) (done func() error, err error) {
	file, err := os.Create(c.IDs)
	if err != nil {
		return nil, err
	}
	w := bufio.NewWriter(file)
	cfg.Each = func(f verify.Finding) error {
		line, err := json.Marshal(f)
		if err != nil {
			return err
		}
		_, err = w.Write(append(line, '\n'))
		return err
	}
	return func() error { return errors.Join(w.Flush(), file.Close()) }, nil
}

// moment reads a time, or how long before now; "" is the zero time.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return at, nil
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return time.Time{}, fmt.Errorf("--%s: %q is neither a time such as 2026-11-22T00:00:00Z nor a duration such as 24h", flag, text)
	}
	return now.Add(-ago), nil
}
