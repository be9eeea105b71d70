package clickhouse

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// DefaultMemoryBytes is what the engine may use when the configuration names nothing.
const DefaultMemoryBytes = 2 << 30

// The engine's own configuration. Without the marks' bound it may keep 5 GB of them. No system logs: they grow without
// bound and nobody reads them here.
var serverXML = template.Must(template.New("config.xml").Parse(`<clickhouse>
  <users_config>{{.Users}}</users_config>
  <max_server_memory_usage>{{.Memory}}</max_server_memory_usage>
  <mark_cache_size>{{.Marks}}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <access_control_improvements>
    <table_engines_require_grant>true</table_engines_require_grant>
    <on_cluster_queries_require_cluster_grant>true</on_cluster_queries_require_cluster_grant>
  </access_control_improvements>
</clickhouse>
`))

// The engine's user may do what Sluice, analysts and migrations need, and nothing that reaches files, other servers or
// programs: the source grants (FILE, URL, REMOTE, S3, …) are left out, and so are dictionaries, whose sources are not
// governed by them, everything about users, and SYSTEM SHUTDOWN, which ends the whole process group.
var usersXML = template.Must(template.New("users.xml").Parse(`<clickhouse>
  <profiles><default>
    <max_memory_usage>{{.Query}}</max_memory_usage>
    <async_insert>0</async_insert>
    <allow_introspection_functions>0</allow_introspection_functions>
    <constraints>
{{- range .Fixed}}
      <{{.}}><readonly/></{{.}}>
{{- end}}
    </constraints>
  </default></profiles>
  <users><default>
    <password></password><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota>
    <grants>
      <query>GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, CREATE TEMPORARY TABLE, DROP TABLE, DROP VIEW, DROP DATABASE, TRUNCATE, OPTIMIZE, KILL QUERY, SYSTEM MERGES, SYSTEM TTL MERGES, SYSTEM DROP CACHE ON *.*</query>
{{- range .Engines}}
      <query>GRANT TABLE ENGINE ON {{.}}</query>
{{- end}}
    </grants>
  </default></users>
  <quotas><default></default></quotas>
</clickhouse>
`))

// engines are the table engines that keep their data in the engine's own folder or in memory.
var engines = []string{
	"MergeTree", "ReplacingMergeTree", "SummingMergeTree", "AggregatingMergeTree", "CollapsingMergeTree",
	"VersionedCollapsingMergeTree", "CoalescingMergeTree", "Memory", "Null", "Join", "Set", "Buffer", "Log", "TinyLog", "StripeLog",
	"View", "MaterializedView", "Dictionary", "Merge", "GenerateRandom",
}

// fixed are settings that name files, which the library reads like a program of the user's.
var fixed = []string{"format_schema", "format_template_row", "format_template_resultset"}

// writeSettings writes the engine's configuration into dir and returns the arguments that open the engine there.
func writeSettings(dir string, memory int64) ([]string, error) {
	if memory <= 0 {
		memory = DefaultMemoryBytes
	}
	store, err := filepath.Abs(filepath.Join(dir, "store"))
	if err != nil {
		return nil, fmt.Errorf("engine folder: %w", err)
	}
	if err := os.MkdirAll(store, 0o700); err != nil {
		return nil, fmt.Errorf("engine folder: %w", err)
	}
	base := filepath.Dir(store)
	values := struct {
		Users                string
		Memory, Marks, Query int64
		Engines, Fixed       []string
	}{filepath.Join(base, "users.xml"), memory, memory / 16, memory / 4 * 3, engines, fixed}
	for _, t := range []*template.Template{serverXML, usersXML} {
		var b bytes.Buffer
		if err := t.Execute(&b, values); err != nil {
			return nil, fmt.Errorf("engine settings: %w", err)
		}
		if err := os.WriteFile(filepath.Join(base, t.Name()), b.Bytes(), 0o600); err != nil {
			return nil, fmt.Errorf("engine settings: %w", err)
		}
	}
	return []string{"--path=" + store, "--config-file=" + filepath.Join(base, serverXML.Name())}, nil
}
