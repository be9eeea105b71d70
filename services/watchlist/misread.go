package watchlist

import (
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/nearest"
	"sluice/services/internal/httpx"
)

// misread says what is wrong with a body that is not of the form of into, in the words of whoever wrote the body.
func misread(err error, into any) httpx.Problem {
	p := httpx.Problem{Status: http.StatusBadRequest, Detail: "the body is not what this route takes"}
	var syntax *jsontext.SyntacticError
	var meaning *json.SemanticError
	switch {
	case errors.As(err, &syntax):
		p.Errors = []httpx.Field{{Field: field(syntax.JSONPointer), Rule: fmt.Sprintf("JSON that is well-formed: %v, at byte %d", syntax.Err, syntax.ByteOffset)}}
	case errors.As(err, &meaning) && errors.Is(err, json.ErrUnknownName):
		name := meaning.JSONPointer.LastToken()
		known := keys(meaning.GoType)
		rule := "no key of this route; there are " + strings.Join(known, ", ")
		if near := nearest.Word(strings.ToLower(cut(name)), known, maxSlips); near != "" {
			rule = fmt.Sprintf("no key of this route: is it %s?", near)
		}
		p.Errors = []httpx.Field{{Field: field(meaning.JSONPointer), Rule: rule}}
	case errors.As(err, &meaning):
		p.Errors = []httpx.Field{{Field: field(meaning.JSONPointer), Rule: "want " + form(meaning.GoType)}}
	}
	return p
}

// maxSlips is how many slips a key may be away from the one that was meant.
const maxSlips = 3

// cut shortens what a stranger wrote, in bytes.
func cut(text string) string { return text[:min(len(text), 64)] }

// field is a pointer as people write it: entries[0].address.
func field(p jsontext.Pointer) string {
	var b strings.Builder
	for token := range p.Tokens() {
		switch {
		case strings.Trim(token, "0123456789") == "":
			b.WriteString("[" + token + "]")
		case b.Len() > 0:
			b.WriteString("." + cut(token))
		default:
			b.WriteString(cut(token))
		}
	}
	return b.String()
}

// keys are those of an object that is read into t.
func keys(t reflect.Type) (names []string) {
	if t == nil || t.Kind() != reflect.Struct {
		return nil
	}
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// form is what a value that is read into t looks like.
func form(t reflect.Type) string {
	if t == nil {
		return "another value"
	}
	switch t.Kind() {
	case reflect.String:
		return "a text"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Bool:
		return "true or false"
	default:
		return fmt.Sprintf("a whole number that %d bits hold", t.Bits())
	}
}
