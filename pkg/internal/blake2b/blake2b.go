// Package blake2b is BLAKE2b (RFC 7693) without a key, for digests of 1 to 64 bytes, with the personalisation of the
// BLAKE2 paper that the usual library leaves out. It is for the short texts that addresses are made of: it makes no
// allocation, and it is not tuned for long ones.
package blake2b

import (
	"encoding/binary"
	"math/bits"
)

const (
	// Size is the longest digest, in bytes.
	Size = 64
	// PersonalSize is the length of a personalisation, in bytes.
	PersonalSize = 16

	blockSize = 128
	rounds    = 12
)

var iv = [8]uint64{
	0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
	0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
}

// sigma is the order in which a round takes the words of the block; the rounds 10 and 11 are as 0 and 1.
var sigma = [10][16]uint8{
	{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
	{14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
	{11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
	{7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
	{9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
	{2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
	{12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
	{13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
	{6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
	{10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
}

// Sum writes the digest of the parts, one behind the other, into dst. The length of dst is a parameter of the hash, not
// a cut: 1 to Size bytes. personal has at most PersonalSize bytes and is filled up with zeros. Other lengths panic: they
// are constants of the caller.
func Sum(dst []byte, personal string, parts ...[]byte) {
	if len(dst) < 1 || len(dst) > Size || len(personal) > PersonalSize {
		panic("blake2b: digest of 1 to 64 bytes, personalisation of at most 16")
	}
	var parameters [64]byte
	parameters[0] = byte(len(dst)) // digest length
	parameters[2], parameters[3] = 1, 1
	copy(parameters[64-PersonalSize:], personal)
	h := iv
	for i := range h {
		h[i] ^= binary.LittleEndian.Uint64(parameters[8*i:])
	}
	var block [blockSize]byte
	filled := 0
	var counter uint64
	for _, part := range parts {
		for len(part) > 0 {
			if filled == blockSize { // more follows, so that it is not the last block
				counter += blockSize
				compress(&h, &block, counter, false)
				filled = 0
			}
			n := copy(block[filled:], part)
			filled += n
			part = part[n:]
		}
	}
	clear(block[filled:])
	compress(&h, &block, counter+uint64(filled), true)
	var digest [Size]byte
	for i, word := range h {
		binary.LittleEndian.PutUint64(digest[8*i:], word)
	}
	copy(dst, digest[:])
}

// compress is the function F of RFC 7693. counter is how many bytes were hashed, below 2^64.
func compress(h *[8]uint64, block *[blockSize]byte, counter uint64, last bool) {
	var m, v [16]uint64
	for i := range m {
		m[i] = binary.LittleEndian.Uint64(block[8*i:])
	}
	copy(v[:8], h[:])
	copy(v[8:], iv[:])
	v[12] ^= counter
	if last {
		v[14] = ^v[14]
	}
	for r := range rounds {
		s := &sigma[r%len(sigma)]
		mix(&v, 0, 4, 8, 12, m[s[0]], m[s[1]])
		mix(&v, 1, 5, 9, 13, m[s[2]], m[s[3]])
		mix(&v, 2, 6, 10, 14, m[s[4]], m[s[5]])
		mix(&v, 3, 7, 11, 15, m[s[6]], m[s[7]])
		mix(&v, 0, 5, 10, 15, m[s[8]], m[s[9]])
		mix(&v, 1, 6, 11, 12, m[s[10]], m[s[11]])
		mix(&v, 2, 7, 8, 13, m[s[12]], m[s[13]])
		mix(&v, 3, 4, 9, 14, m[s[14]], m[s[15]])
	}
	for i := range h {
		h[i] ^= v[i] ^ v[i+8]
	}
}

// mix is the function G of RFC 7693.
func mix(v *[16]uint64, a, b, c, d int, x, y uint64) {
	v[a] += v[b] + x
	v[d] = bits.RotateLeft64(v[d]^v[a], -32)
	v[c] += v[d]
	v[b] = bits.RotateLeft64(v[b]^v[c], -24)
	v[a] += v[b] + y
	v[d] = bits.RotateLeft64(v[d]^v[a], -16)
	v[c] += v[d]
	v[b] = bits.RotateLeft64(v[b]^v[c], -63)
}
