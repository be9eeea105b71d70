package flag

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"sluice/pkg/taxonomy"
)

// Alert is one finding of one rule about one entity: what an alert consumer acts on.
type Alert struct {
	ID          string // 32 hex digits, see AlertID
	Rule        string // id of the rule
	RuleVersion string // of the rule's own text, 16 hex digits
	Severity    taxonomy.Severity
	Score       uint8 // 0-100, see Score
	Category    taxonomy.Category
	Entity      string // who; part of the identity, written in the hits
	Side        string
	Exposure    string
	Amount      string // the transfer's amount, canonical decimal, in its asset
	Reason      string // one sentence for a person
}

// AlertID is the first 32 hex digits of SHA-256 over the length-prefixed fact id, rule, category, entity, side and
// exposure. It holds nothing of list or rule versions, so that a transfer judged again keeps its alerts' ids.
func AlertID(factID, rule string, category taxonomy.Category, entity, side, exposure string) string {
	h := sha256.New()
	var size [4]byte
	for _, part := range [...]string{factID, rule, string(category), entity, side, exposure} {
		binary.BigEndian.PutUint32(size[:], uint32(len(part)))
		h.Write(size[:])
		h.Write([]byte(part))
	}
	var sum [sha256.Size]byte
	return hex.EncodeToString(h.Sum(sum[:0])[:16])
}

// mergeAlerts keeps one alert for each id, the worst, and puts the worst first.
func mergeAlerts(alerts []Alert) []Alert {
	slices.SortFunc(alerts, func(a, b Alert) int {
		return cmp.Or(
			cmp.Compare(b.Severity, a.Severity),
			cmp.Compare(b.Score, a.Score),
			cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.ID, b.ID),
			cmp.Compare(a.Reason, b.Reason),
		)
	})
	kept := alerts[:0]
	for _, a := range alerts {
		if !slices.ContainsFunc(kept, func(k Alert) bool { return k.ID == a.ID }) {
			kept = append(kept, a)
		}
	}
	return kept
}
