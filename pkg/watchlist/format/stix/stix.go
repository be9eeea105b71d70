// Package stix reads STIX 2.1 bundles: indicators whose patterns name wallets, wallet objects as extensions define them,
// and the malware, actors and campaigns that relationships join to either.
//
// The standard has no object for a wallet; publishers use objects of their own, and the common ones are known here. An
// indicator that was revoked is left out and counted; one that is valid until a time is an entry that ends then.
package stix

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
const Format = "stix"

const (
	// MaxObject is the largest object, in bytes; what a reader takes at once comes on top of it.
	MaxObject = 4 << 20
	// MaxObjects is the largest number of objects that are held: those about wallets, their relationships, and whatever
	// a relationship can name.
	MaxObjects = 2_000_000
)

// Fits says whether a file that begins so may be one of the format.
func Fits(head []byte) bool {
	return bytes.HasPrefix(bytes.TrimSpace(head), []byte("{")) && (bytes.Contains(head, []byte(`"bundle"`)) || bytes.Contains(head, []byte(`"objects"`)))
}

// Parse reads bundles, and the envelopes in which TAXII servers answer, as one list: what an object of one names may
// stand in another. entry_id is the id of the indicator or wallet object; of an indicator with several addresses the id,
// a slash and the address.
func Parse(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	list, err := opts.ListName("", inputs)
	if err != nil {
		return nil, intake.Report{}, err
	}
	if _, _, err := opts.CheckNetwork(); err != nil {
		return nil, intake.Report{}, err
	}
	c := intake.NewCollector(Format, list, opts)
	b := &bundle{named: map[string]named{}, related: map[string][]string{}}
	for _, in := range inputs {
		if err := b.read(in); err != nil {
			return nil, intake.Report{}, fmt.Errorf("%s: %w", in.Name, err)
		}
	}
	for i := range b.indicators {
		b.indicator(c, opts, &b.indicators[i])
	}
	for i := range b.wallets {
		b.wallet(c, opts, &b.wallets[i])
	}
	entries, report := c.Result()
	return entries, report, nil
}

// object is what is read of an object.
type object struct {
	Type       string   `json:"type"`
	ID         string   `json:"id"`
	Name       string   `json:"name"`
	Created    string   `json:"created"`
	CreatedBy  string   `json:"created_by_ref"`
	Revoked    bool     `json:"revoked"`
	Labels     []string `json:"labels"`
	Confidence *float64 `json:"confidence"`

	Pattern        string   `json:"pattern"`
	PatternType    string   `json:"pattern_type"`
	IndicatorTypes []string `json:"indicator_types"`
	ValidFrom      string   `json:"valid_from"`
	ValidUntil     string   `json:"valid_until"`

	MalwareTypes        []string `json:"malware_types"`
	ThreatActorTypes    []string `json:"threat_actor_types"`
	InfrastructureTypes []string `json:"infrastructure_types"`
	ToolTypes           []string `json:"tool_types"`

	Source string `json:"source_ref"`
	Target string `json:"target_ref"`
	Holder string `json:"holder_ref"`

	MISPName       string          `json:"x_misp_name"`
	MISPType       string          `json:"x_misp_type"`
	MISPValue      string          `json:"x_misp_value"`
	MISPAttributes []mispAttribute `json:"x_misp_attributes"`

	address, network string // of a wallet object
}

// mispAttribute is an attribute of a MISP object inside a bundle that MISP made.
type mispAttribute struct {
	Type     string `json:"type"`
	Relation string `json:"object_relation"`
	Value    string `json:"value"`
}

// placed is an object with its place in the file.
type placed struct {
	intake.Place
	object
}

// named is something that a relationship can name.
type named struct {
	kind, name string
	words      []string // what it is said to be
}

// bundle is what is held of the files.
type bundle struct {
	indicators []placed
	wallets    []placed
	named      map[string]named    // by id
	related    map[string][]string // id -> ids that relationships join it with
	held       int
}

