package e2e

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"sluice/services/internal/datadir"
	"sluice/services/internal/embedded/clickhouse"
)

// engineWord is the first argument of the engine's process.
const engineWord = clickhouse.Arg

// embeddedStack is one `sluice run`.
type embeddedStack struct {
	*base
	data string
	run  *process
}

// newEmbedded starts one in a folder of its own; env are settings of its own.
func newEmbedded(t *testing.T, env ...string) *embeddedStack { return newEmbeddedIn(t, "", env...) }

// newEmbeddedIn starts one on a data folder that outlives the test.
func newEmbeddedIn(t *testing.T, data string, env ...string) *embeddedStack {
	b := newBase(t, "embedded")
	if data == "" {
		data = filepath.Join(b.dir, "data")
	}
	s := &embeddedStack{base: b, data: data}
	b.env = append(b.env, "SLUICE_KAFKA_LISTEN=127.0.0.1:0", "SLUICE_DATA="+s.data)
	b.env = append(b.env, env...)
	s.run = b.process("run", "run")
	b.start(t, s.run)
	ready(t, s)
	return s
}

func (s *embeddedStack) at() (datadir.Instance, error) {
	var i datadir.Instance
	text, err := os.ReadFile(filepath.Join(s.data, "instance.json"))
	if err != nil {
		return i, err
	}
	if err := json.Unmarshal(text, &i); err != nil {
		return i, err
	}
	if !s.run.alive() || i.PID != s.run.pid() {
		return i, errors.New("the instance that announced itself has ended")
	}
	return i, nil
}

func (s *embeddedStack) service(string) *process { return s.run }

func (s *embeddedStack) enginePID() int {
	if !s.run.alive() {
		return 0
	}
	return childOf(s.run.pid(), engineWord)
}

// restoreEngine waits for the supervisor.
func (s *embeddedStack) restoreEngine(t *testing.T) {
	t.Helper()
	eventually(t, "the supervisor starts the engine again", func() error {
		if s.enginePID() == 0 {
			return errors.New("no engine")
		}
		return nil
	})
}
