package address

// The base32 of RFC 4648 in capitals, without padding; its digits pack as bech32's do.
const base32Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

var base32Values = func() (t [256]uint8) {
	for i := range t {
		t[i] = noDigit
	}
	for i := range len(base32Digits) {
		t[base32Digits[i]] = uint8(i)
	}
	return t
}()

// crc16 is CRC-16/XMODEM: polynomial 0x1021, beginning with 0.
func crc16(data []byte) uint16 {
	var crc uint16
	for _, b := range data {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}
