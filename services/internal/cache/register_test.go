package cache

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sluice/services/internal/lists"
)

func TestTheRegisterIsKeptWhole(t *testing.T) {
	onBoth(t, func(t *testing.T, c *Client) {
		ctx := t.Context()
		if _, err := c.Register(ctx); !errors.Is(err, lists.ErrNotFound) {
			t.Fatalf("before it was written: %v", err)
		}
		at := time.Date(2026, 11, 22, 14, 0, 0, 5, time.UTC)
		want := lists.Register{
			Lists: map[string]lists.State{"ofac-sdn": {List: "ofac-sdn", Source: "https://h/x", MaxAge: time.Hour, Good: at, ETag: `"e"`,
				Refused: &lists.Refused{At: at, Cause: "shrunk", Text: "t", Actor: "a"}, Before: []string{"aa"}}},
			Proposals: map[string]lists.Proposal{"p": {ID: "p", List: "ours", Entry: json.RawMessage(`{"network":"x"}`), Actor: "key:a", At: at}},
		}
		if err := c.SetRegister(ctx, want); err != nil {
			t.Fatal(err)
		}
		got, err := c.Register(ctx)
		if err != nil || cmp.Diff(want, got) != "" {
			t.Errorf("%v\n%s", err, cmp.Diff(want, got))
		}
		if err := c.rdb.Set(ctx, keyRegister, "{", 0).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Register(ctx); !errors.Is(err, lists.ErrBroken) {
			t.Errorf("half of it: %v", err)
		}
	})
}
