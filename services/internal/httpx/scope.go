package httpx

import (
	"fmt"
	"strings"

	"sluice/pkg/nearest"
)

// Scope is one thing that an API key may be allowed to do. Every route asks for one.
type Scope uint8

// The scopes. Zero is none, and a route without a scope is refused.
const (
	_                   Scope = iota
	ScopeOpen                 // no key is asked for: whether the process is alive and ready
	ScopeOps                  // operators: metrics, and the details of readiness
	ScopeTransfersWrite       // send transfers
	ScopeTransfersRead        // read own transfers and their verdicts
	ScopeFlaggedRead          // read own flagged events
	ScopeListsRead            // read the watchlists
	ScopeListsWrite           // change the watchlists
	ScopeListsApprove         // approve what another proposed
	ScopeRulesRead            // read the rules
	ScopeRulesWrite           // change the rules
	ScopeDecisionsWrite       // decide about held transfers
	ScopeAuditRead            // read the audit log
	scopeEnd
)

var scopeNames = [scopeEnd]string{
	ScopeOpen: "open", ScopeOps: "ops", ScopeTransfersWrite: "transfers:write", ScopeTransfersRead: "transfers:read",
	ScopeFlaggedRead: "flagged:read", ScopeListsRead: "lists:read", ScopeListsWrite: "lists:write",
	ScopeListsApprove: "lists:approve", ScopeRulesRead: "rules:read", ScopeRulesWrite: "rules:write",
	ScopeDecisionsWrite: "decisions:write", ScopeAuditRead: "audit:read",
}

// String is the scope's name, as key files have it.
func (s Scope) String() string {
	if s == 0 || s >= scopeEnd {
		return fmt.Sprintf("scope %d", uint8(s))
	}
	return scopeNames[s]
}

// Valid says whether there is such a scope.
func (s Scope) Valid() bool { return s > 0 && s < scopeEnd }

// Audited says whether what the scope allows changes lists, rules, keys or verdicts, so that each use of it belongs into
// the audit log. A transfer that is sent changes none of them; the topic keeps it.
func (s Scope) Audited() bool {
	switch s {
	case ScopeListsWrite, ScopeListsApprove, ScopeRulesWrite, ScopeDecisionsWrite:
		return true
	default:
		return false
	}
}

// Grantable are the scopes that a key may have, in their order: all but open.
func Grantable() []Scope {
	var all []Scope
	for s := ScopeOpen + 1; s < scopeEnd; s++ {
		all = append(all, s)
	}
	return all
}

// ParseScope reads a scope's name. Open is none that a key could have.
func ParseScope(name string) (Scope, error) {
	var names []string
	for _, s := range Grantable() {
		if s.String() == name {
			return s, nil
		}
		names = append(names, s.String())
	}
	hint := "there are " + strings.Join(names, ", ")
	if near := nearest.Word(name, names, len(name)/2+1); near != "" {
		hint = fmt.Sprintf("did you mean %q?", near)
	}
	return 0, fmt.Errorf("scope %q is unknown; %s", name, hint)
}

// Scopes is a set of scopes.
type Scopes uint32

// AllScopes are all that a key may have.
var AllScopes = ScopesOf(Grantable()...)

// ExchangeScopes are what an exchange's own systems need, and what a key has whose line names none.
var ExchangeScopes = ScopesOf(ScopeTransfersWrite, ScopeTransfersRead, ScopeFlaggedRead)

// ScopesOf is a set of the scopes.
func ScopesOf(scopes ...Scope) Scopes {
	var set Scopes
	for _, s := range scopes {
		set |= 1 << s
	}
	return set
}

// ParseScopes reads scopes separated by commas, at least one.
func ParseScopes(text string) (Scopes, error) {
	var set Scopes
	for _, name := range strings.Split(text, ",") {
		s, err := ParseScope(strings.TrimSpace(name))
		if err != nil {
			return 0, err
		}
		set |= 1 << s
	}
	return set, nil
}

// Has says whether s is in the set. Everybody has open.
func (set Scopes) Has(s Scope) bool { return s == ScopeOpen || s.Valid() && set&(1<<s) != 0 }

// String is the names of the scopes, separated by commas.
func (set Scopes) String() string {
	var names []string
	for _, s := range Grantable() {
		if set.Has(s) {
			names = append(names, s.String())
		}
	}
	return strings.Join(names, ",")
}
