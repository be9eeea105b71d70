package event

// AppendKey appends the record key of a customer: tenant, a slash, the customer id. Tenants have no slash.
func AppendKey(dst []byte, tenant, customerID string) []byte {
	dst = append(dst, tenant...)
	dst = append(dst, '/')
	return append(dst, customerID...)
}

// Partition is the partition of a key among n partitions, n above zero, as Kafka's Java clients choose it: an exchange
// that keys sluice.raw.v1 by customer id, in whatever language, keeps each customer's order.
func Partition(key []byte, n int) int {
	return int(Murmur2(key)&0x7fffffff) % n
}

// Murmur2 is the 32-bit hash of Kafka's Java clients.
func Murmur2(data []byte) uint32 {
	const (
		seed = 0x9747b28c
		m    = 0x5bd1e995
		r    = 24
	)
	h := seed ^ uint32(len(data))
	for ; len(data) >= 4; data = data[4:] {
		k := uint32(data[0]) | uint32(data[1])<<8 | uint32(data[2])<<16 | uint32(data[3])<<24
		k *= m
		k ^= k >> r
		k *= m
		h *= m
		h ^= k
	}
	switch len(data) {
	case 3:
		h ^= uint32(data[2]) << 16
		fallthrough
	case 2:
		h ^= uint32(data[1]) << 8
		fallthrough
	case 1:
		h ^= uint32(data[0])
		h *= m
	}
	h ^= h >> 13
	h *= m
	return h ^ h>>15
}
