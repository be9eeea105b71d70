package rules

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// sentence is a rule's reason: texts with variables between them, written {hit.entity}.
type sentence []part

type part struct {
	text string
	v    *variable // nil for plain text
}

// parseSentence reads a reason and reports what is wrong in it.
func (r *source) parseSentence() sentence {
	var s sentence
	rest := r.reason.text
	place := func() (int, int) {
		read := r.reason.text[:len(r.reason.text)-len(rest)]
		return r.file.place(r.reason.node, len([]rune(read)))
	}
	for rest != "" {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			return append(s, part{text: rest})
		}
		s = append(s, part{text: rest[:open]})
		rest = rest[open:]
		line, column := place()
		end := strings.IndexByte(rest, '}')
		if rest[0] == '}' || end < 0 {
			r.file.report(line, column, "reason: a brace without its other half; want {name}")
			return nil
		}
		name := rest[1:end]
		v := variableByName(name)
		switch {
		case v == nil || v.list != nil:
			r.file.report(line, column, "reason: unknown name {%s}%s", name, didYouMean(name, r.names()))
		case v.ofHit && !r.eachHit:
			r.file.report(line, column, "reason: {%s} needs `each: hit`", name)
		}
		s = append(s, part{v: v})
		rest = rest[end+1:]
	}
	return s
}

// write is the sentence about a subject. What is unknown is called so.
func (s sentence) write(about *subject) string {
	var b strings.Builder
	for _, p := range s {
		switch {
		case p.v == nil:
			b.WriteString(p.text)
		case p.v.number != nil:
			b.WriteString(strconv.FormatInt(p.v.number(about), 10))
		case p.v.truth != nil:
			b.WriteString(strconv.FormatBool(p.v.truth(about)))
		default:
			b.WriteString(shown(p.v.text(about)))
		}
	}
	return b.String()
}

// maxShown is how many bytes of a text stand in a reason: enough for any address.
const maxShown = 120

// shown is a text as a person reads it in a sentence.
func shown(text string) string {
	if text == "" {
		return "unknown"
	}
	if len(text) <= maxShown {
		return text
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}
