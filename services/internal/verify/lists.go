package verify

import (
	"context"
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"maps"
	"strings"

	"sluice/pkg/address"
	"sluice/pkg/network"
)

// listed is one entry of one list for one address, over time: in force for lists_seq from <= seq < to.
type listed struct {
	list, entry string
	spelling    uint64 // hash of network, text, tag and content: an entry may list one address in several
	from, to    uint64
}

// plainLists is a map, by address key, of everything that was ever listed. It is as plain as it looks: no filter, no
// fingerprint, no segment.
type plainLists struct {
	byKey map[address.Key][]listed
	n     int // entries, with every change of one
}

// entry begins or ends an entry for the address of a text, and for the P2SH-P2WPKH address that an entry of a public key
// hash lists too.
func (l *plainLists) entry(e listed, networkName, text string, ends bool) {
	k, _ := keyOfText(networkName, text)
	l.change(k, e, ends)
	if w, ok := address.WrappedSegwit(k); ok {
		l.change(w, e, ends)
	}
	l.n++
}

const forEver = ^uint64(0)

// keyOfText is the key of a text on a network: that of the address, or, where no family reads it, that of the text itself.
func keyOfText(networkName, text string) (k address.Key, parsed bool) {
	if n, ok := network.Lookup(networkName); ok {
		if a, err := address.Parse(n, text); err == nil {
			return a.Key, true
		}
	}
	return keyOfLetters(text), false
}

// keysOfText are the keys that a transfer's text is looked up by: a unified address has several.
func keysOfText(networkName, text string) []address.Key {
	k, parsed := keyOfText(networkName, text)
	keys := []address.Key{k}
	if n, ok := network.Lookup(networkName); ok && parsed {
		if a, err := address.Parse(n, text); err == nil {
			keys = append(keys, a.Also()...)
		}
	}
	return keys
}

// keyOfLetters is the key of what no family can read: lists keep such addresses by their letters.
func keyOfLetters(text string) address.Key {
	sum := sha256.Sum256([]byte(strings.TrimSpace(text)))
	return address.NewKey(network.Unknown, 0, sum[:])
}

// historyRows is how many changes of the lists are kept in memory at once; longer histories are compared in several
// passes. The user that the deployments give may read a million rows with one statement.
const historyRows = 900_000

// readLists reads a part of the lists' history: of parts slices, the n-th.
func (v *verifier) readLists(ctx context.Context, n, parts int) (*plainLists, error) {
	l := &plainLists{byKey: map[address.Key][]listed{}}
	texts := map[string]string{}
	intern := func(s string) string {
		if have, ok := texts[s]; ok {
			return have
		}
		texts[s] = s
		return s
	}
	// Each entry by itself, in the order of its changes. One that allows, or names an own address, lists nothing. What a
	// crash left of an activation counts for nothing: the activation's own row comes last.
	sql := fmt.Sprintf(`SELECT list, network, address, tag, entry_id, content, change IN ('removed', 'replaced') OR use != '', seq FROM %[1]s.watchlist_history FINAL
WHERE seq IN (SELECT seq FROM %[1]s.watchlist_versions) AND cityHash64(list, network, address, tag, entry_id, content) %% %[2]d = %[3]d
ORDER BY list, network, address, tag, entry_id, content, seq`, db, parts, n)
	seed := maphash.MakeSeed()
	err := v.ch.query(ctx, sql, nil, func(row []byte) error {
		var list, networkName, text, tag, entry string
		var ends uint8
		var content, seq uint64
		if err := scan(row, &list, &networkName, &text, &tag, &entry, &content, &ends, &seq); err != nil {
			return err
		}
		spelling := maphash.Comparable(seed, [...]any{networkName, text, tag, content})
		l.entry(listed{list: intern(list), entry: intern(entry), spelling: spelling, from: seq, to: forEver}, networkName, text, ends != 0)
		return nil
	})
	return l, err
}

// change begins or ends an entry of a key.
func (l *plainLists) change(k address.Key, now listed, ends bool) {
	all := l.byKey[k]
	for i := range all {
		if e := &all[i]; e.list == now.list && e.entry == now.entry && e.spelling == now.spelling && e.to == forEver {
			if ends {
				e.to = now.from
			}
			return
		}
	}
	if !ends {
		l.byKey[k] = append(all, now)
	}
}

// at calls fn for each entry that was listed for a key by the lists of a seq.
func (l *plainLists) at(k address.Key, seq uint64, fn func(*listed)) {
	all := l.byKey[k]
	for i := range all {
		if e := &all[i]; e.from <= seq && seq < e.to {
			fn(e)
		}
	}
}

// provable are the activations of lists of which the recorded history has every list with as many entries as the
// activation says: history is written after the activation, and a snapshot that was gone by then is not in it.
func (v *verifier) provable(ctx context.Context) ([]uint64, error) {
	type change struct {
		list string
		seq  uint64
		n    int64
	}
	var changes []change
	// Rows of before content was kept do not tell what a change replaced.
	sql := fmt.Sprintf(`SELECT list, seq, toInt64(countIf(change = 'added' OR change = 'changed' AND content != 0)) - toInt64(countIf(change IN ('removed', 'replaced')))
FROM %[1]s.watchlist_history FINAL WHERE seq IN (SELECT seq FROM %[1]s.watchlist_versions) GROUP BY list, seq ORDER BY seq`, db)
	if err := v.ch.query(ctx, sql, nil, func(row []byte) error {
		var c change
		defer func() { changes = append(changes, c) }()
		return scan(row, &c.list, &c.seq, &c.n)
	}); err != nil {
		return nil, err
	}
	var out []uint64
	counts := map[string]int64{}
	for _, a := range v.known.lists {
		for len(changes) > 0 && changes[0].seq <= a.seq {
			if counts[changes[0].list] += changes[0].n; counts[changes[0].list] == 0 {
				delete(counts, changes[0].list)
			}
			changes = changes[1:]
		}
		want := maps.Clone(a.entries)
		maps.DeleteFunc(want, func(_ string, n int64) bool { return n == 0 })
		if a.entries != nil && maps.Equal(counts, want) {
			out = append(out, a.seq)
		}
	}
	return out, nil
}
