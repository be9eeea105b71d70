package watchlist

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/taxonomy"
	"sluice/pkg/watchlist"
	"sluice/pkg/watchlist/format"
	"sluice/services/internal/audit"
	"sluice/services/internal/httpx"
	"sluice/services/internal/lists"
)

// Bounds of the API.
const (
	MaxFile    = 512 << 20 // bytes of a list's file, as it is sent
	maxEntries = 4 << 20   // bytes of a body with entries
	maxSmall   = 64 << 10  // of any other body
	maxInputs  = 10_000    // entries in one request
	pageSize   = 1_000
	maxPage    = 10_000
	// MaxRejections is how many rejected rows, and how many notes, an answer to an import names one by one.
	MaxRejections = 1_000
)

// API is what people and programs do to the lists over HTTP. Lists are of the whole installation and of no tenant: the
// scopes of a key say who may see and change them.
type API struct {
	Deps     Deps
	Versions Versions
	Sources  []Source
}

// Routes are the rows of the route table.
func (a *API) Routes() []httpx.Route {
	row := func(pattern string, scope httpx.Scope, max int64, action audit.Action, h http.HandlerFunc, summary string) httpx.Route {
		return httpx.Route{Pattern: pattern, Scope: scope, Handler: h, MaxBody: max, Audit: action, Summary: summary}
	}
	const read, write, approve = httpx.ScopeListsRead, httpx.ScopeListsWrite, httpx.ScopeListsApprove
	return append([]httpx.Route{
		row("GET /v1/lists", read, 0, "", a.lists, "The lists in force: entries, where they come from, the state of their sources, what was refused."),
		row("GET /v1/lists/{list}/entries", read, 0, "", a.entries, "The entries of a list, in pages (?limit=, ?after=)."),
		row("PUT /v1/lists/{list}", write, MaxFile, audit.ListImport, a.put, "Replace a list by a file, with the same guards as the command (?format=, category, network, use, author, reason, accept_shrink=true)."),
		row("POST /v1/lists/{list}/refresh", write, maxSmall, audit.ListRefresh, a.refresh, "Look at the source of a list now."),
		row("POST /v1/lists/{list}/entries", write, maxEntries, audit.ListAdd, a.add, "Add entries to an own list, or change those with the same entry_id."),
		row("POST /v1/lists/{list}/entries/{id}/end", write, maxSmall, audit.ListExpire, a.end, "Give an entry of an own list an end, or take it away."),
		row("DELETE /v1/lists/{list}/entries/{id}", write, maxSmall, audit.ListRemove, a.remove, "Take an entry out of an own list (?reason=, or reason in the body)."),
		row("GET /v1/lists/{list}/proposals", read, 0, "", a.proposals, "What waits for a second person."),
		row("POST /v1/lists/{list}/proposals/{id}/approval", approve, maxSmall, audit.ListApprove, a.approve, "Approve what another key proposed."),
		row("DELETE /v1/lists/{list}/proposals/{id}", approve, maxSmall, audit.ListReject, a.reject, "Take a proposal away (?reason=, or reason in the body)."),
	}, a.versionRoutes()...)
}

// who is the caller.
func who(r *http.Request, name, reason string) Who {
	return Who{Actor: httpx.PrincipalOf(r.Context()).Actor(), Name: name, Reason: reason}
}

// listAnswer is a list as GET /v1/lists tells it.
type listAnswer struct {
	List        string       `json:"list"`
	Entries     int          `json:"entries"`
	Hash        string       `json:"hash"`
	Format      string       `json:"format,omitzero"`
	Source      string       `json:"source,omitzero"`
	ImportedAt  string       `json:"imported_at,omitzero"`
	PublishedAt string       `json:"published_at,omitzero"`
	Author      string       `json:"author,omitzero"`
	Reason      string       `json:"reason,omitzero"`
	State       *lists.State `json:"state,omitzero"`
}

