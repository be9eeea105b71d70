package watchlist

import (
	"crypto/sha256"
	"encoding/hex"
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

// Snapshot is all lists at one moment, every entry in memory: about 190 bytes for a short one. It is immutable and safe
// for concurrent use, and shares the lists that did not change with the snapshot that it was made from. The zero value
// and nil hold nothing. Paged is the other form, which keeps no entries.
type Snapshot struct {
	version string
	count   int
	lists   []ListInfo // by name
	parts   []*part    // of lists
	filters []filter   // of keys with a listed entry: those of large parts, and one of all others together
}

// commonFilter is how many slots of listed entries a part may have for its keys to stand in the snapshot's common
// filter, which is made anew with each snapshot: in a millisecond or two.
const commonFilter = 1 << 15

// content is a list to be put into a snapshot.
type content struct {
	name   string
	origin Origin
	part   *part
}

// assemble makes the snapshot of the lists, in any order, each name once.
func assemble(all []content) *Snapshot {
	slices.SortFunc(all, func(a, b content) int { return strings.Compare(a.name, b.name) })
	s := &Snapshot{}
	var fps []uint64
	for _, c := range all {
		s.lists = append(s.lists, ListInfo{Name: c.name, Hash: c.part.hash, Entries: c.part.entries, Origin: c.origin})
		s.parts = append(s.parts, c.part)
		s.count += c.part.entries
		if c.part.index.listed > commonFilter {
			s.filters = append(s.filters, c.part.listed)
		} else {
			fps = c.part.index.appendListed(fps)
		}
	}
	if len(fps) > 0 {
		s.filters = append(s.filters, newFilter(fps))
	}
	s.version = VersionOf(s.lists)
	return s
}

// contents are the lists of s.
func (s *Snapshot) contents() []content {
	if s == nil {
		return nil
	}
	all := make([]content, len(s.lists))
	for i, l := range s.lists {
		all[i] = content{l.Name, l.Origin, s.parts[i]}
	}
	return all
}

// part is the content of a list, nil when there is no such list.
func (s *Snapshot) part(name string) *part {
	if s == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(s.lists, name, func(l ListInfo, name string) int { return strings.Compare(l.Name, name) })
	if !ok {
		return nil
	}
	return s.parts[i]
}

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
	return s.count
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
	return s != nil && anyContains(s.filters, fingerprint)
}

// Lookup returns the entries of the key k of every use, and the entries that list the public key hash whose P2SH-P2WPKH
// key is k: of these the match is always same_key. Both stand in canonical order, and are the caller's. What is not
// there allocates nothing.
func (s *Snapshot) Lookup(k address.Key) (listed, wrapped []*Entry) {
	if s == nil {
		return nil, nil
	}
	fp := k.Fingerprint()
	for _, p := range s.parts {
		listed, wrapped = p.lookup(k, fp, listed, wrapped)
	}
	return listed, wrapped
}

// All goes through the entries in canonical order: by list, network, address. An entry is the caller's; it keeps some
// of the snapshot in memory while it is kept.
func (s *Snapshot) All() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		for _, l := range s.Lists() {
			for e := range s.Each(l.Name) {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// Ending goes through the entries that have an end (ExpiresAt), in canonical order. What has none costs a glance at its text.
func (s *Snapshot) Ending() iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		if s == nil {
			return
		}
		for _, p := range s.parts {
			for i := range p.blocks {
				if !strings.Contains(p.blocks[i].text, `"expires_at"`) {
					continue
				}
				for line := range strings.Lines(p.blocks[i].text) {
					e := &Entry{}
					if !strings.Contains(line, `"expires_at"`) {
						continue
					}
					if restore(line[:len(line)-1], e); e.ExpiresAt != "" && !yield(e) {
						return
					}
				}
			}
		}
	}
}

// Has says whether there is a list with the name.
func (s *Snapshot) Has(name string) bool { return s.part(name) != nil }

// Count is the number of entries of one list, 0 when there is no such list.
func (s *Snapshot) Count(name string) int {
	if p := s.part(name); p != nil {
		return p.entries
	}
	return 0
}

// Each goes through the entries of one list in canonical order, none when there is no such list. As with All, an entry
// is the caller's.
func (s *Snapshot) Each(name string) iter.Seq[*Entry] {
	return func(yield func(*Entry) bool) {
		p := s.part(name)
		if p == nil {
			return
		}
		for _, line := range p.lines {
			e := &Entry{}
			restore(line, e)
			if !yield(e) {
				return
			}
		}
	}
}

// List returns the entries of one list in canonical order, nil when there is no such list: half a kilobyte each. Each goes
// through them one by one.
func (s *Snapshot) List(name string) []Entry {
	p := s.part(name)
	if p == nil || p.entries == 0 {
		return nil
	}
	out := make([]Entry, p.entries)
	i := 0
	for _, line := range p.lines {
		restore(line, &out[i])
		i++
	}
	return out
}

// With returns the snapshot in which the lists of other stand in the place of those of the same name, and all others are
// as in s. Nothing is copied.
func (s *Snapshot) With(other *Snapshot) *Snapshot {
	all := slices.DeleteFunc(s.contents(), func(c content) bool { return other.part(c.name) != nil })
	return assemble(append(all, other.contents()...))
}

// Only returns the snapshot of the one list with the name, with the hash that it must have; nil where s has no such list.
func (s *Snapshot) Only(name, hash string) *Snapshot {
	if p := s.part(name); p == nil || p.hash != hash {
		return nil
	}
	return assemble(slices.DeleteFunc(s.contents(), func(c content) bool { return c.name != name }))
}

// WithList returns a snapshot in which the list with the name is replaced by entries, and all others are as in s.
func (s *Snapshot) WithList(name string, origin Origin, entries []Entry) (*Snapshot, error) {
	one, err := NewBuilder().AddList(name, origin, entries).Build()
	if err != nil {
		return nil, err
	}
	return s.With(one), nil
}

// VersionOf is the version of a snapshot with these lists, which are sorted by name; of a list only name and hash count.
func VersionOf(lists []ListInfo) string {
	text := []byte("sluice lists 1\n")
	for _, l := range lists {
		text = fmt.Appendln(text, l.Name, l.Hash)
	}
	return hexSum(text)
}

// hexSum is SHA-256 in hex.
func hexSum(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
