package build_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"sluice/pkg/chain/internal/build"
	"sluice/pkg/network"
	"sluice/pkg/transfer"
)

func give(t *testing.T, d transfer.Direction, x transfer.Transfer) transfer.Transfer {
	t.Helper()
	n, ok := network.Lookup("bip122:000000000019d6689c085ae165831e93")
	if !ok {
		t.Fatal("no bitcoin")
	}
	var got transfer.Transfer
	b := build.Builder{Direction: d, Network: n, Emit: func(x *transfer.Transfer) error { got = *x; return nil }}
	if err := b.Give(&x); err != nil || b.Stats.Transfers != 1 {
		t.Fatalf("%v, %+v", err, b.Stats)
	}
	if got.Direction != d || got.Network != "bitcoin" {
		t.Errorf("%s on %s", got.Direction, got.Network)
	}
	return got
}

func TestOurSideIsTheCustomerHoweverItIsSpelled(t *testing.T) {
	const theirs, ours = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"
	in := give(t, transfer.Deposit, transfer.Transfer{From: []string{theirs}, To: []string{ours}})
	out := give(t, transfer.Withdrawal, transfer.Transfer{From: []string{"BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4"}, To: []string{theirs}})
	if in.CustomerID != out.CustomerID || len(in.CustomerID) != len("addr:")+16 {
		t.Errorf("customers %q and %q", in.CustomerID, out.CustomerID)
	}
	if other := give(t, transfer.Withdrawal, transfer.Transfer{From: []string{theirs}}); other.CustomerID == in.CustomerID {
		t.Error("two addresses are one customer")
	}
	for _, x := range []transfer.Transfer{{From: []string{theirs}}, {To: []string{"no address"}}} {
		if got := give(t, transfer.Deposit, x); got.CustomerID != build.NoCustomer {
			t.Errorf("%v: customer %q", x.To, got.CustomerID)
		}
	}
}

func TestAnErrorOfEmitComesBack(t *testing.T) {
	full := errors.New("full")
	b := build.Builder{Direction: transfer.Deposit, Emit: func(*transfer.Transfer) error { return full }}
	if err := b.Give(&transfer.Transfer{}); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
}

func TestSendersAreDistinctInOrderAndBounded(t *testing.T) {
	s := build.NewSenders()
	for _, text := range []string{"b", "a", "b"} {
		s.Add(text)
	}
	if !slices.Equal(s.List(), []string{"b", "a"}) {
		t.Errorf("%v", s.List())
	}
	for i := len(s.List()); i < build.MaxSenders; i++ {
		s.Add(fmt.Sprint(i))
	}
	s.Add("b") // known already
	if n := len(s.List()); n != build.MaxSenders || !s.Known {
		t.Errorf("at the bound: %d, known %v", n, s.Known)
	}
	s.Add("one more")
	if list := s.List(); s.Known || len(list) != build.MaxSenders+1 || list[len(list)-1] != transfer.UnknownSender {
		t.Errorf("behind the bound: %d, known %v", len(list), s.Known)
	}
}

func TestALineErrorNamesItsLine(t *testing.T) {
	cause := errors.New("no JSON")
	if err := error(&build.LineError{Line: 7, Err: cause}); !errors.Is(err, cause) || err.Error() != "line 7: no JSON" {
		t.Errorf("%v", err)
	}
}
