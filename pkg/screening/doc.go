// Package screening finds out which addresses of a transfer are listed: transfer and snapshot in, hits and coverage out.
//
// It promises that the result depends on nothing but the transfer and the snapshot's content, in a fixed order; that a
// hit which an allow entry suppresses is told with the entry's name and never left out; that a transfer without usable lists is degraded, never clean; and that the fast path,
// which looks at eight-byte fingerprints alone, calls clean only what the whole screening would find nothing in. It
// judges nothing: package rules does.
package screening
