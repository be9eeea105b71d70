// Package stream is the one loop that every hop of the pipeline runs: consume a batch, hand it to a Handler, produce
// what the handler put out, wait until all in-sync replicas have it, and only then commit.
//
// What the loop promises:
//   - An input offset is committed only after everything that was made from it, and from all records before it in its
//     partition, is acknowledged. A crash at any point repeats records, and loses none.
//   - Within a partition the handler sees records in order, and outputs for one partition are written in the order in
//     which they were appended. A retry never reorders and, within one producer session, never duplicates.
//   - A handler's transient error stops its lane until it goes away: the same batch is tried again, nothing is skipped.
//     Only a permanent error or a panic of a single record moves on, and only after that record was given to
//     Poisoner, or else to the dead letter topic, and that was acknowledged as well.
//   - Records that the log no longer has (truncated, expired, damaged) are reported as a Loss, never passed over.
//
// What it never does: filter duplicates, reorder, commit for a generation that has ended, or keep a backlog in memory.
//
// The ports of the loop (Broker and what it returns) stand in this package, beside their user. Package memory
// implements them for tests, package broker on Kafka's protocol. A producer for requests (Producer), reading without a
// group (Tail) and administration (Admin) stand here for the same reason.
package stream
