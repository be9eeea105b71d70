package cache

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"sluice/pkg/transfer"
	"sluice/pkg/watchlist"
	"sluice/services/ingest"
	"sluice/services/internal/lists"
	"sluice/services/internal/realservers"
	"sluice/services/internal/tlsfile"
	"sluice/services/internal/tlsfile/tlstest"
)

func port(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, p, _ := net.SplitHostPort(l.Addr().String())
	return p
}

func TestTLSAndAClientCertificate(t *testing.T) {
	ca, other := tlstest.NewCA(t), tlstest.NewCA(t)
	server, secure := ca.Issue(t, "redis"), port(t)
	realservers.RedisServer(t, "--tls-port", secure, "--tls-cert-file", server.Cert, "--tls-key-file", server.Key, "--tls-ca-cert-file", server.CA, "--tls-auth-clients", "yes")
	for name, c := range map[string]struct {
		files tlsfile.Files
		good  bool
	}{
		"a certificate of the authority": {ca.Issue(t, "enrichment"), true},
		"none":                           {tlsfile.Files{CA: ca.File}, false},
		"one of another":                 {func() tlsfile.Files { f := other.Issue(t, "mallory"); f.CA = ca.File; return f }(), false},
		"the server is of another":       {other.Issue(t, "enrichment"), false},
	} {
		settings, err := tlsfile.Client(c.files)
		if err != nil {
			t.Fatal(err)
		}
		client, err := New(Config{URL: "redis://127.0.0.1:" + secure, TLS: settings})
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Ping(t.Context()); (err == nil) != c.good || err != nil && !errors.Is(err, lists.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		client.Close()
	}
}

func TestAUserOfAnACLFile(t *testing.T) {
	acl := filepath.Join(t.TempDir(), "users.acl")
	if err := os.WriteFile(acl, []byte("user default off\nuser ingest on >right ~sluice:seen:* +@all\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	at := realservers.RedisServer(t, "--aclfile", acl).Addr
	for name, c := range map[string]struct {
		cfg  Config
		good bool
	}{
		"settings":           {Config{URL: "redis://" + at, User: "ingest", Password: "right"}, true},
		"URL":                {Config{URL: "redis://ingest:right@" + at, User: "other", Password: "wrong"}, true},
		"user in the URL":    {Config{URL: "redis://ingest@" + at, Password: "right"}, true},
		"a wrong password":   {Config{URL: "redis://" + at, User: "ingest", Password: "wrong"}, false},
		"the default user":   {Config{URL: "redis://" + at, Password: "right"}, false},
		"nobody":             {Config{URL: "redis://" + at}, false},
		"somebody not there": {Config{URL: "redis://" + at, User: "mallory", Password: "right"}, false},
	} {
		client, err := New(c.cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Ping(t.Context()); (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		} else if err != nil && strings.Contains(err.Error(), "right") {
			t.Errorf("the password is in %v", err)
		}
		client.Close()
	}
}

// startCluster starts three nodes that share the slots, and returns the URL that names them.
func startCluster(t *testing.T) string {
	t.Helper()
	var at []string
	var nodes []*redis.Client
	do := func(node *redis.Client, command ...any) {
		t.Helper()
		if err := node.Do(t.Context(), command...).Err(); err != nil {
			t.Fatal(command, err)
		}
	}
	for i := range 3 {
		bus := port(t)
		s := realservers.RedisServer(t, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "2000")
		node := redis.NewClient(&redis.Options{Addr: s.Addr})
		defer node.Close()
		do(node, "CLUSTER", "ADDSLOTSRANGE", i*5461, min((i+1)*5461-1, 16383)+i/2)
		if i > 0 {
			host, p, _ := net.SplitHostPort(s.Addr)
			do(nodes[0], "CLUSTER", "MEET", host, p, bus)
		}
		at, nodes = append(at, s.Addr), append(nodes, node)
	}
	until := time.Now().Add(3 * time.Minute)
	for _, node := range nodes {
		for {
			text, err := node.ClusterInfo(t.Context()).Result()
			if err == nil && strings.Contains(text, "cluster_state:ok") && strings.Contains(text, "cluster_known_nodes:3") {
				break
			}
			if time.Now().After(until) {
				t.Fatal("the cluster does not come up:", text, err)
			}
			time.Sleep(20 * time.Millisecond) // the servers' gossip, which nothing tells of
		}
	}
	return "redis://" + at[0] + "?addr=" + at[1] + "&addr=" + at[2]
}

// Everything that the cache does works on a cluster: no command takes keys of two slots.
func TestOnACluster(t *testing.T) {
	c, err := New(Config{URL: startCluster(t), Cluster: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p, err := c.CheckPolicy(t.Context()); err != nil || !p.Known {
		t.Errorf("policy: %+v, %v", p, err)
	}

	var keys []ingest.SeenKey
	var facts []transfer.ID
	for i := range 50 { // over all the nodes
		keys, facts = append(keys, ingest.SeenKey{Tenant: "acme", TransferID: fmt.Sprint(i), Stage: transfer.Confirmed}), append(facts, transfer.ID{1, byte(i)})
	}
	if err := c.Seen(0).Remember(t.Context(), keys[:40], facts[:40]); err != nil {
		t.Fatal(err)
	}
	if err := c.Seen(0).Pin(t.Context(), keys[30:40], facts[30:40]); err != nil {
		t.Fatal(err)
	}
	known, err := c.Seen(0).Known(t.Context(), keys)
	if err != nil {
		t.Fatal(err)
	}
	for i, id := range known {
		if want := i < 40; want && id != facts[i] || !want && !id.IsZero() {
			t.Errorf("key %d: %s", i, id)
		}
	}

	m, err := c.Store(t.Context(), snapshot(t, "a", 100), watchlist.Manifest{})
	if err != nil {
		t.Fatal(err)
	}
	if missing, err := c.Missing(t.Context(), m); err != nil || len(missing) > 0 {
		t.Errorf("missing: %v, %v", missing, err)
	}
	want := lists.Pointer{Epoch: "e", Seq: 7, Version: m.Version, Count: m.Count}
	if err := c.SetPointer(t.Context(), want); err != nil {
		t.Fatal(err)
	}
	if got, err := c.Pointer(t.Context()); err != nil || got != want {
		t.Errorf("pointer: %+v, %v", got, err)
	}
	if _, _, err := lists.Load(t.Context(), c, want); err != nil {
		t.Errorf("load: %v", err)
	}
	if _, err := c.Prune(t.Context()); err != nil {
		t.Errorf("prune: %v", err)
	}
	lease, err := c.Acquire(t.Context(), "x", time.Second, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := lease.Release(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestNothingBelowTLS12(t *testing.T) {
	c, err := New(Config{URL: "rediss://u:secret@h:1/2"})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, settings := c.login("", "", &tls.Config{MinVersion: tls.VersionTLS10}); settings.MinVersion != tls.VersionTLS12 {
		t.Errorf("version %x", settings.MinVersion)
	}
}
