package redis

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/renameio/v2"
)

// magic begins the file. Behind it stand records: what the keys were when the file was written anew, then each change.
const magic = "sluice-cache-2\n"

// headBytes is the size of what stands before each record: its length, and its SHA-256.
const headBytes = 8 + sha256.Size

// slack is by how much the file may grow beyond what it had when it was written anew, and as much again.
const slack = 64 << 20

// mostRecord bounds what one record of the file carries.
const mostRecord = 16 << 20

// key is one key with its value, of the kinds that Sluice uses.
type key struct {
	Name    string
	Type    string // "string", "hash", "set", "zset"; "": it is gone
	String  string
	Hash    map[string]string
	Members []string
	Scores  map[string]float64
}

var errDamaged = errors.New("the file is damaged")

// journal is the file of a server, and what the server changed in it.
type journal struct {
	mini *miniredis.Miniredis
	name string

	mu     sync.Mutex
	file   *os.File // nil: it cannot be appended to, and must be written anew
	size   int64
	whole  int64 // its size when it was written anew
	synced bool
}

// open loads a file into the server, and goes on with it. What stands at its end and is no whole record is of a change
// that was never acknowledged: it is dropped.
func open(m *miniredis.Miniredis, name string) (*journal, error) {
	j := &journal{mini: m, name: name}
	data, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return j, j.rewrite()
	}
	if err != nil {
		return nil, err
	}
	whole, err := load(m, data)
	if err != nil {
		return nil, err
	}
	if whole < len(data) {
		return j, j.rewrite()
	}
	if j.file, err = os.OpenFile(name, os.O_WRONLY|os.O_APPEND, 0); err != nil {
		return nil, err
	}
	j.size, j.whole, j.synced = int64(len(data)), int64(len(data)), true
	return j, nil
}

// append writes what some keys are now. The caller lets no other change run meanwhile.
func (j *journal) append(names []string) error {
	if len(names) == 0 {
		return nil
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil || j.size > 2*j.whole+slack {
		return j.anew()
	}
	keys := make([]key, 0, len(names))
	for _, name := range names {
		k, err := read(j.mini, name)
		if err != nil {
			return err
		}
		keys = append(keys, k)
	}
	record, err := encode(keys)
	if err != nil {
		return err
	}
	n, err := j.file.Write(record)
	j.size, j.synced = j.size+int64(n), false
	if err != nil { // what stands at its end now is no record
		return errors.Join(err, j.drop())
	}
	return nil
}

// rewrite writes the file anew, with all keys. The caller lets no change run meanwhile.
func (j *journal) rewrite() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.anew()
}

// anew is rewrite under the lock. Until the new file is whole and has its name, the old one is as it was.
func (j *journal) anew() (err error) {
	next, err := renameio.NewPendingFile(j.name, renameio.WithPermissions(0o600))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, next.Cleanup()) }()
	size := int64(0)
	write := func(data []byte) error {
		n, err := next.Write(data)
		size += int64(n)
		return err
	}
	if err := write([]byte(magic)); err != nil {
		return err
	}
	if err := each(j.mini, func(keys []key) error {
		record, err := encode(keys)
		if err != nil {
			return err
		}
		return write(record)
	}); err != nil {
		return err
	}
	if err := errors.Join(next.CloseAtomicallyReplace(), j.drop()); err != nil {
		return err
	}
	if j.file, err = os.OpenFile(j.name, os.O_WRONLY|os.O_APPEND, 0); err != nil {
		return err
	}
	j.size, j.whole, j.synced = size, size, true
	return nil
}

// drop lets go of the file: the next change writes it anew.
func (j *journal) drop() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}

// sync writes the file through to the disk.
func (j *journal) sync() error {
	j.mu.Lock()
	file, synced := j.file, j.synced
	j.synced = true
	j.mu.Unlock()
	if synced || file == nil {
		return nil
	}
	err := file.Sync() // no change waits for it
	if errors.Is(err, os.ErrClosed) {
		return nil // the file was written anew
	}
	if err != nil {
		j.mu.Lock()
		j.synced = false
		j.mu.Unlock()
	}
	return err
}

