package table

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// ParseJSON reads arrays whose elements are addresses, or objects with an address in a member. Members are found like
// columns of a table; the place of an element is its number in the array.
func ParseJSON(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	for f, name := range columnsOf(opts.Columns) {
		if len(name) > 0 && name[0] == '#' {
			return nil, intake.Report{}, fmt.Errorf("column %q for the %s: JSON objects have named members", name, fieldNames[f])
		}
	}
	c, err := begin(FormatJSON, opts, inputs)
	if err != nil {
		return nil, intake.Report{}, err
	}
	for _, in := range inputs {
		if err := parseJSON(c, opts, in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	entries, report := c.Result()
	return entries, report, nil
}

func parseJSON(c *intake.Collector, opts intake.Options, in intake.Input) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	d := jsontext.NewDecoder(r)
	if open, err := d.ReadToken(); err != nil || open.Kind() != '[' {
		return fmt.Errorf("want a JSON array of addresses or of objects%s", because(err))
	}
	for n := 1; d.PeekKind() != ']'; n++ {
		at := intake.Place{Input: in.Name, Line: n}
		value, err := d.ReadValue()
		if err != nil {
			return fmt.Errorf("element %d: %w", n, err)
		}
		v, err := element(value, columnsOf(opts.Columns))
		if err != nil {
			c.Reject(at, string(value), intake.CodeMalformed, err.Error())
			continue
		}
		c.Add(row(at, v, opts))
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the array")
	}
	return nil
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// element reads the fields of one element.
func element(value jsontext.Value, named [fieldEnd]string) (v [fieldEnd]string, err error) {
	switch value.Kind() {
	case '"':
		err = json.Unmarshal(value, &v[fieldAddress])
		return v, err
	case '{':
	default:
		return v, errors.New("an element is neither an address nor an object")
	}
	var members map[string]jsontext.Value
	if err := json.Unmarshal(value, &members); err != nil {
		return v, err
	}
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	for f, want := range named {
		i, err := find(field(f), want, names)
		if err != nil && field(f) == fieldAddress {
			return v, err
		}
		if i < 0 {
			continue
		}
		text, ok := scalar(members[names[i]])
		if !ok {
			return v, fmt.Errorf("member %q is no text", names[i])
		}
		v[f] = text
	}
	return v, nil
}

// scalar is the text of a member: of a string, a number, or an array of strings, whose items are joined by commas.
func scalar(value jsontext.Value) (string, bool) {
	switch value.Kind() {
	case 'n':
		return "", true
	case '"':
		var s string
		return s, json.Unmarshal(value, &s) == nil
	case '0':
		return string(value), true
	case '[':
		var items []string
		if json.Unmarshal(value, &items) != nil {
			return "", false
		}
		out := ""
		for i, item := range items {
			if i > 0 {
				out += ","
			}
			out += item
		}
		return out, true
	default:
		return "", false
	}
}
