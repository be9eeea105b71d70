package deploycheck

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"

	"sluice/schemas"
	"sluice/services/internal/grants"
)

// root is the folder of the repository.
const root = "../../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// passwords are what the secrets of the compose file are in these tests.
var passwords = []string{"sample-of-kafka"}

// variables are those that secrets.sh writes.
var variables = []string{"SLUICE_KAFKA_USERS=user_ingest=\"" + passwords[0] + "\"", "SLUICE_MIGRATOR_SHA256=00", "SLUICE_RECORDER_SHA256=00",
	"SLUICE_WATCHLIST_SHA256=00", "SLUICE_AUDITOR_SHA256=00", "ANALYST_DEFAULT_SHA256=00"}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := Compose(t.Context(), filepath.Join(root, "docker-compose.yml"), variables...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestComposeFile(t *testing.T) {
	p := project(t)
	problems := ComposeProblems(p, passwords...)
	var ours []string
	for _, s := range p.Services {
		w := ComposeWorkload(s)
		problems = append(problems, w.Problems()...)
		if w.IsSluice() {
			ours = append(ours, w.Command())
		}
	}
	for _, problem := range problems {
		t.Error(problem)
	}
	want := append(Commands(), "grants")
	slices.Sort(want)
	if slices.Sort(ours); !slices.Equal(ours, want) {
		t.Errorf("the containers run %v, want one for each of %v", ours, want)
	}
}

func TestComposeWantsItsPasswords(t *testing.T) {
	_, err := Compose(t.Context(), filepath.Join(root, "docker-compose.yml"))
	if err == nil || !strings.Contains(err.Error(), "make up") {
		t.Errorf("without passwords: %v", err)
	}
}

// Each case breaks the good file in one place; the rules must see it.
func TestComposeProblemsAreSeen(t *testing.T) {
	set := func(name, variable, value string) func(*types.Project) {
		return func(p *types.Project) { p.Services[name].Environment[variable] = &value }
	}
	change := func(name string, f func(*types.ServiceConfig)) func(*types.Project) {
		return func(p *types.Project) { s := p.Services[name]; f(&s); p.Services[name] = s }
	}
	for want, spoil := range map[string]func(*types.Project){
		`ingest: SLUICE_REDIS_URI is not a setting; did you mean SLUICE_REDIS_URL?`: set("ingest", "SLUICE_REDIS_URI", "x"),
		`alerting: stream.lanes`:               set("alerting", "SLUICE_STREAM_LANES", "0"),
		`recorder: clickhouse.dsn: mysql:`:     set("recorder", "SLUICE_CLICKHOUSE_DSN", "mysql://clickhouse"),
		`alerting: it is given a server`:       set("alerting", "SLUICE_REDIS_URL", "redis://redis:6379/0"),
		`SLUICE_REDIS_URL holds a password`:    set("ingest", "SLUICE_REDIS_URL", "redis://:hunter2@redis:6379/0"),
		`CLICKHOUSE_PASSWORD holds a password`: set("clickhouse", "CLICKHOUSE_PASSWORD", "hunter2"),
		`alerting: kafka.brokers: not configured`: change("alerting", func(s *types.ServiceConfig) {
			s.Environment = types.MappingWithEquals{}
		}),
		`ingest: http.listen: 0.0.0.0:8080 is not loopback`: change("ingest", func(s *types.ServiceConfig) { delete(s.Environment, "SLUICE_HTTP_KEYS_FILE") }),
		`recorder: it logs in at the brokers as "alerting"`: set("recorder", "SLUICE_KAFKA_SASL_USER", "alerting"),
		`recorder: clickhouse.password_file`:                change("recorder", func(s *types.ServiceConfig) { s.Secrets = nil }),
		`migrate: audit.file: /var/lib/sluice/audit`:        change("migrate", func(s *types.ServiceConfig) { s.Volumes = nil }),
		`ingest: http.keys_file`:                            change("ingest", func(s *types.ServiceConfig) { s.Secrets = nil }),
		`recorder: it does not wait for migrate`:            change("recorder", func(s *types.ServiceConfig) { delete(s.DependsOn, "migrate") }),
		`alerting: it does not wait until kafka`:            change("alerting", func(s *types.ServiceConfig) { delete(s.DependsOn, "kafka"); delete(s.DependsOn, "grants") }),
		`recorder: warehouse is not a service`:              set("recorder", "SLUICE_CLICKHOUSE_DSN", "http://warehouse:8123/sluice"),
		`enrichment: data: /var/lib/sluice`:                 change("enrichment", func(s *types.ServiceConfig) { s.Volumes = nil }),
		`recorder: its root file system is writable`:        change("recorder", func(s *types.ServiceConfig) { s.ReadOnly = false }),
		`recorder: /tmp is not writable`:                    change("recorder", func(s *types.ServiceConfig) { s.Tmpfs = nil }),
		`recorder: it is killed 10s after`:                  change("recorder", func(s *types.ServiceConfig) { s.StopGracePeriod = nil }),
		`redis: image "redis:latest"`:                       change("redis", func(s *types.ServiceConfig) { s.Image = "redis:latest" }),
		`kafka: image "apache/kafka"`:                       change("kafka", func(s *types.ServiceConfig) { s.Image = "apache/kafka" }),
		`kafka: what goes on running has a health check`:    change("kafka", func(s *types.ServiceConfig) { s.HealthCheck = nil }),
		`kafka: it may gain privileges`:                     change("kafka", func(s *types.ServiceConfig) { s.Privileged = true }),
		`clickhouse: its memory has no bound`:               change("clickhouse", func(s *types.ServiceConfig) { s.MemLimit = 0 }),
		`clickhouse: port 8123 is published to others`:      change("clickhouse", func(s *types.ServiceConfig) { s.Ports[0].HostIP = "" }),
		`redis: a password is on a command line`:            change("redis", func(s *types.ServiceConfig) { s.Command = []string{"redis-server", passwords[0]} }),
		`migrate: "up" is not one of the commands`:          change("migrate", func(s *types.ServiceConfig) { s.Command = []string{"up"} }),
	} {
		t.Run(want, func(t *testing.T) {
			p := project(t)
			spoil(p)
			found := ComposeProblems(p, passwords...)
			for _, s := range p.Services {
				found = append(found, ComposeWorkload(s).Problems()...)
			}
			if all := strings.Join(found, "\n"); !strings.Contains(all, want) {
				t.Errorf("found only:\n%s", all)
			}
		})
	}
}

func TestSecretsScriptMakesWhatComposeReads(t *testing.T) {
	for _, tool := range []string{"bash", "openssl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip("there is no " + tool)
		}
	}
	dir := t.TempDir()
	put := func(path, text string) {
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	put("deployments/secrets.sh", read(t, "deployments/secrets.sh"))
	put("deployments/redis/users.acl", read(t, "deployments/redis/users.acl"))
	put("bin/sluice", "#!/bin/sh\necho an-id \"$2\" a-digest\n")
	put(".env", "OTHER=kept") // without the end of its line
	files := func() map[string]string {
		made := map[string]string{}
		found, err := filepath.Glob(filepath.Join(dir, "deployments/secrets/*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range append(found, filepath.Join(dir, ".env")) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			made[filepath.Base(path)] = string(text)
		}
		return made
	}
	var made map[string]string
	for range 2 { // the second run changes nothing
		if out, err := exec.CommandContext(t.Context(), "bash", filepath.Join(dir, "deployments/secrets.sh")).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		again := files()
		for path, text := range made {
			if path != ".env" && again[path] != text {
				t.Errorf("%s changed", path)
			}
		}
		if made != nil && len(again[".env"]) != len(made[".env"]) {
			t.Error(".env grew")
		}
		made = again
	}
	var lines []string
	for _, line := range strings.Split(strings.TrimSpace(made[".env"]), "\n") {
		lines = append(lines, strings.ReplaceAll(line, "'", ""))
	}
	if !slices.Contains(lines, "OTHER=kept") || len(lines) != len(variables)+1 {
		t.Fatalf(".env has %d lines", len(lines))
	}
	p, err := Compose(t.Context(), filepath.Join(root, "docker-compose.yml"), lines...)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range p.Secrets {
		if made[filepath.Base(secret.File)] == "" {
			t.Errorf("secret %s: %s is not made", name, secret.File)
		}
	}
	users := p.Services["kafka"].Environment["KAFKA_LISTENER_NAME_SERVICES_PLAIN_SASL_JAAS_CONFIG"]
	for _, a := range schemas.TopicAccess {
		password := made["kafka_"+a.Principal]
		if len(password) != 33 || users == nil || !strings.Contains(*users, fmt.Sprintf("user_%s=\"%s\"", a.Principal, strings.TrimSpace(password))) {
			t.Errorf("the brokers do not know %s", a.Principal)
		}
	}
	for _, u := range grants.Redis {
		sum := sha256.Sum256([]byte(strings.TrimSpace(made["redis_"+u.Name])))
		if !strings.Contains(made["users.acl"], "user "+u.Name+" on #"+hex.EncodeToString(sum[:])+" ") {
			t.Errorf("the ACL file does not have the password of %s", u.Name)
		}
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(made["clickhouse_recorder"])))
	if got := p.Services["clickhouse"].Environment["SLUICE_RECORDER_SHA256"]; got == nil || *got != hex.EncodeToString(sum[:]) {
		t.Error("ClickHouse does not have the password of the recorder")
	}
	for _, problem := range ComposeProblems(p) {
		t.Error(problem)
	}
}

// Every variable by which the users' file of ClickHouse names a password is one that the server is given.
func TestClickHouseKnowsItsUsers(t *testing.T) {
	env := project(t).Services["clickhouse"].Environment
	for _, name := range regexp.MustCompile(`from_env="(\w+)"`).FindAllStringSubmatch(read(t, "deployments/clickhouse/users.xml"), -1) {
		if env[name[1]] == nil {
			t.Errorf("%s is not given to the server", name[1])
		}
	}
}

// What the end-to-end suite runs against is what the compose file runs.
func TestKafkaIsTheOneOfTheTests(t *testing.T) {
	version := regexp.MustCompile(`<artifactId>kafka_[\d.]+</artifactId>\s*<version>([\d.]+)</version>`).
		FindStringSubmatch(read(t, "services/internal/realservers/pom.xml"))
	if image := project(t).Services["kafka"].Image; version == nil || image != "apache/kafka:"+version[1] {
		t.Errorf("compose runs %s, the tests %q", image, version)
	}
}

func TestDockerfileIsPinnedAndNotRoot(t *testing.T) {
	text := read(t, "deployments/Dockerfile")
	for _, from := range regexp.MustCompile(`(?m)^FROM (\S+)`).FindAllStringSubmatch(text, -1) {
		if !pinned.MatchString(from[1]) {
			t.Errorf("%s is not pinned", from[1])
		}
	}
	for _, want := range []string{"\nUSER 10001:10001\n", "\nENV SLUICE_DATA=" + imageData + "\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the line %q is missing", strings.TrimSpace(want))
		}
	}
}

func TestClickHouseConfigIsXML(t *testing.T) {
	for d := xml.NewDecoder(strings.NewReader(read(t, "deployments/clickhouse/sluice.xml"))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
