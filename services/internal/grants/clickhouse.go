package grants

import (
	"fmt"
	"slices"
	"strings"

	"sluice/schemas"
)

// Account is one user of ClickHouse.
type Account struct {
	Name     string
	Who      string
	ReadOnly bool // changes nothing, and no setting either but by its profile
	Grants   []string
}

// TenantTables are the tables with a tenant column: an analyst of a tenant sees its rows of them, and no other table of
// records. Lists are everybody's.
var TenantTables = []string{"transfers", "flagged_events", "flagged_history", "transfer_addresses"}

// tenantViews are made of those tables, with the rights and the rows of who asks.
var tenantViews = []string{"daily_by_category", "daily_by_severity", "daily_by_flow", "daily_by_network", "conflicts"}

// recorded are the tables that the recorder writes.
var recorded = []string{"transfers", "transfer_addresses", "flagged_events", "flagged_history", "dead_letters", "ledger"}

// schemaRead is what each start checks: that the schema is this release's.
var schemaRead = []string{"SELECT ON sluice.schema_migrations", "SHOW TABLES ON sluice.*"}

// ClickHouse is the one table of users of ClickHouse. The migrator makes what the migrations make; the recorder inserts and
// reads nothing but the schema's version; the watchlist service reads everything, and writes what it keeps of the lists.
var ClickHouse = []Account{
	{Name: "sluice_migrator", Who: "sluice migrate", Grants: []string{
		"CREATE DATABASE, CREATE TABLE, CREATE VIEW, ALTER, DROP TABLE, DROP VIEW, SELECT, INSERT, SHOW ON sluice.*",
		"TABLE ENGINE ON MergeTree", "TABLE ENGINE ON ReplacingMergeTree", "TABLE ENGINE ON View"}},
	{Name: "sluice_recorder", Who: "the recorder", Grants: append(on("INSERT", recorded), schemaRead...)},
	{Name: "sluice_watchlist", Who: "the watchlist service, list officers' commands, the API", Grants: []string{
		"SELECT, SHOW ON sluice.*", "INSERT ON sluice.watchlist_*", "INSERT ON sluice.lookback*"}},
	{Name: "sluice_auditor", Who: "sluice verify, sluice sql", ReadOnly: true, Grants: []string{"SELECT, SHOW ON sluice.*"}},
}

func on(right string, tables []string) []string {
	var out []string
	for _, t := range tables {
		out = append(out, right+" ON "+schemas.Database+"."+t)
	}
	return out
}

// Analyst is the user by which the people of one tenant ask.
func Analyst(tenant string) Account {
	return Account{Name: "analyst_" + tenant, Who: "analysts of the tenant " + tenant, ReadOnly: true,
		Grants: append(on("SELECT", slices.Concat(TenantTables, tenantViews, []string{"watchlist_history", "watchlist_versions", "watchlist_entries"})), "SHOW TABLES, SHOW COLUMNS ON sluice.*")}
}

// ClickHouseFile renders the users as a file for users.d. A user's password is the SHA-256, in hexadecimal, of the
// variable that the file names. tenants are those whose analysts get a user, with a policy for the rows of each table.
func ClickHouseFile(tenants ...string) (string, error) {
	var b strings.Builder
	b.WriteString(`<!-- Who may do what in ClickHouse: made by "sluice grants clickhouse". -->
<clickhouse>
    <profiles>
        <sluice_analyst>
            <readonly>2</readonly>
            <max_execution_time>300</max_execution_time>
            <max_memory_usage>4000000000</max_memory_usage>
            <max_result_rows>1000000</max_result_rows>
            <constraints>
                <readonly><const/></readonly>
                <max_execution_time><max>300</max></max_execution_time>
                <max_memory_usage><max>4000000000</max></max_memory_usage>
            </constraints>
        </sluice_analyst>
    </profiles>
    <users>
`)
	for _, a := range ClickHouse {
		account(&b, a, "")
	}
	for _, t := range tenants {
		if err := checkTenant(t); err != nil {
			return "", err
		}
		account(&b, Analyst(t), t)
	}
	b.WriteString("    </users>\n</clickhouse>\n")
	return b.String(), nil
}

// checkTenant refuses what could not stand in the name of a user and of a variable, or in the text of a policy.
func checkTenant(t string) error {
	if t == "" || len(t) > 40 || strings.Trim(t, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
		return fmt.Errorf("tenant %q: want 1 to 40 of a-z, 0-9 and _ for the name of a ClickHouse user; another tenant's user is written by hand", t)
	}
	return nil
}

func account(b *strings.Builder, a Account, tenant string) {
	profile := "default"
	if a.ReadOnly {
		profile = "sluice_analyst"
	}
	fmt.Fprintf(b, `        <!-- %s -->
        <%s>
            <password_sha256_hex from_env="%s_SHA256"/>
            <networks><ip>::/0</ip></networks>
            <profile>%s</profile>
            <quota>default</quota>
            <grants>
`, a.Who, a.Name, strings.ToUpper(a.Name), profile)
	for _, g := range a.Grants {
		fmt.Fprintf(b, "                <query>GRANT %s</query>\n", g)
	}
	b.WriteString("            </grants>\n")
	if tenant != "" {
		fmt.Fprintf(b, "            <databases><%s>\n", schemas.Database)
		for _, t := range TenantTables {
			fmt.Fprintf(b, "                <%[1]s><filter>tenant = '%[2]s'</filter></%[1]s>\n", t, tenant)
		}
		fmt.Fprintf(b, "            </%s></databases>\n", schemas.Database)
	}
	fmt.Fprintf(b, "        </%s>\n", a.Name)
}
