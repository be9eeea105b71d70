package warehouse

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"sluice/services/internal/embedded/clickhouse/clickhousetest"
	"sluice/services/recorder"
)

// BenchmarkInsert writes transfers with their address rows in batches of 50,000, and then the bare insert of the same
// rows: the engine's own INSERT ... SELECT of what is there already, without driver, decoding or HTTP bodies. The two
// rates stand beside each other because the machine's own speed scatters.
func BenchmarkInsert(b *testing.B) {
	w := fresh(b)
	const size = 50_000
	var transfers recorder.Transfers
	var addresses recorder.Addresses
	for i := range size {
		row(b, &transfers, &addresses, i, nil)
	}
	n := 0
	var rows time.Duration
	engine, client := cpu(b, clickhousetest.Engine(b).PID()), cpu(b, os.Getpid())
	b.ResetTimer()
	for b.Loop() {
		for i := range transfers.ID { // another batch: other ids, at other times
			transfers.ID[i] = fmt.Sprintf("%032x", n*size+i)
			transfers.OccurredAt[i] = midnight.Add(time.Duration(n*size+i) * time.Second)
		}
		for i := range addresses.ID {
			addresses.ID[i] = transfers.ID[i/3]
			addresses.OccurredAt[i] = transfers.OccurredAt[i/3]
		}
		start := time.Now()
		must(b, w.InsertAddresses(b.Context(), &addresses, fmt.Sprint("a", n)))
		must(b, w.InsertTransfers(b.Context(), &transfers, fmt.Sprint("t", n)))
		rows += time.Since(start)
		n++
	}
	b.StopTimer()
	rate := float64(n*size) / rows.Seconds()
	b.ReportMetric(rate, "transfers/s")
	b.ReportMetric(float64((cpu(b, clickhousetest.Engine(b).PID())-engine).Microseconds())/float64(n*size), "engine-us/transfer")
	b.ReportMetric(float64((cpu(b, os.Getpid())-client).Microseconds())/float64(n*size), "client-us/transfer")
	for _, table := range []string{"transfers", "transfer_addresses"} {
		must(b, w.conn.Exec(b.Context(), "CREATE TABLE sluice.bare_"+table+" AS sluice."+table))
	}
	start := time.Now()
	engine = cpu(b, clickhousetest.Engine(b).PID())
	for _, table := range []string{"transfers", "transfer_addresses"} {
		must(b, w.conn.Exec(b.Context(), "INSERT INTO sluice.bare_"+table+" SELECT * FROM sluice."+table+" SETTINGS max_partitions_per_insert_block = 1000, max_block_size = 50000, min_insert_block_size_rows = 50000, max_threads = 1"))
	}
	bare := float64(n*size) / time.Since(start).Seconds()
	b.ReportMetric(bare, "bare-transfers/s")
	b.ReportMetric(rate/bare, "of-bare")
	b.ReportMetric(float64((cpu(b, clickhousetest.Engine(b).PID())-engine).Microseconds())/float64(n*size), "bare-engine-us/transfer")
	b.ReportMetric(float64(ask[uint64](b, w, "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = 'sluice' AND table IN ('transfers', 'transfer_addresses')"))/float64(n*size), "B/transfer")
}

// cpu is the processor time that a process has used, which scatters less than its pace.
func cpu(b *testing.B, pid int) time.Duration {
	b.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	must(b, err)
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')'):])
	var ticks int
	for _, f := range fields[12:14] { // utime and stime, in hundredths of a second
		n, err := strconv.Atoi(string(f))
		must(b, err)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
