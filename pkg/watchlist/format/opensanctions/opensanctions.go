// Package opensanctions reads FollowTheMoney entities as OpenSanctions publishes them (entities.ftm.json: one JSON object
// a line): CryptoWallet entities, the parties that hold them, and the sanctions of both.
//
// A wallet names its holder by an id, and a sanction names the wallet or the holder; they stand in the file in any order.
// A file that can be read again is read twice, and only wallets and what they refer to are held in memory. A stream is
// read once, and what could be referred to is held too, up to a bound.
package opensanctions

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format/intake"
)

// Format is the name of the format.
const Format = "opensanctions"

const (
	// MaxLine is the longest line, in bytes.
	MaxLine = 16 << 20
	// MaxWallets is the largest number of wallets.
	MaxWallets = 5_000_000
	// MaxHeld is how many bytes of parties and sanctions are held of a stream, which cannot be read twice.
	MaxHeld = 256 << 20
)

// Fits says whether a file that begins so may be one of the format.
func Fits(head []byte) bool {
	head = bytes.TrimSpace(head)
	return bytes.HasPrefix(head, []byte("{")) && bytes.Contains(head, []byte(`"schema"`)) && bytes.Contains(head, []byte(`"properties"`))
}

// Parse reads entities as one list. entry_id is the wallet's id; of a wallet with several addresses the id, a slash and
// the address.
func Parse(opts intake.Options, inputs ...intake.Input) ([]watchlist.Entry, intake.Report, error) {
	list, err := opts.ListName("", inputs)
	if err != nil {
		return nil, intake.Report{}, err
	}
	if _, _, err := opts.CheckNetwork(); err != nil {
		return nil, intake.Report{}, err
	}
	d := newDump(MaxHeld)
	if err := d.collect(inputs); err != nil {
		return nil, intake.Report{}, err
	}
	if err := d.damage(); err != nil {
		return nil, intake.Report{}, err
	}
	c := intake.NewCollector(Format, list, opts)
	c.Parties(len(d.holders))
	for _, b := range d.broken {
		c.Reject(b.Place, b.text, intake.CodeMalformed, b.why.Error())
	}
	for i := range d.wallets {
		d.add(c, opts, &d.wallets[i])
	}
	entries, report := c.Result()
	return entries, report, nil
}

// entity is what is read of an entity.
type entity struct {
	ID         string                    `json:"id"`
	Schema     string                    `json:"schema"`
	Caption    string                    `json:"caption"`
	Datasets   []string                  `json:"datasets"`
	Properties map[string]jsontext.Value `json:"properties"`
}

// texts are the values of a property that are texts.
func (e *entity) texts(property string) []string {
	var all []jsontext.Value
	if v, ok := e.Properties[property]; !ok || json.Unmarshal(v, &all) != nil {
		return nil
	}
	var out []string
	for _, v := range all {
		var s string
		if v.Kind() == '"' && json.Unmarshal(v, &s) == nil && s != "" {
			out = append(out, s)
		}
	}
	return out
}

// nested are the values of a property that are entities themselves, as the nested form of the files has them.
func (e *entity) nested(property string) []entity {
	var all []jsontext.Value
	if v, ok := e.Properties[property]; !ok || json.Unmarshal(v, &all) != nil {
		return nil
	}
	var out []entity
	for _, v := range all {
		var inner entity
		if v.Kind() == '{' && json.Unmarshal(v, &inner, lenient) == nil && inner.ID != "" {
			out = append(out, inner)
		}
	}
	return out
}

// lenient reads what publishers write; a member that stands twice is still an error.
var lenient = json.JoinOptions(jsontext.AllowInvalidUTF8(true))

// wallet is a CryptoWallet.
type wallet struct {
	intake.Place
	id, name   string
	addresses  []string
	currencies []string
	holders    []string // ids
	topics     []string
	datasets   []string
}

// party is a holder.
type party struct {
	name   string
	topics []string
}

// sanction is one measure against a wallet or a party.
type sanction struct {
	authority, program string
	listed, ended      string // YYYY-MM-DD, "" unknown
}

// broken is a line that cannot be read.
type broken struct {
	intake.Place
	text string // its beginning
	why  error
}

// MaxBroken is the largest number of lines that cannot be read. A file with more is something else.
const MaxBroken = 10_000

// dump is what is held of the files.
type dump struct {
	read       int      // lines that can be read
	broken     []broken // the others
	wallets    []wallet
	holders    map[string]*party     // by id; nil where it is referred to and was not seen yet
	sanctioned map[string][]sanction // by the id of the wallet or party
	wanted     map[string]bool       // ids that are referred to, when they are known; nil: everything is held
	held, most int64                 // bytes of what is held while wanted is nil, and their bound
}

