// Package reference renders the reference pages of docs/reference from what the code itself reads: the settings and the
// table of topics. The pages are committed, and a test holds them to the rendering, so that neither goes out of date.
package reference

import (
	"fmt"
	"strings"
	"time"

	"sluice/pkg/network"
	"sluice/schemas"
	"sluice/services/internal/app"
	"sluice/services/internal/audit"
	"sluice/services/internal/config"
	"sluice/services/internal/httpx"
)

// Pages are the pages by their file names in docs/reference.
func Pages() map[string]string {
	return map[string]string{
		"config.md": Config(config.Keys(), config.Fields()),
		"topics.md": Topics(schemas.Topics),
		"http.md":   HTTP(app.Routes()),
		"audit.md":  Audit(audit.Actions),

		"networks.md": Networks(network.All()),
		"taxonomy.md": Taxonomy(),
	}
}

// Config renders the settings, a table for each group in the order of the keys.
func Config(keys []config.Key, fields []config.Field) string {
	var b strings.Builder
	b.WriteString(`# Settings

Every setting is a key of the YAML file (` + "`--config FILE`" + ` or ` + "`SLUICE_CONFIG`" + `), an environment variable and a flag. A flag
beats the environment, which beats the file. The file's sections are the key's first part; unknown keys are refused.
Durations are written as ` + "`30s`, `5m`, `1h`" + `, lists with commas.
`)
	group := ""
	for _, k := range keys {
		if k.Group != group {
			group = k.Group
			fmt.Fprintf(&b, "\n## %s\n", group)
			row(&b, "key", "variable", "flag", "default", "meaning")
			row(&b, "---", "---", "---", "---", "---")
		}
		row(&b, code(k.Path), code(k.Env), code("--"+k.Flag), code(k.Default), k.Help)
	}
	if len(fields) > 0 {
		b.WriteString(`
## Sources
A list of mappings, in the file alone; ` + "[watchlists.md](../watchlists.md)" + ` says what becomes of them.

`)
		row(&b, "key", "default", "meaning")
		row(&b, "---", "---", "---")
	}
	for _, f := range fields {
		row(&b, code(f.Path), code(f.Default), f.Help)
	}
	return b.String()
}

// Topics renders the table of topics.
func Topics(topics []schemas.Topic) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Topics

Missing topics are created at start. Where the table names no number of partitions, a topic has as many as
%[1]s, %[2]d when that is new too; their counts stay equal. Records of one key keep their order. A format is a
JSON Schema.

`, code(schemas.Raw), schemas.DefaultPartitions)
	row(&b, "topic", "key", "format", "partitions", "kept", "largest value", "CloudEvents headers", "made by")
	row(&b, "---", "---", "---", "---", "---", "---", "---", "---")
	for _, t := range topics {
		format, partitions, events := "", "", ""
		if t.Format != "" {
			format = fmt.Sprintf("[%[1]s](../../schemas/events/%[1]s.json)", t.Format)
		}
		if t.Partitions > 0 {
			partitions = fmt.Sprint(t.Partitions)
		}
		if t.CloudEvents {
			events = "yes"
		}
		row(&b, code(t.Name), string(t.Key), format, partitions, kept(t.Retention), fmt.Sprintf("%d KiB", t.MaxValueBytes>>10), events, t.MadeBy)
	}
	return b.String()
}

func kept(d time.Duration) string {
	if d == schemas.Forever {
		return "for ever"
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// HTTP renders the route table.
func HTTP(routes []httpx.Route) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# HTTP routes

Each route asks for one scope of the caller's API key; `+"`open`"+` ones ask for no key. Where no keys are configured, which a
loopback listener alone may do, every request has every scope. A line of the key file that names no scopes has
%[2]s. A body is bounded after decompression. The scopes that a key may have:
%[1]s.

`, scopes(httpx.AllScopes), scopes(httpx.ExchangeScopes))
	row(&b, "route", "scope", "largest body", "audit log", "what it does")
	row(&b, "---", "---", "---", "---", "---")
	for _, r := range routes {
		body := ""
		if r.MaxBody > 0 {
			body = fmt.Sprintf("%d KiB", r.MaxBody>>10)
		}
		row(&b, code(r.Pattern), code(r.Scope.String()), body, code(string(r.Audit)), r.Summary)
	}
	return b.String()
}

func scopes(s httpx.Scopes) string { return "`" + strings.ReplaceAll(s.String(), ",", "`, `") + "`" }

// Audit renders the table of actions of the audit log.
func Audit(actions []audit.Info) string {
	var b strings.Builder
	b.WriteString("# Actions of the audit log\n\nWhat a record may say that somebody did. What of a log that was tampered with is found, and by what: " +
		"[security.md](../security.md#the-audit-log).\n\n")
	row(&b, "action", "what happened")
	row(&b, "---", "---")
	for _, a := range actions {
		row(&b, code(string(a.Action)), a.Help)
	}
	return b.String()
}

// Networks renders the table of networks, the test networks behind the others.
func Networks(networks []network.Network) string {
	var b strings.Builder
	b.WriteString(`# Networks

A transfer names its network by alias or by CAIP-2 id; what Sluice writes is the alias, the id where there is none. Any
` + "`eip155:N`" + ` is a network of the EVM too. The networks of one family share an address space: a key that is listed on one
of them is found on all, and the hit says where it was listed. What each family's addresses are, and what of them is the
key, is on [addresses.md](../addresses.md). On any other network a confirmed transfer is held as unscreenable, and an
entry of a list answers for its exact text.
`)
	for _, test := range []bool{false, true} {
		title := "Main networks"
		if test {
			title = "Test networks"
		}
		b.WriteString("\n## " + title + "\n\n")
		row(&b, "alias", "CAIP-2", "name", "family", "native asset", "decimals")
		row(&b, "---", "---", "---", "---", "---", "---")
		for _, n := range networks {
			if n.Testnet == test {
				row(&b, code(n.Alias), code(n.CAIP2), n.Name, n.Family.String(), n.Asset, fmt.Sprint(n.Decimals))
			}
		}
	}
	return b.String()
}

// row writes a line of a Markdown table.
func row(b *strings.Builder, cells ...string) {
	for i, c := range cells {
		cells[i] = strings.ReplaceAll(c, "|", `\|`)
	}
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func code(text string) string {
	if text == "" {
		return ""
	}
	return "`" + text + "`"
}
