package main

import (
	"bytes"
	"strings"
	"testing"
)

// What could not be checked is told from what is broken, and from what was not understood.
func TestExitStatusOfProofs(t *testing.T) {
	away := []string{"--kafka-brokers", "127.0.0.1:1", "--timeout", "1s", "--data", t.TempDir()}
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{append([]string{"verify", "--clickhouse-dsn", "http://127.0.0.1:1"}, away...), 3, "where the groups stand"},
		{append([]string{"verify", "--clickhouse-dsn", "http://127.0.0.1:1", "--from", "yesterday"}, away...), 1, "--from"},
		{[]string{"verify", "--colour"}, 2, "unknown flag"},
	} {
		var out, errs bytes.Buffer
		got := execute(t.Context(), c.args, streams{In: strings.NewReader(""), Out: &out, Err: &errs}, func(string) (string, bool) { return "", false })
		if got != c.want || !strings.Contains(errs.String(), c.says) || out.Len() > 0 {
			t.Errorf("%v: status %d, want %d: %s%s", c.args, got, c.want, &out, &errs)
		}
	}
}
