package watchlist

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"sluice/pkg/address"
)

// Paged is all lists at one moment in the form that keeps no entries of large lists: filters of their keys and the
// hashes of their pages, five bytes an entry. What a filter calls positive is confirmed with its page, which Lookups
// asks for. Small lists are in memory whole. It is immutable and safe for concurrent use; nil holds nothing.
type Paged struct {
	version string
	count   int
	lists   []ListInfo
	paged   map[string]*pagedPart // by list
	small   *Snapshot             // the other lists
	filters []filter              // of keys with a listed entry
}

// Version is the content hash, the same as that of the Snapshot of the same lists.
func (p *Paged) Version() string {
	if p == nil {
		return ""
	}
	return p.version
}

// Len is the number of entries of all lists.
func (p *Paged) Len() int {
	if p == nil {
		return 0
	}
	return p.count
}

// Lists describes the lists, by name.
func (p *Paged) Lists() []ListInfo {
	if p == nil {
		return nil
	}
	return slices.Clone(p.lists)
}

// MayContain is Snapshot.MayContain.
func (p *Paged) MayContain(fingerprint uint64) bool {
	return p != nil && anyContains(p.filters, fingerprint)
}

// Lookups answers look-ups in a Paged for a batch of transfers, in three steps: who looks up learns from Lacking that
// something could not be answered; the pages that are named by Pages are fetched and given to Put; then the same is
// looked up again. It must not be used by two goroutines at once.
type Lookups struct {
	lists   *Paged
	answers map[address.Key]*answer
	pages   map[PageHash][]*pageAsk // that are wanted
	lacking bool
}

// answer is what is known of a key.
type answer struct {
	key             address.Key
	open            int // pages that are missing
	asks            []*pageAsk
	listed, wrapped []*Entry // once open is 0 and the answer is complete
	complete        bool
}

// pageAsk is what a key wants of one list's page.
type pageAsk struct {
	of              *answer
	list            string
	fp              uint64
	listed, wrapped []*Entry
}

// Lookups returns look-ups in p.
func (p *Paged) Lookups() *Lookups {
	return &Lookups{lists: p, answers: map[address.Key]*answer{}, pages: map[PageHash][]*pageAsk{}}
}

// Version is that of the lists.
func (l *Lookups) Version() string { return l.lists.Version() }

// MayContain is that of the lists.
func (l *Lookups) MayContain(fingerprint uint64) bool { return l.lists.MayContain(fingerprint) }

// Lookup is Snapshot.Lookup, where pages were put for all that it needs, or none is needed. Otherwise it returns nothing,
// which means nothing: Lacking says so.
func (l *Lookups) Lookup(k address.Key) (listed, wrapped []*Entry) {
	a := l.answers[k]
	if a == nil {
		a = l.ask(k)
	}
	if a.open > 0 {
		l.lacking = true
		return nil, nil
	}
	l.complete(a)
	return a.listed, a.wrapped
}

// Lacking says whether a look-up since the last call had no answer.
func (l *Lookups) Lacking() bool {
	was := l.lacking
	l.lacking = false
	return was
}

// ask notes which pages a key needs.
func (l *Lookups) ask(k address.Key) *answer {
	a := &answer{key: k}
	fp := k.Fingerprint()
	for _, info := range l.lists.lists {
		p := l.lists.paged[info.Name]
		if p == nil {
			continue
		}
		if page := p.page(fp); page != noPage {
			ask := &pageAsk{of: a, list: info.Name, fp: fp}
			a.asks = append(a.asks, ask)
			l.pages[page] = append(l.pages[page], ask)
			a.open++
		}
	}
	l.answers[k] = a
	return a
}

// complete puts the answer together, list by list.
func (l *Lookups) complete(a *answer) {
	if a.complete {
		return
	}
	fp := a.key.Fingerprint()
	for _, info := range l.lists.lists {
		if p := l.lists.small.part(info.Name); p != nil {
			a.listed, a.wrapped = p.lookup(a.key, fp, a.listed, a.wrapped)
			continue
		}
		for _, ask := range a.asks {
			if ask.list == info.Name {
				a.listed, a.wrapped = append(a.listed, ask.listed...), append(a.wrapped, ask.wrapped...)
			}
		}
	}
	a.asks, a.complete = nil, true
}

// Pages are the pages that are wanted and were not put yet.
func (l *Lookups) Pages() []PageHash {
	out := make([]PageHash, 0, len(l.pages))
	for h := range l.pages {
		out = append(out, h)
	}
	sortHashes(out)
	return out
}

