package httpx

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"sluice/services/internal/audit"
)

// KeyFile is a key file that is followed: keys that are added or taken out count within a second, without a restart. A
// file that cannot be used keeps the keys before it, and says so in the log and a metric. It implements KeySource.
type KeyFile struct {
	path    string
	audit   audit.Writer
	log     zerolog.Logger
	metrics *Metrics

	keys atomic.Pointer[Keys]
	last [sha256.Size]byte // of the content that was looked at last
}

// maxKeyFile bounds a key file, bytes.
const maxKeyFile = 8 << 20

// OpenKeyFile reads the file for the first time. audit gets a record for each change that is taken.
func OpenKeyFile(path string, audit audit.Writer, metrics *Metrics, log zerolog.Logger) (*KeyFile, error) {
	f := &KeyFile{path: path, audit: audit, log: log, metrics: metrics}
	text, err := readKeyFile(path)
	if err != nil {
		return nil, err
	}
	keys, err := ReadKeys(bytes.NewReader(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.last = sha256.Sum256(text)
	f.keys.Store(keys)
	return f, nil
}

func readKeyFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxKeyFile {
		return nil, fmt.Errorf("%s: larger than %d bytes", path, maxKeyFile)
	}
	return os.ReadFile(path)
}

// Current implements KeySource.
func (f *KeyFile) Current() *Keys { return f.keys.Load() }

// keyPoll is how often the file is looked at.
const keyPoll = time.Second

// Run follows the file until ctx ends, and looks at once when now receives something, such as SIGHUP.
func (f *KeyFile) Run(ctx context.Context, now <-chan os.Signal) error {
	tick := time.NewTicker(keyPoll)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-now:
		}
		f.look(ctx)
	}
}

// look takes the file up when its content is another than the last time.
func (f *KeyFile) look(ctx context.Context) {
	text, err := readKeyFile(f.path)
	sum := sha256.Sum256(text)
	if err != nil {
		sum = sha256.Sum256([]byte(err.Error())) // a trouble is told once
	}
	if sum == f.last {
		return
	}
	f.last = sum
	var keys *Keys
	if err == nil {
		keys, err = ReadKeys(bytes.NewReader(text))
	}
	if err == nil {
		detail := changes(f.keys.Load(), keys)
		detail["sha256"] = hex.EncodeToString(sum[:])
		if err = f.audit.Append(ctx, audit.Record{Actor: "service:http", Action: audit.KeyReload, Object: f.path, Detail: detail}); err != nil {
			f.last = [sha256.Size]byte{} // tried again: the file is good
		}
	}
	if err != nil {
		f.metrics.reloaded("refused")
		f.log.Error().Err(err).Str("file", f.path).Msg("the key file changed and cannot be used: the keys before it stay in force")
		return
	}
	f.keys.Store(keys)
	f.metrics.reloaded("taken")
	f.log.Info().Str("file", f.path).Int("keys", len(keys.byID)).Msg("the key file changed: its keys are in force")
}

// changes names the ids that came, went and changed.
func changes(before, after *Keys) map[string]string {
	var added, removed, changed []string
	for id, k := range after.byID {
		if old, ok := before.byID[id]; !ok {
			added = append(added, id)
		} else if old.line() != k.line() {
			changed = append(changed, id)
		}
	}
	for id := range before.byID {
		if _, ok := after.byID[id]; !ok {
			removed = append(removed, id)
		}
	}
	out := map[string]string{}
	for name, ids := range map[string][]string{"added": added, "removed": removed, "changed": changed} {
		if len(ids) > 0 {
			slices.Sort(ids)
			out[name] = strings.Join(ids, " ")
		}
	}
	return out
}
