package event

// The names of the record headers.
const (
	HeaderID          = "id" // the fact id, 32 hexadecimal digits
	HeaderAt          = "at" // when each stage took the record: 8 bytes each, big-endian Unix milliseconds
	HeaderFingerprint = "fp" // the fingerprints of the transfer's addresses, behind a format and a coverage byte
	HeaderLists       = "ls" // on rescreen.v1: the least lists_seq it may be screened with, 8 bytes, big-endian
	HeaderScreened    = "sc" // how enrichment's answer looks, so that a clean record need not be read
)

// The headers of a dead letter.
const (
	HeaderDeadTopic     = "dl_source_topic"
	HeaderDeadPartition = "dl_source_partition" // decimal
	HeaderDeadOffset    = "dl_source_offset"    // decimal
	HeaderDeadStage     = "dl_stage"            // the service that gave up: "ingest", "enrichment", …
	HeaderDeadReason    = "dl_reason"           // short code, such as "rejected"
	HeaderDeadError     = "dl_error"            // for people, at most MaxDeadError bytes
	HeaderDeadAt        = "dl_at"               // RFC 3339, UTC
	HeaderDeadSHA256    = "dl_sha256"           // of the whole value, 64 hexadecimal digits
	HeaderDeadLength    = "dl_length"           // of the whole value in bytes, decimal
	HeaderDeadTruncated = "dl_truncated"        // "true" where the value was cut, else absent
	HeaderDeadKey       = "dl_key"              // the record key of the original, at most MaxDeadKey bytes of it
)

// The headers of a note that a dead letter was replayed. A note stands on the dead letter topic behind the dead letter, in
// its partition, and has no value.
const (
	HeaderReplayOf = "dl_replay_of" // partition and offset of the dead letter, with a slash between
	HeaderReplayTo = "dl_replay_to" // topic, partition and offset of the record that it became, with slashes between
	HeaderReplayAt = "dl_replay_at" // RFC 3339, UTC
)

// The CloudEvents 1.0 headers of the Kafka binding's binary mode.
const (
	HeaderCloudSpec   = "ce_specversion"
	HeaderCloudID     = "ce_id"
	HeaderCloudSource = "ce_source"
	HeaderCloudType   = "ce_type"
	HeaderCloudTime   = "ce_time"
	HeaderContentType = "content-type"
)

// Header is one header of a record.
type Header struct {
	Name  string
	Value []byte
}
