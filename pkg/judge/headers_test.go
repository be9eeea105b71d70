package judge

import (
	"strings"
	"testing"
)

func TestARecordWithoutAnIDGetsOneOfItsPlace(t *testing.T) {
	id := strings.Repeat("ab", 16)
	if h := (Headers{ID: []byte(id)}).Named("t", 1, 2); string(h.ID) != id {
		t.Errorf("its own id became %s", h.ID)
	}
	seen := map[string]bool{}
	for _, bad := range []Headers{{}, {ID: []byte("short")}} {
		for offset := range int64(2) {
			for partition := range int32(2) {
				seen[string(bad.Named("t", partition, offset).ID)] = true
			}
		}
	}
	if len(seen) != 4 || seen[strings.Repeat("0", 32)] {
		t.Errorf("%d ids for four places: %v", len(seen), seen)
	}
}
