package broker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl/plain"
	"github.com/twmb/franz-go/pkg/kfake"

	"sluice/schemas"
	"sluice/services/internal/broker"
	"sluice/services/internal/grants"
	"sluice/services/internal/realservers"
	"sluice/services/internal/stream"
)

const secret = "of-a-test"

// TestTheGrantsSufficeAndAreTheLeast tries every principal on every topic and group, on the embedded broker's code and on
// Apache Kafka: what the table gives works, and nothing else does.
func TestTheGrantsSufficeAndAreTheLeast(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		opts := []kfake.Opt{kfake.NumBrokers(1), kfake.EnableSASL(), kfake.EnableACLs(), kfake.Superuser("PLAIN", "admin", secret)}
		for _, a := range schemas.TopicAccess {
			opts = append(opts, kfake.User("PLAIN", a.Principal, secret))
		}
		tryGrants(t, cluster(t, opts...).ListenAddrs()[0])
	})
	t.Run("kafka", func(t *testing.T) { tryGrants(t, secureKafka(t).Addr) })
}

// secureKafka is Apache Kafka that asks for a password and denies what no ACL allows, as docker-compose.yml has it.
func secureKafka(t *testing.T) *realservers.KafkaNode {
	t.Helper()
	users := []string{`user_admin="` + secret + `"`}
	for _, a := range schemas.TopicAccess {
		users = append(users, fmt.Sprintf(`user_%s="%s"`, a.Principal, secret))
	}
	jaas := "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"admin\" password=\"" + secret + "\" " + strings.Join(users, " ") + ";"
	return realservers.KafkaServer(t,
		"listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:SASL_PLAINTEXT",
		"sasl.enabled.mechanisms=PLAIN", "sasl.mechanism.inter.broker.protocol=PLAIN", "listener.name.plaintext.plain.sasl.jaas.config="+jaas,
		"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "super.users=User:admin;User:ANONYMOUS",
		"allow.everyone.if.no.acl.found=false")
}

