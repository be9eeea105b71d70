package simulate

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"sluice/pkg/address"
	"sluice/pkg/network"
	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
)

// ListName is the list that the entries are of: whoever sees it knows that nothing on it is real.
const ListName = "sluice-simulated"

// FillerList is the list of Filler.
const FillerList = "sluice-filler"

// listedCategories are the categories that scenarios need, and their order in the list.
var listedCategories = []taxonomy.Category{
	taxonomy.Sanctions, taxonomy.Ransomware, taxonomy.DarknetMarket, taxonomy.Scam, taxonomy.Phishing, taxonomy.Mixer,
}

// Entries is the list that makes the scenarios hits: some addresses of each category on each network.
func (g *Generator) Entries() []watchlist.Entry {
	var entries []watchlist.Entry
	for _, w := range g.worlds {
		for _, c := range listedCategories {
			for _, l := range w.listed[c] {
				e := watchlist.Entry{
					List: ListName, EntryID: fmt.Sprintf("%s-%04d", c, len(entries)+1),
					Network: w.model.alias, Address: l.text[0], Key: l.key,
					Entity:   fmt.Sprintf("Simulated %s %d", strings.ReplaceAll(string(c), "_", " "), l.party),
					Category: c, Categories: []taxonomy.Category{c},
					AddressListedAt: "2024-01-01",
				}
				if c == taxonomy.Sanctions {
					e.Authority, e.Measure = "Simulated authority", watchlist.MeasureBlock
				}
				entries = append(entries, e)
			}
		}
	}
	return entries
}

// CSVHeader names the columns of AppendCSV, as the csv format of watchlist imports finds them.
const CSVHeader = "network,address,category,entity,entry_id,address_listed_at\n"

// AppendCSV appends an entry of this package as a line of CSV. Its texts have no comma and no quote.
func AppendCSV(dst []byte, e *watchlist.Entry) []byte {
	for i, text := range []string{e.Network, e.Address, string(e.Category), e.Entity, e.EntryID, e.AddressListedAt} {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, text...)
	}
	return append(dst, '\n')
}

// MaxFiller bounds Filler.
const MaxFiller = 10_000_000

// Filler gives n entries that no simulated transfer hits, to make a list large: every other one is an EVM address, the
// rest are bitcoin's. It gives the same for a seed, and more of them begin with the fewer.
func Filler(seed uint64, n int) ([]watchlist.Entry, error) {
	var entries []watchlist.Entry
	err := EachFiller(seed, n, func(e *watchlist.Entry) { entries = append(entries, *e) })
	return entries, err
}

// EachFiller gives the entries of Filler one by one. An entry is valid during the call.
func EachFiller(seed uint64, n int, fn func(*watchlist.Entry)) error {
	if n < 0 || n > MaxFiller {
		return fmt.Errorf("%d filler entries: from 0 to %d", n, MaxFiller)
	}
	bitcoin, ok := network.Lookup("bitcoin")
	if !ok {
		return fmt.Errorf("network %q is not known", "bitcoin")
	}
	random := rand.New(rand.NewPCG(seed, streamFiller))
	categories := make([][]taxonomy.Category, len(listedCategories))
	for i, c := range listedCategories {
		categories[i] = []taxonomy.Category{c}
	}
	for i := range n {
		var payload [20]byte
		fill(random, payload[:])
		e := watchlist.Entry{List: FillerList, EntryID: strconv.Itoa(i + 1), Entity: "Filler", Categories: categories[i%len(categories)]}
		e.Category = e.Categories[0]
		if i%2 == 0 {
			e.Network = "ethereum"
			e.Address = "0x" + hex.EncodeToString(payload[:])
			e.Key = address.NewKey(network.EVM, address.Account, payload[:])
		} else {
			a, err := address.Encode(bitcoin, address.P2WPKH, payload[:])
			if err != nil {
				return err
			}
			e.Network, e.Address, e.Key = bitcoin.Alias, a.Text, a.Key
		}
		fn(&e)
	}
	return nil
}
