package event

// AppendKey appends the record key of a customer: tenant, a slash, the customer id. Tenants have no slash.
func AppendKey[T string | []byte](dst []byte, tenant string, customerID T) []byte {
	dst = append(dst, tenant...)
	dst = append(dst, '/')
	return append(dst, customerID...)
}
