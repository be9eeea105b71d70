package watchlist

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// sameAsReference says how the scanner and the reference decoder differ in a line, "" when they do not: what the scanner
// reads is written canonically, and the decoder reads the same.
func sameAsReference(line []byte) string {
	var fast Entry
	if !scanEntry(string(line), &fast) {
		return ""
	}
	slow, err := referenceEntry(line)
	if err != nil {
		return "refused by the reference decoder: " + err.Error()
	}
	if len(slow.Categories) == 0 {
		slow.Categories = nil
	}
	if len(fast.Categories) == 0 {
		fast.Categories = nil
	}
	if !reflect.DeepEqual(slow, fast) {
		return fmt.Sprintf("%+v, and by the reference decoder %+v", fast, slow)
	}
	if canonical := fast.AppendJSON(nil); !bytes.Equal(canonical, line) {
		return "not canonical, which is " + string(canonical)
	}
	return ""
}

func TestTheScannerReadsWhatIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := anEntry("a").Draw(t, "entry")
		line := e.AppendJSON(nil)
		if d := sameAsReference(line); d != "" {
			t.Fatalf("%s: %s", line, d)
		}
		var scanned Entry
		if !bytes.ContainsRune(line, '\\') && !scanEntry(string(line), &scanned) {
			t.Fatalf("%s was not read", line)
		}
	})
}

func TestTheScannerLeavesTheUnusualToTheReferenceDecoder(t *testing.T) {
	const good = `{"network":"verge","address":"D1","category":"scam","categories":["scam"],"entity":"","list":"a","entry_id":"1","confidence":7}`
	var e Entry
	if !scanEntry(good, &e) || e.Confidence != 7 {
		t.Fatalf("%+v", e)
	}
	for what, change := range map[string][2]string{
		"an escape":            {`"D1"`, `"\u0044"`},
		"a control character":  {`"D1"`, "\"D\x01\""},
		"not UTF-8":            {`"D1"`, "\"D\xff\""},
		"a space":              {`:"D1"`, `: "D1"`},
		"a line end":           {`7}`, "7}\n"},
		"an empty member":      {`,"confidence"`, `,"program":"","confidence"`},
		"another order":        {`"network":"verge","address":"D1"`, `"address":"D1","network":"verge"`},
		"a leading zero":       {`:7`, `:07`},
		"zero":                 {`:7`, `:0`},
		"too large a number":   {`:7`, `:256`},
		"a very large number":  {`:7`, `:99999999999999999999`},
		"no number":            {`:7`, `:`},
		"a negative number":    {`:7`, `:-7`},
		"an unknown member":    {`7}`, `7,"x":1}`},
		"a cut line":           {`7}`, `7`},
		"categories not ended": {`["scam"]`, `["scam"`},
		"categories with gaps": {`["scam"]`, `["scam",]`},
	} {
		line := strings.Replace(good, change[0], change[1], 1)
		if scanEntry(line, &e) {
			t.Errorf("%s: %s was read", what, line)
		}
	}
}

func FuzzTheScannerAgreesWithTheReference(f *testing.F) {
	f.Add([]byte(`{"network":"verge","address":"D1","category":"scam","categories":["scam"],"entity":"","list":"a","entry_id":"1"}`))
	f.Add([]byte(`{"network":"bitcoin","address":"12u","tag":"7","category":"sanctions","categories":["sanctions","mixer"],"entity":"ж","list":"a","entry_id":"1","authority":"OFAC","measure":"block","confidence":60,"party_listed_at":"2020-09-10","use":"own","approver":"x"}`))
	f.Add([]byte(`{"network":"","address":"","category":"","categories":[],"entity":"\"","list":"","entry_id":""}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		if d := sameAsReference(line); d != "" {
			t.Fatalf("%q: %s", line, d)
		}
	})
}
