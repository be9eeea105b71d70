package watchlist

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// ManifestFormat is the number of the layout of a manifest; ManifestPagedFormat, of one in which a list is stored in pages
// too. This release reads both, and writes the second where it is needed: the release before reads the first alone.
const (
	ManifestFormat      = 1
	ManifestPagedFormat = 2
)

// Manifest describes a stored snapshot: what segments make up which list, and what must come out.
type Manifest struct {
	Format  int            `json:"format"`
	Version string         `json:"version"` // of the snapshot
	Count   int            `json:"count"`   // entries of all lists
	Lists   []ManifestList `json:"lists"`   // by name
}

// ManifestList describes one stored list.
type ManifestList struct {
	Name     string    `json:"name"`
	Hash     string    `json:"hash"`
	Entries  int       `json:"entries"`
	Segments []Segment `json:"segments"`

	Paged *ManifestPaged `json:"paged,omitzero"` // the list in its other form; nil: in segments alone

	Format     string `json:"format,omitzero"`
	Source     string `json:"source,omitzero"`
	ImportedAt string `json:"imported_at,omitzero"`  // RFC 3339, UTC
	Published  string `json:"published_at,omitzero"` // the same
	Author     string `json:"author,omitzero"`
	Reason     string `json:"reason,omitzero"`
}

// Write writes the snapshot: each segment to put, as WriteSegments does, and returns its manifest.
func (s *Snapshot) Write(put func(Segment, []byte) error) (Manifest, error) {
	m := Manifest{Format: ManifestFormat, Version: s.Version(), Count: s.Len(), Lists: []ManifestList{}}
	for _, l := range s.Lists() {
		segments, err := s.WriteSegments(l.Name, put)
		if err != nil {
			return Manifest{}, fmt.Errorf("list %s: %w", l.Name, err)
		}
		if segments == nil {
			segments = []Segment{}
		}
		m.Lists = append(m.Lists, ManifestList{
			Name: l.Name, Hash: l.Hash, Entries: l.Entries, Segments: segments,
			Format: l.Origin.Format, Source: l.Origin.Source,
			ImportedAt: written(l.Origin.ImportedAt), Published: written(l.Origin.PublishedAt),
			Author: l.Origin.Author, Reason: l.Origin.Reason,
		})
	}
	return m, nil
}

// WithPages notes in m the second form of a list, which m has.
func (m *Manifest) WithPages(list string, paged ManifestPaged) {
	for i := range m.Lists {
		if m.Lists[i].Name == list {
			m.Lists[i].Paged, m.Format = &paged, ManifestPagedFormat
		}
	}
}

// WithoutPages returns m with its lists in segments alone.
func (m Manifest) WithoutPages() Manifest {
	lists := slices.Clone(m.Lists)
	for i := range lists {
		lists[i].Paged = nil
	}
	return manifestOf(lists)
}

// Only returns the manifest of the snapshot that has only the list with the name, and whether m has it.
func (m Manifest) Only(name string) (Manifest, bool) {
	only, _ := m.Split([]string{name})
	return only, len(only.Lists) == 1
}

// Split returns the manifests of two snapshots: that of the lists of m with the names, and that of all others.
func (m Manifest) Split(names []string) (these, others Manifest) {
	var in, out []ManifestList
	for _, l := range m.Lists {
		if slices.Contains(names, l.Name) {
			in = append(in, l)
		} else {
			out = append(out, l)
		}
	}
	return manifestOf(in), manifestOf(out)
}

// With returns the manifest of the snapshot in which the lists of other stand in the place of those of the same name.
func (m Manifest) With(other Manifest) Manifest {
	names := make([]string, len(other.Lists))
	for i, l := range other.Lists {
		names[i] = l.Name
	}
	_, rest := m.Split(names)
	return manifestOf(slices.Concat(rest.Lists, other.Lists))
}

// manifestOf is the manifest of the snapshot of the lists, which it puts in order.
func manifestOf(lists []ManifestList) Manifest {
	slices.SortFunc(lists, func(a, b ManifestList) int { return strings.Compare(a.Name, b.Name) })
	m := Manifest{Format: ManifestFormat, Lists: lists}
	if m.Lists == nil {
		m.Lists = []ManifestList{}
	}
	infos := make([]ListInfo, len(lists))
	for i, l := range lists {
		infos[i] = ListInfo{Name: l.Name, Hash: l.Hash}
		m.Count += l.Entries
		if l.Paged != nil {
			m.Format = ManifestPagedFormat
		}
	}
	m.Version = VersionOf(infos)
	return m
}

