package audit

// Action is what somebody did, by its name in the log.
type Action string

// Info is one row of the table of actions.
type Info struct {
	Action Action
	Help   string // what happened, and what Object and Detail hold
}

// The actions.
const (
	ListImport   Action = "list.import"
	ListAdd      Action = "list.add"
	ListChange   Action = "list.change"
	ListExpire   Action = "list.expire"
	ListRemove   Action = "list.remove"
	ListPropose  Action = "list.propose"
	ListApprove  Action = "list.approve"
	ListReject   Action = "list.reject"
	ListRollback Action = "list.rollback"
	ListRefresh  Action = "list.refresh"

	RulesActivate Action = "rules.activate"
	RulesRollback Action = "rules.rollback"

	KeyCreate Action = "key.create"
	KeyReload Action = "key.reload"

	VerdictDecide    Action = "verdict.decide"
	VerdictRescreen  Action = "verdict.rescreen"
	DeadLetterReplay Action = "deadletter.replay"
	RecorderRewind   Action = "recorder.rewind"

	SchemaMigrate Action = "schema.migrate"
	GrantApply    Action = "grant.apply"
	LogTorn       Action = "log.torn"
)

// Actions is the one table of actions: a record with another is refused, and the reference page is made from it.
var Actions = []Info{
	{ListImport, "A list was replaced by the content of files: the list, its format, entries, reason."},
	{ListAdd, "Entries of an own list were added: the list, the addresses, reason."},
	{ListChange, "Entries of an own list were changed: the list, the addresses, reason."},
	{ListExpire, "Entries of an own list were given an end: the list, the addresses, the time, reason."},
	{ListRemove, "Entries of an own list were removed: the list, the addresses, reason."},
	{ListPropose, "A change that needs a second person was proposed: the proposal."},
	{ListApprove, "A second person approved a proposal: the proposal, and who made it."},
	{ListReject, "A second person refused a proposal: the proposal, reason."},
	{ListRollback, "An earlier version of the lists was put in force again: the version, reason."},
	{ListRefresh, "A configured source was fetched and activated: the list, the source, the checksum."},
	{RulesActivate, "A rule set was put in force: its version, reason."},
	{RulesRollback, "An earlier rule set was put in force again: its version, reason."},
	{KeyCreate, "An API key was made: its id, tenant, scopes, end."},
	{KeyReload, "The key file that is in force changed: the ids that came, went and changed."},
	{VerdictDecide, "A person decided about a transfer: its id, the decision, reason."},
	{VerdictRescreen, "Transfers were sent to be judged again by a person's command: which, and why."},
	{DeadLetterReplay, "Dead letters were sent again: how many, of which topic, by which filter."},
	{RecorderRewind, "The recorder was set back, to record again from a moment: the moment, how many records."},
	{SchemaMigrate, "The schema of ClickHouse was brought up to date: the migrations."},
	{GrantApply, "Rights were given at a server: which server, how many."},
	{LogTorn, "The log's last line was cut off by a crash and taken away: its length and digest."},
}

// Valid says whether the table has the action.
func (a Action) Valid() bool {
	for _, i := range Actions {
		if i.Action == a {
			return true
		}
	}
	return false
}