func tryGrants(t *testing.T, addr string) {
	as := func(user string) *broker.Client {
		return client(t, addr, func(c *broker.Config) {
			c.SASL = broker.SASL{Mechanism: "PLAIN", User: user, Password: secret}
		})
	}
	admin := as("admin")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	if _, err := admin.EnsureTopics(ctx, schemas.Topics, stream.EnsureOptions{AllowUnsafe: true, Partitions: 1}); err != nil {
		t.Fatal(err)
	}
	if err := admin.Grant(ctx, grants.Kafka(schemas.TopicAccess)); err != nil {
		t.Fatal(err)
	}
	if err := admin.Grant(ctx, grants.Kafka(schemas.TopicAccess)); err != nil {
		t.Errorf("given again: %v", err)
	}
	if err := as("alerting").Grant(ctx, grants.Kafka(schemas.TopicAccess)); err == nil {
		t.Error("a service may give rights")
	}
	last := as(schemas.TopicAccess[len(schemas.TopicAccess)-1].Principal)
	settled(ctx, t, func() error { // brokers learn of ACLs a moment later
		_, err := last.EnsureTopics(ctx, schemas.Topics, stream.EnsureOptions{AllowUnsafe: true, CheckOnly: true, Partitions: 1})
		return err
	})
	groups := []string{schemas.GroupIngest, schemas.GroupEnrichment, schemas.GroupAlerting, schemas.GroupRecorderVerdicts, schemas.GroupRecorderFlagged,
		schemas.GroupRecorderDeadLetter, schemas.GroupRecorderLedger, "alerts.desk", "exchange.withdrawals", "analysts.x", "elsewhere"}
	for _, a := range schemas.TopicAccess {
		c := as(a.Principal)
		if _, err := c.EnsureTopics(ctx, schemas.Topics, stream.EnsureOptions{AllowUnsafe: true, CheckOnly: true, Partitions: 1}); err != nil {
			t.Errorf("%s: the check at each start: %v", a.Principal, err)
		}
		producer := func() error { _, err := c.InitProducer(ctx); return err }
		if len(a.Write) > 0 {
			settled(ctx, t, producer)
		} else if err := producer(); err == nil {
			t.Errorf("%s: a producer id without a topic to write", a.Principal)
		}
		transport := &kafkago.Transport{SASL: plain.Mechanism{Username: a.Principal, Password: secret}}
		raw := &kafkago.Client{Addr: kafkago.TCP(addr), Transport: transport, Timeout: 10 * time.Second}
		for _, topic := range schemas.Topics {
			may := func(what string, allowed bool, err error) {
				t.Helper()
				if allowed && err != nil || !allowed && !errors.Is(err, kafkago.TopicAuthorizationFailed) {
					t.Errorf("%s %s %s: allowed %v, and %v", a.Principal, what, topic.Name, allowed, err)
				}
			}
			fetched, err := raw.Fetch(ctx, &kafkago.FetchRequest{Topic: topic.Name, MaxWait: time.Millisecond, MaxBytes: 1 << 10})
			if err == nil {
				err = fetched.Error
			}
			may("reads", slices.Contains(a.Read, topic.Name), err)
			produced, err := raw.Produce(ctx, &kafkago.ProduceRequest{Topic: topic.Name, RequiredAcks: kafkago.RequireAll,
				Records: kafkago.NewRecordReader(kafkago.Record{Value: kafkago.NewBytes([]byte("x"))})})
			if err == nil {
				err = produced.Error
			}
			may("writes", slices.Contains(a.Write, topic.Name), err)
		}
		for _, group := range groups {
			allowed := slices.ContainsFunc(a.Groups, func(g string) bool {
				prefix, prefixed := strings.CutSuffix(g, "*")
				return g == group || prefixed && strings.HasPrefix(group, prefix)
			})
			joined, err := raw.FindCoordinator(ctx, &kafkago.FindCoordinatorRequest{Key: group, KeyType: kafkago.CoordinatorKeyTypeConsumer})
			if err == nil {
				err = joined.Error
			}
			watches := a.Watches && strings.HasPrefix(group, schemas.Prefix)
			if ok := allowed || watches; ok && err != nil && !errors.Is(err, kafkago.GroupCoordinatorNotAvailable) || !ok && !errors.Is(err, kafkago.GroupAuthorizationFailed) {
				t.Errorf("%s sees the group %s: allowed %v, and %v", a.Principal, group, ok, err)
			}
			if !allowed || len(a.Read) == 0 || a.Creates {
				continue
			}
			m, err := c.Join(stream.GroupConfig{Group: group, Topics: a.Read[:1]})
			if err != nil {
				t.Fatal(err)
			}
			settled(ctx, t, func() error {
				g, err := m.Next(ctx)
				if err != nil {
					return fmt.Errorf("%s joins %s: %w", a.Principal, group, err)
				}
				defer g.Release()
				return g.Commit(ctx, []stream.Position{{Topic: a.Read[0], Offset: 1}})
			})
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
		transport.CloseIdleConnections()
	}
}

// settled tries until it works: a broker that has just started loads its coordinators.
func settled(ctx context.Context, t *testing.T, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Error(err)
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Every topic has somebody who reads and somebody who writes it, and what the table of topics says is made by a service
// may be made by it.
func TestNoTopicIsForgotten(t *testing.T) {
	for _, topic := range schemas.Topics {
		var readers, writers []string
		for _, a := range schemas.TopicAccess {
			if a.Creates || a.Principal == "auditor" {
				continue
			}
			if slices.Contains(a.Read, topic.Name) {
				readers = append(readers, a.Principal)
			}
			if slices.Contains(a.Write, topic.Name) {
				writers = append(writers, a.Principal)
			}
		}
		if len(writers) == 0 || len(readers) == 0 && topic.Name != schemas.Chain {
			t.Errorf("%s: read by %v, written by %v", topic.Name, readers, writers)
		}
	}
}
