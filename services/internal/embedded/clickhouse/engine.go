package clickhouse

// param is a bound {name:Type}; the value is in ClickHouse's escaped text form, as param_name in the URL.
type param struct{ name, value string }

// stats is what a statement read and wrote, for the summary header.
type stats struct {
	readRows, readBytes, wroteRows, wroteBytes, rows uint64
	seconds                                          float64
}

// exec runs a statement and drops its output.
func (c *conn) exec(q string) error {
	r, err := c.run(q, "Null", nil)
	r.free()
	return err
}

// text runs a statement and returns its output.
func (c *conn) text(q, format string, ps []param) (string, error) {
	r, err := c.run(q, format, ps)
	defer r.free()
	if err != nil {
		return "", err
	}
	return string(r.bytes()), nil
}
