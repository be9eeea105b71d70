package flag

import (
	"strconv"
	"time"

	"sluice/pkg/event/canonical"
	"sluice/pkg/taxonomy"
)

// Stamp is what a verdict's record says besides the verdict: by which knowledge it was judged, and when. Why
// it was judged again (`raised_by`) stands in the record already.
type Stamp struct {
	RulesSeq uint64 // activation of the rule set
	Version  uint64 // the highest activation in force
	RaisedAt time.Time

	// For flagged records. "" leaves the member out: lists_version stands already where there are hits.
	ListsVersion string
	RulesVersion string
}

// AppendMembers appends the members that a verdict adds to a record, each with a comma before it, in their fixed
// order and without those that have their default: what stands between a screened record's last member and its
// closing brace. v must be normalized.
func AppendMembers(dst []byte, v *Verdict, s *Stamp) []byte {
	dst = append(dst, `,"verdict":"`...)
	dst = append(dst, v.Decision.String()...)
	dst = append(dst, '"')
	if v.Severity != taxonomy.None {
		dst = appendText(dst, `,"severity":`, v.Severity.String())
	}
	if v.Score != 0 {
		dst = append(dst, `,"score":`...)
		dst = strconv.AppendUint(dst, uint64(v.Score), 10)
	}
	dst = appendReasons(dst, v.HoldReasons)
	if len(v.Categories) > 0 {
		dst = canonical.AppendStrings(append(dst, `,"categories":`...), v.Categories)
	}
	if v.Posture != PostureUnknown {
		dst = appendText(dst, `,"posture":`, v.Posture.String())
	}
	dst = appendAlerts(dst, v.Alerts)
	return appendStamp(dst, v.Decision, s)
}

// appendStamp writes the members that every verdict has.
func appendStamp(dst []byte, d Decision, s *Stamp) []byte {
	dst = append(dst, `,"rules_seq":`...)
	dst = strconv.AppendUint(dst, s.RulesSeq, 10)
	dst = append(dst, `,"version":`...)
	dst = strconv.AppendUint(dst, s.Version, 10)
	dst = append(dst, `,"public_code":"`...)
	dst = append(dst, d.PublicCode()...)
	dst = append(dst, '"')
	dst = canonical.AppendTime(append(dst, `,"raised_at":`...), s.RaisedAt)
	if s.ListsVersion != "" {
		dst = appendText(dst, `,"lists_version":`, s.ListsVersion)
	}
	if s.RulesVersion != "" {
		dst = appendText(dst, `,"rules_version":`, s.RulesVersion)
	}
	return dst
}

func appendReasons(dst []byte, set Reasons) []byte {
	if set == 0 {
		return dst
	}
	open := `,"hold_reasons":["`
	for r := range set.All() {
		dst = append(append(dst, open...), r.String()...)
		open = `","`
	}
	return append(dst, `"]`...)
}

func appendAlerts(dst []byte, list []Alert) []byte {
	if len(list) == 0 {
		return dst
	}
	open := `,"alerts":[`
	for i := range list {
		dst = appendAlert(append(dst, open...), &list[i])
		open = `,`
	}
	return append(dst, ']')
}

func appendAlert(dst []byte, a *Alert) []byte {
	dst = appendText(dst, `{"alert_id":`, a.ID)
	dst = appendText(dst, `,"rule":`, a.Rule)
	dst = appendText(dst, `,"rule_version":`, a.RuleVersion)
	dst = appendText(dst, `,"severity":`, a.Severity.String())
	dst = append(dst, `,"score":`...)
	dst = strconv.AppendUint(dst, uint64(a.Score), 10)
	for _, m := range [...]struct{ open, value string }{
		{`,"category":`, string(a.Category)},
		{`,"side":`, a.Side},
		{`,"exposure":`, a.Exposure},
		{`,"amount":`, a.Amount},
		{`,"reason":`, a.Reason},
	} {
		if m.value != "" {
			dst = appendText(dst, m.open, m.value)
		}
	}
	return append(dst, '}')
}

func appendText(dst []byte, open, text string) []byte {
	return canonical.AppendString(append(dst, open...), text)
}