// Encode writes the manifest as JSON.
func (m Manifest) Encode() ([]byte, error) { return json.Marshal(m, json.Deterministic(true)) }

// ParseManifest reads what Encode writes and checks that it agrees with itself: the version follows from the lists'
// names and hashes, counts add up, lists stand by name. Errors wrap ErrCorrupt.
func ParseManifest(data []byte) (Manifest, error) {
	var m Manifest
	if err := json.Unmarshal(data, &m, json.RejectUnknownMembers(true)); err != nil {
		return Manifest{}, fmt.Errorf("%w: manifest: %w", ErrCorrupt, err)
	}
	if m.Format != ManifestFormat && m.Format != ManifestPagedFormat {
		return Manifest{}, fmt.Errorf("%w: manifest has format %d, this release reads %d and %d", ErrCorrupt, m.Format, ManifestFormat, ManifestPagedFormat)
	}
	if (m.Format == ManifestPagedFormat) != m.HasPages() {
		return Manifest{}, fmt.Errorf("%w: manifest has format %d: %d is that of lists in pages", ErrCorrupt, m.Format, ManifestPagedFormat)
	}
	infos := make([]ListInfo, len(m.Lists))
	count := 0
	for i, l := range m.Lists {
		if err := l.check(); err != nil {
			return Manifest{}, fmt.Errorf("%w: manifest: %w", ErrCorrupt, err)
		}
		infos[i] = ListInfo{Name: l.Name, Hash: l.Hash}
		count += l.Entries
	}
	byName := func(a, b ListInfo) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(infos, byName) || len(slices.CompactFunc(slices.Clone(infos), func(a, b ListInfo) bool { return a.Name == b.Name })) != len(infos) {
		return Manifest{}, fmt.Errorf("%w: manifest: lists do not stand by name, each once", ErrCorrupt)
	}
	if count != m.Count {
		return Manifest{}, fmt.Errorf("%w: manifest: lists have %d entries, count says %d", ErrCorrupt, count, m.Count)
	}
	if v := VersionOf(infos); v != m.Version {
		return Manifest{}, fmt.Errorf("%w: manifest: the lists make version %s, it says %s", ErrCorrupt, v, m.Version)
	}
	return m, nil
}

func (l ManifestList) check() error {
	if err := CheckListName(l.Name); err != nil {
		return err
	}
	n := 0
	for _, g := range l.Segments {
		if g.Entries < 1 || g.Bytes < 1 || g.Bytes > MaxSegmentBytes || len(g.SHA256) != 64 {
			return fmt.Errorf("list %s: segment %q with %d entries and %d bytes is impossible", l.Name, g.SHA256, g.Entries, g.Bytes)
		}
		n += g.Entries
	}
	if n != l.Entries {
		return fmt.Errorf("list %s: segments have %d entries, the list says %d", l.Name, n, l.Entries)
	}
	if l.Paged != nil {
		if err := l.Paged.check(l.Entries); err != nil {
			return fmt.Errorf("list %s: %w", l.Name, err)
		}
	}
	if _, err := l.origin(); err != nil {
		return fmt.Errorf("list %s: %w", l.Name, err)
	}
	return nil
}

func (l ManifestList) origin() (Origin, error) {
	o := Origin{Format: l.Format, Source: l.Source, Author: l.Author, Reason: l.Reason}
	for _, t := range []struct {
		name, text string
		into       *time.Time
	}{{"imported_at", l.ImportedAt, &o.ImportedAt}, {"published_at", l.Published, &o.PublishedAt}} {
		if t.text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, t.text)
		if err != nil {
			return Origin{}, fmt.Errorf("%s %q is no RFC 3339 time", t.name, t.text)
		}
		*t.into = at.UTC()
	}
	return o, nil
}

// written is a time as the manifest has it, "" for none.
func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Read reads the snapshot that m describes, taking each segment from get. It returns the snapshot only when every
// segment, every list's hash and count, and the version are what m says; otherwise an error that wraps ErrCorrupt, or
// the error of get.
func (m Manifest) Read(get func(Segment) ([]byte, error)) (*Snapshot, error) {
	l := m.Begin(nil)
	for i, g := range l.Missing() {
		data, err := get(g)
		if err != nil {
			return nil, fmt.Errorf("segment %s: %w", g.SHA256, err)
		}
		if err := l.Put(i, data); err != nil {
			return nil, err
		}
	}
	return l.Snapshot()
}
