// Package misp reads MISP events: attributes of the types btc, xmr and dash, and coin-address objects, in the forms in
// which MISP exports events, serves feeds and answers searches.
//
// What an address is listed for comes from the tags and galaxies of its attribute and its event. Attributes that were
// deleted, and those that MISP says are not to be acted on (to_ids), are left out and counted.
package misp

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// Format is the name of the format.
const Format = "misp"

// MaxEvent is the largest event, in bytes; what a reader takes at once comes on top of it.
const MaxEvent = 256 << 20

// Fits says whether a file that begins so may be one of the format.
func Fits(head []byte) bool {
	head = bytes.TrimSpace(head)
	if !bytes.HasPrefix(head, []byte("{")) && !bytes.HasPrefix(head, []byte("[")) {
		return false
	}
	return bytes.Contains(head, []byte(`"Event"`)) || bytes.Contains(head, []byte(`"Attribute"`)) || bytes.Contains(head, []byte(`"response"`))
}

// Parse reads events as one list. entry_id is the attribute's uuid.
func Parse(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	list, err := opts.ListName("", inputs)
	if err != nil {
		return nil, intake.Report{}, err
	}
	if _, _, err := opts.CheckNetwork(); err != nil {
		return nil, intake.Report{}, err
	}
	c := intake.NewCollector(Format, list, opts)
	for _, in := range inputs {
		if err := parse(c, opts, in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	entries, report := c.Result()
	return entries, report, nil
}

// event is what is read of an event.
type event struct {
	Info       string      `json:"info"`
	Orgc       org         `json:"Orgc"`
	Attributes []attribute `json:"Attribute"`
	Objects    []object    `json:"Object"`
	Tags       []tag       `json:"Tag"`
	Galaxies   []galaxy    `json:"Galaxy"`
}

type org struct {
	Name string `json:"name"`
}

type attribute struct {
	UUID     string   `json:"uuid"`
	Type     string   `json:"type"`
	Relation string   `json:"object_relation"`
	Value    string   `json:"value"`
	Comment  string   `json:"comment"`
	ToIDs    *flag    `json:"to_ids"`
	Deleted  flag     `json:"deleted"`
	Tags     []tag    `json:"Tag"`
	Galaxies []galaxy `json:"Galaxy"`
	Event    *event   `json:"Event"` // in the answers to a search for attributes
}

type object struct {
	UUID       string      `json:"uuid"`
	Name       string      `json:"name"`
	Comment    string      `json:"comment"`
	Deleted    flag        `json:"deleted"`
	Attributes []attribute `json:"Attribute"`
}

type tag struct {
	Name string `json:"name"`
}

type galaxy struct {
	Type     string    `json:"type"`
	Clusters []cluster `json:"GalaxyCluster"`
}

type cluster struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// flag is a boolean, which MISP also writes as a number or a text.
type flag bool

// UnmarshalJSON reads true, 1 and "1" as true, and false, 0, "0", "" and null as false.
func (f *flag) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true", "1", `"1"`, `"true"`:
		*f = true
	case "false", "0", `"0"`, `"false"`, `""`, "null":
		*f = false
	default:
		return fmt.Errorf("%s is neither true nor false", b)
	}
	return nil
}

// answer is what a file or the answer of a server holds: an event, attributes, or a response with either.
type answer struct {
	Event      *event         `json:"Event"`
	Attributes []attribute    `json:"Attribute"`
	Response   jsontext.Value `json:"response"`
}

func parse(c *intake.Collector, opts intake.Options, in intake.Input) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	guard := intake.NewGuard(r)
	guard.Allow(0, MaxEvent)
	p := &parser{Collector: c, opts: opts, input: in.Name, guard: guard}
	d := jsontext.NewDecoder(guard, jsontext.AllowInvalidUTF8(true))
	switch d.PeekKind() {
	case '[':
		err = p.array(d)
	case '{':
		err = p.one(d)
	default:
		return errNoEvent
	}
	if err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the events")
	}
	if !p.found {
		return errNoEvent
	}
	return nil
}

var errNoEvent = errors.New(`want MISP's JSON: an object with "Event", "Attribute" or "response", or an array of such objects`)

// parser reads the events of one input.
type parser struct {
	*intake.Collector
	opts  intake.Options
	input string
	guard *intake.Guard
	n     int  // attributes so far, which number the rows
	found bool // an event or attributes, even without an address
}

func (p *parser) array(d *jsontext.Decoder) error {
	p.found = true // an empty array is an empty answer
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	for d.PeekKind() != ']' {
		p.guard.Allow(d.InputOffset(), MaxEvent)
		if err := p.one(d); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

func (p *parser) one(d *jsontext.Decoder) error {
	var a answer
	if err := json.UnmarshalDecode(d, &a, jsontext.AllowInvalidUTF8(true)); err != nil {
		return err
	}
	return p.answer(&a)
}

func (p *parser) answer(a *answer) error {
	p.found = p.found || a.Event != nil || a.Attributes != nil
	if a.Event != nil {
		p.event(a.Event)
	}
	p.attributes(&event{}, a.Attributes)
	switch a.Response.Kind() {
	case '[':
		p.found = true
		var all []answer
		if err := json.Unmarshal(a.Response, &all, jsontext.AllowInvalidUTF8(true)); err != nil {
			return err
		}
		for i := range all {
			if all[i].Response != nil {
				return errors.New("a response inside of a response")
			}
			if err := p.answer(&all[i]); err != nil {
				return err
			}
		}
	case '{':
		var inner answer
		if err := json.Unmarshal(a.Response, &inner, jsontext.AllowInvalidUTF8(true)); err != nil {
			return err
		}
		if inner.Response != nil {
			return errors.New("a response inside of a response")
		}
		return p.answer(&inner)
	default:
	}
	return nil
}

func (p *parser) event(e *event) {
	p.attributes(e, e.Attributes)
	for i := range e.Objects {
		p.object(e, &e.Objects[i])
	}
}
