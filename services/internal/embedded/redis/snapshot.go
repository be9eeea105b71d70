package redis

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/renameio/v2"
)

// magic begins a snapshot file; behind it stand the SHA-256 of the rest, and the rest.
const magic = "sluice-cache-1\n"

// key is one key with its value, of the kinds that Sluice uses.
type key struct {
	Name    string
	Type    string // "string", "hash", "set", "zset"
	String  string
	Hash    map[string]string
	Members []string
	Scores  map[string]float64
}

var errDamaged = errors.New("the snapshot is damaged")

// store writes the keys without an expiry to the file, whole or not at all. The server goes on meanwhile: what refers to
// other keys (hashes, sets) is read before the plain values are listed, so that what a pointer in the file names is in
// the file too.
func store(m *miniredis.Miniredis, file string) error {
	var keys []key
	for _, plain := range []bool{false, true} {
		for _, name := range m.Keys() {
			if m.TTL(name) > 0 || (m.Type(name) == "string") != plain {
				continue
			}
			k, err := read(m, name)
			if errors.Is(err, miniredis.ErrKeyNotFound) || k.Type == "" {
				continue // expired or removed in between
			}
			if err != nil {
				return fmt.Errorf("key %q: %w", name, err)
			}
			keys = append(keys, k)
		}
	}
	var body bytes.Buffer
	if err := gob.NewEncoder(&body).Encode(keys); err != nil {
		return err
	}
	sum := sha256.Sum256(body.Bytes())
	return renameio.WriteFile(file, slices.Concat([]byte(magic), sum[:], body.Bytes()), 0o600)
}

// read is one key as the file keeps it; its type is "" when it is gone.
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
		k.Type = ""
	default:
		err = fmt.Errorf("a %s is not kept", k.Type)
	}
	return k, err
}

// load puts what a file holds into m; no file is an empty one.
func load(m *miniredis.Miniredis, file string) error {
	data, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	body, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok || len(body) < sha256.Size {
		return errDamaged
	}
	sum := sha256.Sum256(body[sha256.Size:])
	if !bytes.Equal(sum[:], body[:sha256.Size]) {
		return errDamaged
	}
	var keys []key
	if err := gob.NewDecoder(bytes.NewReader(body[sha256.Size:])).Decode(&keys); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	for _, k := range keys {
		switch k.Type {
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
		if err != nil {
			return fmt.Errorf("key %q: %w", k.Name, err)
		}
	}
	return nil
}
