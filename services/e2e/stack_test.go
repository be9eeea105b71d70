package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/pkg/simulate"
	"sluice/services/internal/datadir"
)

// The services that scenarios stop. A stack maps each to a process: on the embedded one they are all the same.
const (
	ingestService     = "ingest"
	enrichmentService = "enrichment"
	alertingService   = "alerting"
	recorderService   = "recorder"
)

// stack is a whole pipeline as a user has it: processes, commands, HTTP, topics and tables, and nothing else.
type stack interface {
	// at is where the pipeline and its servers listen now.
	at() (datadir.Instance, error)
	// service is the process that does the work of a service.
	service(name string) *process
	// enginePID is the process of the ClickHouse engine, 0 while there is none.
	enginePID() int
	// restoreEngine sees to it that the engine runs again after its process was killed.
	restoreEngine(t *testing.T)
	common() *base
}

// base is what the stacks have in common.
type base struct {
	t         *testing.T // whose end is the stack's
	name      string
	env       []string // the settings of its services and commands
	processes []*process
	dir       string

	mu    sync.Mutex
	facts map[string]fact // what was acknowledged over HTTP, by id
}

// fact is what is known of an acknowledged transfer.
type fact struct {
	transferID string
	want       string // verdict; "": any
	degraded   bool   // it may also be held because there were no lists
}

func (b *base) common() *base { return b }

// settings are those of both stacks: times are short, so that the tests are.
func settings() []string {
	return []string{
		"SLUICE_HTTP_LISTEN=127.0.0.1:0", "SLUICE_LOG_FORMAT=json", "SLUICE_LISTS_POINTER_MAX_AGE=15s", "SLUICE_LISTS_HOLD_AFTER=3s",
		"SLUICE_LISTS_MEMORY_ENTRIES=50000",
	}
}

// newBase makes a stack without processes; what it starts ends with the test, and speaks its last words if that failed.
func newBase(t *testing.T, name string) *base {
	b := &base{t: t, name: name, dir: t.TempDir(), facts: map[string]fact{}, env: settings()}
	t.Cleanup(func() {
		for i := len(b.processes) - 1; i >= 0; i-- {
			b.processes[i].close()
		}
		if t.Failed() {
			for _, p := range b.processes {
				t.Logf("the last words of %s:\n%s", p.name, p.lastWords())
			}
		}
	})
	return b
}

func (b *base) process(name string, args ...string) *process {
	p := &process{name: name, args: args, log: filepath.Join(b.dir, name+".log")}
	b.processes = append(b.processes, p)
	return p
}

// start starts processes that do not run.
func (b *base) start(t *testing.T, processes ...*process) {
	t.Helper()
	for _, p := range processes {
		if p.alive() {
			continue
		}
		if err := p.start(b.env); err != nil {
			t.Fatal(err)
		}
	}
}

// sluice runs a command on the stack and fails the test when it fails.
func (b *base) sluice(t *testing.T, args ...string) outcome {
	t.Helper()
	o, err := command(t.Context(), b.env, "", args...)
	if err != nil {
		t.Fatal(err)
	}
	if o.exit != 0 {
		t.Fatalf("sluice %s: %s", strings.Join(args, " "), o)
	}
	return o
}

// sql asks ClickHouse as a user does. The answer is TabSeparated.
func (b *base) sql(query string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	o, err := command(ctx, b.env, "", "sql", query)
	if err == nil && o.exit != 0 {
		err = fmt.Errorf("sluice sql: %s", o)
	}
	return strings.TrimSuffix(o.out, "\n"), err
}

