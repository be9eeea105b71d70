package transfer

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// The bounds of a body.
const (
	MaxBody  = 1 << 20 // bytes
	MaxDepth = 16      // nested objects and arrays; a transfer has 2
)

// errStopped ends decoding after a problem that leaves nothing to go on with; the problem is reported already.
var errStopped = errors.New("decoding stopped")

// decode is the reference decoder: it reads any body, and reports everything that is wrong with its form, member by
// member, going on where it can. With lenient, members that it does not know are skipped in silence, as readers of
// Sluice's own records must.
func (in *input) decode(body []byte, lenient bool, found *problems) {
	in.reset()
	r := reference{
		in: in, found: found, lenient: lenient,
		// Repeated names are found here, not by the library, which stops at the first one.
		json: jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true)),
	}
	err := r.object()
	if err == nil {
		if _, err = r.json.ReadToken(); errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			found.add("", "", "has something behind the object, at byte "+strconv.FormatInt(r.json.InputOffset(), 10)+"; want exactly one JSON object")
			return
		}
	}
	if !errors.Is(err, errStopped) {
		found.add("", "", syntaxRule(err, len(body)))
	}
}

// syntaxRule says where and why a body is no JSON.
func syntaxRule(err error, size int) string {
	var syntax *jsontext.SyntacticError
	if !errors.As(err, &syntax) {
		return "is not JSON: it ends after " + strconv.Itoa(size) + " bytes, where more should come"
	}
	reason := strings.TrimPrefix(syntax.Err.Error(), "jsontext: ")
	if errors.Is(err, io.ErrUnexpectedEOF) {
		reason = "it ends where more should come"
	}
	return "is not JSON: " + clip(reason) + ", at byte " + strconv.FormatInt(syntax.ByteOffset, 10)
}

// reference is one run of the reference decoder.
type reference struct {
	in      *input
	found   *problems
	lenient bool
	json    *jsontext.Decoder
}

// object reads the body.
func (r *reference) object() error {
	if kind := r.json.PeekKind(); kind != jsontext.KindBeginObject {
		value, err := r.skip()
		if err != nil {
			return err
		}
		r.found.add("", value, "must be a JSON object")
		return errStopped
	}
	if _, err := r.json.ReadToken(); err != nil {
		return err
	}
	for r.json.PeekKind() == jsontext.KindString {
		name, err := r.name()
		if err != nil {
			return err
		}
		if err := r.member(name); err != nil {
			return err
		}
	}
	_, err := r.json.ReadToken() // the closing brace, or what is wrong in its place
	return err
}

func (r *reference) name() (string, error) {
	token, err := r.json.ReadToken()
	if err != nil {
		return "", err
	}
	return token.String(), nil
}

func (r *reference) member(name string) error {
	f, ok := fieldOf(name)
	if !ok {
		if !r.lenient {
			r.found.add(clip(name), "", unknownRule(name, memberNames()))
		}
		_, err := r.skip()
		return err
	}
	if r.in.given.has(f) {
		r.found.add(name, "", ruleRepeated)
		_, err := r.skip()
		return err
	}
	r.in.given.put(f)
	var ok2 bool
	var err error
	switch members[f].shape {
	case shapeText:
		r.in.text[f], ok2, err = r.text(name, textRule(f))
	case shapeIndex:
		r.in.index[f], ok2, err = r.index(name)
	case shapeTexts:
		ok2, err = r.texts(name, r.in.list(f), textsRule(f))
	case shapeFiat:
		ok2, err = r.fiat()
	}
	if !ok2 {
		r.in.wrong.put(f)
	}
	return err
}

const (
	ruleRepeated = "stands there twice; each member at most once"
	ruleNull     = "must not be null; leave the member out"
)

func textRule(f field) string {
	switch f {
	case fieldAmount:
		return "must be a decimal in a string, such as \"12.5\", so that no reader rounds it"
	case fieldOccurredAt:
		return "must be an RFC 3339 time in a string, such as \"2026-11-01T12:00:00Z\""
	default:
		return "must be a string"
	}
}

