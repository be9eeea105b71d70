package address

import (
	"encoding/binary"
	"math/bits"
)

// keccakRate is how many bytes Keccak-256 absorbs at a time.
const keccakRate = 136

// keccak256 is the hash that Ethereum and Monero took before SHA-3 was settled: the same sponge with another padding.
func keccak256(data []byte) (sum [32]byte) {
	var state [25]uint64
	for len(data) >= keccakRate {
		absorb(&state, data[:keccakRate])
		data = data[keccakRate:]
	}
	var last [keccakRate]byte
	n := copy(last[:], data)
	last[n] ^= 0x01
	last[keccakRate-1] ^= 0x80
	absorb(&state, last[:])
	for i := range 4 {
		binary.LittleEndian.PutUint64(sum[8*i:], state[i])
	}
	return sum
}

func absorb(state *[25]uint64, block []byte) {
	for i := range keccakRate / 8 {
		state[i] ^= binary.LittleEndian.Uint64(block[8*i:])
	}
	permute(state)
}

var roundConstants = [24]uint64{
	0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
	0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
	0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
	0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
	0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
	0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
}

// rotations and lanes walk the lanes in the order in which the steps rho and pi move them, from lane 1.
var (
	rotations = [24]int{1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44}
	lanes     = [24]uint8{10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1}
)

// permute is Keccak-f[1600].
func permute(a *[25]uint64) {
	for _, constant := range roundConstants {
		// theta
		c0 := a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20]
		c1 := a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21]
		c2 := a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22]
		c3 := a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23]
		c4 := a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24]
		d0 := c4 ^ bits.RotateLeft64(c1, 1)
		d1 := c0 ^ bits.RotateLeft64(c2, 1)
		d2 := c1 ^ bits.RotateLeft64(c3, 1)
		d3 := c2 ^ bits.RotateLeft64(c4, 1)
		d4 := c3 ^ bits.RotateLeft64(c0, 1)
		for i := 0; i < 25; i += 5 {
			a[i] ^= d0
			a[i+1] ^= d1
			a[i+2] ^= d2
			a[i+3] ^= d3
			a[i+4] ^= d4
		}
		// rho and pi
		moving := a[1]
		for i, lane := range lanes {
			moving, a[lane] = a[lane], bits.RotateLeft64(moving, rotations[i])
		}
		// chi
		for i := 0; i < 25; i += 5 {
			b0, b1, b2, b3, b4 := a[i], a[i+1], a[i+2], a[i+3], a[i+4]
			a[i] = b0 ^ (^b1 & b2)
			a[i+1] = b1 ^ (^b2 & b3)
			a[i+2] = b2 ^ (^b3 & b4)
			a[i+3] = b3 ^ (^b4 & b0)
			a[i+4] = b4 ^ (^b0 & b1)
		}
		// iota
		a[0] ^= constant
	}
}
