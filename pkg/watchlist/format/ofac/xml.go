package ofac

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// FormatXML is the name of the format.
const FormatXML = "ofac-xml"

// maxDepth bounds the nesting of elements; OFAC's files have 10. maxText bounds a text that is read, in bytes.
const (
	maxDepth = 64
	maxText  = 64 << 10
)

// content is what one file holds.
type content struct {
	rows       []intake.Row
	parties    int
	sdn, other bool   // it has entries of the SDN list, and of others
	published  string // YYYY-MM-DD, "" unknown
}

// ParseXML reads files in OFAC's advanced XML (sdn_advanced.xml, cons_advanced.xml) or in the older one (sdn.xml,
// consolidated.xml), told apart by their root element. It holds in memory only the parties that have an address.
//
// entry_id is the party's number, a slash, and the number of the feature or id that holds the address.
func ParseXML(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	return collect(FormatXML, opts, inputs, readXML)
}

// FitsXML says whether a file that begins so may be one of the format.
func FitsXML(head []byte) bool {
	return bytes.Contains(head, []byte("<Sanctions")) || bytes.Contains(head, []byte("<sdnList"))
}

// collect reads the inputs and enters what they hold as one list.
func collect(format string, opts intake.Options, inputs []intake.Input, read func(intake.Input, *content) error) ([]watchlist.Entry, intake.Report, error) {
	contents := make([]content, len(inputs))
	for i, in := range inputs {
		if err := read(in, &contents[i]); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	fallback, err := listOf(opts, inputs, contents)
	if err != nil {
		return nil, intake.Report{}, err
	}
	list, err := opts.ListName(fallback, nil)
	if err != nil {
		return nil, intake.Report{}, err
	}
	c := intake.NewCollector(format, list, opts)
	for _, content := range contents {
		c.Parties(content.parties)
		c.Published(content.published)
		for _, row := range content.rows {
			c.Add(row)
		}
	}
	entries, report := c.Result()
	return entries, report, nil
}

// listOf is the name of the list that the files say they are of. Files of both lists are one list only where the caller
// names it.
func listOf(opts intake.Options, inputs []intake.Input, contents []content) (string, error) {
	first := ""
	for i, c := range contents {
		name := DefaultList
		if c.other && !c.sdn {
			name = ConsolidatedList
		}
		if first == "" {
			first = name
		}
		if name != first && opts.List == "" {
			return "", fmt.Errorf("%s is of %s and %s of %s: read them apart, or name the list that they are to be", inputs[0].Name, first, inputs[i].Name, name)
		}
	}
	return first, nil
}

// handler reads the elements of one kind of document.
type handler interface {
	start(t xml.StartElement)
	wanted(name string) bool // whether the text of the element is read
	close(name, text string)
	end()
}

// walker goes through a document and keeps where it is.
type walker struct {
	in   string
	dec  *xml.Decoder
	path []string // local names of the open elements
	text strings.Builder
}

func readXML(in intake.Input, out *content) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	w := &walker{in: in.Name, dec: xml.NewDecoder(r)}
	return w.walk(out)
}

// walk reads one document whole.
func (w *walker) walk(out *content) error {
	var h handler
	for {
		token, err := w.dec.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if len(w.path) == 0 {
				if h != nil {
					return fmt.Errorf("line %d: a second document begins", w.line())
				}
				if h = w.handler(t.Name.Local, out); h == nil {
					return fmt.Errorf("line %d: element %q where OFAC's XML has <Sanctions> (advanced) or <sdnList>", w.line(), t.Name.Local)
				}
			}
			if len(w.path) >= maxDepth {
				return fmt.Errorf("line %d: elements nest deeper than %d", w.line(), maxDepth)
			}
			w.path = append(w.path, t.Name.Local)
			w.text.Reset()
			h.start(t)
		case xml.EndElement:
			if len(w.path) == 0 || w.path[len(w.path)-1] != t.Name.Local {
				return fmt.Errorf("line %d: </%s> closes no open element", w.line(), t.Name.Local)
			}
			h.close(t.Name.Local, strings.TrimSpace(w.text.String()))
			w.path = w.path[:len(w.path)-1]
			w.text.Reset()
		case xml.CharData:
			if len(w.path) > 0 && h.wanted(w.path[len(w.path)-1]) {
				if w.text.Len()+len(t) > maxText {
					return fmt.Errorf("line %d: a text is longer than %d bytes", w.line(), maxText)
				}
				w.text.Write(t)
			}
		}
	}
	if h == nil || len(w.path) > 0 {
		return fmt.Errorf("line %d: the file ends before its last element: it was cut", w.line())
	}
	h.end()
	return nil
}

// handler returns what reads documents with the root element, nil for a foreign one.
func (w *walker) handler(root string, out *content) handler {
	switch root {
	case "Sanctions":
		return newAdvanced(w, out)
	case "sdnList":
		return &legacy{walker: w, out: out}
	default:
		return nil
	}
}

func (w *walker) line() int {
	line, _ := w.dec.InputPos()
	return line
}

// within says whether the element that is being closed stands directly in one with the name.
func (w *walker) within(parent string) bool {
	return len(w.path) >= 2 && w.path[len(w.path)-2] == parent
}

func attr(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}
