package watchlist

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/httpx"
)

// caller sends requests as the holder of a key.
type caller struct {
	t   *testing.T
	api *API
	mux *http.ServeMux
}

func newCaller(t *testing.T, api *API) *caller {
	c := &caller{t: t, api: api, mux: http.NewServeMux()}
	for _, r := range api.Routes() {
		c.mux.Handle(r.Pattern, r.Handler)
	}
	return c
}

// send returns status and body of the answer.
func (c *caller) send(key, method, path, body string) (int, string) {
	c.t.Helper()
	req := httptest.NewRequestWithContext(c.t.Context(), method, path, strings.NewReader(body))
	req = req.WithContext(httpx.WithPrincipal(req.Context(), httpx.Principal{KeyID: key, Tenant: "acme", Scopes: httpx.AllScopes}))
	w := httptest.NewRecorder()
	c.mux.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

// want sends and checks status and a part of the answer.
func (c *caller) want(key, method, path, body string, status int, part string) string {
	c.t.Helper()
	code, text := c.send(key, method, path, body)
	if code != status || !strings.Contains(text, part) {
		c.t.Errorf("%s %s: %d %s, want %d with %s", method, path, code, text, status, part)
	}
	return text
}

func TestListsOverHTTP(t *testing.T) {
	_, d := newDesk(t)
	c := newCaller(t, &API{Deps: d})
	c.want("a1", "GET", "/v1/lists", "", 200, `"lists":[]`)
	file := evmText + "\n0x0000000000000000000000000000000000000000\n"
	c.want("a1", "PUT", "/v1/lists/ofac?format=txt&category=sanctions", file, 200, `"rejections":[{"input":"body","line":2`)
	c.want("a1", "PUT", "/v1/lists/ofac?format=txt&category=sanctions", file, 200, `"was_in_force":true`)
	c.want("a1", "PUT", "/v1/lists/ofac?format=txt&category=sanctions", "", 409, `"value":"empty"`)
	c.want("a1", "GET", "/v1/lists", "", 200, `"refused":{`)
	c.want("a1", "PUT", "/v1/lists/ofac?format=txt", "<html><body>down</body></html>", 409, `"content_type"`)
	c.want("a1", "PUT", "/v1/lists/ofac?format=ofac-xml", "<a>", 422, "the list cannot be read")
	for query, part := range map[string]string{
		"format=nope": "one of", "format=txt&category=nice": "a category", "format=txt&use=allow": "listed or own",
		"format=txt&accept_shrink=true": `"field":"reason"`, "format=txt&x=1": "no parameter", "format=txt&format=csv": "one value",
	} {
		c.want("a1", "PUT", "/v1/lists/ofac?"+query, file, 400, part)
	}
	c.want("a1", "PUT", "/v1/lists/OFAC?format=txt", file, 400, "list name")
	c.want("a1", "PUT", "/v1/lists/hot?format=txt&use=own", otherText, 200, `"entries":1`)

	var page struct {
		Entries []json.RawMessage
		Next    string
	}
	c.want("a1", "PUT", "/v1/lists/many?format=txt&category=scam", otherText+"\n"+strings.Replace(otherText, "0x2", "0x3", 1)+"\n"+strings.Replace(otherText, "0x2", "0x4", 1), 200, "")
	path, seen := "/v1/lists/many/entries?limit=2", 0
	for range 3 {
		text := c.want("a1", "GET", path, "", 200, `"list":"many"`)
		page.Next = ""
		if err := json.Unmarshal([]byte(text), &page); err != nil {
			t.Fatal(err)
		}
		if seen += len(page.Entries); page.Next == "" {
			break
		}
		path = "/v1/lists/many/entries?limit=2&after=" + page.Next
	}
	if seen != 3 {
		t.Errorf("%d entries in pages", seen)
	}
	c.want("a1", "GET", "/v1/lists/many/entries?after=x:1", "", 400, "begin anew")
	c.want("a1", "GET", "/v1/lists/many/entries?limit=10001", "", 400, "from 1 to 10000")
	c.want("a1", "GET", "/v1/lists/none/entries", "", 404, "no list")
}

func TestOwnListsOverHTTP(t *testing.T) {
	w, d := newDesk(t)
	sanctionedList(t, d)
	c := newCaller(t, &API{Deps: d})
	c.want("a1", "POST", "/v1/lists/ours/entries", `{"reason":"case 7","entries":[{"address":"`+otherText+`","category":"scam"}]}`, 200, `"status":"added"`)
	for body, want := range map[string]string{
		`{"entries":[{"Entity":"x"}]}`:         `"field":"entries[0].Entity","rule":"no key of this route: is it entity?"`,
		`{"entries":[{"addresss":"x"}]}`:       `no key of this route: is it address?`,
		`{"why":"x"}`:                          `"field":"why","rule":"no key of this route; there are author, entries, reason"`,
		`{"entries":[{"confidence":"much"}]}`:  `"field":"entries[0].confidence","rule":"want a whole number that 8 bits hold"`,
		`{"entries":{}}`:                       `"field":"entries","rule":"want a list"`,
		`{"reason":"a","reason":"b"}`:          `"field":"reason"`,
		`{"reason":`:                           `at byte 10`,
		`{"reason":"x","entries":[{"tag":7}]}`: `"field":"entries[0].tag","rule":"want a text"`,
	} {
		text := c.want("a1", "POST", "/v1/lists/ours/entries", body, 400, want)
		if strings.Contains(text, "Go ") || strings.Contains(text, "watchlist.") || strings.Contains(text, "json:") {
			t.Errorf("%s: %s", body, text)
		}
	}
	c.want("a1", "POST", "/v1/lists/ours/entries", `{"entries":[{"address":"x"}]}`, 422, "no family of networks accepts it")
	c.want("a1", "POST", "/v1/lists/ours/entries", `{"entries":[{"address":"`+otherText+`","category":"scam"}]}`, 422, "reason is empty")
	c.want("a1", "POST", "/v1/lists/ours/entries/"+otherText+"/end", `{"expires_at":"2026-12-01T00:00:00Z"}`, 422, "reason is empty")
	c.want("a1", "DELETE", "/v1/lists/ours/entries/"+otherText, "", 422, "reason is empty")
	c.want("a1", "POST", "/v1/lists/ours/entries", `{}`, 422, "no entry")
	c.want("a1", "POST", "/v1/lists/ofac/entries", `{"reason":"case 7","entries":[{"address":"`+otherText+`"}]}`, 422, "list of its own")
	c.want("a1", "POST", "/v1/lists/ours/entries/"+otherText+"/end", `{"expires_at":"2026-12-01T00:00:00Z","reason":"over"}`, 200, `"changed"`)
	c.want("a1", "POST", "/v1/lists/ours/entries/"+otherText+"/end", `{"expires_at":"soon"}`, 400, "expires_at")
	c.want("a1", "DELETE", "/v1/lists/ours/entries/"+otherText+"?reason=wrong", "", 200, `"removed"`)
	c.want("a1", "DELETE", "/v1/lists/ours/entries/"+otherText+"?reason=wrong", "", 200, `"absent"`)
	c.want("a1", "POST", "/v1/lists/ours/entries", `{"reason":"case 8","entries":[{"address":"`+otherText+`","category":"scam"}]}`, 200, `"status":"added"`)
	c.want("a1", "DELETE", "/v1/lists/ours/entries/"+otherText, `{"why":"wrong"}`, 400, "there are author, reason")
	c.want("a1", "DELETE", "/v1/lists/ours/entries/"+otherText, `{"reason":"it was another's"}`, 200, `"removed"`)
	if r := w.log[len(w.log)-1]; r.Action != "list.remove" || r.Detail["reason"] != "it was another's" {
		t.Errorf("%+v", r)
	}

	allow := `{"reason":"licence","entries":[{"address":"` + evmText + `","use":"allow","expires_at":"2027-01-01T00:00:00Z","reference":"GL-7"}]}`
	text := c.want("a1", "POST", "/v1/lists/allowed/entries", allow, 202, `"status":"proposed"`)
	var answer struct{ Entries []Done }
	if err := json.Unmarshal([]byte(text), &answer); err != nil {
		t.Fatal(err)
	}
	id := answer.Entries[0].Proposal
	c.want("a1", "GET", "/v1/lists/allowed/proposals", "", 200, `"id":"`+id+`"`)
	c.want("a1", "GET", "/v1/lists/ours/proposals", "", 200, `"proposals":[]`)
	c.want("a1", "GET", "/v1/lists", "", 200, `"proposals":1`)
	c.want("a1", "POST", "/v1/lists/allowed/proposals/"+id+"/approval", "", 403, "cannot approve")
	c.want("b2", "POST", "/v1/lists/ours/proposals/"+id+"/approval", "", 404, "no such proposal")
	c.want("b2", "POST", "/v1/lists/allowed/proposals/"+id+"/approval", `{"approver":"bert"}`, 200, `"added"`)
	c.want("b2", "GET", "/v1/lists/allowed/entries", "", 200, `"approver":"bert (key:b2)"`)
	c.want("b2", "DELETE", "/v1/lists/allowed/proposals/"+id, "", 404, "no such proposal")
}

func TestASourceIsLookedAtOverHTTP(t *testing.T) {
	w, d := newDesk(t)
	p := newPublisher(t)
	p.set([]string{evmText})
	src := p.source(t, "feed")
	src.Options.Category = taxonomy.Scam
	c := newCaller(t, &API{Deps: d, Sources: []Source{src}})
	c.want("a1", "POST", "/v1/lists/feed/refresh", "", 200, `"outcome":"loaded"`)
	c.want("a1", "POST", "/v1/lists/feed/refresh", "", 200, `"outcome":"unchanged"`)
	c.want("a1", "POST", "/v1/lists/none/refresh", "", 404, "no source")
	p.set(nil)
	c.want("a1", "POST", "/v1/lists/feed/refresh", "", 409, `"empty"`)
	if r := w.log[0]; r.Action != "list.refresh" || r.Actor != "key:a1" || !strings.Contains(r.Detail["reason"], "SHA-256") {
		t.Errorf("%+v", r)
	}
	if _, err := Import(t.Context(), d, ImportRequest{Format: "txt", Options: format.Options{List: "feed", Category: taxonomy.Scam},
		Files: []format.Input{{Name: "f", R: strings.NewReader(otherText)}}, Author: "ann", Reason: "by hand", AcceptShrink: true}); err != nil {
		t.Fatal(err)
	}
	// What the source had is not in force any more, so what it has is loaded again.
	p.set([]string{evmText})
	c.want("a1", "POST", "/v1/lists/feed/refresh", "", 200, `"outcome":"loaded"`)
}
