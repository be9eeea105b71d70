package intake

import (
	"bytes"
	"io"

	"sluice/pkg/internal/inflate"
)

// MaxExpanded is the largest size of a file after decompression, in bytes.
const MaxExpanded = 2 << 30

// ErrTooLarge is wrapped by the error of a file that is larger than its format's bound after decompression.
var ErrTooLarge = inflate.ErrTooLarge

var utf8BOM = []byte{0xef, 0xbb, 0xbf}

// Open returns the bytes of a file as they were before compression, told by its first bytes, without a byte order mark.
// Reading more than MaxExpanded bytes ends in ErrTooLarge.
func Open(r io.Reader) (io.Reader, error) {
	in, err := inflate.Open(r, MaxExpanded)
	if err != nil {
		return nil, err
	}
	if head, err := in.Peek(len(utf8BOM)); err == nil && bytes.Equal(head, utf8BOM) {
		if _, err := in.Discard(len(utf8BOM)); err != nil {
			return nil, err
		}
	}
	return in, nil
}
