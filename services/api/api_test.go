package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"sluice/services/api"
	"sluice/services/internal/httpx"
)

const id = "0123456789abcdef0123456789abcdef"

// warehouse answers with what a test gave it and keeps what it was asked.
type warehouse struct {
	asked  []string   // tenant, and the id
	filter api.Filter // of the last question for flagged events

	verdicts []api.Verdict
	page     api.Page
	err      error
}

func (w *warehouse) Transfer(_ context.Context, tenant, id string) (api.Verdict, error) {
	w.asked = []string{tenant, id}
	if w.err != nil {
		return api.Verdict{}, w.err
	}
	return w.verdicts[0], nil
}

func (w *warehouse) TransfersWithID(_ context.Context, tenant, transferID string) ([]api.Verdict, error) {
	w.asked = []string{tenant, transferID}
	return w.verdicts, w.err
}

func (w *warehouse) Flagged(_ context.Context, f api.Filter) (api.Page, error) {
	w.asked, w.filter = []string{f.Tenant}, f
	return w.page, w.err
}

// get asks as the tenant acme.
func get(t *testing.T, w *warehouse, target string) *httptest.ResponseRecorder {
	t.Helper()
	mux, err := httpx.Mux(&httpx.Guard{Tenant: "acme"}, (&api.API{Warehouse: w}).Routes(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, target, nil))
	return answer
}

func decode[T any](t *testing.T, r *httptest.ResponseRecorder, status int) (v T) {
	t.Helper()
	if r.Code != status {
		t.Fatalf("answered %d, want %d: %s", r.Code, status, r.Body)
	}
	if err := json.Unmarshal(r.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, r.Body)
	}
	return v
}

func TestATransferByItsFact(t *testing.T) {
	w := &warehouse{verdicts: []api.Verdict{{ID: id, Verdict: "held"}}}
	v := decode[api.Verdict](t, get(t, w, "/v1/transfers/"+id), http.StatusOK)
	if v.ID != id || v.Verdict != "held" {
		t.Errorf("%+v", v)
	}
	if want := []string{"acme", id}; !reflect.DeepEqual(w.asked, want) {
		t.Errorf("the warehouse was asked %q, want %q", w.asked, want)
	}
}

func TestTransfersByTheExchangesOwnID(t *testing.T) {
	w := &warehouse{verdicts: []api.Verdict{{Stage: "attempt"}, {Stage: "confirmed"}}}
	found := decode[api.Transfers](t, get(t, w, "/v1/transfers?transfer_id=a%2Fb"), http.StatusOK)
	if len(found.Transfers) != 2 || found.Transfers[1].Stage != "confirmed" {
		t.Errorf("%+v", found)
	}
	if want := []string{"acme", "a/b"}; !reflect.DeepEqual(w.asked, want) {
		t.Errorf("the warehouse was asked %q, want %q", w.asked, want)
	}
	w.verdicts = []api.Verdict{}
	if r := get(t, w, "/v1/transfers?transfer_id=x"); strings.TrimSpace(r.Body.String()) != `{"transfers":[]}` {
		t.Errorf("none: %s", r.Body)
	}
}

func TestFlaggedAsksWhatTheQuerySays(t *testing.T) {
	since, until := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 2, 0, 0, 0, 5e8, time.UTC)
	for query, want := range map[string]api.Filter{
		"":                                    {},
		"?verdict=held":                       {Verdict: "held"},
		"?severity=high&severity=severe":      {Severities: []string{"high", "severe"}},
		"?category=sanctions":                 {Category: "sanctions"},
		"?customer_id=c%201&network=eip155:1": {CustomerID: "c 1", Network: "eip155:1"},
		"?since=2026-11-01T00:00:00Z&until=2026-11-02T00:00:00.5Z": {Since: since, Until: until},
		"?since=1970-01-01T00:00:00Z":                              {Since: time.Unix(0, 0).UTC()},
		"?limit=1":                                                 {Limit: 1},
		"?limit=1000&after=xyz":                                    {Limit: api.MaxLimit, After: "xyz"},
	} {
		w := &warehouse{page: api.Page{Events: []api.Verdict{{ID: id}}, Next: "n"}}
		page := decode[api.Page](t, get(t, w, "/v1/flagged"+query), http.StatusOK)
		if len(page.Events) != 1 || page.Events[0].ID != id || page.Next != "n" {
			t.Errorf("%s: %+v", query, page)
		}
		want.Tenant = "acme"
		if !reflect.DeepEqual(w.filter, want) {
			t.Errorf("%s asks %+v, want %+v", query, w.filter, want)
		}
	}
}

