package warehouse

import (
	"errors"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"sluice/services/recorder"
)

func TestColumnsWithNothingInThemAreLeftOut(t *testing.T) {
	var book wordbook
	n := uint32(0)
	zero, one := decimal.Decimal{}, decimal.NewFromInt(1)
	full := []named{
		{"id", []string{"", ""}}, {"text", []string{"", "x"}}, {"word", book.words([]string{"x", ""})}, {"small", []uint8{0, 1}},
		{"large", []uint64{0, 1}}, {"number", []*uint32{nil, &n}}, {"amount", []decimal.Decimal{zero, one}}, {"list", [][]string{nil, {""}}},
		{"amounts", [][]decimal.Decimal{nil, {zero}}}, {"other", []bool{false, false}},
	}
	if got := given(slices.Clone(full)); len(got) != len(full) {
		t.Errorf("%d of %d columns with something in them are left", len(got), len(full))
	}
	empty := []named{
		{"id", []string{"", ""}}, {"text", []string{"", ""}}, {"word", book.words([]string{"", ""})}, {"small", []uint8{0, 0}},
		{"large", []uint64{0, 0}}, {"number", []*uint32{nil, nil}}, {"amount", []decimal.Decimal{zero, zero}}, {"list", [][]string{nil, {}}},
		{"amounts", [][]decimal.Decimal{nil, {}}},
	}
	if got := given(slices.Clone(empty)); len(got) != 1 || got[0].name != "id" {
		t.Errorf("columns without anything are left: %v", got)
	}
}

func TestAColumnThatIsTooShortIsRefusedAndNotLeftOut(t *testing.T) {
	w := &Warehouse{}
	err := w.insert(t.Context(), "transfers", "", given([]named{{"id", []string{"a", "b"}}, {"memo", []string{""}}}))
	if !errors.Is(err, recorder.ErrRefused) {
		t.Errorf("error %v", err)
	}
}

func TestWordsAreTheTextsAndOutliveNoInsert(t *testing.T) {
	var book wordbook
	for range 2 {
		texts := []string{"", "a", "a", "b", "", "a"}
		got := book.words(texts)
		for i, text := range texts {
			if got[i] != text {
				t.Errorf("word %d is %v, want %q", i, got[i], text)
			}
		}
		if len(book.kinds) > 3 {
			t.Errorf("%d kinds", len(book.kinds))
		}
		book.reset()
		if len(book.kinds) != 0 || len(got) > 0 && got[1] != nil {
			t.Error("texts are kept behind the insert")
		}
	}
}
