package lists

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"sluice/pkg/watchlist"
)

// inPages stores a snapshot in pages too, and points to it.
func (s *server) inPages(t *testing.T, seq uint64, n int) *watchlist.Snapshot {
	t.Helper()
	snap := s.activate(t, seq, "e", n)
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := watchlist.ParseManifest(s.parts[snap.Version()])
	if err != nil {
		t.Fatal(err)
	}
	pages := snap.Pages("a")
	described, err := pages.Describe(func(p watchlist.Piece, data []byte) error { s.parts[p.SHA256] = bytes.Clone(data); return nil })
	if err != nil {
		t.Fatal(err)
	}
	m.WithPages("a", described)
	if s.parts[m.Version], err = m.Encode(); err != nil {
		t.Fatal(err)
	}
	for i := range pages.Len() {
		if h, ok := pages.Hash(i); ok {
			s.parts[h.String()] = pages.Append(nil, i)
		}
	}
	return snap
}

// Pages implements PageSource.
func (s *server) Pages(_ context.Context, wanted []watchlist.PageHash) (pages [][]byte, err error) {
	for _, h := range wanted {
		data, err := s.part("page", h.String())
		if err != nil {
			return nil, err
		}
		pages = append(pages, data)
	}
	s.set(func(s *server) { s.asked += len(wanted) })
	return pages, nil
}