func TestABadQuestionIsRefusedWithTheFieldThatIsWrong(t *testing.T) {
	for target, want := range map[string]httpx.Field{
		"/v1/transfers/" + id[1:]:                      {Field: "id", Value: id[1:]},
		"/v1/transfers/" + strings.ToUpper(id):         {Field: "id", Value: strings.ToUpper(id)},
		"/v1/transfers":                                {Field: "transfer_id"},
		"/v1/transfers?transfer_id=":                   {Field: "transfer_id"},
		"/v1/transfers?transfer_id=a&transfer_id=b":    {Field: "transfer_id", Value: "a b"},
		"/v1/transfers?transferid=a":                   {Field: "transferid", Value: "a"},
		"/v1/transfers?transfer_id=%zz":                {Value: "transfer_id=%zz"},
		"/v1/flagged?tenant=other":                     {Field: "tenant", Value: "other"},
		"/v1/flagged?verdict=bad":                      {Field: "verdict", Value: "bad"},
		"/v1/flagged?verdict=held&verdict=flagged":     {Field: "verdict", Value: "held flagged"},
		"/v1/flagged?severity=low&severity=huge":       {Field: "severity", Value: "huge"},
		"/v1/flagged?category=evil":                    {Field: "category", Value: "evil"},
		"/v1/flagged?since=yesterday":                  {Field: "since", Value: "yesterday"},
		"/v1/flagged?since=1969-12-31T23:59:59Z":       {Field: "since", Value: "1969-12-31T23:59:59Z"},
		"/v1/flagged?until=2262-01-01T00:00:00Z":       {Field: "until", Value: "2262-01-01T00:00:00Z"},
		"/v1/flagged?until=2026-11-01%2000:00:00":      {Field: "until", Value: "2026-11-01 00:00:00"},
		"/v1/flagged?limit=0":                          {Field: "limit", Value: "0"},
		"/v1/flagged?limit=1001":                       {Field: "limit", Value: "1001"},
		"/v1/flagged?limit=many":                       {Field: "limit", Value: "many"},
		"/v1/flagged?limit=99999999999999999999999999": {Field: "limit", Value: "99999999999999999999999999"},
	} {
		w := &warehouse{}
		p := decode[httpx.Problem](t, get(t, w, target), http.StatusBadRequest)
		if len(p.Errors) != 1 || p.Errors[0].Field != want.Field || p.Errors[0].Value != want.Value || p.Errors[0].Rule == "" {
			t.Errorf("%s: %+v", target, p.Errors)
		}
		if w.asked != nil {
			t.Errorf("%s: the warehouse was asked %q", target, w.asked)
		}
	}
}

func TestACursorThatIsNoneIsABadQuestion(t *testing.T) {
	p := decode[httpx.Problem](t, get(t, &warehouse{err: api.ErrCursor}, "/v1/flagged?after=x"), http.StatusBadRequest)
	if len(p.Errors) != 1 || p.Errors[0].Field != "after" || p.Errors[0].Value != "x" {
		t.Errorf("%+v", p)
	}
}

func TestWhatTheWarehouseCannotAnswer(t *testing.T) {
	for _, target := range []string{"/v1/transfers/" + id, "/v1/transfers?transfer_id=a", "/v1/flagged"} {
		r := get(t, &warehouse{err: errors.New("connection refused")}, target)
		p := decode[httpx.Problem](t, r, http.StatusServiceUnavailable)
		if !strings.Contains(p.Detail, "connection refused") || r.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %+v, %v", target, p, r.Header())
		}
	}
	decode[httpx.Problem](t, get(t, &warehouse{err: api.ErrNotFound}, "/v1/transfers/"+id), http.StatusNotFound)
}
