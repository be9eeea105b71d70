package transfer

import (
	"strings"

	"sluice/pkg/address"
)

// The sizes of a text that may be an address in a memo. Shorter ones are tags, longer ones are prose.
const (
	minMemoAddress = 24
	maxMemoAddress = address.MaxText
)

// memo looks for addresses in the memo: the whole memo, or the parts of a swap memo such as
// =:ETH.ETH:0x5aae…/0x1a2b…:0, which are set apart by colons and slashes and name addresses of other networks.
func (r *resolver) memo() {
	memo := strings.TrimSpace(r.t.Memo)
	if len(memo) < minMemoAddress || r.memoAddress(memo) || !strings.Contains(memo, ":") {
		return
	}
	for part := range strings.FieldsFuncSeq(memo, func(c rune) bool { return c == ':' || c == '/' }) {
		r.memoAddress(part)
	}
}

// memoAddress adds a text of the memo under every family that reads it as an address; its own network's is enough.
func (r *resolver) memoAddress(text string) bool {
	if len(text) < minMemoAddress || len(text) > maxMemoAddress || strings.ContainsAny(text, " \t\r\n") {
		return false
	}
	if r.known {
		if a, err := address.Parse(r.net, text); err == nil {
			r.addMemo(a)
			return true
		}
	}
	return false
}

func (r *resolver) addMemo(a address.Address) {
	index := 0
	if n := len(r.parties); n > 0 && r.parties[n-1].Role == RoleMemo {
		index = r.parties[n-1].Index + 1
	}
	r.add(Party{Role: RoleMemo, Side: SideCounterparty, Index: index, Text: a.Text, Tag: a.Tag, Key: a.Key})
}
