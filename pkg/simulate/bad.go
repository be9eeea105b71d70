package simulate

import (
	"sluice/pkg/amount"
	"sluice/pkg/flag"
	"sluice/pkg/transfer"
)

// decision is what the built-in policy makes of a scenario.
func (g *Generator) decision(s Scenario) flag.Decision {
	if s == Clean {
		return flag.Cleared
	}
	return plans[s].decision
}

// bad makes a transfer of a scenario that stands by itself.
func (g *Generator) bad(s Scenario) transfer.Transfer {
	c, customer := g.choose(), g.customer()
	var t transfer.Transfer
	switch s {
	case RansomwarePayment, MixerWithdrawal, ScamPayment:
		t = g.outgoing(c, customer)
		g.list(&t, s)
	case UnknownCounterparty:
		t = g.incoming(c, customer)
		t.From, t.FromAmounts = nil, nil
	case InvalidSender:
		for len(c.w.broken) == 0 {
			c = g.choose()
		}
		t = g.incoming(c, customer)
		i := g.random.IntN(len(c.w.broken))
		t.From, t.FromAmounts = c.w.broken[i:i+1:i+1], nil
	case Poisoning:
		t = g.incoming(c, customer)
		g.list(&t, s)
		t.Amount, t.Fiat = amount.Amount{}, nil
	default:
		t = g.incoming(c, customer)
		g.list(&t, s)
	}
	return t
}

// list puts a listed address in the place of the counterparty.
func (g *Generator) list(t *transfer.Transfer, s Scenario) {
	for _, w := range g.worlds {
		if w.model.alias != t.Network {
			continue
		}
		of := w.listed[plans[s].listed]
		text := of[g.random.IntN(len(of))].text
		if t.Direction == transfer.Withdrawal {
			t.To = text
		} else {
			t.From, t.FromAmounts = text, nil
		}
	}
}
