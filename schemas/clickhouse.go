package schemas

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing/fstest"
	"text/template"
)

// Database is the ClickHouse database that holds every table and view.
const Database = "sluice"

//go:embed clickhouse/*.sql
var clickHouseFiles embed.FS

// ClickHouse returns the migrations of the ClickHouse schema, ordered by their names, in the form that goose reads.
// With the name of a cluster, every statement is for the whole cluster and every table is replicated.
func ClickHouse(cluster string) (fs.FS, error) {
	if strings.ContainsAny(cluster, "'\\`\"; \t\r\n") {
		return nil, fmt.Errorf("clickhouse.cluster: %q is no name of a cluster: it holds a quote, a space or a semicolon", cluster)
	}
	names, err := fs.Glob(clickHouseFiles, "clickhouse/*.sql")
	if err != nil {
		return nil, err
	}
	out := fstest.MapFS{}
	for _, name := range names {
		t, err := template.New(path.Base(name)).Funcs(clusterWords(cluster)).ParseFS(clickHouseFiles, name)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		var b bytes.Buffer
		if err := t.Execute(&b, nil); err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		out[path.Base(name)] = &fstest.MapFile{Data: b.Bytes(), Mode: 0o444}
	}
	return out, nil
}

// clusterWords are what the migrations' templates may say: {{onCluster}} behind a name, {{engine "ReplacingMergeTree"
// "version"}} for a table's engine.
func clusterWords(cluster string) template.FuncMap {
	onCluster, replicated := "", ""
	if cluster != "" {
		onCluster, replicated = " ON CLUSTER '"+cluster+"'", "Replicated"
	}
	return template.FuncMap{
		"onCluster": func() string { return onCluster },
		"engine": func(name string, args ...string) string {
			return replicated + name + "(" + strings.Join(args, ", ") + ")"
		},
	}
}