// ask is sql for a statement that must work.
func (b *base) ask(t testing.TB, query string) string {
	t.Helper()
	text, err := b.sql(query)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// expect waits until a question has its answer.
func (b *base) expect(t testing.TB, query, want string) {
	t.Helper()
	eventually(t, query, func() error {
		got, err := b.sql(query)
		if err == nil && got != want {
			err = fmt.Errorf("%q, want %q", got, want)
		}
		return err
	})
}

var inForce = regexp.MustCompile(`seq (\d+), version`)

// importList replaces a list by the content of a file, and waits until all that screen have it.
func importList(t *testing.T, s stack, format, list, content string, more ...string) {
	t.Helper()
	b := s.common()
	file := filepath.Join(t.TempDir(), list)
	writeFile(t, file, content)
	args := append([]string{"watchlist", "import", "--format", format, "--list", list}, more...)
	o := b.sluice(t, append(args, file)...)
	m := inForce.FindStringSubmatch(o.err)
	if m == nil {
		t.Fatalf("an import does not say what is in force: %s", o)
	}
	seq, _ := strconv.ParseFloat(m[1], 64)
	for _, p := range b.processes {
		if p.args[0] != "run" && p.args[0] != "enrichment" {
			continue
		}
		eventually(t, p.name+": lists in force", func() error {
			m, err := metrics(p)
			if err == nil && (m["sluice_lists_seq"] < seq || m["sluice_lists_usable"] != 1) {
				err = fmt.Errorf("seq %g, usable %g, want seq %g", m["sluice_lists_seq"], m["sluice_lists_usable"], seq)
			}
			return err
		})
	}
}

// importWorld puts the list of the simulated world in force. All simulated transfers of a stack are of that world.
func importWorld(t *testing.T, s stack) {
	t.Helper()
	g := world(t, "")
	csv := []byte(simulate.CSVHeader)
	entries := g.Entries()
	for i := range entries {
		csv = simulate.AppendCSV(csv, &entries[i])
	}
	importList(t, s, "csv", simulate.ListName, string(csv))
}

// world makes simulated transfers whose ids begin with prefix; the list is the same for every prefix.
func world(t testing.TB, prefix string) *simulate.Generator {
	t.Helper()
	g, err := simulate.New(simulate.Config{Seed: 7, Customers: 300, Counterparties: 500, Rate: 5, Prefix: prefix})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// httpAddress finds where a process listens: it says so in its log.
func (p *process) httpAddress() (string, error) {
	lines := strings.Split(fileText(p.log)[p.from:], "\n")
	for i := len(lines) - 1; i >= 0; i-- {
		var line struct{ HTTP, Message string }
		if json.Unmarshal([]byte(lines[i]), &line) == nil && line.Message == "the pipeline runs" {
			return line.HTTP, nil
		}
	}
	return "", fmt.Errorf("%s has not said where it listens", p.name)
}

// client has more patience than ingest: a request waits half a minute for the broker at most, behind one that does too.
var client = &http.Client{Timeout: 75 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// call makes a request and reads the whole answer.
func call(ctx context.Context, method, url, kind string, body []byte) (int, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}

// metrics reads a process's numbers; those with labels are summed up, and stand by name{group} too.
func metrics(p *process) (map[string]float64, error) {
	addr, err := p.httpAddress()
	if err != nil {
		return nil, err
	}
	status, text, err := call(context.Background(), http.MethodGet, "http://"+addr+"/metrics", "", nil)
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("%s: /metrics: %d, %w", p.name, status, errors.Join(err))
	}
	m := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), " ")
		v, err := strconv.ParseFloat(value, 64)
		if !ok || err != nil || strings.HasPrefix(line, "#") {
			continue
		}
		m[name] = v
		if bare, _, labelled := strings.Cut(name, "{"); labelled {
			m[bare] += v
		}
	}
	return m, nil
}

// ready waits until every process of the stack can do its work.
func ready(t testing.TB, s stack) {
	t.Helper()
	for _, p := range s.common().processes {
		if p.args[0] == engineWord {
			continue
		}
		eventually(t, p.name+" is ready", func() error {
			if !p.alive() {
				t.Fatalf("%s has ended: %s", p.name, p.lastWords())
			}
			addr, err := p.httpAddress()
			if err != nil {
				return err
			}
			status, text, err := call(context.Background(), http.MethodGet, "http://"+addr+"/readyz", "", nil)
			if err == nil && status != http.StatusOK && !onlyLists(text) {
				err = fmt.Errorf("%d: %s", status, text)
			}
			return err
		})
	}
}

// onlyLists says whether nothing but the lists keeps a process from being ready.
func onlyLists(text []byte) bool {
	var r struct {
		Parts map[string]struct{ OK bool } `json:"parts"`
	}
	if json.Unmarshal(text, &r) != nil || len(r.Parts) == 0 {
		return false
	}
	lists, ok := r.Parts["lists"]
	for name, part := range r.Parts {
		if name != "lists" && !part.OK {
			return false
		}
	}
	return ok && !lists.OK
}

// kill ends a service without a word, as a crash does, and leaves its children to themselves.
func kill(t testing.TB, p *process) {
	t.Helper()
	if _, err := p.end(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}
