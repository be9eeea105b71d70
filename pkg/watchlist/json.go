package watchlist

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/taxonomy"
)

// entryJSON is the JSON form of an Entry. The order of the fields is the order of the members.
type entryJSON struct {
	Network         string              `json:"network"`
	Address         string              `json:"address"`
	Tag             string              `json:"tag"`
	Category        taxonomy.Category   `json:"category"`
	Categories      []taxonomy.Category `json:"categories"`
	Entity          string              `json:"entity"`
	List            string              `json:"list"`
	EntryID         string              `json:"entry_id"`
	Authority       string              `json:"authority"`
	Program         string              `json:"program"`
	Measure         Measure             `json:"measure"`
	Confidence      uint8               `json:"confidence"`
	Severity        string              `json:"severity"`
	PartyListedAt   string              `json:"party_listed_at"`
	AddressListedAt string              `json:"address_listed_at"`
	DelistedAt      string              `json:"delisted_at"`
	Use             Use                 `json:"use"`
	Names           Names               `json:"names"`
	Service         Service             `json:"service"`
	Customer        string              `json:"customer_id"`
	ForList         string              `json:"for_list"`
	ForEntry        string              `json:"for_entry"`
	ExpiresAt       string              `json:"expires_at"`
	KnownAt         string              `json:"known_at"`
	Author          string              `json:"author"`
	Reason          string              `json:"reason"`
	Reference       string              `json:"reference"`
	Approver        string              `json:"approver"`
}

// AppendJSON appends the canonical JSON of the entry: fixed order of members, no spaces, what is empty left out except
// entity. Equal entries give equal bytes. The key is not written: ParseEntry derives it from the text.
func (e *Entry) AppendJSON(dst []byte) []byte {
	dst = appendString(append(dst, `{"network":`...), e.Network)
	dst = appendString(append(dst, `,"address":`...), e.Address)
	dst = appendOptional(dst, `,"tag":`, e.Tag)
	dst = appendString(append(dst, `,"category":`...), string(e.Category))
	dst = append(dst, `,"categories":[`...)
	for i, c := range e.Categories {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, string(c))
	}
	dst = appendString(append(dst, `],"entity":`...), e.Entity)
	dst = appendString(append(dst, `,"list":`...), e.List)
	dst = appendString(append(dst, `,"entry_id":`...), e.EntryID)
	dst = appendOptional(dst, `,"authority":`, e.Authority)
	dst = appendOptional(dst, `,"program":`, e.Program)
	dst = appendOptional(dst, `,"measure":`, string(e.Measure))
	if e.Confidence != 0 {
		dst = strconv.AppendUint(append(dst, `,"confidence":`...), uint64(e.Confidence), 10)
	}
	dst = appendOptional(dst, `,"severity":`, e.Severity)
	dst = appendOptional(dst, `,"party_listed_at":`, e.PartyListedAt)
	dst = appendOptional(dst, `,"address_listed_at":`, e.AddressListedAt)
	dst = appendOptional(dst, `,"delisted_at":`, e.DelistedAt)
	dst = appendOptional(dst, `,"use":`, string(e.Use))
	dst = appendOptional(dst, `,"names":`, string(e.Names))
	dst = appendOptional(dst, `,"service":`, string(e.Service))
	dst = appendOptional(dst, `,"customer_id":`, e.Customer)
	dst = appendOptional(dst, `,"for_list":`, e.ForList)
	dst = appendOptional(dst, `,"for_entry":`, e.ForEntry)
	dst = appendOptional(dst, `,"expires_at":`, e.ExpiresAt)
	dst = appendOptional(dst, `,"known_at":`, e.KnownAt)
	dst = appendOptional(dst, `,"author":`, e.Author)
	dst = appendOptional(dst, `,"reason":`, e.Reason)
	dst = appendOptional(dst, `,"reference":`, e.Reference)
	dst = appendOptional(dst, `,"approver":`, e.Approver)
	return append(dst, '}')
}

func appendOptional(dst []byte, name, value string) []byte {
	if value == "" {
		return dst
	}
	return appendString(append(dst, name...), value)
}

// appendString writes a JSON string; text that is not UTF-8 cannot come here through Validate, and what is broken in it
// is written as U+FFFD.
func appendString(dst []byte, s string) []byte {
	out, err := jsontext.AppendQuote(dst, s)
	if err != nil && len(out) == len(dst) {
		return append(dst, `""`...)
	}
	return out
}

// ParseEntry reads the JSON form of an entry, strictly: unknown, duplicate and case-variant members are errors, and so
// is whatever Validate refuses. The key is derived from network and address: an address that this release cannot read
// on its network gets its TextKey.
func ParseEntry(line []byte) (Entry, error) {
	var e Entry
	if _, err := parseEntry(string(line), &e); err != nil {
		return Entry{}, err
	}
	return e, nil
}

// parseEntry is ParseEntry; fast says that scanEntry read the line, which is then written as AppendJSON does. The texts
// of e are parts of the line or of a copy, and its categories may lie in the memory that it had.
func parseEntry(line string, e *Entry) (fast bool, err error) {
	if fast = scanEntry(line, e); !fast {
		if *e, err = referenceEntry([]byte(line)); err != nil {
			return false, err
		}
	}
	e.Key = keyOf(e.Network, e.Address)
	if err := e.Validate(); err != nil {
		return false, fmt.Errorf("entry %q of list %q: %w", e.EntryID, e.List, err)
	}
	return fast, nil
}

// restore reads a line that was verified when it was taken into a snapshot.
func restore(line string, e *Entry) {
	restoreTexts(line, e)
	e.Key = keyOf(e.Network, e.Address)
}

// restoreTexts is restore without the key, and reuses the memory of e.Categories.
func restoreTexts(line string, e *Entry) {
	if !scanEntry(line, e) {
		*e, _ = referenceEntry([]byte(line))
	}
}

// referenceEntry reads the JSON form of an entry in any layout, without key and validation. Where scanEntry reads a
// line, it reads the same.
func referenceEntry(line []byte) (Entry, error) {
	var j entryJSON
	if err := json.Unmarshal(line, &j, json.RejectUnknownMembers(true)); err != nil {
		return Entry{}, fmt.Errorf("entry is not valid JSON: %w", err)
	}
	return Entry{
		List: j.List, EntryID: j.EntryID,
		Network: j.Network, Address: j.Address, Tag: j.Tag,
		Entity: j.Entity, Category: j.Category, Categories: j.Categories,
		Authority: j.Authority, Program: j.Program, Measure: j.Measure, Confidence: j.Confidence, Severity: j.Severity,
		PartyListedAt: j.PartyListedAt, AddressListedAt: j.AddressListedAt, DelistedAt: j.DelistedAt,
		Use: j.Use, Names: j.Names, Service: j.Service, Customer: j.Customer, ForList: j.ForList, ForEntry: j.ForEntry,
		ExpiresAt: j.ExpiresAt, KnownAt: j.KnownAt, Author: j.Author, Reason: j.Reason, Reference: j.Reference, Approver: j.Approver,
	}, nil
}