// close writes the file through and lets go of it.
func (j *journal) close() error {
	err := j.sync()
	j.mu.Lock()
	defer j.mu.Unlock()
	return errors.Join(err, j.drop())
}

// read is what a key is now. It is gone, too, when it has an expiry, or when it went while it was being read.
func read(m *miniredis.Miniredis, name string) (k key, err error) {
	k = key{Name: name, Type: m.Type(name)}
	switch k.Type {
	case "string":
		k.String, err = m.Get(name)
	case "hash":
		k.Hash = map[string]string{}
		var fields []string
		fields, err = m.HKeys(name)
		for _, f := range fields {
			k.Hash[f] = m.HGet(name, f)
		}
	case "set":
		k.Members, err = m.Members(name)
	case "zset":
		k.Scores, err = m.SortedSet(name)
	case "none", "":
		return key{Name: name}, nil
	default:
		err = fmt.Errorf("a %s is not kept", k.Type)
	}
	if errors.Is(err, miniredis.ErrKeyNotFound) || err == nil && m.TTL(name) > 0 {
		return key{Name: name}, nil
	}
	if err != nil {
		return key{}, fmt.Errorf("key %q: %w", name, err)
	}
	return k, nil
}

// each hands out all keys without an expiry, some at a time.
func each(m *miniredis.Miniredis, use func([]key) error) error {
	var keys []key
	size := 0
	for _, name := range m.Keys() {
		k, err := read(m, name)
		if err != nil {
			return err
		}
		if k.Type == "" {
			continue
		}
		keys = append(keys, k)
		if size += len(k.Name) + len(k.String); size >= mostRecord {
			if err := use(keys); err != nil {
				return err
			}
			keys, size = keys[:0], 0
		}
	}
	if len(keys) == 0 {
		return nil
	}
	return use(keys)
}

// encode is one record.
func encode(keys []key) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, headBytes))
	if err := gob.NewEncoder(&b).Encode(keys); err != nil {
		return nil, err
	}
	record := b.Bytes()
	binary.BigEndian.PutUint64(record, uint64(len(record)-headBytes))
	sum := sha256.Sum256(record[headBytes:])
	copy(record[8:], sum[:])
	return record, nil
}

// load puts what a file holds into m, and returns how much of it was whole records.
func load(m *miniredis.Miniredis, data []byte) (whole int, err error) {
	rest, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return 0, errDamaged
	}
	for len(rest) >= headBytes {
		n := binary.BigEndian.Uint64(rest)
		if n > uint64(len(rest)-headBytes) || n == 0 && len(bytes.Trim(rest, "\x00")) == 0 {
			break // zeros: the machine went down while the file grew
		}
		body := rest[headBytes : headBytes+int(n)]
		if sum := sha256.Sum256(body); !bytes.Equal(sum[:], rest[8:headBytes]) {
			return 0, fmt.Errorf("%w at byte %d", errDamaged, len(data)-len(rest))
		}
		var keys []key
		if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&keys); err != nil {
			return 0, fmt.Errorf("%w at byte %d: %w", errDamaged, len(data)-len(rest), err)
		}
		for _, k := range keys {
			if err := put(m, k); err != nil {
				return 0, fmt.Errorf("key %q: %w", k.Name, err)
			}
		}
		rest = rest[headBytes+int(n):]
	}
	return len(data) - len(rest), nil
}

// put makes a key what a record says.
func put(m *miniredis.Miniredis, k key) (err error) {
	m.Del(k.Name)
	switch k.Type {
	case "":
	case "string":
		err = m.Set(k.Name, k.String)
	case "hash":
		for f, v := range k.Hash {
			m.HSet(k.Name, f, v)
		}
	case "set":
		_, err = m.SetAdd(k.Name, k.Members...)
	case "zset":
		for member, score := range k.Scores {
			if _, err = m.ZAdd(k.Name, score, member); err != nil {
				break
			}
		}
	default:
		err = errDamaged
	}
	return err
}
