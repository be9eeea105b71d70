package main

import (
	"strings"
	"testing"
	"testing/iotest"
)

func TestLinesOfAnyLength(t *testing.T) {
	atBound, over := strings.Repeat("a", maxLine), strings.Repeat("b", maxLine+1)
	in := lines(iotest.OneByteReader(strings.NewReader("x\n\n" + atBound + "\n" + over + "\r\nlast")))
	want := []struct {
		text string
		long bool
	}{{"x", false}, {"", false}, {atBound, false}, {over[:maxLine], true}, {"last", false}}
	for i, w := range want {
		if !in.Scan() {
			t.Fatalf("line %d is missing: %v", i+1, in.Err())
		}
		if in.Text() != w.text || in.Long() != w.long || in.n != i+1 {
			t.Errorf("line %d: %d bytes, long %v", in.n, len(in.Text()), in.Long())
		}
	}
	if in.Scan() || in.Err() != nil {
		t.Errorf("there is more: %q, %v", in.Text(), in.Err())
	}
}
