package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/ext"
	"github.com/shopspring/decimal"
)

var methods = map[string]driver.CompressionMethod{
	"none": driver.CompressionNone, "lz4": driver.CompressionLZ4, "zstd": driver.CompressionZSTD,
	"gzip": driver.CompressionGZIP, "deflate": driver.CompressionDeflate, "br": driver.CompressionBrotli,
}

func code(err error) int32 {
	var ex *driver.Exception
	if errors.As(err, &ex) {
		return ex.Code
	}
	return 0
}

// The types that Sluice's tables use, written by column and by row and read back, through every compression.
func TestTypesSurviveTheRoundTrip(t *testing.T) {
	e := need(t)
	for name, m := range methods {
		t.Run(name, func(t *testing.T) {
			c := dial(t, e.DSN(), func(o *driver.Options) {
				o.Compression = &driver.Compression{Method: m, Level: 3}
				o.Settings = driver.Settings{"enable_http_compression": 1}
			})
			db := database(t, c)
			must(t, c.Exec(t.Context(), `CREATE TABLE `+db+`.x (id FixedString(16), v UInt64, s String, lc LowCardinality(String), a Array(String),
 alc Array(LowCardinality(String)), d Decimal(76,30), f Decimal(38,8), at DateTime64(9,'UTC'), ms DateTime64(3,'UTC'), u8 UInt8,
 n Nullable(UInt32), nd Nullable(Date32), fl Nullable(Float64), b Bool, h Nested(list LowCardinality(String), share Nullable(Float64), cats Array(LowCardinality(String))))
 ENGINE = ReplacingMergeTree(v) PARTITION BY toYYYYMM(at) ORDER BY id`))
			at := time.Date(2026, 11, 22, 10, 0, 0, 123456789, time.UTC)
			most := decimal.RequireFromString("99999999999999999999999999999999999999.999999999999999999999999999999")
			fiat := decimal.RequireFromString("123.45678901")
			seven, half := uint32(7), 0.5
			day := time.Date(1987, 1, 2, 0, 0, 0, 0, time.UTC)
			batch, err := c.PrepareBatch(t.Context(), "INSERT INTO "+db+".x")
			must(t, err)
			for i, col := range []any{
				[]string{"0123456789abcdef", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f"}, []uint64{1, 2}, []string{"a\n\t'\\", ""},
				[]string{"x", "y"}, [][]string{{"p", "q"}, nil}, [][]string{nil, {"r"}}, []decimal.Decimal{most, {}}, []decimal.Decimal{fiat, {}},
				[]time.Time{at, at.AddDate(0, 1, 0)}, []time.Time{at, at}, []uint8{100, 0}, []*uint32{&seven, nil}, []*time.Time{&day, nil},
				[]*float64{nil, &half}, []bool{true, false}, [][]string{{"l1", "l2"}, nil}, [][]*float64{{&half, nil}, nil}, [][][]string{{{"c1", "c2"}, nil}, nil},
			} {
				must(t, batch.Column(i).Append(col))
			}
			must(t, batch.Send())
			var (
				id, s, lc string
				v         uint64
				a, hl     []string
				d, f      decimal.Decimal
				rat       time.Time
				n         *uint32
				nd        *time.Time
				hs        []*float64
				hc        [][]string
				b         bool
			)
			must(t, c.QueryRow(t.Context(), "SELECT id, v, s, lc, a, d, f, at, n, nd, b, h.list, h.share, h.cats FROM "+db+".x FINAL WHERE v = 1").
				Scan(&id, &v, &s, &lc, &a, &d, &f, &rat, &n, &nd, &b, &hl, &hs, &hc))
			got := fmt.Sprint(id, v, s, lc, a, d, f, rat.Equal(at), *n, nd.Equal(day), b, hl, *hs[0], hs[1], hc)
			want := fmt.Sprint("0123456789abcdef", 1, "a\n\t'\\", "x", []string{"p", "q"}, most, fiat, true, 7, true, true, []string{"l1", "l2"}, 0.5, (*float64)(nil), [][]string{{"c1", "c2"}, nil})
			if got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
			rows, err := c.Query(t.Context(), "SELECT id, at FROM "+db+".x WHERE v > 1000")
			must(t, err)
			if rows.Next() || len(rows.Columns()) != 2 || rows.ColumnTypes()[1].DatabaseTypeName() != "DateTime64(9, 'UTC')" {
				t.Errorf("an empty result with its columns: %v", rows.Columns())
			}
			must(t, rows.Close())
		})
	}
}

func TestParametersSettingsAndExternalTables(t *testing.T) {
	c := dial(t, need(t).DSN(), nil)
	var x, y uint64
	var s, p string
	must(t, c.QueryRow(t.Context(), "SELECT {x:UInt64} + 1, {s:String}, {a:Array(String)}[2]", driver.Named("x", 7), driver.Named("s", "tab\tnl\nq'\\"), driver.Named("a", []string{"p", "q"})).Scan(&x, &s, &p))
	if x != 8 || s != "tab\tnl\nq'\\" || p != "q" {
		t.Errorf("%d %q %q", x, s, p)
	}
	ctx := driver.Context(t.Context(), driver.WithSettings(driver.Settings{"max_threads": 1, "log_comment": "mine"}))
	var threads uint8
	must(t, c.QueryRow(ctx, "SELECT getSetting('max_threads')").Scan(&threads))
	if threads != 1 {
		t.Errorf("max_threads is %d", threads)
	}
	keys, err := ext.NewTable("wanted", ext.Column("k", "String"), ext.Column("v", "UInt64"))
	must(t, err)
	must(t, keys.Append("a", uint64(1)))
	must(t, keys.Append("b", uint64(2)))
	must(t, c.QueryRow(driver.Context(t.Context(), driver.WithExternalTable(keys)), "SELECT sum(v), count() FROM wanted").Scan(&x, &y))
	if x != 3 || y != 2 {
		t.Errorf("sum %d of %d rows", x, y)
	}
}

func TestErrorsKeepTheirCode(t *testing.T) {
	e := need(t)
	c := dial(t, e.DSN(), nil)
	for statement, want := range map[string]int32{
		"SELECT * FROM nosuch": 60, "SELEC 1": 62, "SELECT throwIf(1)": 395, "INSERT INTO nosuch SELECT 1": 60, "SELECT 1 SETTINGS nosuch = 1": 115,
	} {
		if got := code(c.Exec(t.Context(), statement)); got != want {
			t.Errorf("%s: code %d, want %d", statement, got, want)
		}
	}
	if _, err := c.PrepareBatch(t.Context(), "INSERT INTO nosuch"); code(err) != 60 {
		t.Errorf("prepare: %v", err)
	}
	for name, m := range methods {
		c := dial(t, e.DSN(), func(o *driver.Options) {
			o.Compression = &driver.Compression{Method: m, Level: 3}
			o.Settings = driver.Settings{"enable_http_compression": 1}
		})
		rows, err := c.Query(t.Context(), "SELECT number, throwIf(number = 200000, 'boo') FROM numbers(300000) SETTINGS max_threads = 1")
		n := 0
		if err == nil {
			for rows.Next() {
				n++
			}
			err = rows.Err()
		}
		if code(err) != 395 {
			t.Errorf("%s: in the middle of a result, after %d rows: %v", name, n, err)
		}
	}
	wrong := dial(t, e.DSN(), func(o *driver.Options) { o.Auth.Password = "x" })
	if err := wrong.Ping(t.Context()); code(err) != 516 {
		t.Errorf("wrong password: %v", err)
	}
}

func TestClientThatGoesAwayEndsItsStatement(t *testing.T) {
	e := need(t)
	c := dial(t, e.DSN(), nil)
	db := database(t, c)
	must(t, c.Exec(t.Context(), "CREATE TABLE "+db+".x (a UInt64) ENGINE = MergeTree ORDER BY a"))
	for _, statement := range []string{
		"SELECT max(sipHash64(number)) FROM numbers(20000000000)",
		"SELECT number FROM numbers(20000000000)",
		"INSERT INTO " + db + ".x SELECT sipHash64(number) FROM numbers(20000000000) WHERE sipHash64(number) = 1",
	} {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			rows, err := c.Query(ctx, statement)
			if err == nil {
				for rows.Next() {
				}
			}
		}()
		eventually(t, "it runs", func() bool { return running(t, e) == "1\n" })
		cancel()
		<-done
		eventually(t, "it has ended", func() bool { return running(t, e) == "0\n" })
	}
}

