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

// Head is the part of a record that ingest wrote. Its slices are parts of the record's value.
type Head struct {
	ID            transfer.ID
	TransferID    []byte // JSON string, with its quotes
	Tenant        []byte // JSON string, with its quotes
	ConflictsWith transfer.ID
	Transfer      []byte // canonical JSON object
	Rest          []byte // what later stages spliced in: begins with a comma, ends with the closing brace
}

// PeekHead finds the parts of a canonical record without decoding them. It returns false for any other spelling.
func PeekHead(value []byte) (h Head, ok bool) {
	if h.ID, ok = PeekID(value); !ok {
		return Head{}, false
	}
	at := len(idPrefix) + idDigits + 1
	if h.TransferID, at = peekMember(value, at, `,"transfer_id":`); at < 0 || h.TransferID[0] != '"' {
		return Head{}, false
	}
	if h.Tenant, at = peekMember(value, at, `,"tenant":`); at < 0 || h.Tenant[0] != '"' {
		return Head{}, false
	}
	if raw, end := peekMember(value, at, `,"conflicts_with":`); end >= 0 {
		var err error
		if h.ConflictsWith, err = toID(raw); err != nil {
			return Head{}, false
		}
		at = end
	}
	if h.Transfer, at = peekMember(value, at, `,"transfer":`); at < 0 || h.Transfer[0] != '{' {
		return Head{}, false
	}
	h.Rest = value[at:]
	if last := len(h.Rest) - 1; last < 0 || h.Rest[last] != '}' || last > 0 && h.Rest[0] != ',' {
		return Head{}, false
	}
	return h, true
}

// peekMember returns the value of the member that begins at at, and the index behind it; -1 when it is another.
func peekMember(value []byte, at int, name string) ([]byte, int) {
	if at < 0 || !bytes.HasPrefix(value[at:], []byte(name)) {
		return nil, -1
	}
	begin := at + len(name)
	end := canonical.Skip(value, begin)
	if end < 0 {
		return nil, -1
	}
	return value[begin:end:end], end
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
