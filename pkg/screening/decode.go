package screening

import (
	"errors"
	"fmt"
	"slices"

	"github.com/go-json-experiment/json"

	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// hitJSON is the JSON form of a Hit. Members that it does not have are ignored: a later release adds some.
type hitJSON struct {
	List            string              `json:"list"`
	EntryID         string              `json:"entry_id"`
	Entity          string              `json:"entity"`
	Category        taxonomy.Category   `json:"category"`
	Categories      []taxonomy.Category `json:"categories"`
	Authority       string              `json:"authority"`
	Program         string              `json:"program"`
	Measure         watchlist.Measure   `json:"measure"`
	Names           watchlist.Names     `json:"names"`
	Rated           string              `json:"severity"`
	Role            transfer.Role       `json:"role"`
	Side            transfer.Side       `json:"side"`
	Address         string              `json:"address"`
	Match           Match               `json:"match"`
	ListedOn        string              `json:"listed_on"`
	Exposure        Exposure            `json:"exposure"`
	Hops            uint8               `json:"hops"`
	Share           *string             `json:"share"`
	Confidence      uint8               `json:"confidence"`
	Timing          Timing              `json:"timing"`
	PartyListedAt   string              `json:"party_listed_at"`
	AddressListedAt string              `json:"address_listed_at"`
	KnownAt         string              `json:"known_at"`
	DelistedAt      string              `json:"delisted_at"`
	SuppressedBy    string              `json:"suppressed_by"`
}

// DecodeHits reads what AppendHits writes; nil is no hits. Words that it does not know, repeated members and more than
// MaxHits hits are errors: a hit that is read wrongly would be judged wrongly.
func DecodeHits(raw []byte) ([]Hit, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	var list []hitJSON
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, damaged("hits", err)
	}
	if len(list) > MaxHits {
		return nil, damaged("hits", fmt.Errorf("%d of them, at most %d are written", len(list), MaxHits))
	}
	hits := make([]Hit, len(list))
	for i := range list {
		h, err := list[i].hit()
		if err != nil {
			return nil, damaged(fmt.Sprintf("hits[%d]", i), err)
		}
		hits[i] = h
	}
	return hits, nil
}

var (
	measures = []watchlist.Measure{
		"", watchlist.MeasureNone, watchlist.MeasureBlock, watchlist.MeasureReject, watchlist.MeasureSpecial,
		watchlist.MeasureSeizure, watchlist.MeasureIssuer,
	}
	named     = []watchlist.Names{watchlist.NamesNothing, watchlist.NamesToken, watchlist.NamesIssuer}
	matches   = []Match{MatchExact, MatchSameKey, MatchCluster, MatchBaseOnly}
	exposures = []Exposure{Direct, Indirect}
	timings   = []Timing{ListedBefore, ListedAfter, TimingUnknown}
)

func (j *hitJSON) hit() (Hit, error) {
	h := Hit{
		List: j.List, EntryID: j.EntryID, Entity: j.Entity,
		Category: j.Category, Categories: j.Categories,
		Authority: j.Authority, Program: j.Program, Measure: j.Measure, Names: j.Names, Rated: j.Rated,
		Role: j.Role, Side: j.Side, Address: j.Address, Match: j.Match, ListedOn: j.ListedOn,
		Exposure: j.Exposure, Hops: j.Hops, Confidence: j.Confidence, Timing: j.Timing,
		PartyListedAt: j.PartyListedAt, AddressListedAt: j.AddressListedAt, KnownAt: j.KnownAt,
		DelistedAt: j.DelistedAt, SuppressedBy: j.SuppressedBy,
	}
	var err error
	if j.Share != nil {
		h.Share, err = ParseShare(*j.Share)
	}
	for _, c := range append([]taxonomy.Category{j.Category}, j.Categories...) {
		if !c.Valid() {
			err = errors.Join(err, fmt.Errorf("category %q is not known", c))
		}
	}
	if _, bad := taxonomy.ParseSeverity(j.Rated); j.Rated != "" && bad != nil {
		err = errors.Join(err, bad)
	}
	if j.Confidence > 100 {
		err = errors.Join(err, fmt.Errorf("confidence %d: want at most 100", j.Confidence))
	}
	return h, errors.Join(err,
		known("measure", j.Measure, measures),
		known("names", j.Names, named),
		known("role", j.Role, roleOrder),
		known("side", j.Side, sideOrder),
		known("match", j.Match, matches),
		known("exposure", j.Exposure, exposures),
		known("timing", j.Timing, timings),
	)
}

func known[T ~string](member string, word T, words []T) error {
	if slices.Contains(words, word) {
		return nil
	}
	return fmt.Errorf("%s %q is not known", member, word)
}

// DecodeInputs reads the inputs of a record; nil is none. Those that it does not know are ignored, among them the own
// addresses that an earlier release named apart from the lists.
func DecodeInputs(raw []byte) (Inputs, error) {
	var in struct {
		Quarantined bool `json:"quarantined"`
	}
	if len(raw) == 0 {
		return Inputs{}, nil
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return Inputs{}, damaged("inputs", err)
	}
	return Inputs(in), nil
}