func newDump(most int64) *dump {
	return &dump{holders: map[string]*party{}, sanctioned: map[string][]sanction{}, most: most}
}

// collect reads the inputs, twice where that is possible.
func (d *dump) collect(inputs []intake.Input) error {
	again := true
	for _, in := range inputs {
		again = intake.Rewind(in.R) && again
	}
	if again {
		d.wanted = map[string]bool{}
	}
	if err := d.each(inputs, d.first); err != nil {
		return err
	}
	for _, w := range d.wallets {
		for _, id := range w.holders {
			if _, have := d.holders[id]; !have && again {
				d.holders[id] = nil
			}
		}
	}
	if !again {
		return nil
	}
	for _, w := range d.wallets {
		d.wanted[w.id] = true
		for _, id := range w.holders {
			d.wanted[id] = true
		}
	}
	for _, in := range inputs {
		if !intake.Rewind(in.R) {
			return fmt.Errorf("%s: cannot be read a second time", in.Name)
		}
	}
	d.read, d.broken = 0, nil // the second pass reads every line
	return d.each(inputs, d.second)
}

// damage refuses files that are no dumps, and those in which what a wallet refers to may stand on a line that cannot be
// read: with its holder, a wallet loses what it is listed for.
func (d *dump) damage() error {
	if len(d.broken) == 0 {
		return nil
	}
	b := d.broken[0]
	if d.read == 0 {
		return fmt.Errorf("%s: %w", b.Place, b.why)
	}
	for _, w := range d.wallets {
		for _, id := range w.holders {
			if d.holders[id] == nil {
				return fmt.Errorf("%s: %w; and the holder %q of the wallet %q, which may be on this line, is nowhere else", b.Place, b.why, id, w.id)
			}
		}
	}
	return nil
}

// each hands the entities to fn, one after the other, and keeps the lines that are none.
func (d *dump) each(inputs []intake.Input, fn func(intake.Place, []byte) error) error {
	for _, in := range inputs {
		r, err := intake.Open(in.R)
		if err != nil {
			return fmt.Errorf("%s: %w", in.Name, err)
		}
		end := &ending{r: r}
		lines := bufio.NewScanner(end)
		lines.Buffer(make([]byte, 0, 256<<10), MaxLine)
		n := 0
		for lines.Scan() {
			n++
			line := bytes.TrimSpace(lines.Bytes())
			if len(line) == 0 {
				continue
			}
			at := intake.Place{Input: in.Name, Line: n}
			err := fn(at, line)
			if errors.Is(err, errLine) {
				if len(d.broken) == MaxBroken {
					return fmt.Errorf("%s: %w, as %d lines before", at, err, MaxBroken)
				}
				d.broken = append(d.broken, broken{at, string(line[:min(len(line), 200)]), err})
				continue
			}
			if err != nil {
				return fmt.Errorf("%s: %w", at, err)
			}
			d.read++
		}
		if errors.Is(lines.Err(), bufio.ErrTooLong) {
			return fmt.Errorf("%s:%d: longer than %d bytes: entities stand one a line", in.Name, n+1, MaxLine)
		}
		if lines.Err() != nil {
			return fmt.Errorf("%s: %w", in.Name, lines.Err())
		}
		if last := len(d.broken) - 1; last >= 0 && d.broken[last].Place == (intake.Place{Input: in.Name, Line: n}) && end.last != '\n' {
			return fmt.Errorf("%s: %w; the file ends within this line: it was cut", d.broken[last].Place, d.broken[last].why)
		}
	}
	return nil
}

// ending remembers the last byte that was read.
type ending struct {
	r    io.Reader
	last byte
}

// Read reads.
func (e *ending) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if n > 0 {
		e.last = p[n-1]
	}
	return n, err
}

var (
	walletMark   = []byte("CryptoWallet")
	sanctionMark = []byte("Sanction")
)

// first reads wallets, and of a stream whatever they could refer to.
func (d *dump) first(at intake.Place, line []byte) error {
	if d.wanted != nil && !bytes.Contains(line, walletMark) {
		return nil // the second pass reads it
	}
	e, err := decode(line)
	if err != nil {
		return err
	}
	switch {
	case e.Schema == string(walletMark):
		return d.wallet(at, &e)
	case d.wanted == nil:
		return d.keep(&e)
	default:
		return nil
	}
}

// second reads what the wallets refer to.
func (d *dump) second(_ intake.Place, line []byte) error {
	e, err := decode(line)
	if err != nil {
		return err
	}
	if e.Schema == string(walletMark) {
		return nil
	}
	return d.keep(&e)
}

