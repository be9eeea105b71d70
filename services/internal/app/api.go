package app

import (
	"net/http"

	"sluice/services/internal/httpx"
)

// serveAPI hands a request to the services once they are assembled.
func (p *Pipeline) serveAPI(w http.ResponseWriter, r *http.Request) {
	api := p.api.Load()
	if api == nil {
		detail := "the service is starting"
		if what := p.state.Load(); what != nil {
			detail += ", it waits for " + *what
		}
		httpx.Problem{Status: http.StatusServiceUnavailable, Detail: detail}.Write(w)
		return
	}
	(*api).ServeHTTP(w, r)
}
