package chaos

// The stacks that a mode is tried on.
const (
	OnEmbedded = "embedded" // one `sluice run` with all servers in it
	OnReal     = "real"     // Apache Kafka, Redis, the ClickHouse engine as a server, a process for each service
)

// Mode is a way in which what the pipeline stands on is degraded, as docs/faults.md lists them.
type Mode struct {
	Name string
	Not  map[string]string // why it cannot befall a stack, by stack; those that are not here have a measured row
}

// The modes by name, for those who make them.
const (
	RedisDown       = "Redis down"
	RedisSlow       = "Redis slow"
	RedisFlushed    = "Redis flushed"
	RedisEvicting   = "Redis evicting"
	RedisFailedOver = "Redis failed over to a replica that is behind"
	RedisMovedBack  = "Redis' pointer moved back"
	HouseDown       = "ClickHouse down"
	HouseSlow       = "ClickHouse slow"
	HouseReadOnly   = "ClickHouse read-only"
	HouseFull       = "ClickHouse out of disk"
	BrokerDown      = "broker down"
	BrokerRestarted = "broker restarted"
	LeaderMoved     = "leader of three brokers lost"
	TopicMissing    = "topic missing"
	LogTruncated    = "log truncated"
	ListStale       = "watchlist stale"
	ClockBack       = "clock steps back"
	DiskFull        = "disk full"
	ServicesKilled  = "each service killed"
	ServicesStopped = "each service stopped"
)

const (
	inProcess = "the embedded Redis is in the process of its clients, without a connection to lose"
	noServer  = "the embedded engine has no users, modes or quotas to refuse with; a full disk is tried below"
	aClock    = "a machine has one clock for all: `TestAClockThatStepsBackMakesNoConfirmationYounger`, `TestARecordAfterALongPauseIsOfItsOwnTime`"
)

// Modes is every mode. One that joins here wants somebody who makes it, and its rows in docs/faults.md.
var Modes = []Mode{
	{Name: RedisDown, Not: map[string]string{OnEmbedded: inProcess}},
	{Name: RedisSlow, Not: map[string]string{OnEmbedded: inProcess}},
	{Name: RedisFlushed},
	{Name: RedisEvicting, Not: map[string]string{OnEmbedded: "the embedded Redis evicts nothing"}},
	{Name: RedisFailedOver, Not: map[string]string{OnEmbedded: "the embedded Redis has no replica"}},
	{Name: RedisMovedBack},
	{Name: HouseDown},
	{Name: HouseSlow},
	{Name: HouseReadOnly, Not: map[string]string{OnEmbedded: noServer}},
	{Name: HouseFull, Not: map[string]string{OnEmbedded: noServer}},
	{Name: BrokerDown},
	{Name: BrokerRestarted},
	{Name: LeaderMoved, Not: map[string]string{OnEmbedded: "the embedded broker is one"}},
	{Name: TopicMissing},
	{Name: LogTruncated},
	{Name: ListStale},
	{Name: ClockBack, Not: map[string]string{OnEmbedded: aClock, OnReal: aClock}},
	{Name: DiskFull, Not: map[string]string{OnReal: "that disk is Kafka's own: `TestABrokersDiskIsLost`; ClickHouse's stands above"}},
	{Name: ServicesKilled},
	{Name: ServicesStopped},
}
