// Package memory is an in-memory implementation of the ports of package stream, for tests of services: topics with
// record batches as they cross the wire, consumer groups with generations, and administration. memory.New(6) makes a
// broker whose topics of the table exist with 6 partitions. It promises the semantics of a broker with one node, and
// keeps everything until it is garbage.
package memory