func (b *bundle) read(in intake.Input) error {
	r, err := intake.Open(in.R)
	if err != nil {
		return err
	}
	guard := intake.NewGuard(r)
	guard.Allow(0, MaxObject)
	d := jsontext.NewDecoder(guard, jsontext.AllowInvalidUTF8(true))
	if open, err := d.ReadToken(); err != nil || open.Kind() != '{' {
		return errors.New("want a STIX bundle: a JSON object with an array of objects")
	}
	seen := false
	for d.PeekKind() != '}' {
		guard.Allow(d.InputOffset(), MaxObject)
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		if name.String() != "objects" {
			if err := d.SkipValue(); err != nil {
				return err
			}
			continue
		}
		seen = true
		if err := b.objects(d, guard, in.Name); err != nil {
			return err
		}
	}
	if _, err := d.ReadToken(); err != nil {
		return err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the bundle")
	}
	if !seen {
		return errors.New("the bundle has no objects")
	}
	return nil
}

func (b *bundle) objects(d *jsontext.Decoder, guard *intake.Guard, input string) error {
	if open, err := d.ReadToken(); err != nil || open.Kind() != '[' {
		return errors.New("objects is no array")
	}
	for n := 1; d.PeekKind() != ']'; n++ {
		guard.Allow(d.InputOffset(), MaxObject)
		value, err := d.ReadValue()
		if err != nil {
			return fmt.Errorf("object %d: %w", n, err)
		}
		var o object
		if err := json.Unmarshal(value, &o, jsontext.AllowInvalidUTF8(true)); err != nil {
			return fmt.Errorf("object %d: %w", n, err)
		}
		if walletTypes[o.Type] {
			if o.address, o.network, err = walletOf(value); err != nil {
				return fmt.Errorf("object %d: %w", n, err)
			}
		}
		if err := b.keep(placed{intake.Place{Input: input, Line: n}, o}); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// keep holds an object where it is about a wallet, or could be named by one that is.
func (b *bundle) keep(o placed) error {
	switch {
	case o.Type == "indicator":
		if o.PatternType != "" && o.PatternType != "stix" || !mentionsWallet(o.Pattern) {
			return nil
		}
		b.indicators = append(b.indicators, o)
	case walletTypes[o.Type], o.Type == "x-misp-attribute" && mispTypes[o.MISPType], o.Type == "x-misp-object" && o.MISPName == "coin-address":
		b.wallets = append(b.wallets, o)
	case o.Type == "relationship":
		if o.Revoked {
			return nil
		}
		b.related[o.Source] = append(b.related[o.Source], o.Target)
		b.related[o.Target] = append(b.related[o.Target], o.Source)
	default:
		words := o.words()
		if o.Name == "" && len(words) == 0 {
			return nil
		}
		b.named[o.ID] = named{o.Type, o.Name, words}
	}
	if b.held++; b.held > MaxObjects {
		return fmt.Errorf("%w: more than %d objects", intake.ErrTooLarge, MaxObjects)
	}
	return nil
}

// words are what an object is said to be.
func (o *object) words() []string {
	var out []string
	for _, list := range [][]string{o.IndicatorTypes, o.MalwareTypes, o.ThreatActorTypes, o.InfrastructureTypes, o.ToolTypes, o.Labels} {
		out = append(out, list...)
	}
	return out
}

// walletOf reads address and network of a wallet object, whatever its publisher calls them.
func walletOf(value jsontext.Value) (address, network string, err error) {
	var members map[string]jsontext.Value
	if err := json.Unmarshal(value, &members, jsontext.AllowInvalidUTF8(true)); err != nil {
		return "", "", err
	}
	pick := func(names []string) string {
		for _, name := range names {
			var s string
			if v, ok := members[name]; ok && v.Kind() == '"' && json.Unmarshal(v, &s) == nil && s != "" {
				return s
			}
		}
		return ""
	}
	return pick(addressProperties), pick(networkProperties), nil
}
