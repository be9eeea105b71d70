package watchlist

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"iter"
)

// Entries is a sequence of entries in canonical order, as long as there is no error: an error ends it. An entry is valid
// until the next one is taken.
type Entries = iter.Seq2[*Entry, error]

// inOrder is the sequence of entries that are in canonical order.
func inOrder(entries []Entry) Entries {
	return func(yield func(*Entry, error) bool) {
		for i := range entries {
			if !yield(&entries[i], nil) {
				return
			}
		}
	}
}

// Merge walks two states of a list side by side and gives fn what only one of them has: (was, nil) for an entry of
// before, (nil, is) for one of after, in canonical order; entries that both have are passed over. It keeps two entries in
// memory, however long the lists are. It returns the first error of a sequence or of fn.
func Merge(before, after Entries, fn func(was, is *Entry) error) error {
	nextOld, stopOld := iter.Pull2(before)
	defer stopOld()
	nextNew, stopNew := iter.Pull2(after)
	defer stopNew()
	was, errOld, haveOld := nextOld()
	is, errNew, haveNew := nextNew()
	var x, y []byte
	for haveOld || haveNew {
		if errOld != nil {
			return errOld
		}
		if errNew != nil {
			return errNew
		}
		var c int
		switch {
		case !haveNew:
			c = -1
		case !haveOld:
			c = 1
		default:
			if c = comparePlace(was, is); c == 0 {
				x, y = was.AppendJSON(x[:0]), is.AppendJSON(y[:0])
				c = bytes.Compare(x, y)
			}
		}
		var err error
		switch {
		case c < 0:
			err = fn(was, nil)
		case c > 0:
			err = fn(nil, is)
		}
		if err != nil {
			return err
		}
		if c <= 0 {
			was, errOld, haveOld = nextOld()
		}
		if c >= 0 {
			is, errNew, haveNew = nextNew()
		}
	}
	return nil
}

// Entries goes through one list of the snapshot that m describes, taking each segment from get, one at a time. Every
// segment is verified before its first entry is given, and behind the last one, that the whole is the list that m names;
// what is wrong is an error that wraps ErrCorrupt. A list that m does not have is an error too.
func (m Manifest) Entries(list string, get func(Segment) ([]byte, error)) Entries {
	return func(yield func(*Entry, error) bool) {
		for _, l := range m.Lists {
			if l.Name == list {
				l.entries(get, yield)
				return
			}
		}
		yield(nil, fmt.Errorf("version %s has no list %q", m.Version, list))
	}
}

func (l ManifestList) entries(get func(Segment) ([]byte, error), yield func(*Entry, error) bool) {
	check := NewListHash()
	for _, g := range l.Segments {
		data, err := get(g)
		if err != nil {
			yield(nil, fmt.Errorf("list %s, segment %s: %w", l.Name, g.SHA256, err))
			return
		}
		d, err := g.decode(l.Name, data)
		if err != nil {
			yield(nil, fmt.Errorf("list %s: %w", l.Name, err))
			return
		}
		one := part{blocks: []block{d.block}}
		for _, line := range one.lines {
			e := &Entry{}
			restore(line, e)
			if err := check.Add(e); err != nil {
				yield(nil, fmt.Errorf("%w: list %s: %w", ErrCorrupt, l.Name, err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
	}
	if got := check.Sum(); got != l.Hash {
		yield(nil, fmt.Errorf("%w: list %s has the hash %s, want %s", ErrCorrupt, l.Name, got, l.Hash))
	}
}

// ListHash takes the entries of one list in canonical order, one at a time, and makes the list's hash of them.
type ListHash struct {
	h          hash.Hash
	last, line []byte
	n          int
	prev       Entry
}

// NewListHash returns the hash of a list without entries.
func NewListHash() *ListHash { return &ListHash{h: sha256.New()} }

// Add takes the next entry. One that does not come behind the last one in canonical order is an error.
func (l *ListHash) Add(e *Entry) error {
	l.line = e.AppendJSON(l.line[:0])
	if l.n > 0 {
		c := comparePlace(&l.prev, e)
		if c == 0 {
			c = bytes.Compare(l.last, l.line)
		}
		if c >= 0 {
			return fmt.Errorf("entry %q does not stand behind %q", e.EntryID, l.prev.EntryID)
		}
	}
	l.h.Write(l.line)
	l.h.Write([]byte{'\n'})
	l.last, l.line = l.line, l.last
	l.prev = *e
	l.n++
	return nil
}

// Len is how many entries were taken.
func (l *ListHash) Len() int { return l.n }

// Sum is the hash of what was taken, in hex.
func (l *ListHash) Sum() string { return hex.EncodeToString(l.h.Sum(nil)) }

// Infos describes the lists of the snapshot that m describes, by name.
func (m Manifest) Infos() ([]ListInfo, error) {
	var infos []ListInfo
	for _, l := range m.Lists {
		origin, err := l.origin()
		if err != nil {
			return nil, fmt.Errorf("%w: list %s: %w", ErrCorrupt, l.Name, err)
		}
		infos = append(infos, ListInfo{Name: l.Name, Hash: l.Hash, Entries: l.Entries, Origin: origin})
	}
	return infos, nil
}
