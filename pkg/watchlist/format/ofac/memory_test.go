package ofac

import (
	"fmt"
	"io"
	"runtime"
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
	peak                   uint64 // of the memory in use while it was read
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
	if i%100 == 0 { // about every half megabyte
		d.peak = max(d.peak, inUse())
	}
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

func TestALargeDocumentStreams(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("reads 121 MB of XML in one goroutine: not with -short or -race")
	}
	runtime.GC()
	before := inUse()
	d := &document{size: documentBytes}
	entries, report, err := ParseXML(intake.Options{}, intake.Input{Name: "sdn_advanced.xml", R: d})
	if err != nil {
		t.Fatal(err)
	}
	if report.Parties < 10_000 || len(entries) != (report.Parties+199)/200 || report.RejectedRows != 0 {
		t.Errorf("%s, %d parties", report.Summary(), report.Parties)
	}
	peak := max(d.peak, inUse()) - min(before, d.peak)
	t.Logf("%d MiB of XML took %d MiB of memory at most", d.written>>20, peak>>20)
	if peak > memoryBytes {
		t.Errorf("%d MiB of memory for %d MiB of XML, at most %d", peak>>20, documentBytes>>20, memoryBytes>>20)
	}
}

// inUse is the memory that the heap and the stacks take, what is free inside of them included.
func inUse() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}
