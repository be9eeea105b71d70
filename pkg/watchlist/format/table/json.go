package table

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// maxValue is the largest row, in bytes; what a reader takes at once comes on top of it.
const maxValue = 1 << 20

// ParseJSON reads arrays whose elements are addresses, or objects with an address in a member, and objects whose members
// are named by addresses and hold a label or an object. Members are found like columns of a table, and one inside of
// another is named with a dot. The place of a row is its number in the array or object.
func ParseJSON(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	for f, name := range opts.Mapping.Fields {
		if strings.HasPrefix(name, "#") {
			return nil, intake.Report{}, fmt.Errorf("column %q for the %s: JSON objects have named members", name, f)
		}
	}
	return read(FormatJSON, opts, inputs, parseJSON)
}

func parseJSON(r *reader, in intake.Input) error {
	src, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	guard := intake.NewGuard(src)
	guard.Allow(0, math.MaxInt64/2) // what leads to the rows is read token by token
	d := &decoder{jsontext.NewDecoder(guard), guard}
	if err := enter(d.Decoder, r.m.Root); err != nil {
		return err
	}
	switch open, err := d.ReadToken(); {
	case err != nil:
		return fmt.Errorf("want a JSON array or object: %w", err)
	case open.Kind() == '[':
		err = r.array(d, in.Name)
		if err != nil {
			return err
		}
	case open.Kind() == '{':
		if err := r.object(d, in.Name); err != nil {
			return err
		}
	default:
		return fmt.Errorf("want a JSON array of addresses or of objects, or an object with a member for each address; have a %s", open.Kind())
	}
	return d.rest(r.m.Root == "")
}

// decoder reads rows of a bounded size.
type decoder struct {
	*jsontext.Decoder
	guard *intake.Guard
}

// value reads the next row.
func (d *decoder) value() (jsontext.Value, error) {
	d.guard.Allow(d.InputOffset(), maxValue)
	return d.ReadValue()
}

// enter goes to the value of the member that root names.
func enter(d *jsontext.Decoder, root string) error {
	if root == "" {
		return nil
	}
	for name := range strings.SplitSeq(root, ".") {
		if open, err := d.ReadToken(); err != nil || open.Kind() != '{' {
			return fmt.Errorf("root %q: %q is to stand in an object", root, name)
		}
		for {
			t, err := d.ReadToken()
			if err != nil {
				return err
			}
			if t.Kind() == '}' {
				return fmt.Errorf("root %q: there is no member %q", root, name)
			}
			if t.String() == name {
				break
			}
			if err := d.SkipValue(); err != nil {
				return err
			}
		}
	}
	return nil
}

// rest reads what follows the rows: nothing, or the remainder of what they stand in.
func (d *decoder) rest(alone bool) error {
	d.guard.Allow(0, math.MaxInt64/2)
	for {
		_, err := d.ReadToken()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if alone {
			return errors.New("something follows the rows")
		}
	}
}

func (r *reader) array(d *decoder, name string) error {
	for n := 1; d.PeekKind() != ']'; n++ {
		at := intake.Place{Input: name, Line: n}
		value, err := d.value()
		if err != nil {
			return fmt.Errorf("element %d: %w", n, err)
		}
		if v, ok := r.element(at, value, nil); ok {
			r.row(at, v)
		}
	}
	_, err := d.ReadToken()
	return err
}

func (r *reader) object(d *decoder, name string) error {
	for n := 1; d.PeekKind() != '}'; n++ {
		at := intake.Place{Input: name, Line: n}
		d.guard.Allow(d.InputOffset(), maxValue)
		key, err := d.ReadToken()
		if err != nil {
			return fmt.Errorf("member %d: %w", n, err)
		}
		address := key.String()
		value, err := d.value()
		if err != nil {
			return fmt.Errorf("member %d: %w", n, err)
		}
		if v, ok := r.element(at, value, &address); ok {
			r.row(at, v)
		}
	}
	_, err := d.ReadToken()
	return err
}

// element reads the fields of one row; key is the address, where a member's name is it. What cannot be read is rejected.
func (r *reader) element(at intake.Place, value jsontext.Value, key *string) (values, bool) {
	v, err := r.fields(value, key)
	if err != nil {
		text := string(value)
		if key != nil {
			text = *key
		}
		r.Reject(at, text, intake.CodeMalformed, err.Error())
	}
	return v, err == nil
}

func (r *reader) fields(value jsontext.Value, key *string) (values, error) {
	v := values{}
	switch value.Kind() {
	case '{':
	case '"', '[', 'n', 't', 'f', '0':
		text, ok := scalar(value)
		switch {
		case key != nil && ok:
			v[intake.FieldAddress] = *key
			r.label(v, text)
			return v, nil
		case key == nil && value.Kind() == '"':
			v[intake.FieldAddress] = text
			return v, nil
		}
		return v, errors.New("a row is neither an address nor an object")
	default:
		return v, errors.New("a row is neither an address nor an object")
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
	for _, f := range intake.Fields {
		if f == intake.FieldAddress && key != nil {
			v[f] = *key
			continue
		}
		text, err := r.member(f, members, names)
		if err != nil {
			return v, err
		}
		v[f] = text
	}
	return v, nil
}

// label fills in what an object says of an address in one text: the party's name, and a category where it means one.
func (r *reader) label(v values, text string) {
	v[intake.FieldEntity] = text
	_, mapped := r.m.Label(text)
	_, known := taxonomy.Read(text, taxonomy.GraphSense, taxonomy.Etherscan, taxonomy.FollowTheMoney)
	if mapped || known || r.m.Default != nil {
		v[intake.FieldCategory] = text
	}
}

// member is the text of a field of an object. A member that a mapping names need not be in every object.
func (r *reader) member(f intake.Field, members map[string]jsontext.Value, names []string) (string, error) {
	path := r.m.Fields[f]
	if path == "" {
		i, err := find(r.m, f, names)
		if err != nil || i < 0 {
			return "", err
		}
		path = names[i]
	}
	value, ok := follow(members, path)
	if !ok {
		if f == intake.FieldAddress {
			return "", fmt.Errorf("no member %q for the address; there are %s", path, some(names))
		}
		return "", nil
	}
	text, ok := scalar(value)
	if !ok {
		return "", fmt.Errorf("member %q is no text", path)
	}
	return text, nil
}

// follow finds a member by its name, or by the names on the way to it, separated by dots.
func follow(members map[string]jsontext.Value, path string) (jsontext.Value, bool) {
	if value, ok := members[path]; ok {
		return value, true
	}
	first, rest, ok := strings.Cut(path, ".")
	if !ok {
		return nil, false
	}
	var inner map[string]jsontext.Value
	if outer, ok := members[first]; !ok || outer.Kind() != '{' || json.Unmarshal(outer, &inner) != nil {
		return nil, false
	}
	return follow(inner, rest)
}

// scalar is the text of a member: of a string, a number, a boolean, or an array of strings, whose items are joined by
// commas.
func scalar(value jsontext.Value) (string, bool) {
	switch value.Kind() {
	case 'n':
		return "", true
	case '"':
		var s string
		return s, json.Unmarshal(value, &s) == nil
	case '0', 't', 'f':
		return string(value), true
	case '[':
		var items []string
		if json.Unmarshal(value, &items) != nil {
			return "", false
		}
		return strings.Join(items, ","), true
	default:
		return "", false
	}
}
