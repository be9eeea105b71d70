package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"sluice/schemas"
	"sluice/services/internal/config"
	"sluice/services/internal/datadir"
	"sluice/services/internal/doctor"
	"sluice/services/internal/fetch"
	"sluice/services/internal/lists"
	"sluice/services/internal/stream"
	"sluice/services/internal/tlsfile"
)

// Checks are what `sluice doctor` looks at: the settings, then each server that the config names, or what stands in for
// the ones that it does not name.
func Checks(cfg *config.Config) []doctor.Check {
	s := external(cfg)
	running, found, findErr := datadir.Find(cfg.Data)
	if found {
		s.adopt(running, Needs{true, true, true}.without(cfg))
	}
	return []doctor.Check{
		{Name: "settings", Look: func(context.Context) doctor.Finding {
			if err := Check(cfg, Options{Parts: All}); err != nil {
				return doctor.Bad(err, "correct the setting; docs/reference/config.md lists all of them")
			}
			return doctor.Good("every value can be used")
		}},
		{Name: "data", Look: func(context.Context) doctor.Finding {
			switch {
			case findErr != nil:
				return doctor.Bad(findErr, "make the folder readable for this user, or name another with SLUICE_DATA")
			case found:
				return doctor.Good("%s: process %d runs on it, HTTP on %s", cfg.Data, running.PID, running.HTTP)
			}
			return doctor.Good("%s: no instance runs on it", cfg.Data)
		}},
		{Name: "kafka", Look: func(ctx context.Context) doctor.Finding { return lookKafka(ctx, cfg, s) }},
		{Name: "topics", Look: func(ctx context.Context) doctor.Finding { return lookTopics(ctx, cfg, s) }},
		{Name: "redis", Look: func(ctx context.Context) doctor.Finding { return lookRedis(ctx, cfg, s) }},
		{Name: "lists", Look: func(ctx context.Context) doctor.Finding { return lookLists(ctx, cfg, s) }},
		{Name: "clickhouse", Look: func(ctx context.Context) doctor.Finding { return lookClickHouse(ctx, cfg, s) }},
	}
}

// refusals are how servers say that they do not know who asks.
var refusals = []string{"SASL Authentication Failed", "WRONGPASS", "NOAUTH", "AUTHENTICATION_FAILED", "Authentication failed", "code: 516"}

// access says what to do about a server that answers, and whose certificate or whose answer says that the settings of
// access are wrong; "": it is something else. server is the part of the settings' names.
func access(err error, server, login string) string {
	var foreign *tls.CertificateVerificationError
	if errors.As(err, &foreign) || strings.Contains(err.Error(), "x509:") {
		return "the server's certificate is not of an authority that is trusted: correct SLUICE_" + server + "_TLS_CA_FILE, or the server's certificate"
	}
	for _, said := range refusals {
		if strings.Contains(err.Error(), said) {
			return "the server does not take who asks: correct " + login
		}
	}
	return ""
}

const embeddedHint = "nothing to do for `sluice run`, which starts its own; a service alone needs "

func lookKafka(ctx context.Context, cfg *config.Config, s *Servers) doctor.Finding {
	if len(s.Brokers) == 0 {
		return doctor.Doubtful("no brokers are named", embeddedHint+"SLUICE_KAFKA_BROKERS")
	}
	c, err := s.kafkaClient(cfg)
	if err != nil {
		return doctor.Bad(err, "correct SLUICE_KAFKA_BROKERS")
	}
	defer func() { _ = c.Close() }()
	info, err := c.Cluster(ctx)
	if err != nil {
		advice := access(err, "KAFKA", "SLUICE_KAFKA_SASL_MECHANISM, SLUICE_KAFKA_SASL_USER and SLUICE_KAFKA_SASL_PASSWORD")
		if advice == "" {
			advice = "start the brokers, or correct SLUICE_KAFKA_BROKERS; does a firewall stand between?"
		}
		return doctor.Bad(fmt.Errorf("%s: %w", strings.Join(s.Brokers, ","), err), advice)
	}
	if len(info.Brokers) < 3 && !cfg.Kafka.AllowUnsafe && len(cfg.Kafka.Brokers) > 0 {
		return doctor.Finding{Level: doctor.Problem, Detail: fmt.Sprintf("%d brokers", len(info.Brokers)),
			Advice: "a record needs three replicas: add brokers, or set SLUICE_KAFKA_ALLOW_UNSAFE where losing transfers is acceptable"}
	}
	return doctor.Good("%d brokers (%s), answered in %s", len(info.Brokers), strings.Join(info.Brokers, ", "), info.RoundTrip)
}

func lookTopics(ctx context.Context, cfg *config.Config, s *Servers) doctor.Finding {
	if len(s.Brokers) == 0 {
		return doctor.Doubtful("not looked at without brokers", "")
	}
	c, err := s.kafkaClient(cfg)
	if err != nil {
		return doctor.Bad(err, "correct SLUICE_KAFKA_BROKERS")
	}
	defer func() { _ = c.Close() }()
	report, err := c.EnsureTopics(ctx, schemas.Topics, stream.EnsureOptions{CheckOnly: true, AllowUnsafe: cfg.Kafka.AllowUnsafe || len(cfg.Kafka.Brokers) == 0})
	switch {
	case errors.Is(err, stream.ErrUnknownTopic):
		return doctor.Doubtful(err.Error(), "the first service that starts makes the missing topics, with as many partitions as "+schemas.Raw+" has")
	case errors.Is(err, stream.ErrTopicMismatch):
		return doctor.Bad(err, "see docs/operations.md; services refuse to start like this")
	case err != nil:
		return doctor.Bad(err, "see kafka above")
	case len(report.Warnings) > 0 && len(cfg.Kafka.Brokers) > 0: // the embedded broker is one broker
		return doctor.Doubtful(strings.Join(report.Warnings, "; "), "see docs/operations.md")
	}
	return doctor.Good("%d topics, %d partitions for each customer-keyed one", len(report.Existing), report.Partitions)
}

