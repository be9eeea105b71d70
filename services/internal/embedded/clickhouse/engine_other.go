//go:build !linux || !amd64

package clickhouse

import (
	"sluice/services/internal/fetch"
)

// Where no engine is published, load always fails, and nothing below it is ever reached.

type conn struct{}

func load(string) error                                         { return unsupported() }
func unload()                                                   {}
func connect([]string) (*conn, error)                           { return nil, unsupported() }
func (*conn) close()                                            {}
func (*conn) run(string, string, []param) (result, error)       { return result{}, unsupported() }
func (*conn) stream(_, _ string, _ []param) (*rowStream, error) { return nil, unsupported() }
func (*conn) insert(_, _ string, _ []param) (*bodyInsert, error) {
	return nil, unsupported()
}

func unsupported() error {
	_, err := fetch.LocateAs("")
	return err
}

type result struct{}

func (result) bytes() []byte { return nil }
func (result) free()         {}
func (result) stats() stats  { return stats{} }

type rowStream struct{}

func (*rowStream) next() (result, bool, error) { return result{}, false, unsupported() }
func (*rowStream) cancel()                     {}
func (*rowStream) close()                      {}

type bodyInsert struct{}

func (*bodyInsert) Write([]byte) (int, error) { return 0, unsupported() }
func (*bodyInsert) done() (result, error)     { return result{}, unsupported() }
func (*bodyInsert) cancel()                   {}
func (*bodyInsert) close()                    {}
