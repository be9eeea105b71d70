package clickhouse

import "testing"

func TestSplitInsert(t *testing.T) {
	for _, c := range []struct{ q, head, format, data string }{
		{"INSERT INTO t FORMAT CSV\n1,2\n", "INSERT INTO t ", "CSV", "1,2\n"},
		{"insert into t (a, b) settings x = 1 format JSONEachRow {}", "insert into t (a, b) settings x = 1 ", "JSONEachRow", "{}"},
		{"INSERT INTO t VALUES (1)", "INSERT INTO t ", "Values", " (1)"},
		{"INSERT INTO `format` VALUES (1)", "INSERT INTO `format` ", "Values", " (1)"},
		{"INSERT INTO format FORMAT TSV\r\n1", "INSERT INTO format ", "TSV", "1"},
		{"INSERT INTO TABLE values FORMAT TSV\n1", "INSERT INTO TABLE values ", "TSV", "1"},
		{"/* FORMAT x */ INSERT INTO t -- FORMAT y\n FORMAT Native\n\n", "/* FORMAT x */ INSERT INTO t -- FORMAT y\n ", "Native", "\n"},
		{"INSERT INTO FUNCTION null('x String') FORMAT TSV\na", "INSERT INTO FUNCTION null('x String') ", "TSV", "a"},
	} {
		ins, ok := splitInsert(c.q)
		if !ok || ins.head != c.head || ins.format != c.format || c.q[ins.data:] != c.data {
			t.Errorf("%q: %v %+v", c.q, ok, ins)
		}
	}
	for _, q := range []string{"INSERT INTO t SELECT 1 FORMAT TSV", "INSERT INTO t WITH x AS (SELECT 1) SELECT * FROM x", "SELECT 1 FORMAT TSV", "", "INSERT", "INSERT INTO t FROM INFILE 'x' FORMAT CSV"} {
		if ins, ok := splitInsert(q); ok {
			t.Errorf("%q has no body: %+v", q, ins)
		}
	}
}

func TestOutputFormat(t *testing.T) {
	for q, want := range map[string]string{
		"SELECT 1":                               "",
		"SELECT 1 FORMAT JSON":                   "JSON",
		"SELECT 1 format JSON ;":                 "JSON",
		"SELECT 1 FORMAT JSON SETTINGS a = 1":    "JSON",
		"SELECT 1 SETTINGS a = 1, b = 2":         "",
		"SELECT format FROM t":                   "",
		"SELECT format, x FROM t FORMAT CSV":     "CSV",
		"SELECT 'FORMAT CSV'":                    "",
		"SELECT 1 -- FORMAT CSV":                 "",
		"SELECT (SELECT 1 FORMAT CSV)":           "",
		"SELECT $x$ FORMAT CSV $x$":              "",
		"SELECT $$ FORMAT CSV $$ FORMAT TSV":     "TSV",
		"SELECT 1 FORMAT /* really */ Native":    "Native",
		"SELECT 'it''s', \"a\\\"b\" FORMAT TSV":  "TSV",
		"SELECT 1 AS format":                     "",
		"SELECT 1 FORMAT TSV -- and a comment\n": "TSV",
	} {
		if got, _ := outputFormat(q); got != want {
			t.Errorf("%q: %q, want %q", q, got, want)
		}
	}
}

func TestManyAndClientSide(t *testing.T) {
	for q, want := range map[string]bool{"SELECT 1": false, "SELECT 1;": false, "SELECT 1; -- x": false, "SELECT ';SELECT'": false, "SELECT 1; SELECT 2": true} {
		if many(q) != want {
			t.Errorf("many(%q)", q)
		}
	}
	for q, want := range map[string]bool{
		"SELECT 1 INTO OUTFILE 'x'": true, "SELECT 1 into /* */ outfile 'x'": true, "INSERT INTO t FROM INFILE 'x'": true,
		"SELECT 'INTO OUTFILE'": false, "SELECT outfile FROM infile_log": false, "SELECT 1 INTO -- x\nOUTFILE 'y'": true,
	} {
		if clientSide(q) != want {
			t.Errorf("clientSide(%q)", q)
		}
	}
}

func TestReaches(t *testing.T) {
	for q, want := range map[string]bool{
		"SELECT file('x')": true, "SELECT File /* */ ('x')": true, "SELECT `file`('x')": true, "SELECT \"file\" -- x\n('x')": true,
		"SELECT executable('x')": true, "SELECT 'file' ('x')": false, "SELECT file FROM t": false, "SELECT profile(1)": false,
		"SELECT '`file`(1)'": false, "SELECT $$ file(1) $$": false, "INSERT INTO t (file) VALUES (1)": false,
	} {
		if _, got := reaches(q); got != want {
			t.Errorf("reaches(%q) = %v", q, got)
		}
	}
}

func FuzzWords(f *testing.F) {
	for _, s := range []string{"SELECT 'a", "INSERT INTO t FORMAT", "$a$ x", "/* x", "-- x", "((]", "\\", "FORMAT 1", "'\\"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, q string) {
		last := 0
		words(q, func(tok token) bool {
			if tok.at < last || tok.end <= tok.at || tok.end > len(q) {
				t.Fatalf("%q: token %+v after offset %d", q, tok, last)
			}
			last = tok.end
			return true
		})
		if ins, ok := splitInsert(q); ok && (ins.data < len(ins.head) || ins.data > len(q)) {
			t.Fatalf("%q: %+v", q, ins)
		}
		if _, at := outputFormat(q); at > len(q) {
			t.Fatalf("%q: %d", q, at)
		}
		many(q)
		clientSide(q)
		reaches(q)
	})
}
