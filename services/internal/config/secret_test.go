package config

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSecretsAreNotGivenOnTheCommandLine(t *testing.T) {
	for name, args := range map[string][]string{
		"a password":        {"run", "--kafka-sasl-password", "hunter2"},
		"with a sign":       {"run", "--redis-password=hunter2"},
		"in a URL":          {"run", "--redis-url", "redis://:hunter2@r:1"},
		"in a DSN":          {"run", "--clickhouse-dsn=http://u:hunter2@c:1"},
		"in a DSN's query":  {"run", "--clickhouse-dsn=http://c:1?password=hunter2"},
		"behind other args": {"run", "--data", "x", "--clickhouse-password", "hunter2"},
	} {
		err := RefuseSecrets(args)
		if err == nil || !strings.Contains(err.Error(), "SLUICE_") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, args := range [][]string{
		{"run", "--redis-url", "redis://r:1"}, {"run", "--redis-url=redis://user@r:1/0?x=1&a=b"}, {"run", "--kafka-sasl-password-file", "f"},
		{"address", "--", "--redis-password", "x"}, {"run", "--redis-url"}, {"redis-password"},
	} {
		if err := RefuseSecrets(args); err != nil {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// Every key is in the dump; what is secret in it, is not.
func TestTheDumpHoldsNoSecret(t *testing.T) {
	var c Config
	fill(reflect.ValueOf(&c).Elem())
	c.Redis.URL, c.ClickHouse.DSN = "rediss://user:s3cr3t@r:1/0", "clickhouse://c:1/sluice?username=u&password=s3cr3t"
	got := map[string]string{}
	for _, s := range c.Dump() {
		got[s.Key] = s.Value
		if strings.Contains(s.Value, "s3cr3t") {
			t.Errorf("%s: %s", s.Key, s.Value)
		}
	}
	for _, k := range Keys() {
		value, ok := got[k.Path]
		if !ok || k.Secret && value != Redacted {
			t.Errorf("%s: %q, %v", k.Path, value, ok)
		}
		delete(got, k.Path)
	}
	if len(got) > 0 {
		t.Errorf("no keys: %v", got)
	}
	if !strings.HasPrefix((&c).Dump()[0].Key, "data") || (&Config{}).Dump()[0].Value != "" {
		t.Error("the first key")
	}
}

// fill writes a secret into every text that is one, and something into the others.
func fill(v reflect.Value) {
	for i := range v.NumField() {
		f := v.Field(i)
		_, secret := v.Type().Field(i).Tag.Lookup("secret")
		switch {
		case f.Kind() == reflect.Struct:
			fill(f)
		case f.Kind() == reflect.String && secret:
			f.SetString("s3cr3t")
		case f.Kind() == reflect.String:
			f.SetString("text")
		}
	}
}

func TestASecretInAFile(t *testing.T) {
	dir := t.TempDir()
	file := func(text string) string {
		path := filepath.Join(dir, "f")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for text, want := range map[string]string{"pass word": "pass word", "x\n": "x", "x\r\n": "x", strings.Repeat("x", maxSecret): strings.Repeat("x", maxSecret)} {
		if got, err := (Login{PasswordFile: file(text)}).Secret("redis"); err != nil || got != want {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "\n", "a\nb\n", "a\x00", strings.Repeat("x", maxSecret+1)} {
		if _, err := (Login{PasswordFile: file(text)}).Secret("redis"); err == nil || !strings.Contains(err.Error(), "redis.password_file") {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if _, err := (Login{Password: "a", PasswordFile: file("b")}).Secret("redis"); err == nil {
		t.Error("two passwords were taken")
	}
	if _, err := (Login{PasswordFile: "none"}).Secret("redis"); err == nil {
		t.Error("a file that is not there was taken")
	}
}

func TestWhatBelongsTogetherForTLS(t *testing.T) {
	for key, spoil := range map[string]func(*Config){
		"kafka.tls.cert_file":      func(c *Config) { c.Kafka.TLS.CertFile = "x" },
		"redis.tls.cert_file":      func(c *Config) { c.Redis.TLS.KeyFile = "x" },
		"clickhouse.tls.cert_file": func(c *Config) { c.ClickHouse.TLS.CertFile = "x" },
		"http.tls.cert_file":       func(c *Config) { c.HTTP.TLS.ClientCAFile = "x" },
		"kafka.sasl.mechanism":     func(c *Config) { c.Kafka.SASL.User = "x" },
		"kafka.sasl.user":          func(c *Config) { c.Kafka.SASL.Mechanism = "SCRAM-SHA-512" },
		"PLAIN sends the password": func(c *Config) {
			c.Kafka.Brokers = []string{"kafka:9092"}
			c.Kafka.SASL = SASL{Mechanism: "PLAIN", User: "u", Login: Login{Password: "p"}}
		},
		"redis.url":      func(c *Config) { c.Redis.URL = "rediss://r:1?skip_verify=true" },
		"clickhouse.dsn": func(c *Config) { c.ClickHouse.DSN, c.ClickHouse.TLS.Enabled = "http://c:1", true },
		"http.key_rate":  func(c *Config) { c.HTTP.KeyRate = -1 },
	} {
		c := valid()
		spoil(&c)
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
	good := valid()
	good.Kafka.Brokers, good.Kafka.TLS.Enabled = []string{"kafka:9092"}, true
	good.Kafka.SASL = SASL{Mechanism: "PLAIN", User: "u", Login: Login{PasswordFile: "p"}}
	good.Redis.TLS = TLS{CertFile: "c", KeyFile: "k"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	if c, err := (TLS{}).Client("kafka"); c != nil || err != nil {
		t.Errorf("without TLS: %v, %v", c, err)
	}
	if _, err := (TLS{CAFile: "none"}).Client("kafka"); err == nil || !strings.Contains(err.Error(), "kafka.tls") {
		t.Errorf("a file that is not there: %v", err)
	}
}
