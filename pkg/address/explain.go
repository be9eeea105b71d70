package address

import "sluice/pkg/network"

// explain turns what a parser found wrong into what a person can act on.
func explain(n network.Network, text string, p problem) problem {
	return p
}
