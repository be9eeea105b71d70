package deploycheck

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sluice/schemas"
	"sluice/services/internal/broker"
	"sluice/services/internal/grants"
	"sluice/services/internal/realservers"
	"sluice/services/internal/stream"
	"sluice/services/internal/tlsfile"
	"sluice/services/internal/tlsfile/tlstest"
)

// The broker of the compose file, with its own settings on ports of this machine: it speaks TLS with who has a password,
// gives the rights of the table, and nobody gets in otherwise.
func TestTheBrokerOfTheComposeFile(t *testing.T) {
	ca := tlstest.NewCA(t)
	server := ca.Issue(t, "kafka")
	keystore := filepath.Join(t.TempDir(), "kafka.pem")
	var pem []byte
	for _, path := range []string{server.Key, server.Cert, server.CA} { // as secrets.sh puts them together
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pem = append(pem, text...)
	}
	if err := os.WriteFile(keystore, pem, 0o600); err != nil {
		t.Fatal(err)
	}
	users := `user_operator="of-operator" user_ingest="of-ingest"`
	p, err := Compose(t.Context(), filepath.Join(root, "docker-compose.yml"), append([]string{"SLUICE_KAFKA_USERS=" + users}, variables[1:]...)...)
	if err != nil {
		t.Fatal(err)
	}
	services, host := free(t), free(t)
	places := strings.NewReplacer("SELF://127.0.0.1:9094", "SELF://{addr}", "CONTROLLER://127.0.0.1:9093", "CONTROLLER://{controller}", "1@127.0.0.1:9093", "1@{controller}",
		"SERVICES://:9092", "SERVICES://"+services, "SERVICES://kafka:9092", "SERVICES://"+services,
		"HOST://:19092", "HOST://"+host, "HOST://127.0.0.1:9092", "HOST://"+host, "/run/secrets/kafka_pem", keystore)
	var settings []string
	for name, value := range p.Services["kafka"].Environment {
		property, ok := strings.CutPrefix(name, "KAFKA_")
		if !ok || value == nil || property == "LOG_DIRS" {
			continue
		}
		settings = append(settings, strings.ToLower(strings.ReplaceAll(property, "_", "."))+"="+places.Replace(*value))
	}
	realservers.KafkaServer(t, settings...)

	as := func(at, user, password string, files tlsfile.Files) *broker.Client {
		trust, err := tlsfile.Client(files)
		if err != nil {
			t.Fatal(err)
		}
		c, err := broker.New(broker.Config{Brokers: []string{at}, TLS: trust, SASL: broker.SASL{Mechanism: "PLAIN", User: user, Password: password}, MetadataTTL: 200 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	trust := tlsfile.Files{CA: ca.File}
	operator := as(services, "operator", "of-operator", trust)
	soon(ctx, t, func() error { // a broker that has just begun may take its time
		_, err := operator.EnsureTopics(ctx, schemas.Topics, stream.EnsureOptions{AllowUnsafe: true})
		return err
	})
	soon(ctx, t, func() error { return operator.Grant(ctx, grants.Kafka(schemas.TopicAccess)) })
	check := stream.EnsureOptions{AllowUnsafe: true, CheckOnly: true}
	for _, at := range []string{services, host} {
		ingest := as(at, "ingest", "of-ingest", trust)
		soon(ctx, t, func() error { // brokers learn of ACLs a moment later
			_, err := ingest.EnsureTopics(ctx, schemas.Topics, check)
			return err
		})
	}
	for name, c := range map[string]*broker.Client{
		"a wrong password":      as(services, "ingest", "wrong", trust),
		"a user it has not":     as(services, "mallory", "wrong", trust),
		"an authority unknown":  as(services, "ingest", "of-ingest", tlsfile.Files{}),
		"another's certificate": as(services, "ingest", "of-ingest", tlsfile.Files{CA: tlstest.NewCA(t).File}),
	} {
		if _, err := c.EnsureTopics(ctx, schemas.Topics, check); err == nil {
			t.Errorf("%s: let in", name)
		}
	}
	plain, err := broker.New(broker.Config{Brokers: []string{services}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = plain.Close() }()
	short, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	if _, err := plain.Cluster(short); err == nil {
		t.Error("without TLS and password: let in")
	}
}

// soon tries until there is no error, as long as ctx lives.
func soon(ctx context.Context, t *testing.T, try func() error) {
	t.Helper()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// free is an address that nothing listens on now.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
