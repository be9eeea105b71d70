package screening

import (
	"strconv"

	"sluice/pkg/event/canonical"
)

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
	dst = appendText(dst, `,"role":`, string(h.Role))
	dst = appendText(dst, `,"side":`, string(h.Side))
	dst = appendText(dst, `,"address":`, h.Address)
	dst = appendText(dst, `,"match":`, string(h.Match))
	dst = appendKnown(dst, `,"listed_on":`, h.ListedOn)
	dst = appendText(dst, `,"exposure":`, string(h.Exposure))
	dst = append(dst, `,"hops":`...)
	dst = strconv.AppendInt(dst, int64(h.Hops), 10)
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

func appendKnown(dst []byte, open, text string) []byte {
	if text == "" {
		return dst
	}
	return appendText(dst, open, text)
}

func appendText(dst []byte, open, text string) []byte {
	return canonical.AppendString(append(dst, open...), text)
}
