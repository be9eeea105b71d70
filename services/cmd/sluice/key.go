package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sluice/services/internal/app"
	"sluice/services/internal/audit"
	"sluice/services/internal/config"
	"sluice/services/internal/httpx"
)

// keyCmd makes an API key: the key itself is shown this once, and only its digest is to be kept.
type keyCmd struct {
	config.Config
	Tenant  string    `arg:"" help:"Tenant on whose behalf the key acts."`
	Scopes  string    `help:"What the key allows, comma-separated: ${scopes}." default:"${exchange_scopes}" placeholder:"SCOPES"`
	Expires time.Time `help:"When it ends (RFC 3339); none: never." placeholder:"TIME"`
	Rate    float64   `help:"Requests a second; none: http.key_rate." placeholder:"N"`
	MaxBody int64     `help:"Bytes of a request's body after decompression; none: what the route allows." placeholder:"BYTES"`
}

func (c *keyCmd) Run(ctx context.Context, s streams) error {
	if c.Tenant == "" || strings.ContainsAny(c.Tenant, "/= \t\n") {
		return fmt.Errorf("tenant: %q is not a name without spaces, slashes and =", c.Tenant)
	}
	scopes, err := httpx.ParseScopes(c.Scopes)
	if err != nil {
		return fmt.Errorf("--scopes: %w", err)
	}
	if c.Rate < 0 || c.MaxBody < 0 {
		return fmt.Errorf("--rate and --max-body: less than 0")
	}
	key, line := httpx.NewKey(httpx.Key{Tenant: c.Tenant, Scopes: scopes, Expires: c.Expires, Rate: c.Rate, MaxBody: c.MaxBody})
	id, _, _ := strings.Cut(line, " ")
	record := audit.Record{Actor: app.Actor(), Action: audit.KeyCreate, Object: id,
		Detail: map[string]string{"tenant": c.Tenant, "scopes": scopes.String()}}
	if !c.Expires.IsZero() {
		record.Detail["expires"] = c.Expires.UTC().Format(time.RFC3339)
	}
	if err := app.AuditLog(&c.Config, app.Logger(s.Err, config.Log{Level: "warn", Format: c.Log.Format})).Append(ctx, record); err != nil {
		return err
	}
	fmt.Fprintf(s.Err, "The client sends, and nobody can show it again:\n  Authorization: Bearer %s\nAdd this line to the file of http.keys_file:\n", key)
	_, err = fmt.Fprintln(s.Out, line)
	return err
}
