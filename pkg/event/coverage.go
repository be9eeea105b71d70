package event

import "sluice/pkg/transfer"

// AppendCoverage appends the value of a record's `coverage` member. A record leaves out full coverage.
func AppendCoverage(dst []byte, c transfer.Coverage) []byte {
	dst = append(dst, `{"counterparty":"`...)
	dst = append(dst, c.Counterparty.String()...)
	if c.Reason != transfer.GapNone {
		dst = append(dst, `","reason":"`...)
		dst = append(dst, c.Reason.String()...)
	}
	return append(dst, `"}`...)
}
