package event

import "sluice/pkg/transfer"

// AppendCoverage appends the value of a record's `coverage` member, whose own members are left out as well where they
// have their default. A record leaves out full coverage as a whole. `{"reason":"unparsed"}` is a transfer whose
// counterparty is known and some other address is not valid.
func AppendCoverage(dst []byte, c transfer.Coverage) []byte {
	dst = append(dst, '{')
	if c.Counterparty != transfer.KnownFull {
		dst = append(dst, `"counterparty":"`...)
		dst = append(dst, c.Counterparty.String()...)
		dst = append(dst, '"')
	}
	if c.Reason != transfer.GapNone {
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(dst, `"reason":"`...)
		dst = append(dst, c.Reason.String()...)
		dst = append(dst, '"')
	}
	return append(dst, '}')
}
