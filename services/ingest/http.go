package ingest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"time"

	"sluice/pkg/transfer"
	"sluice/services/internal/httpx"
	"sluice/services/internal/stream"
)

// Bounds of one request.
const (
	MaxObject = 1 << 20  // bytes of one object, and of one line of NDJSON
	MaxBody   = 64 << 20 // bytes of an NDJSON body
	MaxLines  = 100_000  // of an NDJSON body
)

// The statuses of a result.
const (
	StatusAccepted  = "accepted"
	StatusDuplicate = "duplicate"
	StatusConflict  = "conflict"
	StatusRejected  = "rejected"
)

// Result is what became of one transfer of a request.
type Result struct {
	TransferID string `json:"transfer_id"`
	ID         string `json:"id,omitempty"` // of the fact; absent when rejected
	Status     string `json:"status"`
	Error      string `json:"error,omitempty"`
}

// API is POST /v1/transfers.
type API struct {
	Publisher    stream.Publisher
	Seen         Seen
	Verdicts     Verdicts // nil: this process does not see verdicts, and ?wait=verdict is refused
	WaitDeadline time.Duration
	Full         func() error // why the broker cannot take more now; nil error: it can
	Now          func() time.Time
	Metrics      *Metrics
}

// Routes are the rows of the route table.
func (a *API) Routes() []httpx.Route {
	return []httpx.Route{{Pattern: "POST /v1/transfers", Scope: httpx.ScopeTransfersWrite, Handler: a, MaxBody: MaxBody,
		Summary: "Take a transfer, or NDJSON of many; with ?wait=verdict, answer with the verdict."}}
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" && kind != "application/x-ndjson" {
		httpx.Problem{Status: http.StatusUnsupportedMediaType, Detail: "send application/json (one transfer) or application/x-ndjson (one a line)"}.Write(w)
		return
	}
	wait := r.URL.Query().Get("wait")
	if wait != "" && (wait != "verdict" || kind != "application/json" || a.Verdicts == nil) {
		httpx.Problem{Status: http.StatusBadRequest, Errors: []httpx.Field{{Field: "wait", Value: wait,
			Rule: "verdict, for one object, on a process that sees verdicts"}}}.Write(w)
		return
	}
	limit := int64(MaxObject)
	if kind == "application/x-ndjson" {
		limit = MaxBody
	}
	body, ok := httpx.ReadBody(w, r, limit)
	if !ok {
		return
	}
	if kind == "application/json" {
		a.one(w, r, body, wait != "")
		return
	}
	a.many(w, r, body)
}

// one answers for a single object.
func (a *API) one(w http.ResponseWriter, r *http.Request, body []byte, wait bool) {
	b := parse(httpx.Tenant(r.Context()), [][]byte{body}, a.Now())
	if rej := b.items[0].rejection; rej != nil {
		a.Metrics.rejected("http", 1)
		p := httpx.Problem{Status: http.StatusUnprocessableEntity, Title: "Not a transfer", Detail: "nothing was accepted; every problem is listed"}
		for _, x := range rej.Problems {
			p.Errors = append(p.Errors, httpx.Field{Field: x.Field, Value: x.Value, Rule: x.Rule})
		}
		p.Write(w)
		return
	}
	var verdict <-chan []byte
	if wait {
		v, cancel, err := a.Verdicts.Expect(r.Context(), b.items[0].fact.ID)
		if err != nil {
			a.refuse(w, err)
			return
		}
		defer cancel()
		verdict = v
	}
	// Who waits again after a broken connection wants the verdict again: the transfer is judged once more.
	if err := a.accept(r.Context(), b, wait); err != nil {
		a.refuse(w, err)
		return
	}
	result := b.items[0].result()
	status := map[string]int{StatusAccepted: http.StatusAccepted, StatusDuplicate: http.StatusOK, StatusConflict: http.StatusConflict}[result.Status]
	if wait {
		deadline := time.NewTimer(a.WaitDeadline)
		defer deadline.Stop()
		select {
		case v := <-verdict:
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusOK)
			_, _ = w.Write(append(v, '\n'))
			return
		case <-deadline.C:
		case <-r.Context().Done():
		}
	}
	httpx.WriteJSON(w, status, result)
}

// many answers for NDJSON: a result a line, in order, after all are acknowledged.
func (a *API) many(w http.ResponseWriter, r *http.Request, body []byte) {
	lines, err := split(body)
	if err != nil {
		httpx.Problem{Status: http.StatusRequestEntityTooLarge, Detail: err.Error()}.Write(w)
		return
	}
	b := parse(httpx.Tenant(r.Context()), lines, a.Now())
	if err := a.accept(r.Context(), b, false); err != nil {
		a.refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for i := range b.items {
		if b.items[i].rejection != nil {
			a.Metrics.rejected("http", 1)
		}
		if err := enc.Encode(b.items[i].result()); err != nil {
			return // the client is gone; what it sent is accepted, and sending again is harmless
		}
	}
}

// refuse answers 503: nothing can be promised for the request as a whole.
func (a *API) refuse(w http.ResponseWriter, err error) {
	cause := "broker"
	if errors.Is(err, stream.ErrQueueFull) {
		cause = "queue_full"
	} else if errors.Is(err, errFull) {
		cause = "disk_full"
	}
	a.Metrics.unavailable(cause)
	httpx.Problem{Status: http.StatusServiceUnavailable, Detail: "the broker cannot take it now, send the whole again: " + err.Error()}.Write(w)
}

var errFull = errors.New("the disk budget of the broker is full")

// split cuts NDJSON into its lines; empty ones are skipped.
func split(body []byte) ([][]byte, error) {
	var lines [][]byte
	for len(body) > 0 {
		line := body
		if i := bytes.IndexByte(body, '\n'); i >= 0 {
			line, body = body[:i], body[i+1:]
		} else {
			body = nil
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(lines) == MaxLines {
			return nil, fmt.Errorf("more than %d lines; send them in several requests", MaxLines)
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// accept asks which facts are known, produces the others (with again all), and remembers them.
func (a *API) accept(ctx context.Context, b *batch, again bool) error {
	if a.Full != nil {
		if err := a.Full(); err != nil {
			return fmt.Errorf("%w: %w", errFull, err)
		}
	}
	known, err := a.Seen.Known(ctx, b.keys)
	if err != nil {
		// Without the cache everything is accepted, and produced again: the identity collapses repeats.
		a.Metrics.withoutCache()
		known = make([]transfer.ID, len(b.keys))
	}
	messages := b.decide(known, again, a.Now())
	if len(messages) > 0 {
		if err := a.Publisher.Produce(ctx, messages...); err != nil {
			return err
		}
	}
	for i := range b.items {
		switch b.items[i].status {
		case StatusAccepted:
			a.Metrics.accepted("http", 1)
		case StatusDuplicate:
			a.Metrics.duplicate()
		case StatusConflict:
			a.Metrics.conflict()
		}
	}
	if keys, facts := b.fresh(); err == nil && len(keys) > 0 {
		if err := a.Seen.Remember(ctx, keys, facts); err != nil {
			a.Metrics.withoutCache()
		}
	}
	if keys, facts := b.first(); len(keys) > 0 {
		if err := a.Seen.Pin(ctx, keys, facts); err != nil {
			a.Metrics.withoutCache()
		}
	}
	return nil
}
