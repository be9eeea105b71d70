package mutants

// guards are the mutants of who gets in, of what is written down about it, and of what new members must join.
var guards = []Mutant{
	{
		Promise: "an audit log that was written anew is found", Break: "activate lists without noting where the log ends",
		Edits: []Edit{{"services/internal/app/desk.go", ".WithAudit(auditHead(cfg))", ".WithAudit(nil)"}},
		Tests: []string{"services/cmd/sluice"}, Run: "^TestCommands$/^audit$",
	},
	{
		Promise: "an audit log that was written anew is found", Break: "do not hold the log to the heads that were noted",
		Edits: []Edit{{"services/internal/audit/verify.go", "\t\t\tv.missing(a)\n", "\t\t\t_ = v.missing\n"}},
		Tests: []string{"services/internal/audit"},
	},
	{
		Promise: "what joins is reconciled", Break: "leave a topic out of what verify looks at",
		Edits: []Edit{{"services/internal/verify/reconciled.go", "\tschemas.Flagged: ", "\t// schemas.Flagged: "}},
		Tests: []string{proof}, Run: "^TestEveryMemberIsReconciled$",
	},
	{
		Promise: "what joins is in the fault schedule", Break: "leave a kind of fault out of the plans",
		Edits: []Edit{{"services/internal/chaos/plan.go", "\t{Storm, []string{\"enrichment\"}},\n", ""}},
		Tests: []string{"services/internal/chaos"},
	},
	{
		Promise: "what joins is in the fault schedule", Break: "leave a service out of the plans",
		Edits: []Edit{{"services/internal/chaos/plan.go", `"recorder", "watchlist"}`, `"recorder"}`}},
		Tests: []string{"services/internal/app"}, Run: "^TestEveryServiceIsInTheFaultSchedule$",
	},
	{
		Promise: "what changes something is audited", Break: "a command that nobody has decided about",
		Edits: []Edit{{"services/cmd/sluice/audited.go", "\t\"deadletter replay\": audit.DeadLetterReplay,\n", ""}},
		Tests: []string{"services/cmd/sluice"}, Run: "^TestEveryCommandSaysWhatItWritesDown$",
	},
	{
		Promise: "nobody is let in", Break: "take a key without the scope",
		Edits: []Edit{{"services/internal/httpx/guard.go", "if !key.Scopes.Has(route.Scope) {", "if !key.Scopes.Has(route.Scope) && route.Scope == ScopeOpen {"}},
		Tests: []string{"services/internal/app"}, Run: "^TestEveryRoute",
	},
	{
		Promise: "nobody is let in", Break: "take a route that does not say its scope and what it writes down",
		Edits: []Edit{{"services/internal/httpx/route.go", "errs = append(errs, r.check())", "_ = r.check"}},
		Tests: []string{"services/internal/httpx"},
	},
	{
		Promise: "nobody is let in", Break: "take any secret of a key that is known",
		Edits: []Edit{{"services/internal/httpx/keys.go", "good := ok && two && found && same &&", "good := ok && two && found && (same || two) &&"}},
		Tests: []string{"services/internal/httpx"},
	},
	{
		Promise: "nobody is let in", Break: "take a key that has expired",
		Edits: []Edit{{"services/internal/httpx/keys.go", "(known.Expires.IsZero() || now.Before(known.Expires))", "(known.Expires.IsZero() || !now.IsZero())"}},
		Tests: []string{"services/internal/httpx"},
	},
	{
		Promise: "nobody is let in", Break: "take a caller without the certificate",
		Edits: []Edit{{"services/internal/httpx/guard.go", "(r.TLS == nil || len(r.TLS.VerifiedChains) == 0)", "r.TLS == nil"}},
		Tests: []string{"services/internal/httpx"},
	},
	{
		Promise: "nobody is let in", Break: "show a verdict to every tenant",
		Edits: []Edit{
			{"services/internal/warehouse/query.go", "WHERE id = {id:String} AND tenant = {tenant:String}", "WHERE id = {id:String} AND (tenant = {tenant:String} OR 1)"},
			{"services/internal/warehouse/query.go", "where := []string{\"tenant = {tenant:String}\"}", "where := []string{\"(tenant = {tenant:String} OR 1)\"}"},
		},
		Tests: []string{"services/internal/warehouse"},
	},
	{
		Promise: "nobody is let in", Break: "trust a server with any certificate",
		Edits: []Edit{{"services/internal/tlsfile/tlsfile.go", "ServerName: f.ServerName}\n", "ServerName: f.ServerName, InsecureSkipVerify: true}\n"}},
		Tests: []string{"services/internal/tlsfile"},
	},
	{
		Promise: "nobody is let in", Break: "give a tenant's analyst the rows of all",
		Edits: []Edit{{"services/internal/grants/clickhouse.go", "<filter>tenant = '%[2]s'</filter>", "<filter>tenant != '%[2]s/'</filter>"}},
		Tests: []string{"services/internal/warehouse"}, Run: "^TestTheUsersFileSufficesAndIsTheLeast$",
	},
	{
		Promise: "what a caller sends is bounded", Break: "do not bound a body after it is expanded",
		Edits: []Edit{{"services/internal/httpx/body.go", "r.Body = http.MaxBytesReader(w, body, limit)", "r.Body = body"}},
		Tests: []string{"services/internal/httpx"},
	},
	{
		Promise: "what a caller sends is bounded", Break: "let a key send as often as it likes",
		Edits: []Edit{{"services/internal/httpx/rate.go", "if one.tokens < 1 {", "if one.tokens < 1-1e9 {"}},
		Tests: []string{"services/internal/httpx"},
	},
	{
		Promise: "a secret is never shown", Break: "show it with the settings",
		Edits: []Edit{{"services/internal/config/secret.go", "\tcase secret:\n", "\tcase secret && text == Redacted:\n"}},
		Tests: []string{"services/internal/config"},
	},
	{
		Promise: "a secret is never shown", Break: "show the password of a URL",
		Edits: []Edit{{"services/internal/config/validate.go", "return u.Redacted()", "return u.String()"}},
		Tests: []string{"services/internal/config"},
	},
}
