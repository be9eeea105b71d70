// Package batchtest makes record batches as other writers and brokers do, for tests.
package batchtest

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"testing"

	"sluice/services/internal/recordbatch"
)

// Gzipped is a sealed batch with its records compressed.
func Gzipped(t testing.TB, raw []byte) []byte {
	t.Helper()
	const head, length, sum, attributes = 61, 8, 17, 21
	out := bytes.NewBuffer(bytes.Clone(raw[:head]))
	z := gzip.NewWriter(out)
	if _, err := z.Write(raw[head:]); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	b := out.Bytes()
	b[attributes+1] |= byte(recordbatch.CodecGzip)
	binary.BigEndian.PutUint32(b[length:], uint32(len(b)-length-4))
	binary.BigEndian.PutUint32(b[sum:], crc32.Checksum(b[attributes:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}
