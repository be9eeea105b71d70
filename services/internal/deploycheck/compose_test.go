package deploycheck

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/types"
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

// passwords are what the variables of the compose file are in these tests.
var passwords = []string{"sample-of-redis", "sample-of-clickhouse"}

func project(t *testing.T) *types.Project {
	t.Helper()
	p, err := Compose(t.Context(), filepath.Join(root, "docker-compose.yml"),
		"SLUICE_REDIS_PASSWORD="+passwords[0], "SLUICE_CLICKHOUSE_PASSWORD="+passwords[1])
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
	if slices.Sort(ours); !slices.Equal(ours, Commands()) {
		t.Errorf("the containers run %v, want one for each of %v", ours, Commands())
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
		`ingest: http.keys_file`:                            change("ingest", func(s *types.ServiceConfig) { s.Secrets = nil }),
		`recorder: it does not wait for migrate`:            change("recorder", func(s *types.ServiceConfig) { delete(s.DependsOn, "migrate") }),
		`alerting: it does not wait until kafka`:            change("alerting", func(s *types.ServiceConfig) { delete(s.DependsOn, "kafka") }),
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
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("there is no bash")
	}
	dir := t.TempDir()
	put := func(path, text string) {
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o755)); err != nil {
			t.Fatal(err)
		}
	}
	script := read(t, "deployments/secrets.sh")
	put("deployments/secrets.sh", script)
	put("bin/sluice", "#!/bin/sh\necho an-id \"$2\" a-digest\n")
	put(".env", "OTHER=kept") // without the end of its line
	made := map[string]string{}
	for range 2 { // the second run changes nothing
		if out, err := exec.CommandContext(t.Context(), "bash", filepath.Join(dir, "deployments/secrets.sh")).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, path := range []string{".env", "deployments/secrets/redis.conf", "deployments/secrets/api_keys"} {
			text, err := os.ReadFile(filepath.Join(dir, path))
			if before, again := made[path]; err != nil || again && before != string(text) {
				t.Errorf("%s changed, or is missing: %v", path, err)
			}
			made[path] = string(text)
		}
	}
	variables := strings.Fields(made[".env"])
	if len(variables) != 3 || variables[0] != "OTHER=kept" {
		t.Fatalf(".env has %d variables", len(variables))
	}
	p, err := Compose(t.Context(), filepath.Join(root, "docker-compose.yml"), variables...)
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range p.Secrets {
		if path := "deployments/secrets/" + filepath.Base(secret.File); made[path] == "" {
			t.Errorf("secret %s: %s is not made", name, path)
		}
	}
	redis := strings.TrimPrefix(variables[1], "SLUICE_REDIS_PASSWORD=")
	if len(redis) != 32 || made["deployments/secrets/redis.conf"] != "requirepass "+redis+"\n" {
		t.Errorf("the password of Redis has %d characters, or is not the one of its config file", len(redis))
	}
	for _, problem := range ComposeProblems(p, redis, strings.TrimPrefix(variables[2], "SLUICE_CLICKHOUSE_PASSWORD=")) {
		t.Error(problem)
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
