package e2e

import (
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"sluice/schemas"
	"sluice/services/internal/realservers"
	"sluice/services/internal/tlsfile"
	"sluice/services/internal/tlsfile/tlstest"
)

// secured is the real stack as production has it: TLS to every server, a user of its own for each service at Kafka and
// Redis, and the rights of the table, as `sluice grants` gives them. The engine has one user; what each of ClickHouse's
// may do is tested beside the adapter.
type secured struct {
	*realStack
	admin *kadm.Client // who may everything, by a listener of the broker's own
}

// loginOf is how each user logs in at the brokers: every mechanism is somebody's.
var loginOf = map[string]string{
	"operator": "SCRAM-SHA-512", "ingest": "SCRAM-SHA-512", "enrichment": "SCRAM-SHA-256", "alerting": "PLAIN", "recorder": "SCRAM-SHA-256",
	"watchlist": "SCRAM-SHA-512", "auditor": "PLAIN",
}

func passwordOf(user string) string { return "password-of-" + user }

// as are the settings of one user at Kafka and Redis.
func as(user string) []string {
	env := []string{"SLUICE_REDIS_USER=" + user, "SLUICE_REDIS_PASSWORD=" + passwordOf(user)}
	if mechanism := loginOf[user]; mechanism != "" {
		env = append(env, "SLUICE_KAFKA_SASL_MECHANISM="+mechanism, "SLUICE_KAFKA_SASL_USER="+user, "SLUICE_KAFKA_SASL_PASSWORD="+passwordOf(user))
	}
	return env
}

func newSecured(t *testing.T) *secured {
	ca := tlstest.NewCA(t)
	b := newBase(t, "real")
	s := &secured{realStack: &realStack{base: b}}
	ctx := t.Context()

	// Kafka: a listener of its own in the clear, and one for the services.
	proof := ca.Issue(t, "kafka")
	keystore := filepath.Join(t.TempDir(), "kafka.pem")
	writeFile(t, keystore, fileText(proof.Key)+fileText(proof.Cert)+fileText(proof.CA))
	listen := freeAddress(t)
	users := ""
	for user, mechanism := range loginOf {
		if mechanism == "PLAIN" {
			users += fmt.Sprintf(" user_%s=%q", user, passwordOf(user))
		}
	}
	const scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
	s.kafka = realservers.KafkaServer(t,
		"listeners=PLAINTEXT://{addr},SERVICES://"+listen+",CONTROLLER://{controller}", "advertised.listeners=PLAINTEXT://{addr},SERVICES://"+listen,
		"listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SERVICES:SASL_SSL",
		"sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512",
		"listener.name.services.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required"+users+";",
		"listener.name.services.scram-sha-256.sasl.jaas.config="+scram, "listener.name.services.scram-sha-512.sasl.jaas.config="+scram,
		"ssl.keystore.type=PEM", "ssl.keystore.location="+keystore,
		"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users=User:ANONYMOUS;User:operator",
		"allow.everyone.if.no.acl.found=false")
	client, err := kgo.NewClient(kgo.SeedBrokers(s.kafka.Addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	s.admin = kadm.NewClient(client)
	var logins []kadm.UpsertSCRAM
	for user, mechanism := range loginOf {
		if m := map[string]kadm.ScramMechanism{"SCRAM-SHA-256": kadm.ScramSha256, "SCRAM-SHA-512": kadm.ScramSha512}[mechanism]; m != 0 {
			logins = append(logins, kadm.UpsertSCRAM{User: user, Mechanism: m, Iterations: 4096, Password: passwordOf(user)})
		}
	}
	altered, err := s.admin.AlterUserSCRAMs(ctx, nil, logins)
	if err == nil {
		err = altered.Error()
	}
	if err != nil {
		t.Fatal(err)
	}

	// Redis: its ACL file as the command writes it, with the digests of the passwords.
	o, err := command(ctx, nil, "", "grants", "redis")
	if err != nil || o.exit != 0 {
		t.Fatalf("%v: %s", err, o)
	}
	file := o.out
	for _, user := range []string{"ingest", "enrichment", "watchlist", "migrate"} {
		sum := sha256.Sum256([]byte(passwordOf(user)))
		file = strings.Replace(file, " #"+user+" ", " #"+hex.EncodeToString(sum[:])+" ", 1)
	}
	acl := filepath.Join(t.TempDir(), "users.acl")
	writeFile(t, acl, file)
	redisTLS, cert := freeAddress(t), ca.Issue(t, "redis")
	realservers.RedisServer(t, "--tls-port", redisTLS[strings.LastIndex(redisTLS, ":")+1:], "--tls-cert-file", cert.Cert, "--tls-key-file", cert.Key,
		"--tls-ca-cert-file", cert.CA, "--tls-auth-clients", "no", "--aclfile", acl)

	// The engine, behind an end that speaks TLS.
	engine := freeAddress(t)
	s.engine = b.process("clickhouse", engineWord, "-listen", engine, "-dir", filepath.Join(b.dir, "clickhouse"))
	s.engine.env = []string{"CLICKHOUSE_PASSWORD=" + enginePassword}
	b.start(t, s.engine)
	s.instance.ClickHouse = fmt.Sprintf("http://default:%s@%s", enginePassword, engine)
	s.engineAnswers(t)
	settings, err := tlsfile.Server(ca.Issue(t, "clickhouse"))
	if err != nil {
		t.Fatal(err)
	}
	settings.ClientAuth = tls.NoClientCert
	front, err := tls.Listen("tcp", "127.0.0.1:0", settings)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: engine}), ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan struct{})
	go func() { _ = server.Serve(front); close(served) }()
	t.Cleanup(func() { _ = server.Close(); <-served })

	b.env = append(b.env, "SLUICE_KAFKA_ALLOW_UNSAFE=true", "SLUICE_KAFKA_BROKERS="+listen, "SLUICE_KAFKA_TLS_CA_FILE="+ca.File,
		"SLUICE_REDIS_URL=rediss://"+redisTLS, "SLUICE_REDIS_TLS_CA_FILE="+ca.File,
		"SLUICE_CLICKHOUSE_DSN=https://"+front.Addr().String(), "SLUICE_CLICKHOUSE_TLS_CA_FILE="+ca.File,
		"SLUICE_CLICKHOUSE_USER=default", "SLUICE_CLICKHOUSE_PASSWORD="+enginePassword, "SLUICE_DATA="+filepath.Join(b.dir, "data"))
	s.must(t, "operator", "grants", "kafka", "--apply")
	s.must(t, "migrate", "migrate")
	var services []*process
	for _, name := range []string{ingestService, enrichmentService, alertingService, recorderService, "watchlist"} {
		p := b.process(name, name)
		p.env = as(name)
		services = append(services, p)
	}
	b.env = append(b.env, as("watchlist")...) // who imports lists; the services' own come behind it
	b.start(t, services...)
	ready(t, s)
	return s
}