// Put takes what is wanted of a page. An error wraps ErrCorrupt: the bytes are not the page's.
func (l *Lookups) Put(h PageHash, data []byte) error {
	if sha256.Sum256(data) != h {
		return fmt.Errorf("%w: a page of %d bytes is not %s", ErrCorrupt, len(data), h)
	}
	asks := l.pages[h]
	whole := pageRows(data, func(r pageRow) {
		for _, a := range asks {
			if a.fp == r.fp {
				a.listed, a.wrapped = r.match(a.of.key, a.listed, a.wrapped)
			}
		}
	})
	if !whole {
		return fmt.Errorf("%w: page %s is not laid out as a page", ErrCorrupt, h)
	}
	for _, a := range asks {
		a.of.open--
	}
	delete(l.pages, h)
	return nil
}

// PagedLoading is a Paged on its way from where it is stored, as Loading is a Snapshot.
type PagedLoading struct {
	manifest Manifest
	small    *Loading
	taken    map[string]*pagedPart
	missing  []Segment
	blobs    map[string]*[3][][]byte // by list: table, listed, any, in pieces
	into     []*[]byte               // of the pieces in missing, behind those of small
}

// HasPages says whether some list of m can be had without its entries.
func (m Manifest) HasPages() bool {
	return slices.ContainsFunc(m.Lists, func(l ManifestList) bool { return l.Paged != nil })
}

// BeginPaged begins to load what m describes without the entries of the lists that are stored in pages, beside what have
// holds; have may be nil.
func (m Manifest) BeginPaged(have *Paged) *PagedLoading {
	l := &PagedLoading{manifest: m, taken: map[string]*pagedPart{}, blobs: map[string]*[3][][]byte{}}
	small := Manifest{Format: m.Format}
	var infos []ListInfo
	for _, ml := range m.Lists {
		if ml.Paged == nil {
			small.Lists = append(small.Lists, ml)
			small.Count += ml.Entries
			infos = append(infos, ListInfo{Name: ml.Name, Hash: ml.Hash})
		}
	}
	small.Version = VersionOf(infos)
	var known *Snapshot
	if have != nil {
		known = have.small
	}
	l.small = small.Begin(known)
	l.missing = slices.Clone(l.small.Missing())
	for _, ml := range m.Lists {
		if ml.Paged == nil {
			continue
		}
		if have != nil && have.paged[ml.Name] != nil && have.paged[ml.Name].hash == ml.Hash {
			l.taken[ml.Name] = have.paged[ml.Name]
			continue
		}
		blobs := &[3][][]byte{}
		for i, pieces := range [][]Piece{ml.Paged.Table, ml.Paged.Listed, ml.Paged.Any} {
			blobs[i] = make([][]byte, len(pieces))
			for j, p := range pieces {
				l.missing = append(l.missing, p.segment())
				l.into = append(l.into, &blobs[i][j])
			}
		}
		l.blobs[ml.Name] = blobs
	}
	return l
}

// Missing is that of Loading.
func (l *PagedLoading) Missing() []Segment { return l.missing }

// Put is that of Loading.
func (l *PagedLoading) Put(i int, data []byte) error {
	if i < len(l.small.Missing()) {
		return l.small.Put(i, data)
	}
	if err := l.missing[i].Verify(data); err != nil {
		return err
	}
	*l.into[i-len(l.small.Missing())] = slices.Clone(data)
	return nil
}

// Paged returns the lists, when everything that was missing is there; otherwise an error that wraps ErrCorrupt.
func (l *PagedLoading) Paged() (*Paged, error) {
	small, err := l.small.Snapshot()
	if err != nil {
		return nil, err
	}
	p := &Paged{version: l.manifest.Version, count: l.manifest.Count, paged: l.taken, small: small, filters: slices.Clone(small.filters)}
	for _, ml := range l.manifest.Lists {
		origin, err := ml.origin()
		if err != nil {
			return nil, fmt.Errorf("%w: list %s: %w", ErrCorrupt, ml.Name, err)
		}
		p.lists = append(p.lists, ListInfo{Name: ml.Name, Hash: ml.Hash, Entries: ml.Entries, Origin: origin})
		if ml.Paged == nil {
			continue
		}
		if blobs := l.blobs[ml.Name]; blobs != nil {
			part, err := readPaged(ml, slices.Concat(blobs[0]...), slices.Concat(blobs[1]...), slices.Concat(blobs[2]...))
			if err != nil {
				return nil, fmt.Errorf("list %s: %w", ml.Name, err)
			}
			delete(l.blobs, ml.Name)
			p.paged[ml.Name] = part
		}
		p.filters = append(p.filters, p.paged[ml.Name].listed)
	}
	slices.SortFunc(p.lists, func(a, b ListInfo) int { return strings.Compare(a.Name, b.Name) })
	return p, nil
}