// errLine is wrapped by what is wrong with one line.
var errLine = errors.New("not an entity as a JSON object on a line of its own")

func decode(line []byte) (entity, error) {
	var e entity
	if err := json.Unmarshal(line, &e, lenient); err != nil {
		var syntax *jsontext.SyntacticError
		if errors.As(err, &syntax) {
			return e, fmt.Errorf("%w: at byte %d: %w", errLine, syntax.ByteOffset, syntax.Err)
		}
		return e, fmt.Errorf("%w: id, schema and caption are texts, datasets a list and properties an object", errLine)
	}
	if e.ID == "" || e.Schema == "" {
		return e, fmt.Errorf("%w: it has no id, or no schema", errLine)
	}
	return e, nil
}

func (d *dump) wallet(at intake.Place, e *entity) error {
	if len(d.wallets) == MaxWallets {
		return fmt.Errorf("%w: more than %d wallets", intake.ErrTooLarge, MaxWallets)
	}
	w := wallet{
		Place: at, id: e.ID, name: nameOf(e), addresses: e.texts("publicKey"), currencies: e.texts("currency"),
		holders: e.texts("holder"), topics: e.texts("topics"), datasets: e.Datasets,
	}
	for _, h := range e.nested("holder") {
		w.holders = append(w.holders, h.ID)
		d.holders[h.ID] = partyOf(&h)
		for _, s := range h.nested("sanctions") {
			d.sanctioned[h.ID] = append(d.sanctioned[h.ID], sanctionOf(&s))
		}
	}
	for _, s := range e.nested("sanctions") {
		d.sanctioned[e.ID] = append(d.sanctioned[e.ID], sanctionOf(&s))
	}
	d.wallets = append(d.wallets, w)
	return nil
}

// keep holds a sanction or a party, where it is, or could be, referred to.
func (d *dump) keep(e *entity) error {
	if e.Schema == string(sanctionMark) {
		for _, id := range e.texts("entity") {
			if d.wanted != nil && !d.wanted[id] {
				continue
			}
			s := sanctionOf(e)
			d.sanctioned[id] = append(d.sanctioned[id], s)
			if err := d.hold(len(id) + len(s.authority) + len(s.program)); err != nil {
				return err
			}
		}
		return nil
	}
	if d.wanted != nil && !d.wanted[e.ID] || d.wanted == nil && !couldHold(e.Schema) {
		return nil
	}
	p := partyOf(e)
	d.holders[e.ID] = p
	return d.hold(len(e.ID) + len(p.name) + 16*len(p.topics))
}

// overhead is what an item that is held costs besides its texts, in bytes, about.
const overhead = 160

func (d *dump) hold(bytes int) error {
	if d.wanted != nil {
		return nil
	}
	if d.held += int64(bytes) + overhead; d.held > d.most {
		return fmt.Errorf("%w: more than %d bytes of parties in a stream, which is read once: give the file by its name", intake.ErrTooLarge, d.most)
	}
	return nil
}

// couldHold says whether entities of the schema can be the holder of a wallet: the schema's kinds of legal entity, and
// what OpenSanctions puts there besides.
func couldHold(schema string) bool {
	switch schema {
	case "Person", "Company", "Organization", "LegalEntity", "PublicBody", "Asset", "Thing":
		return true
	default:
		return false
	}
}

func partyOf(e *entity) *party { return &party{name: nameOf(e), topics: e.texts("topics")} }

func nameOf(e *entity) string {
	if e.Caption != "" {
		return e.Caption
	}
	if names := e.texts("name"); len(names) > 0 {
		return names[0]
	}
	return ""
}

func sanctionOf(e *entity) sanction {
	s := sanction{}
	if a := e.texts("authority"); len(a) > 0 {
		s.authority = a[0]
	}
	programs := e.texts("programId")
	if len(programs) == 0 {
		programs = e.texts("program")
	}
	s.program = strings.Join(programs, ", ")
	s.listed, s.ended = earliest(e.texts("listingDate")), latest(e.texts("endDate"))
	if s.listed == "" {
		s.listed = earliest(e.texts("startDate"))
	}
	return s
}

// earliest and latest are of dates that name a day; "2022" and "2022-04" do not.
func earliest(dates []string) string {
	days := days(dates)
	if len(days) == 0 {
		return ""
	}
	return slices.Min(days)
}

func latest(dates []string) string {
	days := days(dates)
	if len(days) == 0 {
		return ""
	}
	return slices.Max(days)
}