// must runs a command as a user, and fails the test when it fails.
func (s *secured) must(t *testing.T, user string, args ...string) outcome {
	t.Helper()
	var o outcome
	eventually(t, strings.Join(args, " "), func() (err error) { // brokers learn of users and rights a moment later
		o, err = command(t.Context(), append(slices.Clone(s.env), as(user)...), "", args...)
		if err == nil && o.exit != 0 {
			err = fmt.Errorf("%s", o)
		}
		return err
	})
	return o
}

// whole is sluice verify as the auditor.
func (s *secured) whole(t *testing.T) {
	t.Helper()
	var v verification
	eventually(t, "nothing is under way", func() error {
		o, err := command(t.Context(), append(slices.Clone(s.env), as("auditor")...), "", "verify", "--format", "json")
		if err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(o.out), &v); err != nil {
			return fmt.Errorf("%w: %s", err, o)
		}
		if v.Pending > 0 {
			return fmt.Errorf("%d are under way", v.Pending)
		}
		v.text = o.String()
		return nil
	})
	if v.Lost+v.Duplicated+v.Unscreened > 0 || v.Accepted == 0 {
		t.Errorf("%s", v.text)
	}
}

// TestUnderLeastRights runs the whole pipeline over TLS, each service as a user of its own with the rights of the table and
// no others, by all mechanisms of SASL. Wrong passwords, foreign certificates and missing rights are said clearly.
func TestUnderLeastRights(t *testing.T) {
	wanted(t)
	s := newSecured(t)
	importWorld(t, s)
	importOne(t, s)
	g, first := world(t, "secured-"), &batch{}
	first.take(g, 1000)
	sendAll(t, s, first)
	listedIsHeld(t, s, "secured-listed")
	s.whole(t)

	t.Run("doctor", func(t *testing.T) {
		foreign := tlstest.NewCA(t).File
		for name, c := range map[string]struct{ setting, check, says string }{
			"all is well":                   {},
			"a wrong password at Kafka":     {"SLUICE_KAFKA_SASL_PASSWORD=wrong", "kafka", "SLUICE_KAFKA_SASL_PASSWORD"},
			"a user that Kafka has not":     {"SLUICE_KAFKA_SASL_USER=mallory", "kafka", "SLUICE_KAFKA_SASL_USER"},
			"another mechanism":             {"SLUICE_KAFKA_SASL_MECHANISM=SCRAM-SHA-256", "kafka", "SLUICE_KAFKA_SASL_MECHANISM"},
			"Kafka of another authority":    {"SLUICE_KAFKA_TLS_CA_FILE=" + foreign, "kafka", "SLUICE_KAFKA_TLS_CA_FILE"},
			"a wrong password at Redis":     {"SLUICE_REDIS_PASSWORD=wrong", "redis", "SLUICE_REDIS_PASSWORD"},
			"Redis of another authority":    {"SLUICE_REDIS_TLS_CA_FILE=" + foreign, "redis", "SLUICE_REDIS_TLS_CA_FILE"},
			"a wrong password at the house": {"SLUICE_CLICKHOUSE_PASSWORD=wrong", "clickhouse", "SLUICE_CLICKHOUSE_PASSWORD"},
			"the house of another":          {"SLUICE_CLICKHOUSE_TLS_CA_FILE=" + foreign, "clickhouse", "SLUICE_CLICKHOUSE_TLS_CA_FILE"},
		} {
			t.Run(name, func(t *testing.T) {
				o, err := command(t.Context(), append(slices.Clone(s.env), c.setting), "", "doctor")
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(o.out+o.err, passwordOf("watchlist")) || strings.Contains(o.out+o.err, enginePassword+"@") {
					t.Errorf("a password is shown: %s", o)
				}
				if c.check == "" {
					if o.exit != 0 {
						t.Errorf("%s", o)
					}
					return
				}
				lines := strings.Split(o.out, "\n")
				at := slices.IndexFunc(lines, func(l string) bool {
					fields := strings.Fields(l)
					return len(fields) > 1 && fields[0] == "problem" && fields[1] == c.check
				})
				if o.exit != 1 || at < 0 || !strings.Contains(strings.Join(lines[at:min(at+2, len(lines))], " "), c.says) {
					t.Errorf("want a problem of %s that names %s: %s", c.check, c.says, o)
				}
			})
		}
	})

	t.Run("a service with a wrong password", func(t *testing.T) {
		p := &process{name: "stranger", args: []string{"alerting"}, log: filepath.Join(t.TempDir(), "log"),
			env: append(as("alerting"), "SLUICE_KAFKA_SASL_PASSWORD=wrong")}
		if err := p.start(s.env); err != nil {
			t.Fatal(err)
		}
		defer p.close()
		eventually(t, "it says why it cannot work", func() error {
			if text := fileText(p.log); !strings.Contains(text, "SASL") {
				return fmt.Errorf("%s", text)
			}
			return nil
		})
	})

	t.Run("a service without a right", func(t *testing.T) {
		alerting := s.service(alertingService)
		from := len(fileText(alerting.log))
		taken, err := s.admin.DeleteACLs(t.Context(), kadm.NewACLs().Topics(schemas.Verdicts).Allow("User:alerting").AllowHosts().
			ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpWrite))
		if err != nil || len(taken) == 0 || len(taken[0].Deleted) == 0 {
			t.Fatalf("%v, %v", taken, err)
		}
		second := &batch{}
		second.take(g, 200)
		sendAll(t, s, second)
		eventually(t, "it says which right it wants", func() error {
			text := fileText(alerting.log)[from:]
			if !strings.Contains(text, schemas.Verdicts) || !strings.Contains(text, "not authorized") {
				return fmt.Errorf("%.2000s", text)
			}
			return nil
		})
		s.must(t, "operator", "grants", "kafka", "--apply")
		s.whole(t)
	})

	t.Run("a start without a right", func(t *testing.T) {
		alerting := s.service(alertingService)
		if _, err := alerting.end(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if _, err := s.admin.DeleteACLs(t.Context(), kadm.NewACLs().Groups(schemas.GroupAlerting).Allow("User:alerting").AllowHosts().
			ResourcePatternType(kadm.ACLPatternLiteral).Operations(kadm.OpRead)); err != nil {
			t.Fatal(err)
		}
		from := len(fileText(alerting.log))
		s.start(t, alerting)
		eventually(t, "it says which right it wants", func() error {
			text := fileText(alerting.log)[from:]
			if !strings.Contains(text, schemas.GroupAlerting) || !strings.Contains(text, "Authorization") {
				return fmt.Errorf("%.2000s", text)
			}
			return nil
		})
		s.must(t, "operator", "grants", "kafka", "--apply")
		ready(t, s)
		listedIsHeld(t, s, "secured-again")
		s.whole(t)
	})
}
