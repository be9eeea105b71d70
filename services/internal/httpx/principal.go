package httpx

import "context"

// Principal is on whose behalf a request is made.
type Principal struct {
	KeyID  string // of the API key; LocalKey where none is needed
	Tenant string
	Scopes Scopes
}

// LocalKey is the key id of who needs none: a client of a loopback listener without keys.
const LocalKey = "local"

// Actor is the principal as the audit log names it.
func (p Principal) Actor() string { return "key:" + p.KeyID }

type principalKey struct{}

// WithPrincipal gives ctx a principal: the mux does, and tests of handlers.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalOf returns on whose behalf the request is made: behind an open route the zero value, who may do nothing.
func PrincipalOf(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}

// Tenant returns the tenant on whose behalf the request is made.
func Tenant(ctx context.Context) string { return PrincipalOf(ctx).Tenant }
