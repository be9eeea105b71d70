package screening

import (
	"strings"

	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
)

// Unparsed returns the addresses of a transfer as texts, each with the key by which a list answers for it letter by letter:
// lists keep addresses that no parser can read, too. It is for a transfer that has such an address; nil for any other.
func Unparsed(p *transfer.Parsed) []transfer.Party {
	if len(p.Unscreenable) == 0 && p.Coverage.Reason != transfer.GapUnparsed && p.Coverage.Reason != transfer.GapShielded {
		return nil
	}
	t := &p.Transfer
	sender, recipient := transfer.SideOwn, transfer.SideOwn
	switch t.Direction {
	case transfer.Deposit:
		sender = transfer.SideCounterparty
	case transfer.Withdrawal:
		recipient = transfer.SideCounterparty
	case transfer.Internal:
	}
	var all []transfer.Party
	add := func(party transfer.Party) {
		if party.Text != "" {
			party.Key = watchlist.TextKey(strings.TrimSpace(party.Text))
			all = append(all, party)
		}
	}
	for i, text := range t.From {
		add(transfer.Party{Role: transfer.RoleSender, Side: sender, Index: i, Text: text})
	}
	for i, text := range t.To {
		tag := ""
		if len(t.To) == 1 {
			tag = t.Memo
		}
		add(transfer.Party{Role: transfer.RoleRecipient, Side: recipient, Index: i, Text: text, Tag: tag})
	}
	add(transfer.Party{Role: transfer.RoleContract, Side: transfer.SideToken, Text: t.Contract})
	add(transfer.Party{Role: transfer.RoleInitiator, Side: transfer.SideInitiator, Text: t.Initiator})
	return all
}
