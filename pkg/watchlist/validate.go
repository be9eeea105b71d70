package watchlist

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"sluice/pkg/taxonomy"
)

// Bounds of an entry's texts, in bytes.
const (
	MaxListName = 64
	MaxEntryID  = 256
	MaxAddress  = 512
	MaxText     = 2048 // entity, program, authority, tag, reason, reference
)

// Validate says what is wrong with the entry, naming field, value and rule; nil when nothing is.
func (e *Entry) Validate() error {
	if err := CheckListName(e.List); err != nil {
		return err
	}
	for _, f := range []struct {
		name, value string
		need        bool
		max         int
	}{
		{"entry_id", e.EntryID, true, MaxEntryID},
		{"network", e.Network, true, MaxListName},
		{"address", e.Address, true, MaxAddress},
		{"tag", e.Tag, false, MaxText},
		{"entity", e.Entity, false, MaxText},
		{"authority", e.Authority, false, MaxText},
		{"program", e.Program, false, MaxText},
		{"customer_id", e.Customer, false, MaxEntryID},
		{"for_entry", e.ForEntry, false, MaxEntryID},
		{"author", e.Author, false, MaxEntryID},
		{"reason", e.Reason, false, MaxText},
		{"reference", e.Reference, false, MaxText},
		{"approver", e.Approver, false, MaxEntryID},
	} {
		switch {
		case f.need && f.value == "":
			return fmt.Errorf("%s is empty", f.name)
		case len(f.value) > f.max:
			return fmt.Errorf("%s is %d bytes long, at most %d", f.name, len(f.value), f.max)
		case !utf8.ValidString(f.value):
			return fmt.Errorf("%s %q is not UTF-8", f.name, f.value)
		}
	}
	if e.Key.IsZero() {
		return fmt.Errorf("address %q has no key", e.Address)
	}
	if err := checkCategories(e.Category, e.Categories); err != nil {
		return err
	}
	if !e.Measure.Valid() {
		return fmt.Errorf("measure %q is none of none, block, reject, special_measures, seizure, issuer_freeze", e.Measure)
	}
	if e.Confidence > 100 {
		return fmt.Errorf("confidence %d is above 100", e.Confidence)
	}
	if _, err := taxonomy.ParseSeverity(e.Severity); e.Severity != "" && err != nil {
		return err
	}
	for _, d := range []struct{ name, value string }{
		{"party_listed_at", e.PartyListedAt}, {"address_listed_at", e.AddressListedAt}, {"delisted_at", e.DelistedAt},
	} {
		if d.value == "" {
			continue
		}
		if _, err := time.Parse(time.DateOnly, d.value); err != nil {
			return fmt.Errorf("%s %q is no date of the form YYYY-MM-DD", d.name, d.value)
		}
	}
	for _, d := range []struct{ name, value string }{{"expires_at", e.ExpiresAt}, {"known_at", e.KnownAt}} {
		if d.value == "" {
			continue
		}
		if at, err := time.Parse(time.RFC3339, d.value); err != nil || at.UTC().Format(time.RFC3339) != d.value {
			return fmt.Errorf("%s %q is no time in UTC of the form 2026-11-22T14:00:00Z", d.name, d.value)
		}
	}
	return e.checkUse()
}

// checkUse says what does not go together with the use of the entry.
func (e *Entry) checkUse() error {
	switch {
	case !e.Use.Valid():
		return fmt.Errorf("use %q is neither allow nor own; a listed entry has none", e.Use)
	case !e.Names.Valid():
		return fmt.Errorf("names %q is neither token nor issuer", e.Names)
	case e.Names != NamesNothing && e.Use != UseListed:
		return fmt.Errorf("names %q belongs to listed entries, use is %q", e.Names, e.Use)
	case !e.Service.Valid():
		return fmt.Errorf("service %q is none of deposit, hot, cold, sweep", e.Service)
	case e.Use != UseOwn && e.Service != "":
		return fmt.Errorf("service %q belongs to own addresses, use is %q", e.Service, e.Use)
	case e.Use != UseOwn && e.Customer != "":
		return fmt.Errorf("customer_id %q belongs to own addresses, use is %q", e.Customer, e.Use)
	case e.Use != UseAllow && (e.ForList != "" || e.ForEntry != ""):
		return fmt.Errorf("for_list %q and for_entry %q belong to allow entries, use is %q", e.ForList, e.ForEntry, e.Use)
	case e.ForEntry != "" && e.ForList == "":
		return fmt.Errorf("for_entry %q needs for_list: an entry id is known only within its list", e.ForEntry)
	case e.Use != UseListed && e.Severity != "":
		return fmt.Errorf("severity %q belongs to listed entries, use is %q", e.Severity, e.Use)
	case e.Use == UseAllow:
		return e.checkAllow()
	default:
		return nil
	}
}

func checkCategories(primary taxonomy.Category, all []taxonomy.Category) error {
	for _, c := range all {
		if _, err := taxonomy.ParseCategory(string(c)); err != nil {
			return err
		}
	}
	if len(all) == 0 || all[0] != primary {
		return fmt.Errorf("categories %v do not begin with the category %q", all, primary)
	}
	if !slices.IsSortedFunc(all, func(a, b taxonomy.Category) int { return a.Rank() - b.Rank() }) {
		return fmt.Errorf("categories %v are not in the order of their rank", all)
	}
	for i := 1; i < len(all); i++ {
		if all[i] == all[i-1] {
			return fmt.Errorf("category %q stands twice", all[i])
		}
	}
	return nil
}

// CheckListName says what is wrong with the name of a list: it is 1 to 64 letters a-z, digits, dots, underscores and
// hyphens, and begins with a letter or digit.
func CheckListName(name string) error {
	ok := len(name) >= 1 && len(name) <= MaxListName
	for i := 0; ok && i < len(name); i++ {
		c := name[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case i > 0 && (c == '.' || c == '_' || c == '-'):
		default:
			ok = false
		}
	}
	if !ok {
		return fmt.Errorf("list name %q: want 1 to %d of a-z, 0-9, '.', '_', '-', beginning with a letter or digit", name, MaxListName)
	}
	return nil
}
