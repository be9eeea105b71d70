// Package recordbatch encodes and decodes Kafka's record batches, format v2 (magic 2), the form in which records cross
// the wire and lie in a log. It is pure: no connection, no clock, no goroutine.
//
// Encoding (Builder) writes uncompressed batches: a hop copies bytes, and compressing them costs more than moving them
// on one machine. Decoding (Scanner) reads all codecs, for other producers may compress, with a bound on the expanded
// size; it verifies the checksum, passes over control batches, and hands out records that alias its input.
package recordbatch

import "hash/crc32"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(b []byte) uint32 { return crc32.Checksum(b, castagnoli) }
