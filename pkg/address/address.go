// Package address turns the text of an address on a network into its canonical form, its key and its tag, or says why
// it is none. One file per family. It promises that several spellings of one address give one key, and that a text
// with a broken checksum gives none.
package address

import (
	"sluice/pkg/network"
)

// Kind tells apart the payloads of one family: a public key hash is no script hash.
type Kind uint8

// MaxPayload is the longest payload a Key keeps as it is; a longer one is replaced by its SHA-256.
const MaxPayload = 32

// Key identifies an address within all networks: (family, kind, payload). It is comparable.
type Key struct {
	Family  network.Family
	Kind    Kind
	size    uint8
	payload [MaxPayload]byte
}

// Address is a parsed address.
type Address struct {
	Text    string // canonical text, without the tag
	Key     Key
	Tag     string // destination tag, muxed id, payment id; "" without one
	Trimmed bool   // surrounding spaces were removed
}
