// Package screening finds out which addresses of a transfer are listed: transfer and snapshot in, hits and coverage out.
//
// It promises that the result depends on nothing but the transfer, the snapshot's content and the exchange's own
// addresses, in a fixed order; that a transfer without usable lists is degraded, never clean; and that the fast path,
// which looks at eight-byte fingerprints alone, calls clean only what the whole screening would find nothing in. It
// judges nothing: package rules does.
package screening
