package screening

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"sluice/pkg/address"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

// Own are the exchange's own addresses, and the names under which publishers list it. Entries that say only that such
// an address is the exchange's give no hit; whatever else an own address is listed for does. It is immutable; nil has
// no addresses.
type Own struct {
	keys     map[address.Key]struct{}
	entities map[string]struct{} // folded to lower case
	version  string
}

// NewOwn makes the set of own addresses. entities are the exchange's names in lists, compared without regard to case;
// without any, an entry counts as the exchange's own when none of its categories is a risk in itself (exchange,
// hosted_wallet and the like).
func NewOwn(keys []address.Key, entities []string) *Own {
	o := &Own{keys: make(map[address.Key]struct{}, len(keys)), entities: make(map[string]struct{}, len(entities))}
	lines := make([]string, 0, len(keys)+len(entities))
	for _, k := range keys {
		o.keys[k] = struct{}{}
		lines = append(lines, "key "+k.String())
	}
	for _, e := range entities {
		folded := strings.ToLower(e)
		o.entities[folded] = struct{}{}
		lines = append(lines, "entity "+folded)
	}
	slices.Sort(lines)
	sum := sha256.Sum256([]byte(strings.Join(slices.Compact(lines), "\n")))
	o.version = hex.EncodeToString(sum[:8])
	return o
}

// Version is the content hash of the set, 16 hex digits, "" for nil. A record whose hits the set had a say in carries
// it among its inputs, so that the verdict can be made again.
func (o *Own) Version() string {
	if o == nil {
		return ""
	}
	return o.version
}

// Has reports whether an address is the exchange's own.
func (o *Own) Has(k address.Key) bool {
	if o == nil {
		return false
	}
	_, ok := o.keys[k]
	return ok
}

// names reports whether an entry for an own address says only that it is the exchange's.
func (o *Own) names(e *watchlist.Entry) bool {
	if len(o.entities) > 0 {
		_, ok := o.entities[strings.ToLower(e.Entity)]
		return ok
	}
	risky := func(c taxonomy.Category) bool { return c.Severity() != taxonomy.None }
	return !risky(e.Category) && !slices.ContainsFunc(e.Categories, risky)
}
