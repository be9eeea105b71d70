package realservers

import (
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// KafkaVersion is the release that the tests run.
const KafkaVersion = "4.3.0"

//go:embed pom.xml
var pom []byte

//go:embed log4j2.properties
var log4j []byte

// Kafka starts one Apache Kafka in KRaft mode, and returns its host:port.
func Kafka(t testing.TB) string {
	t.Helper()
	return KafkaServer(t).Addr
}

// KafkaNode is a Kafka that a test may kill and start again.
type KafkaNode struct {
	*Server
	ID   int32 // in the cluster
	t    testing.TB
	java string
	args []string
	wipe func() // makes the folder of the node empty, as that of a new one
}

// KafkaServer is Kafka for tests that stop or kill it. settings are lines for server.properties, such as
// "message.max.bytes=2000000"; {addr} in them is where the node listens in the clear, {controller} where its controller does.
func KafkaServer(t testing.TB, settings ...string) *KafkaNode {
	t.Helper()
	n := kafkaNodes(t, 1, settings)[0]
	n.Start()
	return n
}

// KafkaCluster starts a cluster of n brokers, of which a majority must live: each is controller too. Topics are to be
// made with n replicas.
func KafkaCluster(t testing.TB, n int, settings ...string) []*KafkaNode {
	t.Helper()
	nodes := kafkaNodes(t, n, settings)
	for _, node := range nodes {
		node.launch()
	}
	for _, node := range nodes {
		node.await()
	}
	return nodes
}

// kafkaNodes makes the folders of a cluster's nodes, which are numbered from 1, and starts none.
func kafkaNodes(t testing.TB, n int, settings []string) []*KafkaNode {
	t.Helper()
	java, err := exec.LookPath("java")
	if err != nil {
		lack(t, "java is not installed: apt-get install openjdk-17-jre-headless maven")
	}
	jars := jars(t)
	addrs, voters, controllers := make([]string, n), make([]string, n), make([]int, n)
	for i := range n {
		addrs[i] = fmt.Sprintf("127.0.0.1:%d", freePort(t))
		controllers[i] = freePort(t)
		voters[i] = fmt.Sprintf("%d@127.0.0.1:%d", i+1, controllers[i])
	}
	nodes := make([]*KafkaNode, n)
	for i := range nodes {
		dir := t.TempDir()
		properties := append([]string{
			"process.roles=broker,controller",
			fmt.Sprintf("node.id=%d", i+1),
			"controller.quorum.voters=" + strings.Join(voters, ","),
			fmt.Sprintf("listeners=PLAINTEXT://%s,CONTROLLER://127.0.0.1:%d", addrs[i], controllers[i]),
			"advertised.listeners=PLAINTEXT://" + addrs[i],
			"controller.listener.names=CONTROLLER",
			"listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
			"log.dirs=" + filepath.Join(dir, "data"),
			fmt.Sprintf("offsets.topic.replication.factor=%d", n),
			"offsets.topic.num.partitions=4",
			fmt.Sprintf("transaction.state.log.replication.factor=%d", n),
			"transaction.state.log.min.isr=1",
			"group.initial.rebalance.delay.ms=0",
			"auto.create.topics.enable=false",
			"broker.session.timeout.ms=6000",
		}, settings...)
		places := strings.NewReplacer("{addr}", addrs[i], "{controller}", fmt.Sprintf("127.0.0.1:%d", controllers[i]))
		for j := range properties {
			properties[j] = places.Replace(properties[j])
		}
		config := filepath.Join(dir, "server.properties")
		logging := filepath.Join(dir, "log4j2.properties")
		for name, content := range map[string][]byte{config: []byte(strings.Join(properties, "\n") + "\n"), logging: log4j} {
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		const id = "c2x1aWNlLXRlc3QtMDAwMQ" // any 16 bytes in base 64
		common := []string{"-cp", jars, "-Dlog4j2.configurationFile=" + logging}
		format := func() {
			t.Helper()
			cmd := exec.CommandContext(context.Background(), java, append(slices.Clone(common), "kafka.tools.StorageTool", "format", "-t", id, "-c", config)...)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("format Kafka's folder: %v\n%s", err, out)
			}
		}
		format()
		jvm := []string{"-Xmx512m"}
		if _, benchmark := t.(*testing.B); !benchmark {
			jvm = append(jvm, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1") // starts in half the time, and runs slower
		}
		nodes[i] = &KafkaNode{ID: int32(i + 1), t: t, java: java, args: append(append(jvm, common...), "kafka.Kafka", config)}
		nodes[i].wipe = func() {
			t.Helper()
			if err := os.RemoveAll(filepath.Join(dir, "data")); err != nil {
				t.Fatal(err)
			}
			format()
		}
		nodes[i].Server = &Server{Addr: addrs[i]}
	}
	return nodes
}

// LoseDisk empties the folder of a node that was killed, as a new disk in its place is empty: it is formatted for the same
// cluster and the same node.
func (n *KafkaNode) LoseDisk() {
	n.t.Helper()
	n.wipe()
}

// Start starts the node, again after Kill or Stop, on the same port and folder, and waits until it serves.
func (n *KafkaNode) Start() {
	n.t.Helper()
	n.launch()
	n.await()
}

func (n *KafkaNode) launch() {
	n.t.Helper()
	n.Server = launch(n.t, n.Addr, exec.CommandContext(context.Background(), n.java, n.args...))
}

func (n *KafkaNode) await() {
	n.t.Helper()
	addr := n.Addr
	n.Server.await(n.t, 5*time.Minute, func(ctx context.Context) error { return pingKafka(ctx, addr) })
}

// jars returns the class path of Kafka, fetched by Maven into the user's cache the first time.
func jars(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		lack(t, "no cache folder for Kafka's jars: %v", err)
	}
	dir := filepath.Join(cache, "sluice", "kafka-"+KafkaVersion)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		lack(t, "no cache folder for Kafka's jars: %v", err)
	}
	// Several test processes may want them at once.
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = lock.Close() }() // and with it the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	libs, complete := filepath.Join(dir, "libs"), filepath.Join(dir, "complete")
	if _, err := os.Stat(complete); err != nil {
		maven, err := exec.LookPath("mvn")
		if err != nil {
			lack(t, "Kafka %s is not in %s and Maven, that fetches it, is not installed: apt-get install maven", KafkaVersion, libs)
		}
		file := filepath.Join(dir, "pom.xml")
		if err := os.WriteFile(file, pom, 0o644); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		fetch := exec.CommandContext(ctx, maven, "-B", "-q", "-f", file, "dependency:copy-dependencies", "-DoutputDirectory="+libs, "-DincludeScope=runtime")
		if out, err := fetch.CombinedOutput(); err != nil {
			lack(t, "Maven cannot fetch Kafka %s: %v: %s", KafkaVersion, err, firstLine(out))
		}
		if err := os.WriteFile(complete, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := filepath.Glob(filepath.Join(libs, "*.jar"))
	if err != nil || len(found) == 0 {
		t.Fatalf("no jars in %s: remove the folder, and Maven fetches them again", libs)
	}
	return strings.Join(found, ":")
}

func firstLine(b []byte) string {
	line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return line
}

// pingKafka asks for the versions that the broker speaks: it answers when it serves.
func pingKafka(ctx context.Context, addr string) error {
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(2 * time.Second))
	request := []byte{0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff} // ApiVersions v0, correlation 1, null client id
	if _, err := c.Write(request); err != nil {
		return err
	}
	head := make([]byte, 10)
	if _, err := io.ReadFull(c, head); err != nil {
		return err
	}
	if code := binary.BigEndian.Uint16(head[8:]); code != 0 {
		return errors.New("it refuses ApiVersions")
	}
	return nil
}
