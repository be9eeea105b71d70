package watchlist

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"sluice/pkg/address"
)

// Origin is where a list came from. It is told to people and is no part of any hash.
type Origin struct {
	Format      string    // of the publisher's file, such as "ofac-xml"; FormatByHand for a list that people edit
	Source      string    // file or address it was read from
	ImportedAt  time.Time // zero when unknown
	PublishedAt time.Time // when the publisher says that the file is of; zero when he does not
	Author      string    // who loaded it
	Reason      string    // why
}

// FormatByHand is the format of a list whose entries people make, one by one.
const FormatByHand = "by-hand"

// ListInfo describes one list of a snapshot.
type ListInfo struct {
	Name    string
	Hash    string // hex SHA-256 of its canonical NDJSON
	Entries int
	Origin  Origin
}

// Snapshot is all lists at one moment. It is immutable and safe for concurrent use. The zero value and nil hold nothing.
type Snapshot struct {
	version string
	lists   []ListInfo // by name
	entries []Entry    // in canonical order: list by list
	refs    []*Entry   // into entries, grouped by key
	index   map[address.Key]span
	filter  filter
}

// span says where refs holds the entries of a key, and the entries of the public key hash that a wrapped key belongs to.
type span struct{ start, end, wrappedStart, wrappedEnd uint32 }

// Version is the content hash in hex: equal for equal lists, in whatever order and with whatever repetitions they came.
func (s *Snapshot) Version() string {
	if s == nil {
		return ""
	}
	return s.version
}

// Len is the number of entries of all lists.
func (s *Snapshot) Len() int {
	if s == nil {
		return 0
	}
	return len(s.entries)
}

// Lists describes the lists, by name.
func (s *Snapshot) Lists() []ListInfo {
	if s == nil {
		return nil
	}
	return slices.Clone(s.lists)
}

// MayContain says whether a key with this fingerprint (address.Key.Fingerprint) may be listed. False is certain; true is
// wrong about twice in 100,000. Keys that only allow and own entries have are not listed: what suppresses a hit and
// whose an address is matters only beside a hit, and every transfer has an own address. It allocates nothing.
func (s *Snapshot) MayContain(fingerprint uint64) bool {
	return s != nil && s.filter.mayContain(fingerprint)
}

// Lookup returns the entries of the key k of every use, and the entries that list the public key hash whose P2SH-P2WPKH key is k:
// of these the match is always same_key. The slices belong to the snapshot: do not change them. It allocates nothing.
func (s *Snapshot) Lookup(k address.Key) (listed, wrapped []*Entry) {
	if s == nil {
		return nil, nil
	}
	at, ok := s.index[k]
	if !ok {
		return nil, nil
	}
	return s.refs[at.start:at.end:at.end], s.refs[at.wrappedStart:at.wrappedEnd:at.wrappedEnd]
}

// All goes through the entries in canonical order: by list, network, address. Do not change them.
func (s *Snapshot) All() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		if s == nil {
			return
		}
		for i := range s.entries {
			if !yield(&s.entries[i]) {
				return
			}
		}
	}
}

// List returns the entries of one list in canonical order, nil when there is no such list. Do not change them.
func (s *Snapshot) List(name string) []Entry {
	if s == nil {
		return nil
	}
	byName := func(e Entry, name string) int { return strings.Compare(e.List, name) }
	from, _ := slices.BinarySearchFunc(s.entries, name, byName)
	to, _ := slices.BinarySearchFunc(s.entries, name+"\x00", byName)
	return s.entries[from:to:to]
}

// Builder puts a snapshot together. The order of the calls does not matter.
type Builder struct {
	lists map[string]builderList
	errs  []error
}

type builderList struct {
	origin  Origin
	entries []Entry
}

// NewBuilder returns a builder without lists.
func NewBuilder() *Builder { return &Builder{lists: map[string]builderList{}} }

