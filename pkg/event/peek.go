package event

import (
	"bytes"

	"sluice/pkg/event/canonical"
	"sluice/pkg/transfer"
)

// The beginning of every record, up to the digits of its id.
const (
	idPrefix = `{"id":"`
	idDigits = 2 * len(transfer.ID{})
)

// PeekID returns the fact id of a record without decoding it: it has a fixed place. It returns false when the value does
// not begin as a canonical record.
func PeekID(value []byte) (transfer.ID, bool) {
	const end = len(idPrefix) + idDigits
	if len(value) <= end || string(value[:len(idPrefix)]) != idPrefix || value[end] != '"' {
		return transfer.ID{}, false
	}
	id, err := transfer.ParseID(value[len(idPrefix):end])
	return id, err == nil
}

// PeekListsSeq returns lists_seq of a clean screened record, where it is the last member. It returns false for any other
// record: decode it.
func PeekListsSeq(value []byte) (uint64, bool) {
	const name = `,"lists_seq":`
	last := len(value) - 1
	if last < 0 || value[last] != '}' {
		return 0, false
	}
	begin := last
	for begin > 0 && value[begin-1] >= '0' && value[begin-1] <= '9' {
		begin--
	}
	if !bytes.HasSuffix(value[:begin], []byte(name)) {
		return 0, false
	}
	seq, end := canonical.Uint(value, begin)
	return seq, end == last
}
