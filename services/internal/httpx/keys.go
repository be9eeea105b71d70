package httpx

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// keyPrefix begins every API key, so that a leaked one is found by secret scanners: slk_ID_SECRET.
const keyPrefix = "slk_"

// Keys are the API keys a listener accepts. Only digests of their secrets are kept.
type Keys struct {
	byID map[string]Key
}

// Key is one API key without its secret.
type Key struct {
	ID      string
	Tenant  string
	Scopes  Scopes
	Expires time.Time // zero: never
	Rate    float64   // requests a second; 0: the listener's
	MaxBody int64     // bytes of a body after decompression, where the route allows more; 0: what the route allows

	digest [sha256.Size]byte
}

func (k Key) principal() Principal { return Principal{KeyID: k.ID, Tenant: k.Tenant, Scopes: k.Scopes} }

// ReadKeys reads a key file: one key a line, ID TENANT SHA256-OF-THE-SECRET (hex), then any of scopes=A,B expires=TIME
// (RFC 3339) rate=REQUESTS-A-SECOND max_body=BYTES, separated by spaces; empty lines and lines that begin with # are
// skipped. A line without scopes has those of ExchangeScopes.
func ReadKeys(r io.Reader) (*Keys, error) {
	k := &Keys{byID: map[string]Key{}}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		key, err := parseKey(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if _, twice := k.byID[key.ID]; twice {
			return nil, fmt.Errorf("line %d: key id %q is given twice", n, key.ID)
		}
		k.byID[key.ID] = key
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(k.byID) == 0 {
		return nil, errors.New("there is no key in the file")
	}
	return k, nil
}

func parseKey(text string) (Key, error) {
	f := strings.Fields(text)
	if len(f) < 3 {
		return Key{}, fmt.Errorf("%d fields instead of three: ID TENANT SHA256", len(f))
	}
	k := Key{ID: f[0], Tenant: f[1], Scopes: ExchangeScopes}
	if strings.ContainsAny(k.ID, "_=") || k.ID == LocalKey || strings.ContainsAny(k.Tenant, "/=") {
		return Key{}, fmt.Errorf("an id has no underscore and is not %q, and a tenant has no slash", LocalKey)
	}
	digest, err := hex.DecodeString(f[2])
	if err != nil || len(digest) != sha256.Size {
		return Key{}, errors.New("the third field is not the 64 hex digits of a SHA-256")
	}
	k.digest = [sha256.Size]byte(digest)
	given := map[string]bool{}
	for _, pair := range f[3:] {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || given[name] {
			return Key{}, fmt.Errorf("%q is no NAME=VALUE that is given once", pair)
		}
		given[name] = true
		if err := k.set(name, value); err != nil {
			return Key{}, err
		}
	}
	return k, nil
}

func (k *Key) set(name, value string) (err error) {
	switch name {
	case "scopes":
		k.Scopes, err = ParseScopes(value)
	case "expires":
		if k.Expires, err = time.Parse(time.RFC3339, value); err != nil {
			err = fmt.Errorf("expires=%s is no time as RFC 3339 writes it, such as 2027-01-01T00:00:00Z", value)
		}
	case "rate":
		if k.Rate, err = strconv.ParseFloat(value, 64); err != nil || !(k.Rate > 0 && k.Rate <= maxRate) {
			err = fmt.Errorf("rate=%s is not from more than 0 to %d requests a second", value, maxRate)
		}
	case "max_body":
		if k.MaxBody, err = strconv.ParseInt(value, 10, 64); err != nil || k.MaxBody <= 0 {
			err = fmt.Errorf("max_body=%s is no number of bytes above 0", value)
		}
	default:
		err = fmt.Errorf("%q is unknown; there are scopes, expires, rate, max_body", name)
	}
	return err
}

// maxRate bounds the rate of a key, requests a second.
const maxRate = 1_000_000

// NewKey makes an API key like k, whose ID it chooses: the key to hand out, once, and the line for the key file.
func NewKey(k Key) (key, line string) {
	var id [6]byte
	var secret [32]byte
	_, _ = rand.Read(id[:]) // never fails: it ends the program instead
	_, _ = rand.Read(secret[:])
	text := base64.RawURLEncoding.EncodeToString(secret[:])
	k.ID, k.digest = hex.EncodeToString(id[:]), sha256.Sum256([]byte(text))
	return keyPrefix + k.ID + "_" + text, k.line()
}

// line is the key as a key file has it.
func (k Key) line() string {
	line := k.ID + " " + k.Tenant + " " + hex.EncodeToString(k.digest[:]) + " scopes=" + k.Scopes.String()
	if !k.Expires.IsZero() {
		line += " expires=" + k.Expires.UTC().Format(time.RFC3339)
	}
	if k.Rate > 0 {
		line += " rate=" + strconv.FormatFloat(k.Rate, 'g', -1, 64)
	}
	if k.MaxBody > 0 {
		line += " max_body=" + strconv.FormatInt(k.MaxBody, 10)
	}
	return line
}

// find returns the key that text is, if it is one that is good now. The time it takes does not depend on the secret.
func (k *Keys) find(text string, now time.Time) (Key, bool) {
	rest, ok := strings.CutPrefix(text, keyPrefix)
	id, secret, two := strings.Cut(rest, "_")
	known, found := k.byID[id]
	digest := sha256.Sum256([]byte(secret))
	same := subtle.ConstantTimeCompare(digest[:], known.digest[:]) == 1
	good := ok && two && found && same && (known.Expires.IsZero() || now.Before(known.Expires))
	if !good {
		return Key{}, false
	}
	return known, true
}

// Current implements KeySource: these keys do not change.
func (k *Keys) Current() *Keys { return k }
