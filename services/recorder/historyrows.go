package recorder

import (
	"crypto/sha256"
	"encoding/binary"
	"time"

	"sluice/pkg/address"
	"sluice/pkg/watchlist"
	"sluice/services/internal/activation"
)

// ContentOf is a hash of all that an entry says, never 0. It tells entries of one list apart that agree in address, tag
// and entry id.
func ContentOf(e *watchlist.Entry) uint64 {
	sum := sha256.Sum256(e.AppendJSON(nil))
	return max(1, binary.BigEndian.Uint64(sum[:]))
}

// Add appends the row of one change.
func (b *History) Add(e *watchlist.Entry, content uint64, change string, a *activation.Activation) {
	wrapped := ""
	if w, ok := address.WrappedSegwit(e.Key); ok {
		wrapped = w.String()
	}
	b.List = append(b.List, e.List)
	b.EntryID = append(b.EntryID, e.EntryID)
	b.Content = append(b.Content, content)
	b.Key = append(b.Key, e.Key.String())
	b.WrappedKey = append(b.WrappedKey, wrapped)
	b.Network = append(b.Network, e.Network)
	b.Address = append(b.Address, e.Address)
	b.Tag = append(b.Tag, e.Tag)
	b.Category = append(b.Category, string(e.Category))
	b.Categories = append(b.Categories, texts(e.Categories))
	b.Entity = append(b.Entity, e.Entity)
	b.Authority = append(b.Authority, e.Authority)
	b.Program = append(b.Program, e.Program)
	b.Measure = append(b.Measure, string(e.Measure))
	b.Confidence = append(b.Confidence, percent(e.Confidence))
	b.PartyListedAt = append(b.PartyListedAt, day(e.PartyListedAt))
	b.AddressListedAt = append(b.AddressListedAt, day(e.AddressListedAt))
	b.DelistedAt = append(b.DelistedAt, day(e.DelistedAt))
	b.Change = append(b.Change, change)
	b.KnownFrom = append(b.KnownFrom, known(a.At))
	b.Seq = append(b.Seq, a.Seq)
	b.Version = append(b.Version, a.Version)
	b.Author = append(b.Author, a.Author)
	b.Reason = append(b.Reason, a.Reason)
	b.Entry = append(b.Entry, string(e.AppendJSON(nil)))
}

// day is a publisher's date as a column holds it; nil for none, and for one that no column holds: the entry itself has
// it, and one strange date must not end the history.
func day(text string) *time.Time {
	at, err := moment(time.DateOnly, text)
	if err != nil {
		return nil
	}
	return at
}

// newListVersions are the rows of an activation, one for each list of its manifest, or one without a list.
func newListVersions(a *activation.Activation, m watchlist.Manifest) (*ListVersions, error) {
	b := &ListVersions{}
	infos, err := m.Infos()
	if err != nil {
		return nil, err
	}
	if len(infos) == 0 {
		infos = []watchlist.ListInfo{{}}
	}
	for _, l := range infos {
		b.Seq = append(b.Seq, a.Seq)
		b.Epoch = append(b.Epoch, a.Epoch)
		b.Version = append(b.Version, a.Version)
		b.Previous = append(b.Previous, a.Previous)
		b.At = append(b.At, known(a.At))
		b.Author = append(b.Author, a.Author)
		b.Reason = append(b.Reason, a.Reason)
		b.List = append(b.List, l.Name)
		b.ListVersion = append(b.ListVersion, l.Hash)
		b.Entries = append(b.Entries, uint64(l.Entries))
		b.Format = append(b.Format, l.Origin.Format)
		b.Source = append(b.Source, l.Origin.Source)
		b.ImportedAt = append(b.ImportedAt, second(l.Origin.ImportedAt))
		b.PublishedAt = append(b.PublishedAt, second(l.Origin.PublishedAt))
		b.LoadedBy = append(b.LoadedBy, l.Origin.Author)
		b.LoadedFor = append(b.LoadedFor, l.Origin.Reason)
	}
	return b, nil
}

// second is a time as a column of whole seconds since 1970 holds it; nil for none.
func second(at time.Time) *time.Time {
	if at.Unix() < 0 || at.Unix() > 1<<32-1 {
		return nil
	}
	at = at.UTC()
	return &at
}
