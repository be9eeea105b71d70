package stream

import (
	"context"
	"testing"
)

// generationOf is a generation whose commits end in err.
type generationOf struct {
	Generation
	err  error
	seen [][]Position
}

func (g *generationOf) ID() int32 { return 1 }

func (g *generationOf) Commit(_ context.Context, next []Position) error {
	g.seen = append(g.seen, next)
	return g.err
}

// What a generation could not commit any more is dropped with it: committed by the next one, it would move the offset of
// a partition that another member has gone on from.
func TestMarksEndWithTheirGeneration(t *testing.T) {
	l, err := New(Config{Group: "g", Topics: []string{"t"}, Stage: "s"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	parts := []*partTracker{{topic: "t"}}
	ended, next := &generationOf{err: ErrStaleGeneration}, &generationOf{}
	c := newCommitter(l, ended, parts)
	c.mark(partitionKey{"t", 0}, 7)
	if !c.commit(t.Context()) || len(ended.seen) != 1 {
		t.Fatalf("asked %d times", len(ended.seen))
	}
	if !c.commit(t.Context()) || len(ended.seen) != 1 {
		t.Error("what the ended generation refused is committed again")
	}
	if !newCommitter(l, next, parts).commit(t.Context()) || len(next.seen) != 0 {
		t.Errorf("the next generation commits %v", next.seen)
	}
}
