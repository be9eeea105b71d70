package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"

	"github.com/rs/zerolog"

	"sluice/schemas"
	"sluice/services/internal/activation"
	"sluice/services/internal/audit"
	"sluice/services/internal/config"
	"sluice/services/internal/datadir"
)

// AuditLog is the log that the config names. It opens nothing.
func AuditLog(cfg *config.Config, log zerolog.Logger) *audit.File {
	return audit.New(audit.Config{Path: cfg.AuditFile(), Log: log})
}

// Actor is who types commands on this machine, as the audit log names them.
func Actor() string {
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return "user:" + name + "@" + host
}

// auditHead tells the order of knowledge where the audit log ends.
func auditHead(cfg *config.Config) func() (activation.AuditHead, error) {
	return func() (activation.AuditHead, error) {
		h, err := audit.ReadHead(cfg.AuditFile())
		if err != nil || h.Seq == 0 {
			return activation.AuditHead{}, err
		}
		return activation.AuditHead{Log: cfg.Audit.Name, Seq: h.Seq, Hash: h.Hash.String()}, nil
	}
}

// ErrNoOrder says that neither the config nor the data folder has an order of knowledge.
var ErrNoOrder = errors.New("no broker is named, and nothing runs on the data folder")

// AuditAnchors reads the heads of the audit log that activations have noted. ErrNoOrder.
func AuditAnchors(ctx context.Context, cfg *config.Config, log zerolog.Logger) (anchors []audit.Anchor, err error) {
	if len(cfg.Kafka.Brokers) == 0 {
		_, running, err := datadir.Find(cfg.Data)
		if err != nil {
			return nil, err
		}
		if _, err := os.Stat(filepath.Join(cfg.Data, "kafka")); !running && err != nil {
			return nil, ErrNoOrder
		}
	}
	kafka, done, err := attachKafka(ctx, cfg, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, done()) }()
	all, err := activation.New(kafka, nil, log).All(ctx)
	if err != nil {
		return nil, err
	}
	for _, a := range all {
		if a.Audit.Seq == 0 || a.Audit.Log != cfg.Audit.Name {
			continue
		}
		hash, err := audit.ParseHash(a.Audit.Hash)
		if err != nil {
			return nil, fmt.Errorf("%s: activation %d: %w", schemas.Activations, a.Seq, err)
		}
		anchors = append(anchors, audit.Anchor{Head: audit.Head{Seq: a.Audit.Seq, Hash: hash}, Where: fmt.Sprintf("activation %d", a.Seq)})
	}
	return anchors, nil
}
