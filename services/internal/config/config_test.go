package config

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func valid() Config {
	return Config{
		Data:      "./data",
		HTTP:      HTTP{Listen: "127.0.0.1:8080", WaitDeadline: time.Second},
		Kafka:     Kafka{Listen: "127.0.0.1:9092", DiskBudget: 1},
		Ingest:    Ingest{Tenant: "default"},
		Lists:     Lists{PointerMaxAge: time.Second, HoldAfter: time.Second},
		Stream:    Stream{Lanes: 1, DrainTimeout: time.Second},
		Recorder:  Recorder{BatchRows: 1, MaxWait: time.Second},
		Lookback:  Lookback{Rate: 1, Pending: 1, HeldEvery: time.Second},
		Screening: Screening{UnknownDeposit: "hold", UnknownWithdrawal: "hold", Dust: "1"},
	}
}

func TestTheNamesThatScriptsSet(t *testing.T) {
	want := map[string]string{
		"SLUICE_KAFKA_BROKERS": "kafka.brokers", "SLUICE_REDIS_URL": "redis.url", "SLUICE_CLICKHOUSE_DSN": "clickhouse.dsn",
		"SLUICE_HTTP_LISTEN": "http.listen", "SLUICE_DATA": "data", "SLUICE_KAFKA_ALLOW_UNSAFE": "kafka.allow_unsafe",
		"SLUICE_CLICKHOUSE_LIB": "clickhouse.lib",
	}
	for _, k := range Keys() {
		if want[k.Env] == k.Path {
			delete(want, k.Env)
		}
		if k.Help == "" {
			t.Errorf("%s has no help", k.Path)
		}
	}
	if len(want) > 0 {
		t.Errorf("not keys: %v", want)
	}
}

func TestReadFile(t *testing.T) {
	f, err := ReadFile(strings.NewReader("data: /var/lib/sluice\nkafka:\n  brokers: [a:1, b:2]\n  allow_unsafe: true\n"))
	if err != nil {
		t.Fatal(err)
	}
	if f["kafka.brokers"] != "a:1,b:2" || f["kafka.allow_unsafe"] != "true" || f["data"] != "/var/lib/sluice" {
		t.Errorf("got %v", f)
	}
	if empty, err := ReadFile(strings.NewReader("")); err != nil || len(empty) != 0 {
		t.Errorf("an empty file: %v, %v", empty, err)
	}
}

func TestReadFileRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown key":       {"kafka:\n  brokrs: a:1\n", `line 2, column 3: unknown key "kafka.brokrs"; did you mean "kafka.brokers"?`},
		"unknown section":   {"kafak:\n  brokers: a:1\n", `line 1, column 1: unknown key "kafak"`},
		"case variant":      {"Data: x\n", `unknown key "Data"; did you mean "data"?`},
		"repeated key":      {"data: a\ndata: b\n", "data"},
		"mapping as value":  {"data: {a: b}\n", `"data" must be a plain value`},
		"value as mapping":  {"kafka: 3\n", `"kafka" must be a mapping`},
		"nested list":       {"kafka:\n  brokers: [[a]]\n", "must be a list of plain values"},
		"a list at the top": {"- a\n", "must be a mapping"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := ReadFile(strings.NewReader(c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if _, err := ReadFile(strings.NewReader(strings.Repeat("#", maxFile+1))); err == nil {
		t.Error("a file over the bound was read")
	}
	if _, err := ReadFile(strings.NewReader(strings.Repeat("#", maxFile))); err != nil {
		t.Errorf("a file at the bound: %v", err)
	}
}

func TestEnvironmentBeatsFile(t *testing.T) {
	file := File{"data": "file", "redis.url": "redis://file"}
	env := func(name string) (string, bool) {
		text, ok := map[string]string{"SLUICE_DATA": "env", "SLUICE_REDIS_URL": "", "SLUICE_HTTP_KEYS_FILE": ""}[name]
		return text, ok
	}
	for flag, want := range map[string]string{"data": "env", "redis-url": "redis://file", "http-keys-file": "", "kafka-brokers": "", "no-such-flag": ""} {
		if got, ok := Resolve(flag, file, env); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v", flag, got, ok)
		}
	}
}

func TestValidate(t *testing.T) {
	good := valid()
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	bad := valid()
	bad.Kafka.Brokers = []string{"kafka"}
	bad.Redis.URL = "http://x"
	bad.ClickHouse.DSN = "clickhouse://user:hunter2@"
	bad.Kafka.Listen = "0.0.0.0:9092"
	bad.Lists.HoldAfter = 0
	bad.Stream.Linger = time.Second + 1
	err := bad.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, key := range []string{"kafka.brokers", "redis.url", "clickhouse.dsn", "kafka.listen", "lists.hold_after", "stream.linger"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is not named in:\n%v", key, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("a password is in the message")
	}
}

func TestRequireNamesTheVariable(t *testing.T) {
	c := valid()
	err := c.Require(NeedKafka, NeedRedis, NeedClickHouse)
	if !errors.Is(err, ErrMissing) {
		t.Fatal(err)
	}
	for _, name := range []string{"SLUICE_KAFKA_BROKERS", "SLUICE_REDIS_URL", "SLUICE_CLICKHOUSE_DSN"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named", name)
		}
	}
	c.Kafka.Brokers = []string{"k:1"}
	if err := c.Require(NeedKafka); err != nil {
		t.Error(err)
	}
}

func TestAnAPIThatOthersReachNeedsKeys(t *testing.T) {
	c := valid()
	c.HTTP.Listen = "0.0.0.0:8080"
	if err := c.RequireKeys(); err == nil || !strings.Contains(err.Error(), "SLUICE_HTTP_KEYS_FILE") {
		t.Errorf("got %v", err)
	}
	c.HTTP.KeysFile = "keys"
	if err := c.RequireKeys(); err != nil {
		t.Error(err)
	}
}

func TestLoopback(t *testing.T) {
	for hostport, want := range map[string]bool{
		"127.0.0.1:1": true, "localhost:1": true, "[::1]:1": true, "127.9.9.9:1": true,
		"0.0.0.0:1": false, ":1": false, "10.0.0.1:1": false, "example.org:1": false, "127.0.0.1": false,
	} {
		if Loopback(hostport) != want {
			t.Errorf("%s: want %v", hostport, want)
		}
	}
}

func FuzzReadFile(f *testing.F) {
	f.Add("kafka:\n  brokers: [a:1]\n")
	f.Add("a: &x [*x]\n")
	f.Add("sources: [{list: a, format: txt, url: \"https://h/\", headers: [{name: A, file: f}], max_age: 2h}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		file, err := ReadFile(strings.NewReader(text))
		if err != nil {
			return
		}
		known := map[string]bool{}
		for _, k := range Keys() {
			known[k.Path] = true
		}
		for path := range structures {
			known[path] = true
		}
		for path := range file {
			if !known[path] {
				t.Errorf("unknown key %q was accepted", path)
			}
		}
	})
}