func (a *API) lists(w http.ResponseWriter, r *http.Request) {
	if _, ok := query(w, r); !ok {
		return
	}
	now, err := Describe(r.Context(), a.Deps.Store)
	if err != nil {
		failed(w, err)
		return
	}
	register, err := a.Deps.Register.Register(r.Context())
	if err != nil && !lost(err) {
		failed(w, err)
		return
	}
	answer := struct {
		Seq       uint64       `json:"seq"`
		Version   string       `json:"version,omitzero"`
		Entries   int          `json:"entries"`
		Lists     []listAnswer `json:"lists"`
		Proposals int          `json:"proposals"`
	}{Seq: now.Seq, Version: now.Version, Entries: now.Count, Lists: []listAnswer{}, Proposals: len(register.Proposals)}
	for _, l := range now.Manifest.Lists {
		one := listAnswer{List: l.Name, Entries: l.Entries, Hash: l.Hash, Format: l.Format, Source: l.Source, ImportedAt: l.ImportedAt,
			PublishedAt: l.Published, Author: l.Author, Reason: l.Reason}
		if s, ok := register.Lists[l.Name]; ok {
			one.State = &s
			delete(register.Lists, l.Name)
		}
		answer.Lists = append(answer.Lists, one)
	}
	for _, name := range slices.Sorted(maps.Keys(register.Lists)) { // sources that were never good, first loads that were refused
		s := register.Lists[name]
		answer.Lists = append(answer.Lists, listAnswer{List: name, State: &s})
	}
	httpx.WriteJSON(w, http.StatusOK, answer)
}

func (a *API) entries(w http.ResponseWriter, r *http.Request) {
	q, ok := query(w, r, "limit", "after")
	if !ok {
		return
	}
	limit := pageSize
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			bad(w, "limit", text, fmt.Sprintf("from 1 to %d", maxPage))
			return
		}
		limit = n
	}
	now, err := Describe(r.Context(), a.Deps.Store)
	if err != nil {
		failed(w, err)
		return
	}
	name := r.PathValue("list")
	only, ok := now.Manifest.Only(name)
	if !ok {
		httpx.Problem{Status: http.StatusNotFound, Detail: fmt.Sprintf("there is no list %q in force", name)}.Write(w)
		return
	}
	hash, from := only.Lists[0].Hash, 0
	if text := q.Get("after"); text != "" {
		of, number, _ := strings.Cut(text, ":")
		if from, err = strconv.Atoi(number); err != nil || from < 0 || of != hash {
			bad(w, "after", text, "what the page before gave as its next, of the list as it is now: begin anew when it has changed")
			return
		}
	}
	s, err := only.Read(func(g watchlist.Segment) ([]byte, error) { return a.Deps.Store.Segment(r.Context(), g.SHA256) })
	if err != nil {
		failed(w, err)
		return
	}
	answer := struct {
		List    string           `json:"list"`
		Hash    string           `json:"hash"`
		Entries []jsontext.Value `json:"entries"`
		Next    string           `json:"next,omitzero"`
	}{List: name, Hash: hash, Entries: []jsontext.Value{}}
	n := 0
	for e := range s.All() {
		if n++; n <= from {
			continue
		}
		if len(answer.Entries) == limit {
			answer.Next = fmt.Sprintf("%s:%d", hash, n-1)
			break
		}
		answer.Entries = append(answer.Entries, e.AppendJSON(nil))
	}
	write(w, http.StatusOK, answer)
}

// importAnswer is what PUT /v1/lists/{list} answers.
type importAnswer struct {
	List     string        `json:"list"`
	Before   int           `json:"before"`
	Entries  int           `json:"entries"`
	Added    int           `json:"added"`
	Removed  int           `json:"removed"`
	Changed  int           `json:"changed"`
	Seq      uint64        `json:"seq"`
	Version  string        `json:"version"`
	InForce  bool          `json:"was_in_force"` // the content was in force already
	Report   format.Report `json:"report"`
	CutShort bool          `json:"report_cut,omitzero"` // rows were rejected, or notes made, that are not in the report
}

func answerOf(res ImportResult) importAnswer {
	a := importAnswer{List: res.List, Before: res.Before, Entries: res.After, Added: res.Added, Removed: res.Removed, Changed: res.Changed,
		Seq: res.Seq, Version: res.Version, InForce: res.Repaired, Report: res.Report}
	a.Report.Rejected, a.CutShort = first(a.Report.Rejected)
	var notes bool
	a.Report.Notes, notes = first(a.Report.Notes)
	a.CutShort = a.CutShort || notes
	return a
}

func first(remarks []format.Remark) ([]format.Remark, bool) {
	return remarks[:min(len(remarks), MaxRejections)], len(remarks) > MaxRejections
}

