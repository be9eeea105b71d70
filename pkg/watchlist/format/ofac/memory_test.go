package ofac

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"sluice/pkg/watchlist/format/intake"
)

const (
	documentBytes = 121 << 20 // as large as sdn_advanced.xml was in 2026
	memoryBytes   = 150 << 20
)

// document is an advanced XML of about size bytes: as many parties as it takes, one in 200 with an address, each with as
// many features as OFAC's have.
type document struct {
	size, written, parties int
	part                   string
	end                    bool
}

var (
	head, rest, _ = strings.Cut(sample, "<DistinctParties>")
	_, tail, _    = strings.Cut(rest, "</DistinctParties>")
	filler        = strings.Repeat(`<Feature ID="1" FeatureTypeID="8"><FeatureVersion ID="2" ReliabilityID="1"><Comment/><VersionDetail DetailTypeID="1432">somewhere</VersionDetail></FeatureVersion></Feature>`, 30)
)

func (d *document) Read(p []byte) (int, error) {
	if d.part == "" {
		d.part = d.next()
	}
	if d.part == "" {
		return 0, io.EOF
	}
	n := copy(p, d.part)
	d.part = d.part[n:]
	d.written += n
	return n, nil
}

func (d *document) next() string {
	i := d.parties
	d.parties++
	switch {
	case d.written == 0:
		d.parties = 0
		return head + "<DistinctParties>\n"
	case d.end:
		return ""
	case d.written > d.size-len(tail):
		d.end = true
		return "</DistinctParties>" + tail
	}
	address := ""
	if i%200 == 0 {
		address = fmt.Sprintf(`<Feature ID="%d" FeatureTypeID="887"><FeatureVersion><VersionDetail>0x%040x</VersionDetail></FeatureVersion></Feature>`, i, 1<<20+i)
	}
	return fmt.Sprintf(`<DistinctParty FixedRef="%d"><Profile ID="%d"><Identity Primary="true"><Alias Primary="true"><DocumentedName><DocumentedNamePart><NamePartValue NamePartGroupID="1">PARTY %d</NamePartValue></DocumentedNamePart></DocumentedName></Alias></Identity>%s%s</Profile></DistinctParty>`+"\n", i, 1000+i, i, filler, address)
}

// memoryEnv makes the test binary the process whose memory is measured.
const memoryEnv = "SLUICE_TEST_OFAC_MEMORY"

func TestALargeDocumentStreams(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("reads 121 MB of XML in one goroutine: not with -short or -race")
	}
	if os.Getenv(memoryEnv) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestALargeDocumentStreams$", "-test.v")
		cmd.Env = append(os.Environ(), memoryEnv+"=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, "peak") {
				t.Log(strings.TrimSpace(line))
			}
		}
		return
	}
	entries, report, err := ParseXML(intake.Options{}, intake.Input{Name: "sdn_advanced.xml", R: &document{size: documentBytes}})
	if err != nil {
		t.Fatal(err)
	}
	if report.Parties < 10_000 || len(entries) != (report.Parties+199)/200 || report.RejectedRows != 0 {
		t.Errorf("%s, %d parties", report.Summary(), report.Parties)
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("peak memory: %d MiB taken from the system by Go, %d MiB resident", m.Sys>>20, peakResident(t)>>20)
	if peak := max(m.Sys, peakResident(t)); peak > memoryBytes {
		t.Errorf("%d MiB of memory for %d MiB of XML, at most %d", peak>>20, documentBytes>>20, memoryBytes>>20)
	}
}

// peakResident is the largest resident size of this process, in bytes; 0 where the system does not tell.
func peakResident(t *testing.T) uint64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseUint(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	return 0
}
