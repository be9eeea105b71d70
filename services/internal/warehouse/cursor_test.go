package warehouse

import (
	"errors"
	"testing"

	"sluice/services/api"
)

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add("x")
	f.Add(cursor(1, ""))
	f.Add(cursor(-1, "0123456789abcdef0123456789abcdef"))
	f.Fuzz(func(t *testing.T, text string) {
		nanos, id, err := parseCursor(text)
		if err != nil {
			if !errors.Is(err, api.ErrCursor) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if n, i, err := parseCursor(cursor(nanos, id)); err != nil || n != nanos || i != id {
			t.Errorf("%d %q became %d %q, %v", nanos, id, n, i, err)
		}
	})
}