func running(t *testing.T, e *Engine) string {
	_, body := post(t, e, "SELECT count() FROM system.processes WHERE query LIKE '%20000000000%' AND query NOT LIKE '%processes%'")
	return body
}

func TestParallelStatements(t *testing.T) {
	c := dial(t, need(t).DSN(), func(o *driver.Options) { o.MaxOpenConns = 12 })
	db := database(t, c)
	must(t, c.Exec(t.Context(), "CREATE TABLE "+db+".x (w UInt64, i UInt64) ENGINE = MergeTree ORDER BY (w, i)"))
	const writers, batches, rows = 4, 5, 500
	var wg sync.WaitGroup
	for w := range uint64(writers) {
		wg.Go(func() {
			for b := range uint64(batches) {
				batch, err := c.PrepareBatch(t.Context(), "INSERT INTO "+db+".x")
				if err != nil {
					t.Error(err)
					return
				}
				var ws, is []uint64
				for i := range uint64(rows) {
					ws, is = append(ws, w), append(is, b*rows+i)
				}
				if err := errors.Join(batch.Column(0).Append(ws), batch.Column(1).Append(is), batch.Send()); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Go(func() {
			for range 10 {
				var n uint64
				if err := c.QueryRow(t.Context(), "SELECT count() FROM "+db+".x WHERE w = ?", w).Scan(&n); err != nil || n%rows != 0 {
					t.Errorf("%d rows, half a batch: %v", n, err)
				}
			}
		})
	}
	wg.Wait()
	var n uint64
	must(t, c.QueryRow(t.Context(), "SELECT count() FROM (SELECT DISTINCT w, i FROM "+db+".x)").Scan(&n))
	if n != writers*batches*rows {
		t.Errorf("%d rows", n)
	}
}

func TestDatabaseSQL(t *testing.T) {
	opt, err := driver.ParseDSN(need(t).DSN())
	must(t, err)
	db := driver.OpenDB(opt)
	defer func() { _ = db.Close() }()
	var n uint64
	must(t, db.QueryRowContext(t.Context(), "SELECT count() FROM numbers(100) WHERE number < ?", 10).Scan(&n))
	if n != 10 {
		t.Errorf("%d", n)
	}
}
