package bench

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"runtime/pprof"
	"sync"
	"time"
)

// pass is what one measurement took.
type pass struct {
	took, cpu      time.Duration
	server         time.Duration    // processor time of a server in a process of its own; 0: it is not told
	bytes, objects uint64           // allocated
	written        map[string]int64 // bytes of record batches, by topic; nil: not counted
}

// meter measures from start to stop. Only the first call of each counts.
type meter struct {
	profile     string // path of the CPU profile; "": none
	server      int    // process id of the server that is measured along; 0: none
	once, ended sync.Once
	done        chan struct{} // closed by stop

	began  time.Time
	before pass
	result pass
	file   *os.File
	err    error
}

func newMeter(profile string, server int) *meter {
	runtime.GC() // each measurement begins alike
	return &meter{profile: profile, server: server, done: make(chan struct{})}
}

func (m *meter) start() {
	m.once.Do(func() {
		if m.profile != "" {
			if m.file, m.err = os.Create(m.profile); m.err == nil {
				m.err = pprof.StartCPUProfile(m.file)
			}
		}
		m.before = used(m.server)
		m.began = time.Now()
	})
}

func (m *meter) stop() {
	m.ended.Do(func() {
		took := time.Since(m.began)
		after := used(m.server)
		m.result = pass{took: took, cpu: after.cpu - m.before.cpu, server: after.server - m.before.server, bytes: after.bytes - m.before.bytes, objects: after.objects - m.before.objects}
		close(m.done)
	})
}

// finish returns the result. Nothing may run any more that calls start or stop.
func (m *meter) finish() (pass, error) {
	if m.file != nil {
		pprof.StopCPUProfile()
		m.err = errors.Join(m.err, m.file.Close())
	}
	return m.result, m.err
}

// used is what the process, and a server, have used since they began.
func used(server int) pass {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}, {Name: "/gc/heap/allocs:objects"}}
	metrics.Read(samples)
	return pass{cpu: cpuTime(), server: processCPU(server), bytes: samples[0].Value.Uint64(), objects: samples[1].Value.Uint64()}
}

// heapProfile writes what the process has allocated so far.
func heapProfile(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	runtime.GC() // the profile is as old as the last collection
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

// profiles names the profiles of a stage, in a folder that is made when it is not there.
func profiles(dir, stage string) (cpu, heap string, err error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", "", err
	}
	return filepath.Join(dir, stage+".cpu.pprof"), filepath.Join(dir, stage+".heap.pprof"), nil
}
