package event

import (
	"strconv"
	"time"

	"sluice/pkg/transfer"
)

// CloudTypeFlagged is the CloudEvents type of flagged events.
const CloudTypeFlagged = "sluice.flagged.v1"

// CloudEvent describes a record to readers of CloudEvents 1.0.
type CloudEvent struct {
	ID      transfer.ID
	Version uint64 // of the verdict; the event's id is `<id>.<version>`
	Source  string // a URI reference, such as /sluice/alerting
	Type    string
	Time    time.Time
}

// Headers are the headers of the Kafka binding's binary mode: the record's value is the event's data as it is.
func (e CloudEvent) Headers() []Header {
	id := append(e.ID.Append(nil), '.')
	return []Header{
		{HeaderCloudSpec, []byte("1.0")},
		{HeaderCloudID, strconv.AppendUint(id, e.Version, 10)},
		{HeaderCloudSource, []byte(e.Source)},
		{HeaderCloudType, []byte(e.Type)},
		{HeaderCloudTime, e.Time.UTC().AppendFormat(nil, time.RFC3339Nano)},
		{HeaderContentType, []byte("application/json")},
	}
}
