package recorder

import (
	"time"

	"sluice/pkg/amount"
)

// Transfers is a block of rows of the tables transfers, flagged_events and flagged_history: one slice for each column,
// all equally long, in the order of Transfers.Add. A block is filled, frozen while it is being inserted (again, when the
// outcome of an insert is unknown), and then reused.
//
// Strings and times are the tables' own values; an absent number is nil, an absent text "", an absent list nil.
type Transfers struct {
	ID, TransferID, Tenant             []string
	Version                            []uint64
	ConflictsWith                      []string
	Direction, Stage                   []string
	CustomerID, CounterpartyCustomerID []string
	Network, Asset, AssetID, Contract  []string
	Amount, FiatAmount                 []amount.Amount
	FiatCurrency, TxHash               []string
	OutputIndex, LogIndex              []*uint32
	From                               [][]string
	FromAmounts                        [][]amount.Amount
	To                                 [][]string
	Memo, Initiator, Evidence          []string
	OccurredAt                         []time.Time
	Verdict, Severity                  []string
	Score                              []uint8
	HoldReasons, Categories            [][]string
	Posture                            []string
	Alerts                             Alerts
	Hits                               Hits
	Status, Coverage, CoverageReason   []string
	ListsVersion                       []string
	ListsSeq                           []uint64
	RulesVersion                       []string
	RulesSeq                           []uint64
	Inputs, PublicCode, RaisedBy       []string
	CauseSeq                           []uint64
	RaisedAt                           []time.Time
	IngestedAt, ScreenedAt             []time.Time // of the table transfers alone

	nested  int // rows with alerts or hits
	texts   arena[string]
	amounts arena[amount.Amount]
	numbers arena[uint32]
}

// Alerts are the columns of the nested alerts.
type Alerts struct {
	AlertID, Rule, RuleVersion, Severity [][]string
	Score                                [][]uint8
	Category, Side, Exposure             [][]string
	Amount                               [][]amount.Amount
	Reason                               [][]string
}

// Hits are the columns of the nested hits.
type Hits struct {
	List, EntryID, Entity, Category            [][]string
	Categories                                 [][][]string
	Authority, Program, Measure                [][]string
	Names, Rated                               [][]string
	Role, Side, Address, Match, ListedOn       [][]string
	Exposure                                   [][]string
	Hops                                       [][]uint8
	Share                                      [][]*uint32 // millionths
	Confidence                                 [][]*uint8
	Timing                                     [][]string
	PartyListedAt, AddressListedAt, DelistedAt [][]*time.Time // days
	KnownAt                                    [][]*time.Time
	SuppressedBy                               [][]string
}

// Len is how many rows the block has.
func (b *Transfers) Len() int { return len(b.ID) }

// Plain says that no row has alerts or hits: their columns, most of the table's, need not be sent.
func (b *Transfers) Plain() bool { return b.nested == 0 }

// Addresses is a block of rows of the table transfer_addresses.
type Addresses struct {
	Key, ID, Role, Side, Address, Tag      []string
	Network, Tenant, CustomerID, Direction []string
	OccurredAt                             []time.Time
}

// Len is how many rows the block has.
func (b *Addresses) Len() int { return len(b.ID) }

// DeadLetters is a block of rows of the table dead_letters.
type DeadLetters struct {
	SourceTopic     []string
	SourcePartition []int32
	SourceOffset    []int64
	Stage, Reason   []string
	Error           []string
	At              []time.Time
	Key, Value      []string
	SHA256          []string
	Length          []uint64
	Truncated       []bool
	TransferFact    []string
	Partition       []int32
	Offset          []int64
}

// Len is how many rows the block has.
func (b *DeadLetters) Len() int { return len(b.SourceTopic) }

// History is a block of rows of the table watchlist_history.
type History struct {
	List, EntryID, Key, Network, Address, Tag  []string
	Content                                    []uint64
	WrappedKey                                 []string
	Category                                   []string
	Categories                                 [][]string
	Entity, Authority, Program, Measure        []string
	Confidence                                 []*uint8
	PartyListedAt, AddressListedAt, DelistedAt []*time.Time // days
	Change                                     []string
	KnownFrom                                  []time.Time
	Seq                                        []uint64
	Version, Author, Reason                    []string
	Entry                                      []string // JSON
}

// Len is how many rows the block has.
func (b *History) Len() int { return len(b.List) }

// ListVersions is a block of rows of the table watchlist_versions: the lists of one activation.
type ListVersions struct {
	Seq                      []uint64
	Epoch, Version, Previous []string
	At                       []time.Time
	Author, Reason           []string
	List, ListVersion        []string
	Entries                  []uint64
	Format, Source           []string
	ImportedAt, PublishedAt  []*time.Time
	LoadedBy, LoadedFor      []string
}

// arena hands out small slices of few large ones, which stay valid until reset.
type arena[T any] struct {
	chunk []T
	full  [][]T
	spare [][]T
}

const arenaChunk = 4096

// take returns a slice of n values with that capacity; nil for none.
func (a *arena[T]) take(n int) []T {
	if n == 0 {
		return nil
	}
	if n > arenaChunk {
		return make([]T, n)
	}
	if cap(a.chunk)-len(a.chunk) < n {
		if a.chunk != nil {
			a.full = append(a.full, a.chunk)
		}
		if last := len(a.spare) - 1; last >= 0 {
			a.chunk, a.spare = a.spare[last], a.spare[:last]
		} else {
			a.chunk = make([]T, 0, arenaChunk)
		}
	}
	begin := len(a.chunk)
	a.chunk = a.chunk[:begin+n]
	return a.chunk[begin : begin+n : begin+n]
}

// copyOf returns a copy of values.
func (a *arena[T]) copyOf(values []T) []T {
	out := a.take(len(values))
	copy(out, values)
	return out
}

// pointer returns a pointer to a copy of *v; nil for nil.
func (a *arena[T]) pointer(v *T) *T {
	if v == nil {
		return nil
	}
	p := &a.take(1)[0]
	*p = *v
	return p
}

// reset takes everything back.
func (a *arena[T]) reset() {
	for _, c := range a.full {
		clear(c)
		a.spare = append(a.spare, c[:0])
	}
	clear(a.chunk)
	a.full, a.chunk = a.full[:0], a.chunk[:0]
}