func (a *API) put(w http.ResponseWriter, r *http.Request) {
	q, ok := query(w, r, "format", "category", "network", "use", "author", "reason", "accept_shrink")
	if !ok {
		return
	}
	req := ImportRequest{Format: q.Get("format"), Source: "HTTP",
		Options: format.Options{List: r.PathValue("list"), Category: taxonomy.Category(q.Get("category")), Network: q.Get("network")},
		Files:   []format.Input{{Name: "body", R: r.Body}}, MediaType: r.Header.Get("Content-Type"),
	}
	switch use := q.Get("use"); use {
	case "", "listed":
	case string(watchlist.UseOwn):
		req.Use = watchlist.UseOwn
	default:
		bad(w, "use", use, "listed or own")
		return
	}
	if !slices.Contains(format.Names(), req.Format) {
		bad(w, "format", req.Format, "one of "+strings.Join(format.Names(), ", "))
		return
	}
	if c := req.Options.Category; c != "" && !c.Valid() {
		bad(w, "category", string(c), "a category, such as sanctions")
		return
	}
	if err := watchlist.CheckListName(req.Options.List); err != nil {
		bad(w, "list", req.Options.List, err.Error())
		return
	}
	switch text := q.Get("accept_shrink"); text {
	case "", "false":
	case "true":
		if req.AcceptShrink = true; q.Get("reason") == "" {
			bad(w, "reason", "", "given, where accept_shrink is: it is kept with the list")
			return
		}
	default:
		bad(w, "accept_shrink", text, "true or false")
		return
	}
	by := who(r, q.Get("author"), q.Get("reason"))
	req.Actor, req.Author, req.Reason = by.Actor, by.author(), by.Reason
	res, err := Import(r.Context(), a.Deps, req)
	if err != nil {
		failed(w, err)
		return
	}
	write(w, http.StatusOK, answerOf(res))
}

func (a *API) refresh(w http.ResponseWriter, r *http.Request) {
	if _, ok := query(w, r); !ok {
		return
	}
	name := r.PathValue("list")
	at := slices.IndexFunc(a.Sources, func(s Source) bool { return s.List() == name })
	if at < 0 {
		httpx.Problem{Status: http.StatusNotFound, Detail: fmt.Sprintf("list %q has no source in the config of this process", name)}.Write(w)
		return
	}
	out, res, err := Refresh(r.Context(), a.Deps, a.Sources[at], who(r, "", "").Actor, 0)
	if err != nil {
		failed(w, err)
		return
	}
	write(w, http.StatusOK, struct {
		Outcome Outcome `json:"outcome"`
		importAnswer
	}{out, answerOf(res)})
}

// edited is the answer of what changes an own list.
type edited struct {
	List    string `json:"list"`
	Seq     uint64 `json:"seq"`
	Version string `json:"version"`
	Entries []Done `json:"entries"`
}

func (a *API) add(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Author  string  `json:"author"`
		Reason  string  `json:"reason"`
		Entries []Input `json:"entries"`
	}
	if _, ok := query(w, r); !ok || !decode(w, r, maxEntries, &body) {
		return
	}
	if len(body.Entries) > maxInputs {
		bad(w, "entries", strconv.Itoa(len(body.Entries)), fmt.Sprintf("at most %d; replace the list by a file instead", maxInputs))
		return
	}
	done, applied, err := Add(r.Context(), a.Deps, r.PathValue("list"), body.Entries, who(r, body.Author, body.Reason))
	a.answer(w, r, done, applied, err)
}

func (a *API) answer(w http.ResponseWriter, r *http.Request, done []Done, applied Applied, err error) {
	if err != nil {
		failed(w, err)
		return
	}
	status := http.StatusOK
	if slices.ContainsFunc(done, func(d Done) bool { return d.Status == StatusProposed }) {
		status = http.StatusAccepted
	}
	write(w, status, edited{List: r.PathValue("list"), Seq: applied.Seq, Version: applied.Version, Entries: done})
}

func (a *API) end(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Author    string `json:"author"`
		Reason    string `json:"reason"`
		ExpiresAt string `json:"expires_at"`
	}
	if _, ok := query(w, r); !ok || !decode(w, r, maxSmall, &body) {
		return
	}
	var at time.Time
	if body.ExpiresAt != "" {
		var err error
		if at, err = time.Parse(time.RFC3339, body.ExpiresAt); err != nil {
			bad(w, "expires_at", body.ExpiresAt, "a time such as 2027-01-01T00:00:00Z, or empty for none")
			return
		}
	}
	done, applied, err := SetEnd(r.Context(), a.Deps, r.PathValue("list"), []string{r.PathValue("id")}, at, who(r, body.Author, body.Reason))
	a.answer(w, r, done, applied, err)
}

func (a *API) remove(w http.ResponseWriter, r *http.Request) {
	q, ok := query(w, r, "author", "reason")
	if !ok {
		return
	}
	body := struct {
		Author string `json:"author"`
		Reason string `json:"reason"`
	}{q.Get("author"), q.Get("reason")}
	if !decode(w, r, maxSmall, &body) {
		return
	}
	done, applied, err := Remove(r.Context(), a.Deps, r.PathValue("list"), []string{r.PathValue("id")}, who(r, body.Author, body.Reason))
	a.answer(w, r, done, applied, err)
}

