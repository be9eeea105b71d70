// Package scenario tests rule sets by example. A scenario is a txtar file: what it shows, the lists, the transfers, and
// what must become of them. The same files are the tests of the built-in policy and, for whoever writes rules, the
// tests of theirs.
//
//	What the scenario shows, in words.
//	-- options --
//	unknown_deposit: flag
//	-- own --
//	ethereum 0x52908400098527886e0f7030069857d2e4169ee7 Example Exchange
//	-- lists --
//	{"network":"bitcoin","address":"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa","category":"sanctions"}
//	-- transfers --
//	{"id":"a","direction":"deposit","network":"bitcoin","from":["1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"]}
//	-- want --
//	a held severe risk deposit_blocked
//
// Everything but transfers and want may be left out. Lines that begin with # are comments. Members of entries and
// transfers that no rule needs have defaults, so that a scenario says what it is about and nothing else. A line of want
// is: transfer id, verdict, severity, hold reasons, rules that raised an alert, and the posture unless it is unknown;
// several reasons or rules stand with commas between them, worst first, and - stands for none.
package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/address"
	"sluice/pkg/amount"
	"sluice/pkg/event"
	"sluice/pkg/judge"
	"sluice/pkg/network"
	"sluice/pkg/rules"
	"sluice/pkg/taxonomy"
	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// Scenario is a parsed file.
type Scenario struct {
	Title string
	Want  []string // one line for each transfer, single spaces between the words

	options   rules.Options
	own       []watchlist.Entry
	lists     *watchlist.Builder
	snapshot  *watchlist.Snapshot
	transfers []string
}