func lookRedis(ctx context.Context, cfg *config.Config, s *Servers) doctor.Finding {
	if s.Redis == "" {
		return doctor.Doubtful("no URL is named", embeddedHint+"SLUICE_REDIS_URL")
	}
	c, err := s.cacheClient(cfg, 0)
	if err != nil {
		return doctor.Bad(err, "correct SLUICE_REDIS_URL")
	}
	defer func() { _ = c.Close() }()
	if err := c.Ping(ctx); err != nil {
		advice := access(err, "REDIS", "SLUICE_REDIS_USER and SLUICE_REDIS_PASSWORD")
		if advice == "" {
			advice = "start Redis, or correct SLUICE_REDIS_URL"
		}
		return doctor.Bad(err, advice)
	}
	if _, err := c.CheckPolicy(ctx); err != nil {
		return doctor.Bad(err, "set maxmemory-policy noeviction")
	}
	return doctor.Good("%s answers", config.Redact(s.Redis))
}

// lookLists looks at the sources of the lists and at loads that were refused.
func lookLists(ctx context.Context, cfg *config.Config, s *Servers) doctor.Finding {
	if s.Redis == "" {
		return doctor.Doubtful("not looked at without Redis", "")
	}
	c, err := s.cacheClient(cfg, 0)
	if err != nil {
		return doctor.Bad(err, "see redis above")
	}
	defer func() { _ = c.Close() }()
	r, err := c.Register(ctx)
	if errors.Is(err, lists.ErrNotFound) {
		return doctor.Good("no list has a source, and no load was refused")
	}
	if err != nil {
		return doctor.Bad(err, "see redis above")
	}
	var stale, bad []string
	for _, name := range slices.Sorted(maps.Keys(r.Lists)) {
		x := r.Lists[name]
		if at := x.Stale(); !at.IsZero() && time.Now().After(at) {
			stale = append(stale, name)
		}
		switch {
		case x.Refused != nil:
			bad = append(bad, fmt.Sprintf("%s: refused, %s", name, x.Refused.Text))
		case x.Error != "":
			bad = append(bad, fmt.Sprintf("%s: %s", name, x.Error))
		}
	}
	switch {
	case len(stale) > 0:
		return doctor.Bad(fmt.Errorf("older than their max_age: %s; %s", strings.Join(stale, ", "), strings.Join(bad, "; ")),
			"transfers are held until these lists are good again: sluice watchlist sources, sluice watchlist fetch; see docs/watchlists.md")
	case len(bad) > 0:
		return doctor.Doubtful(strings.Join(bad, "; "), "the version before stays in force; look at the publisher's file, and take it with sluice watchlist import --accept-shrink if it is right")
	}
	return doctor.Good("%d lists with a source or a state, all good; %d proposals wait", len(r.Lists), len(r.Proposals))
}

func lookClickHouse(ctx context.Context, cfg *config.Config, s *Servers) doctor.Finding {
	if s.ClickHouse == "" {
		path, err := fetch.LocateAs(cfg.ClickHouse.Lib)
		if err != nil {
			return doctor.Bad(err, "run make build, or name a server with SLUICE_CLICKHOUSE_DSN")
		}
		return doctor.Doubtful("no DSN is named; the engine is in "+path, embeddedHint+"SLUICE_CLICKHOUSE_DSN")
	}
	w, err := s.Warehouse(cfg)
	if err != nil {
		return doctor.Bad(err, "correct SLUICE_CLICKHOUSE_DSN")
	}
	defer func() { _ = w.Close() }()
	if err := w.Ping(ctx); err != nil {
		advice := access(err, "CLICKHOUSE", "SLUICE_CLICKHOUSE_USER and SLUICE_CLICKHOUSE_PASSWORD, or what stands in SLUICE_CLICKHOUSE_DSN")
		if advice == "" {
			advice = "start ClickHouse, or correct SLUICE_CLICKHOUSE_DSN"
		}
		return doctor.Bad(fmt.Errorf("%s: %w", config.Redact(s.ClickHouse), err), advice)
	}
	if err := w.CheckVersion(ctx); err != nil {
		return doctor.Bad(err, "run `sluice migrate`")
	}
	version, _ := w.ServerVersion()
	return doctor.Good("%s answers, version %s, the schema is this release's", config.Redact(s.ClickHouse), version)
}

// SelfCheck asks the service in this container whether it is alive.
func SelfCheck(ctx context.Context, cfg *config.Config) error {
	_, port, err := net.SplitHostPort(cfg.HTTP.Listen)
	if err != nil {
		return err
	}
	scheme, client := "http", http.DefaultClient
	if cfg.HTTP.TLS.CertFile != "" {
		trust, err := tlsfile.Self(cfg.HTTP.TLS.CertFile)
		if err != nil {
			return fmt.Errorf("http.tls: %w", err)
		}
		scheme, client = "https", &http.Client{Transport: &http.Transport{TLSClientConfig: trust, DisableKeepAlives: true}}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, scheme+"://127.0.0.1:"+port+"/healthz", nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("answered %s", res.Status)
	}
	return nil
}
