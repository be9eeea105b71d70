package bench

import (
	"bufio"
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sluice/services/internal/stream"
)

//go:embed streams/Screen.java streams/pom.xml
var streamsSource embed.FS

const (
	// streamsWarm is the part of the transfers after which the program is held to be warm: its machine compiles as it runs.
	streamsWarm  = 1.0 / 3
	streamsPoll  = 20 * time.Millisecond
	streamsFetch = 10 * time.Minute
	clockTicks   = 100 // a second, in /proc: the kernel's USER_HZ, which is 100 on every architecture that Go runs on
)

// streamsProgram is the hop written for Kafka Streams, compiled.
type streamsProgram struct {
	java, classPath, list string
	dir                   string
}

// makeStreams fetches what the program needs by Maven, compiles it, and writes the list that it looks up in.
func (b *bench) makeStreams(ctx context.Context) (*streamsProgram, error) {
	b.progress.step("Kafka Streams")
	p := &streamsProgram{dir: filepath.Join(b.server.dir, "streams")}
	var err error
	for name, path := range map[string]*string{"java": &p.java, "javac": nil, "mvn": nil} {
		found, lookErr := exec.LookPath(name)
		if lookErr != nil {
			err = errors.Join(err, fmt.Errorf("kafka-streams: %s is not installed: apt-get install openjdk-17-jdk-headless maven", name))
		} else if path != nil {
			*path = found
		}
	}
	if err != nil {
		return nil, err
	}
	if err := os.CopyFS(p.dir, streamsSource); err != nil {
		return nil, err
	}
	source := filepath.Join(p.dir, "streams")
	libs, classes := filepath.Join(p.dir, "libs"), filepath.Join(p.dir, "classes")
	ctx, cancel := context.WithTimeout(ctx, streamsFetch)
	defer cancel()
	for _, args := range [][]string{
		{"mvn", "-B", "-q", "-f", filepath.Join(source, "pom.xml"), "dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=" + libs},
		{"javac", "-cp", filepath.Join(libs, "*"), "-d", classes, filepath.Join(source, "Screen.java")},
	} {
		if out, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("kafka-streams: %s: %w: %s", args[0], err, out)
		}
	}
	p.classPath = classes + string(os.PathListSeparator) + filepath.Join(libs, "*")
	p.list = filepath.Join(p.dir, "list.txt")
	return p, b.writeList(p.list)
}

// writeList writes the listed addresses, one a line.
func (b *bench) writeList(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	for e := range b.world.entries() {
		_, _ = w.WriteString(e.Address) // its error is Flush's
		_ = w.WriteByte('\n')
	}
	return errors.Join(w.Flush(), f.Close())
}

// run runs the program over an input, and measures it from when it is warm. The pass is scaled to all transfers.
func (p *streamsProgram) run(ctx context.Context, b *bench, inputs map[string]string, from string) (_ pass, err error) {
	topics, err := b.server.topics(ctx, b.cfg.Partitions, "kafka-streams")
	if err != nil {
		return pass{}, err
	}
	defer func() { err = errors.Join(err, b.server.remove(topics)) }()
	cmd := exec.CommandContext(ctx, p.java, "-Xmx4g", "-cp", p.classPath, "Screen")
	cmd.Env = append(os.Environ(),
		"BROKERS="+strings.Join(b.server.brokers, ","), "IN="+inputs[from], "OUT="+topics["kafka-streams"], "GROUP="+b.server.group("kafka-streams"),
		"LIST="+p.list, "THREADS="+strconv.Itoa(b.cfg.Lanes), "STATE="+filepath.Join(p.dir, "state"))
	var said strings.Builder
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		return pass{}, fmt.Errorf("kafka-streams: %w", err)
	}
	ended := make(chan struct{})
	var failed error
	go func() {
		failed = cmd.Wait()
		close(ended)
	}()
	defer func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		<-ended
	}()
	s := newSpace(b.server.client, topics)
	at := positions("kafka-streams", b.cfg.Partitions)
	var warm, last progressed
	moved := time.Now()
	for last.done < b.cfg.Transfers {
		select {
		case <-ended:
			return pass{}, fmt.Errorf("kafka-streams ended: %w: %.2000s", failed, said.String())
		case <-ctx.Done():
			return pass{}, ctx.Err()
		case <-time.After(streamsPoll):
		}
		now, err := take(ctx, s, at, cmd.Process.Pid)
		if err != nil {
			return pass{}, err
		}
		if now.done > last.done {
			moved = now.at
		} else if now.at.Sub(moved) > stall {
			return pass{}, fmt.Errorf("kafka-streams: nothing came for %s after %d transfers: %.2000s", stall, now.done, said.String())
		}
		if last = now; warm.done == 0 && float64(now.done) >= streamsWarm*float64(b.cfg.Transfers) {
			warm = now
		}
	}
	scale := float64(b.cfg.Transfers) / float64(max(1, last.done-warm.done))
	return pass{
		took: time.Duration(float64(last.at.Sub(warm.at)) * scale),
		cpu:  time.Duration(float64(last.cpu-warm.cpu) * scale),
	}, nil
}

// progressed is how far the program is.
type progressed struct {
	done int
	at   time.Time
	cpu  time.Duration
}

func take(ctx context.Context, s *space, at []stream.Position, pid int) (progressed, error) {
	bounds, err := s.Bounds(ctx, at)
	if err != nil {
		return progressed{}, err
	}
	now := progressed{at: time.Now(), cpu: processCPU(pid)}
	for _, x := range bounds {
		now.done += int(x.End - x.Start)
	}
	return now, nil
}

// processCPU is the processor time of another process so far, 0 where the system does not tell.
func processCPU(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The command stands in parentheses and may hold anything; utime and stime are the 12th and 13th fields behind it.
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * time.Second / clockTicks
}