// now is when scenarios are judged: transfers may not lie far ahead of it.
var now = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// Parse reads a scenario. Its error names the part and the line.
func Parse(data []byte) (*Scenario, error) {
	title, parts := split(string(data))
	s := &Scenario{Title: strings.TrimSpace(title), options: rules.DefaultOptions(), lists: watchlist.NewBuilder()}
	readers := map[string]func([]line) error{
		"options": s.parseOptions, "own": s.parseOwn, "lists": s.parseLists,
		"transfers": s.parseTransfers, "want": s.parseWant,
	}
	for _, p := range parts {
		read, ok := readers[p.name]
		if !ok {
			return nil, fmt.Errorf("part %q is none of options, own, lists, transfers, want, or stands twice", p.name)
		}
		delete(readers, p.name)
		if err := read(p.lines); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if len(s.transfers) == 0 || len(s.Want) == 0 {
		return nil, fmt.Errorf("a scenario needs transfers and want")
	}
	var err error
	s.snapshot, err = s.lists.Add(ownList, s.own).Build()
	return s, err
}

// Run judges the transfers by the rules of the files and says what became of each, as Want does.
func (s *Scenario) Run(files ...rules.File) ([]string, error) {
	set, err := rules.Compile(s.options, files...)
	if err != nil {
		return nil, err
	}
	var out, errs strings.Builder
	_, err = judge.Filter(strings.NewReader(strings.Join(s.transfers, "\n")), &out, &errs, judge.FilterConfig{
		Lists: judge.Lists{Snapshot: s.snapshot, Seq: 1},
		Rules: judge.Rules{Set: set, Seq: 1},
		Now:   now, All: true,
	})
	if err != nil {
		return nil, err
	}
	if errs.Len() > 0 {
		return nil, fmt.Errorf("transfers: %s", strings.TrimSpace(errs.String()))
	}
	var got []string
	for record := range strings.Lines(out.String()) {
		summary, err := summarize([]byte(strings.TrimSuffix(record, "\n")))
		if err != nil {
			return nil, err
		}
		got = append(got, summary)
	}
	return got, nil
}

// summarize is the line of want for a verdict record.
func summarize(value []byte) (string, error) {
	var r event.Record
	if err := r.Decode(value); err != nil {
		return "", err
	}
	var alerts []struct {
		Rule string `json:"rule"`
	}
	if r.Alerts != nil {
		if err := json.Unmarshal(r.Alerts, &alerts); err != nil {
			return "", fmt.Errorf("alerts: %w", err)
		}
	}
	var ids []string
	for _, a := range alerts {
		ids = append(ids, a.Rule)
	}
	words := []string{r.TransferID, r.Verdict, r.Severity, joined(r.HoldReasons), joined(ids)}
	if r.Posture != "" {
		words = append(words, r.Posture)
	}
	return strings.Join(words, " "), nil
}

func joined(words []string) string {
	if len(words) == 0 {
		return "-"
	}
	return strings.Join(words, ",")
}

// line is a line of a part that says something.
type line struct {
	number int
	text   string
}

func (l line) errorf(format string, args ...any) error {
	return fmt.Errorf("line %d: %w", l.number, fmt.Errorf(format, args...))
}

// part is what stands below a line of the form `-- name --`.
type part struct {
	name  string
	lines []line
}

// split takes a file apart into what stands above the first part, and the parts. Lines are counted from the file's
// first.
func split(data string) (head string, parts []part) {
	number := 0
	for text := range strings.Lines(data) {
		number++
		text = strings.TrimSpace(text)
		name, marked := strings.CutPrefix(text, "-- ")
		if name, closed := strings.CutSuffix(name, " --"); marked && closed {
			parts = append(parts, part{name: strings.TrimSpace(name)})
			continue
		}
		switch {
		case len(parts) == 0:
			head += text + "\n"
		case text != "" && !strings.HasPrefix(text, "#"):
			p := &parts[len(parts)-1]
			p.lines = append(p.lines, line{number, text})
		}
	}
	return head, parts
}

func (s *Scenario) parseOptions(list []line) error {
	for _, l := range list {
		name, value, _ := strings.Cut(l.text, ":")
		value = strings.TrimSpace(value)
		var err error
		switch name {
		case "unknown_deposit":
			s.options.UnknownDeposit, err = rules.ParseTreatment(value)
		case "unknown_withdrawal":
			s.options.UnknownWithdrawal, err = rules.ParseTreatment(value)
		case "dust":
			number, currency, _ := strings.Cut(value, " ")
			s.options.Dust.Currency = currency
			s.options.Dust.Amount, err = amount.Parse(number)
		default:
			err = fmt.Errorf("%q is none of unknown_deposit, unknown_withdrawal, dust", name)
		}
		if err != nil {
			return l.errorf("%w", err)
		}
	}
	return nil
}

// ownList is the list of the exchange's own addresses.
const ownList = "own"

// parseOwn reads `network address [name of the exchange]`.
func (s *Scenario) parseOwn(list []line) error {
	for _, l := range list {
		words := append(strings.SplitN(l.text, " ", 3), "")
		if len(words) < 3 {
			return l.errorf("want network, address and, where lists name the exchange, its name")
		}
		n, ok := network.Lookup(words[0])
		if !ok {
			return l.errorf("network %q is not known", words[0])
		}
		a, err := address.Parse(n, words[1])
		if err != nil {
			return l.errorf("%w", err)
		}
		s.own = append(s.own, watchlist.Entry{
			List: ownList, EntryID: a.Text, Network: n.Canonical(), Address: a.Text, Tag: a.Tag, Key: a.Key,
			Entity: words[2], Use: watchlist.UseOwn, Category: taxonomy.Exchange, Categories: []taxonomy.Category{taxonomy.Exchange},
		})
	}
	return nil
}

func (s *Scenario) parseLists(list []line) error {
	byList := map[string][]watchlist.Entry{"test": nil}
	for _, l := range list {
		e, err := parseEntry(l.text)
		if err != nil {
			return l.errorf("%w", err)
		}
		byList[e.List] = append(byList[e.List], e)
	}
	for name, entries := range byList {
		s.lists.Add(name, entries)
	}
	return nil
}

// parseEntry reads an entry and fills in what it does not say.
func parseEntry(text string) (watchlist.Entry, error) {
	members := map[string]jsontext.Value{}
	if err := json.Unmarshal([]byte(text), &members); err != nil {
		return watchlist.Entry{}, err
	}
	fill(members, "list", `"test"`)
	fill(members, "entry_id", string(members["address"]))
	fill(members, "entity", `"Somebody"`)
	if members["category"] != nil {
		fill(members, "categories", "["+string(members["category"])+"]")
	}
	full, err := json.Marshal(members)
	if err != nil {
		return watchlist.Entry{}, err
	}
	return watchlist.ParseEntry(full)
}

func (s *Scenario) parseTransfers(list []line) error {
	for _, l := range list {
		members := map[string]jsontext.Value{}
		if err := json.Unmarshal([]byte(l.text), &members); err != nil {
			return l.errorf("%w", err)
		}
		fill(members, "customer_id", `"customer"`)
		fill(members, "asset", `"COIN"`)
		fill(members, "amount", `"10"`)
		fill(members, "occurred_at", `"2026-06-15T12:00:00Z"`)
		full, err := json.Marshal(members)
		if err != nil {
			return l.errorf("%w", err)
		}
		if _, err := transfer.Parse(full, now); err != nil {
			return l.errorf("%w", err)
		}
		s.transfers = append(s.transfers, string(full))
	}
	return nil
}

func (s *Scenario) parseWant(list []line) error {
	for _, l := range list {
		s.Want = append(s.Want, strings.Join(strings.Fields(l.text), " "))
	}
	return nil
}

// fill sets a member that is not there.
func fill(members map[string]jsontext.Value, name, value string) {
	if members[name] == nil && value != "" {
		members[name] = jsontext.Value(value)
	}
}
