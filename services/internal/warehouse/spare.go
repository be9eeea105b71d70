package warehouse

import (
	"reflect"
	"slices"

	"github.com/shopspring/decimal"
)

// What the driver does with a column costs as much as all that the recorder does before: it takes every value apart by
// itself, by reflection where there are few kinds of it or lists, and the server reads what comes. So a column in which
// there is nothing is left out, and a word that comes again and again is made ready for the driver once.

// given leaves out the columns in which every row has what the tables have by themselves: an empty text or list, zero,
// null. The first column, an identity, stays, and so does one that is not as long: insert refuses it. It changes the
// slice.
func given(columns []named) []named {
	rows := columns[0].rows()
	return append(columns[:1], slices.DeleteFunc(columns[1:], func(c named) bool { return c.rows() == rows && c.empty() })...)
}

func (c named) rows() int { return reflect.ValueOf(c.values).Len() }

// empty says that there is nothing in a column. Columns of a kind that it does not know are not.
func (c named) empty() bool {
	switch v := c.values.(type) {
	case []string:
		return none(v, func(s string) bool { return s != "" })
	case words:
		return none(v, func(s any) bool { return s != "" })
	case []uint8:
		return none(v, func(n uint8) bool { return n != 0 })
	case []uint64:
		return none(v, func(n uint64) bool { return n != 0 })
	case []*uint32:
		return none(v, func(n *uint32) bool { return n != nil })
	case []decimal.Decimal:
		return none(v, func(d decimal.Decimal) bool { return d.Sign() != 0 })
	case [][]string:
		return none(v, func(list []string) bool { return len(list) > 0 })
	case [][]decimal.Decimal:
		return none(v, func(list []decimal.Decimal) bool { return len(list) > 0 })
	default:
		return false
	}
}

func none[T any](values []T, is func(T) bool) bool { return !slices.ContainsFunc(values, is) }

// words is a column of texts of which there are few kinds, for a column of the type LowCardinality.
type words []any

// wordbook makes words. Its memory is used again; what it made is valid until reset.
type wordbook struct {
	kinds map[string]any
	spare []words // columns of earlier inserts
	used  []words
}

// words turns texts into words: each kind of text is boxed once.
func (b *wordbook) words(texts []string) words {
	if b.kinds == nil {
		b.kinds = make(map[string]any)
	}
	var out words
	if last := len(b.spare) - 1; last >= 0 {
		out, b.spare = b.spare[last], b.spare[:last]
	}
	before, boxed := "", any("")
	for _, text := range texts {
		if text != before {
			var ok bool
			if boxed, ok = b.kinds[text]; !ok {
				boxed = text
				b.kinds[text] = boxed
			}
			before = text
		}
		out = append(out, boxed)
	}
	b.used = append(b.used, out)
	return out
}

// reset takes everything back, and keeps none of the texts, whose memory is the caller's.
func (b *wordbook) reset() {
	for _, w := range b.used {
		clear(w)
		b.spare = append(b.spare, w[:0])
	}
	clear(b.used)
	clear(b.kinds)
	b.used = b.used[:0]
}
