package screening

import (
	"fmt"
	"strconv"

	"sluice/pkg/event"
	"sluice/pkg/event/canonical"
	"sluice/pkg/transfer"
)

// AppendMembers appends the members that enrichment adds to a record, each with a comma before it, in their fixed order
// and without those that have their default: what stands between a fact's last member and its closing brace. seq is the
// lists' activation. version is their content hash; it is written for whatever is not clean, and with conflict, so that
// every record which the built-in policy flags names the lists it was judged by.
func AppendMembers(dst []byte, r *Result, seq uint64, version string, conflict bool) []byte {
	if r.Status != Complete {
		dst = appendText(dst, `,"status":`, r.Status.String())
	}
	if r.Coverage != (transfer.Coverage{}) {
		dst = event.AppendCoverage(append(dst, `,"coverage":`...), r.Coverage)
	}
	if len(r.Hits) > 0 {
		dst = AppendHits(append(dst, `,"hits":`...), r.Hits)
	}
	if in := r.inputs(); in != (Inputs{}) {
		dst = in.append(append(dst, `,"inputs":`...))
	}
	dst = append(dst, `,"lists_seq":`...)
	dst = strconv.AppendUint(dst, seq, 10)
	if version != "" && (conflict || !r.Clean()) {
		dst = appendText(dst, `,"lists_version":`, version)
	}
	return dst
}

// AppendHits appends the array of hits.
func AppendHits(dst []byte, hits []Hit) []byte {
	dst = append(dst, '[')
	for i := range hits {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendHit(dst, &hits[i])
	}
	return append(dst, ']')
}

// AppendHit appends the JSON object of a hit: fixed key order, members left out where unknown.
func AppendHit(dst []byte, h *Hit) []byte {
	dst = appendText(dst, `{"list":`, h.List)
	dst = appendText(dst, `,"entry_id":`, h.EntryID)
	dst = appendKnown(dst, `,"entity":`, h.Entity)
	dst = appendText(dst, `,"category":`, string(h.Category))
	if len(h.Categories) > 0 {
		dst = canonical.AppendStrings(append(dst, `,"categories":`...), h.Categories)
	}
	dst = appendKnown(dst, `,"authority":`, h.Authority)
	dst = appendKnown(dst, `,"program":`, h.Program)
	dst = appendKnown(dst, `,"measure":`, string(h.Measure))
	dst = appendKnown(dst, `,"names":`, string(h.Names))
	dst = appendKnown(dst, `,"severity":`, h.Rated)
	dst = appendText(dst, `,"role":`, string(h.Role))
	dst = appendText(dst, `,"side":`, string(h.Side))
	dst = appendText(dst, `,"address":`, h.Address)
	dst = appendText(dst, `,"match":`, string(h.Match))
	dst = appendKnown(dst, `,"listed_on":`, h.ListedOn)
	dst = appendText(dst, `,"exposure":`, string(h.Exposure))
	dst = append(dst, `,"hops":`...)
	dst = strconv.AppendUint(dst, uint64(h.Hops), 10)
	if h.Share.Known {
		dst = append(dst, `,"share":"`...)
		dst = append(h.Share.Append(dst), '"')
	}
	if h.Confidence != 0 {
		dst = append(dst, `,"confidence":`...)
		dst = strconv.AppendUint(dst, uint64(h.Confidence), 10)
	}
	dst = appendText(dst, `,"timing":`, string(h.Timing))
	dst = appendKnown(dst, `,"party_listed_at":`, h.PartyListedAt)
	dst = appendKnown(dst, `,"address_listed_at":`, h.AddressListedAt)
	dst = appendKnown(dst, `,"known_at":`, h.KnownAt)
	dst = appendKnown(dst, `,"delisted_at":`, h.DelistedAt)
	dst = appendKnown(dst, `,"suppressed_by":`, h.SuppressedBy)
	return append(dst, '}')
}

// Inputs are what a judgement reads besides the transfer, the lists and the rules, as the record has them.
type Inputs struct {
	Quarantined bool // a stage before alerting could not process the record
}

func (r *Result) inputs() Inputs { return Inputs{Quarantined: r.Quarantined} }

func (in Inputs) append(dst []byte) []byte {
	dst = append(dst, '{')
	if in.Quarantined {
		dst = append(dst, `"quarantined":true`...)
	}
	return append(dst, '}')
}

func appendKnown(dst []byte, open, text string) []byte {
	if text == "" {
		return dst
	}
	return appendText(dst, open, text)
}

func appendText(dst []byte, open, text string) []byte {
	return canonical.AppendString(append(dst, open...), text)
}

// damaged is the error of hits or inputs that cannot be read. Trying again cannot help.
func damaged(member string, err error) error { return fmt.Errorf("%s: %w", member, err) }
