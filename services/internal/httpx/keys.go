package httpx

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// keyPrefix begins every API key, so that a leaked one is found by secret scanners.
const keyPrefix = "sluice_"

// Keys are the API keys a listener accepts. Only digests of their secrets are kept.
type Keys struct {
	byID map[string]apiKey
}

type apiKey struct {
	tenant string
	digest [sha256.Size]byte
}

// ReadKeys reads a key file: one key a line, ID TENANT SHA256-OF-THE-SECRET (hex), separated by spaces; empty lines and
// lines that begin with # are skipped.
func ReadKeys(r io.Reader) (*Keys, error) {
	k := &Keys{byID: map[string]apiKey{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		f := strings.Fields(text)
		if len(f) != 3 {
			return nil, fmt.Errorf("line %d: %d fields instead of three: ID TENANT SHA256", n, len(f))
		}
		digest, err := hex.DecodeString(f[2])
		if err != nil || len(digest) != sha256.Size {
			return nil, fmt.Errorf("line %d: the third field is not the 64 hex digits of a SHA-256", n)
		}
		if strings.Contains(f[0], "_") || strings.Contains(f[1], "/") {
			return nil, fmt.Errorf("line %d: an id has no underscore and a tenant no slash", n)
		}
		if _, twice := k.byID[f[0]]; twice {
			return nil, fmt.Errorf("line %d: key id %q is given twice", n, f[0])
		}
		k.byID[f[0]] = apiKey{tenant: f[1], digest: [sha256.Size]byte(digest)}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(k.byID) == 0 {
		return nil, fmt.Errorf("there is no key in the file")
	}
	return k, nil
}

// NewKey makes an API key for a tenant: the key to hand out, once, and the line for the key file.
func NewKey(tenant string) (key, line string) {
	var id [6]byte
	var secret [32]byte
	_, _ = rand.Read(id[:]) // never fails: it ends the program instead
	_, _ = rand.Read(secret[:])
	text := base64.RawURLEncoding.EncodeToString(secret[:])
	digest := sha256.Sum256([]byte(text))
	name := hex.EncodeToString(id[:])
	return keyPrefix + name + "_" + text, name + " " + tenant + " " + hex.EncodeToString(digest[:])
}

// tenant returns whose key it is, and whether it is one. The time it takes does not depend on the secret.
func (k *Keys) tenant(key string) (string, bool) {
	rest, ok := strings.CutPrefix(key, keyPrefix)
	if !ok {
		return "", false
	}
	id, secret, ok := strings.Cut(rest, "_")
	if !ok {
		return "", false
	}
	known, found := k.byID[id]
	digest := sha256.Sum256([]byte(secret))
	same := subtle.ConstantTimeCompare(digest[:], known.digest[:]) == 1
	return known.tenant, found && same
}

type tenantKey struct{}

// Tenant returns the tenant on whose behalf the request is made.
func Tenant(ctx context.Context) string {
	t, _ := ctx.Value(tenantKey{}).(string)
	return t
}

// Authenticate lets only requests with a known key through, as `Authorization: Bearer KEY`, and gives them its tenant.
// Without keys (nil) every request is anonymous's.
func Authenticate(keys *Keys, anonymous string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant := anonymous
		if keys != nil {
			bearer, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			t, ok := keys.tenant(bearer)
			if !ok {
				w.Header().Set("WWW-Authenticate", `Bearer realm="sluice"`)
				Problem{Status: http.StatusUnauthorized, Detail: "send an API key as Authorization: Bearer KEY"}.Write(w)
				return
			}
			tenant = t
		}
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), tenantKey{}, tenant)))
	})
}
