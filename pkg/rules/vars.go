package rules

import (
	"cel.dev/cel-go/cel"

	"sluice/pkg/screening"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// variable is a name that expressions may use. Exactly one of text, number, truth and list reads it.
type variable struct {
	name   string
	ofHit  bool     // only in rules with `each: hit`
	values []string // the closed set of texts, nil when any text can occur
	max    uint64   // the longest text or list, for the bound on cost

	text   func(*subject) string
	number func(*subject) int64
	truth  func(*subject) bool
	list   func(*subject) []taxonomy.Category

	// constant is what is known of the value when a set is compiled (options), and clean what is known of it for a
	// transfer whose Facts are Clean; nil where it depends.
	constant func(*Options) any
	clean    any
}

const (
	maxText       = watchlist.MaxText // no text that a rule reads is longer
	maxCategories = 64
)

func (v *variable) celType() *cel.Type {
	switch {
	case v.text != nil:
		return cel.StringType
	case v.number != nil:
		return cel.IntType
	case v.truth != nil:
		return cel.BoolType
	}
	return cel.ListType(cel.StringType)
}

// value is the variable's value for the interpreter.
func (v *variable) value(s *subject) any {
	switch {
	case v.text != nil:
		return v.text(s)
	case v.number != nil:
		return v.number(s)
	case v.truth != nil:
		return v.truth(s)
	}
	names := make([]string, 0, 4)
	for _, c := range v.list(s) {
		names = append(names, string(c))
	}
	return names
}

// severityNames are the constants severity.none … severity.severe.
var severityNames = []taxonomy.Severity{
	taxonomy.None, taxonomy.Low, taxonomy.Medium, taxonomy.High, taxonomy.Severe,
}

// variables are all names, in the order of the documentation.
var variables = []*variable{
	{name: "transfer.direction", values: []string{"deposit", "withdrawal", "internal"},
		text: func(s *subject) string { return string(s.Transfer.Direction) }},
	{name: "transfer.stage", values: []string{"attempt", "confirmed"},
		text: func(s *subject) string { return string(s.Transfer.EffectiveStage()) }},
	{name: "transfer.evidence", values: []string{"declared", "log", "trace", "calldata"},
		text: func(s *subject) string { return string(s.Transfer.EffectiveEvidence()) }},
	{name: "transfer.network", max: maxText,
		text: func(s *subject) string { return s.Transfer.Network }},
	{name: "transfer.asset", max: maxText,
		text: func(s *subject) string { return s.Transfer.Asset }},
	{name: "transfer.contract", max: maxText,
		text: func(s *subject) string { return s.Transfer.Contract }},
	{name: "transfer.zero",
		truth: func(s *subject) bool { return s.Transfer.Amount.IsZero() }},
	{name: "transfer.dust",
		truth: func(s *subject) bool { return s.dust }},
	{name: "transfer.conflict", clean: false,
		truth: func(s *subject) bool { return s.Conflict }},
	{name: "transfer.quarantined", clean: false,
		truth: func(s *subject) bool { return s.Quarantined }},

	{name: "status", clean: "complete", values: []string{"complete", "partial", "degraded"},
		text: func(s *subject) string { return s.Status.String() }},
	{name: "coverage.counterparty", clean: "full", values: []string{"full", "partial", "none"},
		text: func(s *subject) string { return s.Coverage.Counterparty.String() }},
	{name: "coverage.reason", clean: "", values: []string{"", "unknown_counterparty", "shielded", "unparsed"},
		text: func(s *subject) string { return s.Coverage.Reason.String() }},

	{name: "hits.count", clean: int64(0),
		number: func(s *subject) int64 { return judged(s.Hits) }},
	{name: "hits.severity", clean: int64(taxonomy.None),
		number: func(s *subject) int64 { return int64(worst(s.Hits)) }},

	{name: "options.unknown_deposit", values: treatmentNames[:],
		constant: func(o *Options) any { return o.UnknownDeposit.String() },
		text:     func(s *subject) string { return s.options.UnknownDeposit.String() }},
	{name: "options.unknown_withdrawal", values: treatmentNames[:],
		constant: func(o *Options) any { return o.UnknownWithdrawal.String() },
		text:     func(s *subject) string { return s.options.UnknownWithdrawal.String() }},

	{name: "hit.list", ofHit: true, max: maxText,
		text: func(s *subject) string { return s.hit.List }},
	{name: "hit.entry_id", ofHit: true, max: maxText,
		text: func(s *subject) string { return s.hit.EntryID }},
	{name: "hit.entity", ofHit: true, max: maxText,
		text: func(s *subject) string { return s.hit.Entity }},
	{name: "hit.category", ofHit: true, values: categoryNames(),
		text: func(s *subject) string { return string(s.hit.Category) }},
	{name: "hit.categories", ofHit: true, max: maxCategories, values: categoryNames(),
		list: func(s *subject) []taxonomy.Category { return s.hit.Categories }},
	{name: "hit.severity", ofHit: true,
		number: func(s *subject) int64 { return int64(s.hit.Severity()) }},
	{name: "hit.authority", ofHit: true, max: maxText,
		text: func(s *subject) string { return s.hit.Authority }},
	{name: "hit.program", ofHit: true, max: maxText,
		text: func(s *subject) string { return s.hit.Program }},
	{name: "hit.measure", ofHit: true,
		values: []string{"", "none", "block", "reject", "special_measures", "seizure", "issuer_freeze"},
		text:   func(s *subject) string { return string(s.hit.Measure) }},
	{name: "hit.names", ofHit: true, values: []string{
		string(watchlist.NamesNothing), string(watchlist.NamesToken), string(watchlist.NamesIssuer)},
		text: func(s *subject) string { return string(s.hit.Names) }},
	{name: "hit.role", ofHit: true, values: []string{
		string(transfer.RoleSender), string(transfer.RoleRecipient), string(transfer.RoleContract),
		string(transfer.RoleInitiator), string(transfer.RoleMemo)},
		text: func(s *subject) string { return string(s.hit.Role) }},
	{name: "hit.side", ofHit: true, values: []string{
		string(transfer.SideCounterparty), string(transfer.SideOwn), string(transfer.SideToken),
		string(transfer.SideInitiator)},
		text: func(s *subject) string { return string(s.hit.Side) }},
	{name: "hit.address", ofHit: true, max: maxText,
		text: func(s *subject) string { return s.hit.Address }},
	{name: "hit.match", ofHit: true, values: []string{
		string(screening.MatchExact), string(screening.MatchSameKey), string(screening.MatchCluster),
		string(screening.MatchBaseOnly)},
		text: func(s *subject) string { return string(s.hit.Match) }},
	{name: "hit.listed_on", ofHit: true, max: maxText,
		text: func(s *subject) string { return s.hit.ListedOn }},
	{name: "hit.exposure", ofHit: true, values: []string{string(screening.Direct), string(screening.Indirect)},
		text: func(s *subject) string { return string(s.hit.Exposure) }},
	{name: "hit.hops", ofHit: true,
		number: func(s *subject) int64 { return int64(s.hit.Hops) }},
	{name: "hit.share_millionths", ofHit: true,
		number: func(s *subject) int64 { return int64(s.hit.Share.Worst()) }},
	{name: "hit.confidence", ofHit: true,
		number: func(s *subject) int64 { return int64(s.hit.Confidence) }},
	{name: "hit.timing", ofHit: true, values: []string{
		string(screening.ListedBefore), string(screening.ListedAfter), string(screening.TimingUnknown)},
		text: func(s *subject) string { return string(s.hit.Timing) }},
	{name: "hit.delisted", ofHit: true,
		truth: func(s *subject) bool { return delisted(s.hit, s.Transfer) }},
}

func categoryNames() []string {
	var names []string
	for _, c := range taxonomy.All() {
		names = append(names, string(c))
	}
	return names
}

// byName is the table by name.
var byName = func() map[string]*variable {
	m := make(map[string]*variable, len(variables))
	for _, v := range variables {
		m[v.name] = v
	}
	return m
}()

// variableByName finds a variable, nil when there is none.
func variableByName(name string) *variable { return byName[name] }
