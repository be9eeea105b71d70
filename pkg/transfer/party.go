package transfer

import "sluice/pkg/address"

// Role is what an address does in a transfer.
type Role string

// The roles.
const (
	RoleSender    Role = "sender"
	RoleRecipient Role = "recipient"
	RoleContract  Role = "contract"
	RoleInitiator Role = "initiator"
	RoleMemo      Role = "memo"
)

// Side is whose an address is, seen from the exchange.
type Side string

// The sides. An address in a memo names where funds go on to, so it is the counterparty's.
const (
	SideCounterparty Side = "counterparty"
	SideOwn          Side = "own"
	SideToken        Side = "token"
	SideInitiator    Side = "initiator"
)

// Party is an address of a transfer that could be parsed. An address with several keys, a unified one of zcash, is as
// many parties, which differ in Key alone.
type Party struct {
	Role  Role
	Side  Side
	Index int         // place in From or To, in the memo's order for RoleMemo, else 0
	Text  string      // canonical, without the tag
	Tag   string      // destination tag, muxed id or payment id; of the only recipient, otherwise his memo; "" without one
	Key   address.Key // never zero
}

// Known says how much of the counterparty is known. The zero value is the best: it is what a record leaves out.
type Known uint8

// How much of the counterparty is known.
const (
	KnownFull    Known = iota // every counterparty address was parsed, or there is no counterparty
	KnownPartial              // some of them
	KnownNone                 // none
)

// Gap says why a counterparty is not fully known.
type Gap uint8

// The reasons of a gap.
const (
	GapNone                Gap = iota
	GapUnknownCounterparty     // no address was given
	GapShielded                // the network hides it
	GapUnparsed                // an address or the network is not valid
)

// Coverage says how much of a transfer's counterparty can be screened at all. The zero value is full coverage.
type Coverage struct {
	Counterparty Known
	Reason       Gap
}

var (
	knownNames = [...]string{"full", "partial", "none"}
	gapNames   = [...]string{"", "unknown_counterparty", "shielded", "unparsed"}
)

func (k Known) String() string { return nameOf(knownNames[:], int(k)) }
func (g Gap) String() string   { return nameOf(gapNames[:], int(g)) }

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return "invalid"
}

// ParseKnown is the reverse of Known.String.
func ParseKnown(text string) (Known, bool) {
	i, ok := indexOf(knownNames[:], text)
	return Known(i), ok
}

// ParseGap is the reverse of Gap.String.
func ParseGap(text string) (Gap, bool) {
	i, ok := indexOf(gapNames[:], text)
	return Gap(i), ok
}

func indexOf(names []string, text string) (int, bool) {
	for i, name := range names {
		if name == text {
			return i, true
		}
	}
	return 0, false
}
