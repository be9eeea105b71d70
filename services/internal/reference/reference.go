// Package reference renders the reference pages of docs/reference from what the code itself reads: the settings and the
// table of topics. The pages are committed, and a test holds them to the rendering, so that neither goes out of date.
package reference

import (
	"fmt"
	"strings"
	"time"

	"sluice/schemas"
	"sluice/services/internal/config"
)

// Pages are the pages by their file names in docs/reference.
func Pages() map[string]string {
	return map[string]string{
		"config.md": Config(config.Keys()),
		"topics.md": Topics(schemas.Topics),
	}
}

// Config renders the settings, a table for each group in the order of the keys.
func Config(keys []config.Key) string {
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
