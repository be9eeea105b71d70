// Package event is what the topics carry: the bytes of each stage's record, the headers beside them, and the record key.
//
// A record is one JSON object that grows at its end. ingest writes `id`, `transfer_id`, `tenant`, `conflicts_with` and
// `transfer`; enrichment and alerting splice their members in behind, and copy what stands before them byte for byte.
// A member with its default is left out, so that a clean transfer gains a few bytes on each hop. Members that a reader
// does not know are ignored: a release reads its own and the previous release's records.
//
// The package knows the layout, not the meaning: hits, inputs and alerts pass through it as raw JSON, and the packages
// that make them read them.
package event
