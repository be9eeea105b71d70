// Package ndjson reads Sluice's own entries, one JSON object a line, as `sluice watchlist parse` and `export` write
// them: what was parsed or exported once is imported again as it was. Every member of an entry is read. Lines that
// people write may leave out list, entry_id, entity and categories; a member that no entry has is an error of its line.
package ndjson

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// Format is the name of the format.
const Format = "ndjson"

// MaxLine is the longest line, in bytes.
const MaxLine = 256 << 10

// Fits says whether a file that begins so may be one of the format.
func Fits(head []byte) bool {
	line, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte("\n"))
	return bytes.HasPrefix(line, []byte("{")) && bytes.Contains(line, []byte(`"address"`))
}

// Parse reads entries as one list. The list is the one that the options name, else the one that all the lines name;
// entry_id is the line's, else the canonical address.
func Parse(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	if _, _, err := opts.CheckNetwork(); err != nil {
		return nil, intake.Report{}, err
	}
	p := &parser{opts: opts}
	for _, in := range inputs {
		if err := p.read(in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	list, err := opts.ListName(p.list, inputs)
	if err != nil {
		return nil, intake.Report{}, err
	}
	c := intake.NewCollector(Format, list, opts)
	for _, r := range p.rows {
		if r.why != nil {
			c.Reject(r.Place, r.Text, intake.CodeMalformed, r.why.Error())
			continue
		}
		c.Add(r.Row)
	}
	entries, report := c.Result()
	return entries, report, nil
}

type row struct {
	intake.Row
	why error // it cannot be read
}

type parser struct {
	opts intake.Options
	list string // that the lines name
	rows []row
}

func (p *parser) read(in intake.Input) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), MaxLine)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if len(line) == 0 {
			continue
		}
		at := intake.Place{Input: in.Name, Line: n}
		got, list, err := p.row(line)
		if err != nil {
			got = intake.Row{Text: string(line[:min(len(line), 200)])}
		}
		got.Place = at
		p.rows = append(p.rows, row{got, err})
		if err != nil || list == "" || p.opts.List != "" {
			continue
		}
		if p.list == "" {
			p.list = list
		}
		if list != p.list {
			return fmt.Errorf("line %d is of the list %q and an earlier one of %q: import them apart, or name the list that they are to be", n, list, p.list)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return fmt.Errorf("line %d is longer than %d bytes", n+1, MaxLine)
	}
	return lines.Err()
}

// placeholder stands, while a line is checked, for what it may leave out.
const placeholder = "-"

// row reads one line, and the list that it names. What may be left out is filled in, so that the rest is checked as an
// entry is, and taken out again.
func (p *parser) row(line []byte) (intake.Row, string, error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(line, &members); err != nil {
		return intake.Row{}, "", fmt.Errorf("not valid JSON: %w", err)
	}
	var given struct {
		List, EntryID, Network, Category string
		Categories                       []string
	}
	for name, target := range map[string]*string{"list": &given.List, "entry_id": &given.EntryID, "network": &given.Network, "category": &given.Category} {
		if err := text(members, name, target); err != nil {
			return intake.Row{}, "", err
		}
	}
	if v, ok := members["categories"]; ok {
		if err := json.Unmarshal(v, &given.Categories); err != nil {
			return intake.Row{}, "", errors.New("categories is no array of texts")
		}
	}
	fill(members, "list", given.List, "list")
	fill(members, "entry_id", given.EntryID, placeholder)
	fill(members, "network", given.Network, placeholder)
	categories, err := p.categories(given.Category, given.Categories)
	if err != nil {
		return intake.Row{}, "", err
	}
	filled := categories
	if len(filled) == 0 {
		filled = []taxonomy.Category{taxonomy.UnnamedService}
	}
	if members["category"], err = json.Marshal(filled[0]); err != nil {
		return intake.Row{}, "", err
	}
	if members["categories"], err = json.Marshal(filled); err != nil {
		return intake.Row{}, "", err
	}
	whole, err := json.Marshal(members)
	if err != nil {
		return intake.Row{}, "", err
	}
	e, err := watchlist.ParseEntry(whole)
	if err != nil {
		return intake.Row{}, "", err
	}
	// An entry that names an authority may be one that was kept by its text.
	r := intake.Row{Text: e.Address, Keep: e.Authority != "", Entry: e}
	r.Entry.EntryID, r.Entry.Categories, r.Entry.Category = given.EntryID, categories, ""
	if given.Network != "" {
		r.Networks = []string{given.Network}
	}
	if len(categories) == 0 && p.opts.Category == "" {
		r.Terms = []string{"no category"}
	}
	return r, given.List, nil
}

// categories are the categories of a line: category, where it is given, is one of them.
func (p *parser) categories(primary string, all []string) ([]taxonomy.Category, error) {
	var out []taxonomy.Category
	for _, name := range append(all, primary) {
		if name == "" {
			continue
		}
		c, err := taxonomy.ParseCategory(name)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return taxonomy.Sort(out), nil
}

func text(members map[string]jsontext.Value, name string, target *string) error {
	v, ok := members[name]
	if !ok || v.Kind() == 'n' {
		delete(members, name)
		return nil
	}
	if err := json.Unmarshal(v, target); err != nil {
		return fmt.Errorf("%s is no text", name)
	}
	*target = strings.TrimSpace(*target)
	return nil
}

func fill(members map[string]jsontext.Value, name, given, stand string) {
	if given == "" {
		members[name] = jsontext.Value(`"` + stand + `"`)
	}
}
