package httpx

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func get(t *testing.T, h http.Handler, path, bearer string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAKeyBelongsToATenant(t *testing.T) {
	key, line := NewKey("acme")
	other, _ := NewKey("acme")
	keys, err := ReadKeys(strings.NewReader("# keys\n\n" + line + "\n"))
	if err != nil {
		t.Fatal(err)
	}
	h := Authenticate(keys, "default", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, Tenant(r.Context()))
	}))
	if w := get(t, h, "/", key); w.Code != 200 || w.Body.String() != "acme" {
		t.Errorf("the right key: %d %s", w.Code, w.Body)
	}
	for name, bad := range map[string]string{"none": "", "another": other, "cut": key[:len(key)-1], "longer": key + "x", "no id": "sluice_", "not ours": "secret"} {
		if w := get(t, h, "/", bad); w.Code != http.StatusUnauthorized || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	open := Authenticate(nil, "default", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, Tenant(r.Context()))
	}))
	if w := get(t, open, "/", ""); w.Body.String() != "default" {
		t.Errorf("without keys: %s", w.Body)
	}
}

func TestReadKeysRefuses(t *testing.T) {
	_, line := NewKey("acme")
	for name, text := range map[string]string{
		"nothing": "", "two fields": "a b", "no digest": "a b zz", "short digest": "a b 00ff", "twice": line + "\n" + line,
	} {
		if _, err := ReadKeys(strings.NewReader(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func FuzzReadKeys(f *testing.F) {
	_, line := NewKey("acme")
	f.Add(line)
	f.Add("# x\n a b c")
	f.Fuzz(func(t *testing.T, text string) {
		if keys, err := ReadKeys(strings.NewReader(text)); err == nil && len(keys.byID) == 0 {
			t.Error("no key and no error")
		}
	})
}

func TestReadyzTellsWhichPartIsNot(t *testing.T) {
	mux := http.NewServeMux()
	state := Readiness{Ready: false, Parts: map[string]Part{"broker": {OK: false, Detail: "no leader"}}}
	Operations(mux, prometheus.NewRegistry(), func() Readiness { return state })
	w := get(t, mux, "/readyz", "")
	var got Readiness
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 503 || got.Parts["broker"].Detail != "no leader" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	state.Ready = true
	if w := get(t, mux, "/readyz", ""); w.Code != 200 {
		t.Errorf("ready: %d", w.Code)
	}
	if w := get(t, mux, "/healthz", ""); w.Code != 200 {
		t.Errorf("alive: %d", w.Code)
	}
	if w := get(t, mux, "/metrics", ""); w.Code != 200 {
		t.Errorf("metrics: %d", w.Code)
	}
}

func TestServerLetsARequestFinish(t *testing.T) {
	arrived, release := make(chan struct{}), make(chan struct{})
	s, err := Listen(t.Context(), "127.0.0.1:0", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(arrived)
		<-release
		WriteJSON(w, 200, "done")
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, 30*time.Second) }()
	answered := make(chan int, 1)
	go func() {
		resp, err := http.Get("http://" + s.Addr())
		if err != nil {
			answered <- 0
			return
		}
		_ = resp.Body.Close()
		answered <- resp.StatusCode
	}()
	<-arrived
	cancel()
	close(release)
	if code := <-answered; code != 200 {
		t.Errorf("the request under way got %d", code)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := Listen(t.Context(), "127.0.0.1:999999", nil); err == nil {
		t.Error("an impossible port was bound")
	}
}
