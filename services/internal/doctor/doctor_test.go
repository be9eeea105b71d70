package doctor

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestEachProblemSaysWhatToDo(t *testing.T) {
	var out strings.Builder
	look := func(f Finding) func(context.Context) Finding { return func(context.Context) Finding { return f } }
	err := Run(t.Context(), &out, []Check{
		{"kafka", look(Good("3 brokers"))},
		{"redis", look(Bad(errors.New("refused\nconnection"), "start it, or set SLUICE_REDIS_URL"))},
		{"topics", look(Doubtful("one replica", "add brokers"))},
	})
	if !errors.Is(err, ErrUnwell) {
		t.Errorf("got %v", err)
	}
	want := "ok       kafka   3 brokers\nproblem  redis   refused connection\n                 → start it, or set SLUICE_REDIS_URL\nwarning  topics  one replica\n                 → add brokers\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
	if err := Run(t.Context(), &out, []Check{{"topics", look(Doubtful("one replica", "add brokers"))}}); err != nil {
		t.Errorf("a warning is no problem: %v", err)
	}
}

func TestAChecksTimeIsBounded(t *testing.T) {
	_ = Run(t.Context(), &strings.Builder{}, []Check{{"slow", func(ctx context.Context) Finding {
		if _, ok := ctx.Deadline(); !ok {
			t.Error("no deadline")
		}
		return Good("")
	}}})
}