func (a *API) proposals(w http.ResponseWriter, r *http.Request) {
	if _, ok := query(w, r); !ok {
		return
	}
	register, err := a.Deps.Register.Register(r.Context())
	if err != nil && !lost(err) {
		failed(w, err)
		return
	}
	answer := struct {
		Proposals []lists.Proposal `json:"proposals"`
	}{[]lists.Proposal{}}
	for _, id := range slices.Sorted(maps.Keys(register.Proposals)) {
		if p := register.Proposals[id]; p.List == r.PathValue("list") {
			answer.Proposals = append(answer.Proposals, p)
		}
	}
	httpx.WriteJSON(w, http.StatusOK, answer)
}

// proposed answers when the list has no such proposal.
func (a *API) proposed(w http.ResponseWriter, r *http.Request) bool {
	p, _, err := a.Deps.proposal(r.Context(), r.PathValue("id"))
	if err == nil && p.List != r.PathValue("list") {
		err = ErrNoProposal
	}
	if err != nil {
		failed(w, err)
	}
	return err == nil
}

func (a *API) approve(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Approver string `json:"approver"`
	}
	if _, ok := query(w, r); !ok || !decode(w, r, maxSmall, &body) || !a.proposed(w, r) {
		return
	}
	done, applied, err := Approve(r.Context(), a.Deps, r.PathValue("id"), who(r, body.Approver, ""))
	a.answer(w, r, []Done{done}, applied, err)
}

func (a *API) reject(w http.ResponseWriter, r *http.Request) {
	q, ok := query(w, r, "reason")
	body := struct {
		Reason string `json:"reason"`
	}{q.Get("reason")}
	if !ok || !decode(w, r, maxSmall, &body) || !a.proposed(w, r) {
		return
	}
	if err := Reject(r.Context(), a.Deps, r.PathValue("id"), who(r, "", body.Reason)); err != nil {
		failed(w, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// query returns the parameters when the route has them all, and each once.
func query(w http.ResponseWriter, r *http.Request, names ...string) (url.Values, bool) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		bad(w, "", r.URL.RawQuery, "a query of name=value pairs, percent-encoded")
		return nil, false
	}
	for _, name := range slices.Sorted(maps.Keys(q)) {
		switch {
		case !slices.Contains(names, name):
			bad(w, name, q.Get(name), "no parameter of this route; there are "+strings.Join(names, ", "))
			return nil, false
		case len(q[name]) > 1:
			bad(w, name, strings.Join(q[name], " "), "one value")
			return nil, false
		}
	}
	return q, true
}

// decode reads a body strictly; an empty one is an empty object.
func decode(w http.ResponseWriter, r *http.Request, limit int64, into any) bool {
	text, ok := httpx.ReadBody(w, r, limit)
	if !ok {
		return false
	}
	if len(bytes.TrimSpace(text)) == 0 {
		text = []byte("{}")
	}
	if err := json.Unmarshal(text, into, json.RejectUnknownMembers(true)); err != nil {
		misread(err, into).Write(w)
		return false
	}
	return true
}

func bad(w http.ResponseWriter, field, value, rule string) {
	httpx.Problem{Status: http.StatusBadRequest, Errors: []httpx.Field{{Field: field, Value: value, Rule: rule}}}.Write(w)
}

// write answers with v, whose members may be JSON already.
func write(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		failed(w, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.Copy(w, bytes.NewReader(append(text, '\n'))) // the client may be gone; there is nobody to tell
}

// failed answers with what went wrong: whose fault it is decides the status.
func failed(w http.ResponseWriter, err error) {
	var refusal *watchlist.Refusal
	var large *http.MaxBytesError
	p := httpx.Problem{Status: http.StatusServiceUnavailable, Detail: err.Error()}
	switch {
	case errors.As(err, &large):
		p.Status = http.StatusRequestEntityTooLarge
	case errors.As(err, &refusal):
		p.Status = http.StatusConflict
		p.Errors = []httpx.Field{{Field: "cause", Value: string(refusal.Cause), Rule: refusal.Text}}
	case errors.Is(err, ErrLost):
		p.Status = http.StatusConflict
	case errors.Is(err, ErrInput), errors.Is(err, ErrFile):
		p.Status = http.StatusUnprocessableEntity
	case errors.Is(err, ErrNoProposal), errors.Is(err, ErrNoVersion):
		p.Status = http.StatusNotFound
	case errors.Is(err, ErrSamePerson):
		p.Status = http.StatusForbidden
	}
	p.Write(w)
}
