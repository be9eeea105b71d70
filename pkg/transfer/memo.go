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

// memoAddress adds a text of the memo as an address of every family that reads it as one: nothing tells which is meant.
func (r *resolver) memoAddress(text string) bool {
	if len(text) < minMemoAddress || len(text) > maxMemoAddress || strings.ContainsAny(text, " \t\r\n") {
		return false
	}
	readings := address.Guess(text)
	for _, g := range readings {
		r.add(g.Address, Party{Role: RoleMemo, Side: SideCounterparty, Index: r.memos, Tag: g.Address.Tag})
	}
	if len(readings) > 0 {
		r.memos++
	}
	return len(readings) > 0
}
