package httpx

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"
)

// maxBodies bounds how many bytes of bodies a listener holds at once, over all requests: whoever has keys and sends many
// large bodies together is asked to come back instead of filling the memory.
const maxBodies = 512 << 20

// zstdWindow bounds what a zstd frame may make the decoder remember; zstd itself asks for no more up to level 19.
const zstdWindow = 8 << 20

var errBusy = errors.New("too many large bodies at once")

// budget counts the bytes of the bodies that are held.
type budget struct{ held atomic.Int64 }

// open bounds the request's body, before and after decompression, and takes gzip and zstd off it; false: it has answered.
// done gives everything back.
func (b *budget) open(w http.ResponseWriter, r *http.Request, limit int64) (done func(), ok bool) {
	body := &body{budget: b, r: http.MaxBytesReader(w, r.Body, limit)}
	encoding := r.Header.Get("Content-Encoding")
	switch encoding {
	case "", "identity":
	case "gzip", "x-gzip":
		packed := body.r
		body.open = func() (io.Reader, error) { return gzip.NewReader(packed) }
	case "zstd":
		packed := body.r
		body.open = func() (io.Reader, error) {
			z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
			if err == nil {
				body.stop = z.Close
			}
			return z, err
		}
	default:
		w.Header().Set("Accept-Encoding", "gzip, zstd")
		Problem{Status: http.StatusUnsupportedMediaType, Detail: fmt.Sprintf("Content-Encoding %.40q is not taken; there are gzip, zstd and none", encoding)}.Write(w)
		return nil, false
	}
	r.Body = body
	if body.open != nil {
		r.Header.Del("Content-Encoding")
		r.ContentLength = -1
		r.Body = http.MaxBytesReader(w, body, limit)
	}
	return body.release, true
}

// body is a request's body, counted as it is read.
type body struct {
	budget *budget
	r      io.ReadCloser // as it comes over the wire, bounded
	open   func() (io.Reader, error)
	packed io.Reader // what open returned
	err    error
	stop   func()
	held   int64
}

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	var from io.Reader = b.r
	if b.open != nil {
		if b.packed == nil {
			if b.packed, b.err = b.open(); b.err != nil {
				return 0, b.err
			}
		}
		from = b.packed
	}
	n, err := from.Read(p)
	b.held += int64(n)
	if b.budget.held.Add(int64(n)) > maxBodies {
		err = errBusy
	}
	b.err = err
	return n, err
}

// Close implements io.Closer.
func (b *body) Close() error { return b.r.Close() }

func (b *body) release() {
	b.budget.held.Add(-b.held)
	if b.stop != nil {
		b.stop()
	}
}

// ReadBody reads a body of at most limit bytes, and of at most what the route and the caller's key allow; false: it has
// answered.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, bool) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err == nil {
		return text, true
	}
	p := Problem{Status: http.StatusBadRequest, Detail: "the body could not be read: " + err.Error()}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		p = Problem{Status: http.StatusRequestEntityTooLarge, Detail: fmt.Sprintf("at most %d bytes, after decompression too", large.Limit)}
	case errors.Is(err, errBusy):
		p = Problem{Status: http.StatusServiceUnavailable, Detail: errBusy.Error() + ": send it again"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		p = Problem{Status: http.StatusRequestTimeout, Detail: "the body came too slowly"}
	}
	p.Write(w)
	return nil, false
}
