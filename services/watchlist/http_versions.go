package watchlist

import (
	"bufio"
	"net/http"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"sluice/services/internal/activation"
	"sluice/services/internal/audit"
	"sluice/services/internal/httpx"
)

// versionRoutes are the rows about versions and what they said.
func (a *API) versionRoutes() []httpx.Route {
	return []httpx.Route{
		{Pattern: "GET /v1/lists/versions", Scope: httpx.ScopeListsRead, Handler: http.HandlerFunc(a.listVersions),
			Summary: "Every version of the lists that was ever in force, in order."},
		{Pattern: "GET /v1/lists/diff", Scope: httpx.ScopeListsRead, Handler: http.HandlerFunc(a.diff),
			Summary: "How version ?b= (default current) differs from ?a= (default previous), of one ?list= or all: NDJSON, a line for each address."},
		{Pattern: "GET /v1/lists/lookup", Scope: httpx.ScopeListsRead, Handler: http.HandlerFunc(a.lookup),
			Summary: "What is listed about ?address=; with ?as_of= (a time), ?version= or ?all=true what was."},
		{Pattern: "POST /v1/lists/rollback", Scope: httpx.ScopeListsWrite, Handler: http.HandlerFunc(a.rollback), MaxBody: maxSmall, Audit: audit.ListRollback,
			Summary: "Put an earlier version in force again."},
	}
}

// versionAnswer is one activation of lists.
type versionAnswer struct {
	Seq      uint64                   `json:"seq"`
	Version  string                   `json:"version"`
	Previous string                   `json:"previous,omitzero"`
	At       time.Time                `json:"at"`
	Author   string                   `json:"author"`
	Reason   string                   `json:"reason,omitzero"`
	Entries  int                      `json:"entries"`
	Lists    []activation.ListVersion `json:"lists"`
}

func (a *API) listVersions(w http.ResponseWriter, r *http.Request) {
	if _, ok := query(w, r); !ok {
		return
	}
	all, err := a.Versions.All(r.Context())
	if err != nil {
		failed(w, err)
		return
	}
	answer := struct {
		Versions []versionAnswer `json:"versions"`
	}{make([]versionAnswer, len(all))}
	for i, v := range all {
		answer.Versions[i] = versionAnswer{v.Seq, v.Version, v.Previous, v.At.UTC(), v.Author, v.Reason, v.Entries(), v.Lists}
	}
	httpx.WriteJSON(w, http.StatusOK, answer)
}

func (a *API) diff(w http.ResponseWriter, r *http.Request) {
	q, ok := query(w, r, "a", "b", "list")
	if !ok {
		return
	}
	from, to := "previous", "current"
	if q.Has("a") {
		from = q.Get("a")
	}
	if q.Has("b") {
		to = q.Get("b")
	}
	before, _, err := a.Versions.Snapshot(r.Context(), from)
	if err != nil {
		failed(w, err)
		return
	}
	after, _, err := a.Versions.Snapshot(r.Context(), to)
	if err != nil {
		failed(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	var line []byte
	for _, row := range before.Diff(after).Rows() {
		if q.Has("list") && q.Get("list") != row.List {
			continue
		}
		line = append(row.AppendJSON(line[:0]), '\n')
		if _, err := out.Write(line); err != nil {
			return // the client is gone
		}
	}
	_ = out.Flush()
}

func (a *API) lookup(w http.ResponseWriter, r *http.Request) {
	q, ok := query(w, r, "address", "as_of", "version", "all")
	if !ok {
		return
	}
	questions := 0
	for _, name := range []string{"as_of", "version", "all"} {
		if q.Has(name) {
			questions++
		}
	}
	switch {
	case q.Get("address") == "":
		bad(w, "address", "", "an address, in any of its spellings")
		return
	case questions > 1:
		bad(w, "as_of", q.Get("as_of"), "one of as_of, version and all")
		return
	case q.Has("all") && q.Get("all") != "true":
		bad(w, "all", q.Get("all"), "true")
		return
	}
	asked, name := Ask(q.Get("address")), "current"
	if q.Has("version") {
		name = q.Get("version")
	}
	var at activation.Activation
	var facts []Fact
	var err error
	switch {
	case q.Has("all"):
		facts, err = a.Versions.LookupAll(r.Context(), asked)
	case q.Has("as_of"):
		when, wrong := time.Parse(time.RFC3339, q.Get("as_of"))
		if wrong != nil {
			bad(w, "as_of", q.Get("as_of"), "a time such as 2026-11-22T14:00:00Z")
			return
		}
		var all []activation.Activation
		if all, err = a.Versions.All(r.Context()); err == nil {
			at, err = At(all, when)
		}
	default:
		at, err = a.Versions.Find(r.Context(), name)
	}
	answer := struct {
		Seq        uint64           `json:"seq,omitzero"`
		Version    string           `json:"version,omitzero"`
		Unrecorded bool             `json:"unrecorded,omitzero"` // the history does not have the activation yet: the spans are missing
		Entries    []jsontext.Value `json:"entries"`
	}{Entries: []jsontext.Value{}}
	if err == nil && at.Seq > 0 {
		var found Answer
		found, err = a.Versions.Lookup(r.Context(), asked, at)
		facts, answer.Seq, answer.Version, answer.Unrecorded = found.Facts, at.Seq, at.Version, found.Unrecorded
	}
	if err != nil {
		failed(w, err)
		return
	}
	for i := range facts {
		answer.Entries = append(answer.Entries, facts[i].AppendJSON(nil))
	}
	write(w, http.StatusOK, answer)
}

func (a *API) rollback(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Version string `json:"version"`
		Author  string `json:"author"`
		Reason  string `json:"reason"`
	}
	if _, ok := query(w, r); !ok || !decode(w, r, maxSmall, &body) {
		return
	}
	by := who(r, body.Author, body.Reason)
	res, err := Rollback(r.Context(), a.Deps, a.Versions, RollbackRequest{Version: body.Version, Actor: by.Actor, Author: by.author(), Reason: by.Reason})
	if err != nil {
		failed(w, err)
		return
	}
	httpx.WriteJSON(w, http.StatusOK, struct {
		Seq     uint64 `json:"seq"`
		Version string `json:"version"`
		Of      uint64 `json:"of_seq"`
		Entries int    `json:"entries"`
		Added   int    `json:"added"`
		Removed int    `json:"removed"`
		Changed int    `json:"changed"`
		InForce bool   `json:"was_in_force"`
	}{res.Seq, res.Version, res.To.Seq, res.Count, res.Added, res.Removed, res.Changed, res.Repaired})
}