func textsRule(f field) string {
	if f == fieldFromAmounts {
		return "must be an array of decimals in strings"
	}
	return "must be an array of addresses in strings"
}

// text reads a string. ok is false when something else stands there, which is reported.
func (r *reference) text(name, rule string) (text string, ok bool, err error) {
	if r.json.PeekKind() != jsontext.KindString {
		return "", false, r.misshapen(name, rule)
	}
	token, err := r.json.ReadToken()
	if err != nil {
		return "", false, err
	}
	return token.String(), true, nil
}

// misshapen skips a value that is not of its member's shape, and reports it.
func (r *reference) misshapen(name, rule string) error {
	null := r.json.PeekKind() == jsontext.KindNull
	value, err := r.skip()
	if err != nil {
		return err
	}
	if null {
		value, rule = "null", ruleNull
	}
	r.found.add(name, value, rule)
	return nil
}

func (r *reference) index(name string) (n uint32, ok bool, err error) {
	const rule = "must be an integer from 0 to 4294967295, without fraction or exponent"
	if r.json.PeekKind() != jsontext.KindNumber {
		return 0, false, r.misshapen(name, rule)
	}
	token, err := r.json.ReadToken()
	if err != nil {
		return 0, false, err
	}
	text := token.String()
	if wide, notPlain := strconv.ParseUint(text, 10, 32); notPlain == nil {
		return uint32(wide), true, nil
	}
	r.found.add(name, text, rule)
	return 0, false, nil
}

// texts reads an array of strings. Elements that are none are reported one by one.
func (r *reference) texts(name string, list *[]string, rule string) (ok bool, err error) {
	if r.json.PeekKind() != jsontext.KindBeginArray {
		return false, r.misshapen(name, rule)
	}
	if _, err := r.json.ReadToken(); err != nil {
		return false, err
	}
	ok = true
	for i := 0; ; i++ {
		if kind := r.json.PeekKind(); kind == jsontext.KindEndArray || kind == jsontext.KindInvalid {
			_, err := r.json.ReadToken()
			return ok, err
		}
		text, isText, err := r.text(name+"["+strconv.Itoa(i)+"]", "must be a string")
		if err != nil {
			return false, err
		}
		ok = ok && isText
		if len(*list) <= MaxAddresses {
			*list = append(*list, text)
		}
	}
}

func (r *reference) fiat() (ok bool, err error) {
	if r.json.PeekKind() != jsontext.KindBeginObject {
		return false, r.misshapen("fiat", `must be an object {"amount":"12.50","currency":"EUR"}`)
	}
	if _, err := r.json.ReadToken(); err != nil {
		return false, err
	}
	for r.json.PeekKind() == jsontext.KindString {
		name, err := r.name()
		if err != nil {
			return false, err
		}
		if err := r.fiatMember(name); err != nil {
			return false, err
		}
	}
	_, err = r.json.ReadToken()
	return true, err
}

func (r *reference) fiatMember(name string) error {
	for m, known := range fiatMembers {
		if name != known {
			continue
		}
		full := "fiat." + name
		if r.in.fiatGiven[m] {
			r.found.add(full, "", ruleRepeated)
			_, err := r.skip()
			return err
		}
		r.in.fiatGiven[m] = true
		text, ok, err := r.text(full, "must be a string")
		r.in.fiat[m], r.in.fiatWrong[m] = text, !ok
		return err
	}
	if !r.lenient {
		r.found.add("fiat."+clip(name), "", unknownRule(name, fiatMembers[:]))
	}
	_, err := r.skip()
	return err
}

// skip steps over a value and returns how it begins. It refuses deep nesting.
func (r *reference) skip() (begin string, err error) {
	depth := r.json.StackDepth()
	for {
		token, err := r.json.ReadToken()
		if err != nil {
			return "", err
		}
		if begin == "" {
			begin = clip(token.String())
		}
		switch now := r.json.StackDepth(); {
		case now <= depth:
			return begin, nil
		case now > MaxDepth:
			r.found.add("", "", "is nested deeper than "+strconv.Itoa(MaxDepth)+" levels, at byte "+strconv.FormatInt(r.json.InputOffset(), 10))
			return "", errStopped
		}
	}
}
