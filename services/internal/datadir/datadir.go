// Package datadir is the folder in which a Sluice instance keeps its state: one process at a time owns it, and tells the
// others, in a file that only its user can read, where its servers listen.
package datadir

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/google/renameio/v2"
)

// ErrInUse is returned when another process owns the folder.
var ErrInUse = errors.New("another instance runs on this folder")

// Instance is where the servers of a running instance listen, embedded ones with their secrets.
type Instance struct {
	PID        int       `json:"pid"`
	StartedAt  time.Time `json:"started_at"`
	HTTP       string    `json:"http,omitempty"`
	Brokers    []string  `json:"brokers,omitempty"`
	Redis      string    `json:"redis,omitempty"`
	ClickHouse string    `json:"clickhouse,omitempty"`
}

// Dir is a folder that this process owns.
type Dir struct {
	path string
	lock *flock.Flock
}

const (
	lockName     = "lock"
	instanceName = "instance.json"
)

// Own makes the folder when it is missing and locks it. ErrInUse says that another process has it. The lock ends with
// the process, however that ends.
func Own(path string) (*Dir, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	lock := flock.New(filepath.Join(path, lockName))
	got, err := lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if !got {
		return nil, fmt.Errorf("data: %s: %w", path, ErrInUse)
	}
	// What a killed owner left behind is not true any more.
	if err := os.Remove(filepath.Join(path, instanceName)); err != nil && !errors.Is(err, os.ErrNotExist) {
		_ = lock.Close()
		return nil, fmt.Errorf("data: %w", err)
	}
	return &Dir{path: path, lock: lock}, nil
}

// maxSlots bounds how many processes of one service share a data folder.
const maxSlots = 64

// OwnSlot owns the first free of the folders name, name-2, name-3, … in path: processes of one service on one machine
// keep their copies apart, and find one again after a restart.
func OwnSlot(path, name string) (*Dir, error) {
	for n := 1; n <= maxSlots; n++ {
		slot := name
		if n > 1 {
			slot = fmt.Sprintf("%s-%d", name, n)
		}
		d, err := Own(filepath.Join(path, slot))
		if !errors.Is(err, ErrInUse) {
			return d, err
		}
	}
	return nil, fmt.Errorf("data: %s: %d processes of %s run on it: %w", path, maxSlots, name, ErrInUse)
}

// Join is a path inside the folder.
func (d *Dir) Join(name string) string { return filepath.Join(d.path, name) }

// Announce writes where the servers listen, for Find.
func (d *Dir) Announce(i Instance) error {
	text, err := json.MarshalIndent(i, "", "  ")
	if err != nil {
		return err
	}
	return renameio.WriteFile(d.Join(instanceName), append(text, '\n'), 0o600)
}

// Release gives the folder back.
func (d *Dir) Release() error {
	err := os.Remove(d.Join(instanceName))
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, d.lock.Close())
}

// Find returns the instance that runs on the folder. false: none does, or it is still starting.
func Find(path string) (Instance, bool, error) {
	if _, err := os.Stat(filepath.Join(path, lockName)); errors.Is(err, os.ErrNotExist) {
		return Instance{}, false, nil
	}
	lock := flock.New(filepath.Join(path, lockName))
	free, err := lock.TryLock()
	if err != nil {
		return Instance{}, false, fmt.Errorf("data: %w", err)
	}
	if free {
		return Instance{}, false, lock.Close()
	}
	text, err := os.ReadFile(filepath.Join(path, instanceName))
	if errors.Is(err, os.ErrNotExist) {
		return Instance{}, false, nil
	}
	if err != nil {
		return Instance{}, false, fmt.Errorf("data: %w", err)
	}
	var i Instance
	if err := json.Unmarshal(text, &i); err != nil {
		return Instance{}, false, fmt.Errorf("data: %s: %w", instanceName, err)
	}
	return i, true, nil
}