// pagedFollower holds at most 5 entries in memory.
func pagedFollower(t *testing.T, s *server, c *clock, file string) *Follower {
	t.Helper()
	f, err := New(Config{File: file, Now: c.now, Logger: zerolog.Nop(), MemoryEntries: 5, Pages: s}, s)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// lookUp looks up one entry of the snapshots of these tests.
func (f *Follower) lookUp(t *testing.T, i int) (found int, err error) {
	t.Helper()
	c := f.Current()
	text := fmt.Sprintf("D%06d", i)
	l := c.Paged.Lookups()
	k := snapshot(t, i+1).List("a")[i].Key
	if !l.MayContain(k.Fingerprint()) {
		return 0, nil
	}
	for range 2 {
		listed, _ := l.Lookup(k)
		if !l.Lacking() {
			return len(listed), nil
		}
		wanted := l.Pages()
		pages, err := c.Pages(t.Context(), wanted)
		if err != nil {
			return 0, err
		}
		for i, data := range pages {
			if err := l.Put(wanted[i], data); err != nil {
				return 0, err
			}
		}
	}
	t.Fatalf("%s has no answer", text)
	return 0, nil
}

func TestTheFormGoesByTheSize(t *testing.T) {
	s, c := newServer(), noon()
	file := filepath.Join(t.TempDir(), "lists")
	f := pagedFollower(t, s, c, file)
	s.inPages(t, 1, 5)
	f.Poll(t.Context())
	f.want(t, "as many as may be held", true, 1, "")
	if now := f.Current(); now.Snapshot.Len() != 5 || now.Paged != nil {
		t.Errorf("%d entries in memory", now.Snapshot.Len())
	}
	f.writeCopy(<-f.saves)
	s.inPages(t, 2, 6)
	f.Poll(t.Context())
	now := f.Current()
	if now.Snapshot != nil || now.Paged.Len() != 6 || now.Entries() != 6 || !now.Usable || now.Seq != 2 || f.cfg.Memory.have() != nil {
		t.Errorf("%+v", now)
	}
	if len(f.saves) != 0 {
		t.Error("a copy of what is not in memory is to be written")
	}
	for i := range 6 {
		if n, err := f.lookUp(t, i); n != 1 || err != nil {
			t.Errorf("entry %d: %d found, %v", i, n, err)
		}
	}
	s.activate(t, 3, "e", 7) // stored by somebody who keeps more in memory
	f.Poll(t.Context())
	if now := f.Current(); now.Snapshot.Len() != 7 || now.Paged != nil || !now.Usable {
		t.Errorf("not stored in pages: %+v", now)
	}
	s.inPages(t, 4, 4)
	f.Poll(t.Context())
	if now := f.Current(); now.Snapshot.Len() != 4 || now.Paged != nil || !now.Usable {
		t.Errorf("small again: %+v", now)
	}
}

func TestALargeCopyIsNotTaken(t *testing.T) {
	s, c := newServer(), noon()
	file := filepath.Join(t.TempDir(), "lists")
	snap := s.inPages(t, 1, 6)
	if err := WriteCopy(file, s.p, snap); err != nil {
		t.Fatal(err)
	}
	f := pagedFollower(t, s, c, file)
	f.restore(t.Context())
	f.want(t, "with a large copy", false, 0, "not read yet")
}

// What holds for lists in memory holds for those in pages.
func TestPagedListsAreAsUsableAsOthers(t *testing.T) {
	for what, tt := range map[string]struct {
		damage func(*server)
		why    string
	}{
		"away":       {func(s *server) { s.away = ErrUnavailable }, "cannot be reached"},
		"flushed":    {func(s *server) { s.away = ErrNotFound }, "flushed"},
		"went back":  {func(s *server) { s.p.Seq = 1 }, "went back"},
		"two of one": {func(s *server) { s.p.Version = "v" }, "two versions"},
		"a filter flipped": {func(s *server) {
			s.p.Seq, s.bad = 3, func(kind string) bool { return kind == "segment" }
		}, ""},
	} {
		s, c := newServer(), noon()
		f := pagedFollower(t, s, c, "")
		s.inPages(t, 2, 10)
		f.Poll(t.Context())
		f.want(t, what+", before", true, 2, "")
		s.set(tt.damage)
		c.t = c.t.Add(31 * time.Second)
		f.Poll(t.Context())
		if tt.why == "" { // the version is the one that is held: nothing is read
			f.want(t, what, true, 3, "")
			continue
		}
		f.want(t, what, false, 2, tt.why)
	}
}

func TestDamagedPiecesAreNotTaken(t *testing.T) {
	s, c := newServer(), noon()
	f := pagedFollower(t, s, c, "")
	s.inPages(t, 1, 10)
	s.set(func(s *server) { s.bad = func(kind string) bool { return kind == "segment" } })
	f.Poll(t.Context())
	f.want(t, "damaged", false, 0, "corrupt")
}

func TestAPageThatIsGoneIsNoAnswer(t *testing.T) {
	s, c := newServer(), noon()
	f := pagedFollower(t, s, c, "")
	s.inPages(t, 1, 10)
	f.Poll(t.Context())
	s.set(func(s *server) { s.bad = func(kind string) bool { return kind == "page" } })
	if _, err := f.lookUp(t, 3); !errors.Is(err, watchlist.ErrCorrupt) {
		t.Errorf("a damaged page: %v", err)
	}
	kept := s.parts
	s.set(func(s *server) { s.bad, s.parts = nil, map[string][]byte{} })
	if _, err := f.lookUp(t, 3); !errors.Is(err, ErrNotFound) {
		t.Errorf("a page that is gone: %v", err)
	}
	s.set(func(s *server) { s.parts = kept })
	if n, err := f.lookUp(t, 3); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if st := f.Stats(); st.PageFails != 2 || st.Pages != 1 || st.PageReads != 1 {
		t.Errorf("%+v", st)
	}
	if n, err := f.lookUp(t, 3); n != 1 || err != nil || f.Stats().PageReads != 1 {
		t.Errorf("a page that was read is read again: %d, %v", n, err)
	}
}

func TestThePagesInMemoryAreBounded(t *testing.T) {
	p := newPager(nil)
	const size = 1 << 20
	for i := range 4 * pageCacheBytes / size {
		p.keep(watchlist.PageHash{byte(i), byte(i >> 8), 1}, make([]byte, size))
		if held := (len(p.young) + len(p.old)) * size; held > pageCacheBytes {
			t.Fatalf("%d bytes after %d pages", held, i+1)
		}
	}
	first := watchlist.PageHash{0, 0, 1}
	if p.kept(first) != nil {
		t.Error("the oldest page is still there")
	}
	p.keep(watchlist.PageHash{9, 9, 9}, make([]byte, pageCacheBytes)) // larger than a generation
	if p.kept(watchlist.PageHash{9, 9, 9}) == nil {
		t.Error("the newest page is not there")
	}
}
