package event

import (
	"encoding/binary"
	"fmt"
	"time"
)

// AppendAt appends a time to the value of the at header: Unix milliseconds, eight bytes, big-endian. ingest writes when
// it accepted the transfer; enrichment appends when it screened it.
func AppendAt(dst []byte, at time.Time) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(at.UnixMilli()))
}

// Marks is a decoded at header.
type Marks struct {
	Accepted time.Time // UTC
	Screened time.Time // UTC, zero before enrichment
}

// ParseAt reads an at header. Times behind the two that it knows are ignored.
func ParseAt(header []byte) (Marks, error) {
	const size = 8
	if len(header) < size || len(header)%size != 0 {
		return Marks{}, fmt.Errorf("header %s: has %d bytes, want a multiple of %d", HeaderAt, len(header), size)
	}
	m := Marks{Accepted: unixMilli(header)}
	if len(header) >= 2*size {
		m.Screened = unixMilli(header[size:])
	}
	return m, nil
}

func unixMilli(b []byte) time.Time { return time.UnixMilli(int64(binary.BigEndian.Uint64(b))).UTC() }

// AppendLists appends the value of the ls header: a fact that is judged again because of newer lists must not be screened
// by older ones.
func AppendLists(dst []byte, seq uint64) []byte { return binary.BigEndian.AppendUint64(dst, seq) }

// ParseLists reads an ls header; a record without one may be screened by any lists.
func ParseLists(header []byte) (uint64, error) {
	switch len(header) {
	case 0:
		return 0, nil
	case 8:
		return binary.BigEndian.Uint64(header), nil
	default:
		return 0, fmt.Errorf("header %s: has %d bytes, want 8", HeaderLists, len(header))
	}
}

// The layout of the sc header: a format byte and a byte of flags.
const (
	screenedFormat = 1
	screenedClean  = 1 << 0
)

// AppendScreened appends the value of the sc header. clean promises that the record has status complete, full coverage,
// no hits, no inputs and no conflict, so that the verdict needs nothing of its JSON.
func AppendScreened(dst []byte, clean bool) []byte {
	var flags byte
	if clean {
		flags |= screenedClean
	}
	return append(dst, screenedFormat, flags)
}

// IsClean reports whether an sc header promises a clean record. A header of another format, or none, promises nothing.
func IsClean(header []byte) bool {
	return len(header) >= 2 && header[0] == screenedFormat && header[1]&screenedClean != 0
}