// Add adds the entries to the list with the name, making it when there is none. Entries that are equal in everything
// count once. Every entry must be valid and name the list; what is wrong is told by Build.
func (b *Builder) Add(list string, entries []Entry) *Builder {
	return b.AddList(list, Origin{}, entries)
}

// AddList is Add for a list whose origin is known.
func (b *Builder) AddList(list string, origin Origin, entries []Entry) *Builder {
	if err := CheckListName(list); err != nil {
		b.errs = append(b.errs, err)
		return b
	}
	for i := range entries {
		e := &entries[i]
		if e.List != list {
			b.errs = append(b.errs, fmt.Errorf("entry %q of list %q was added to list %q", e.EntryID, e.List, list))
			return b
		}
		if err := e.Validate(); err != nil {
			b.errs = append(b.errs, fmt.Errorf("entry %q of list %q: %w", e.EntryID, list, err))
			return b
		}
	}
	b.add(list, origin, entries)
	return b
}

// add is AddList for what is known to be valid.
func (b *Builder) add(list string, origin Origin, entries []Entry) {
	l := b.lists[list]
	if origin != (Origin{}) {
		l.origin = origin
	}
	l.entries = append(l.entries, entries...)
	b.lists[list] = l
}

// Build returns the snapshot of what was added.
func (b *Builder) Build() (*Snapshot, error) {
	if err := errors.Join(b.errs...); err != nil {
		return nil, err
	}
	s := &Snapshot{}
	for name, l := range b.lists {
		s.lists = append(s.lists, ListInfo{Name: name, Origin: l.origin})
	}
	slices.SortFunc(s.lists, func(a, b ListInfo) int { return strings.Compare(a.Name, b.Name) })
	for i := range s.lists {
		info := &s.lists[i]
		entries := canonical(b.lists[info.Name].entries)
		info.Entries = len(entries)
		info.Hash = hashEntries(entries)
		s.entries = append(s.entries, entries...)
	}
	s.version = VersionOf(s.lists)
	s.buildIndex()
	return s, nil
}

// buildIndex groups the entries by key and makes the filter.
func (s *Snapshot) buildIndex() {
	s.index = make(map[address.Key]span, len(s.entries))
	for i := range s.entries {
		at := s.index[s.entries[i].Key]
		at.end++ // a count, until the groups have their places
		s.index[s.entries[i].Key] = at
	}
	var next uint32
	wrapped := map[address.Key]address.Key{}
	fps := make([]uint64, 0, len(s.index))
	for k, at := range s.index {
		n := at.end
		s.index[k] = span{start: next, end: next}
		next += n
		if w, ok := address.WrappedSegwit(k); ok {
			wrapped[w] = k
		}
	}
	for i := range s.entries {
		if s.entries[i].Use != UseListed {
			continue
		}
		k := s.entries[i].Key
		fps = append(fps, k.Fingerprint())
		if w, ok := address.WrappedSegwit(k); ok {
			fps = append(fps, w.Fingerprint())
		}
	}
	s.refs = make([]*Entry, len(s.entries))
	for i := range s.entries {
		at := s.index[s.entries[i].Key]
		s.refs[at.end] = &s.entries[i]
		at.end++
		s.index[s.entries[i].Key] = at
	}
	for w, k := range wrapped {
		at, of := s.index[w], s.index[k]
		at.wrappedStart, at.wrappedEnd = of.start, of.end
		s.index[w] = at
	}
	s.filter = newFilter(fps)
}

// hashEntries is the hash of a list: hex SHA-256 of its canonical NDJSON. The entries are in canonical order.
func hashEntries(entries []Entry) string {
	h := sha256.New()
	var line []byte
	for i := range entries {
		line = append(entries[i].AppendJSON(line[:0]), '\n')
		h.Write(line)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// VersionOf is the version of a snapshot with these lists, which are sorted by name; of a list only name and hash count.
func VersionOf(lists []ListInfo) string {
	text := []byte("sluice lists 1\n")
	for _, l := range lists {
		text = fmt.Appendln(text, l.Name, l.Hash)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
