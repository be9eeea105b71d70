package app

import (
	"os"
	"os/user"

	"github.com/rs/zerolog"

	"sluice/services/internal/audit"
	"sluice/services/internal/config"
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
