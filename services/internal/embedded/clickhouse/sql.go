package clickhouse

import (
	"strings"
)

// token is a bare word outside comments and heredocs, upper case, or ";", or a string or quoted name.
type token struct {
	word    string
	quoted  bool
	depth   int // of brackets
	at, end int // offsets in the statement
}

// words calls f for every token that is not quoted, until f returns false.
func words(q string, f func(t token) bool) {
	scan(q, func(t token) bool { return t.quoted || f(t) })
}

// scan calls f for every token until f returns false. It knows as much of ClickHouse's lexer as is needed to find
// clause words: strings and quoted names with backslash and doubled quotes, three kinds of comments, heredocs,
// numbers.
func scan(q string, f func(t token) bool) {
	depth := 0
	for i := 0; i < len(q); {
		c := q[i]
		if n := comment(q, i); n > 0 {
			i += n
			continue
		}
		switch {
		case c == '\'' || c == '"' || c == '`':
			j := afterQuote(q, i)
			inner := q[i+1 : max(i+1, j-1)]
			if !f(token{strings.ToUpper(strings.ReplaceAll(inner, `\`, "")), true, depth, i, j}) {
				return
			}
			i = j
		case c == '$':
			i = afterHeredoc(q, i)
		case c == '(' || c == '[' || c == '{':
			depth++
			i++
		case c == ')' || c == ']' || c == '}':
			depth--
			i++
		case c == ';':
			if !f(token{";", false, depth, i, i + 1}) {
				return
			}
			i++
		case isWordStart(c):
			j := i
			for j < len(q) && isWord(q[j]) {
				j++
			}
			if !f(token{strings.ToUpper(q[i:j]), false, depth, i, j}) {
				return
			}
			i = j
		case c >= '0' && c <= '9': // 1e5 and 0xff have no words in them
			for i < len(q) && (isWord(q[i]) || q[i] == '.') {
				i++
			}
		default:
			i++
		}
	}
}

func isWordStart(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isWord(c byte) bool      { return isWordStart(c) || c >= '0' && c <= '9' }

// comment returns the length of the comment that begins at offset i, 0 when none does.
func comment(q string, i int) int {
	switch rest := q[i:]; {
	case strings.HasPrefix(rest, "--"), strings.HasPrefix(rest, "#!"), strings.HasPrefix(rest, "# "):
		return after(q, i, "\n") - i
	case strings.HasPrefix(rest, "/*"):
		return after(q, i+2, "*/") - i
	}
	return 0
}

// after returns the offset behind the next end, or the end of q.
func after(q string, i int, end string) int {
	i = min(i, len(q))
	if n := strings.Index(q[i:], end); n >= 0 {
		return i + n + len(end)
	}
	return len(q)
}

func afterQuote(q string, i int) int {
	quote := q[i]
	for i++; i < len(q) && q[i] != quote; i++ {
		if q[i] == '\\' {
			i++
		}
	}
	return min(i+1, len(q))
}

// afterHeredoc returns the offset behind $tag$...$tag$, or behind the $ when it starts none.
func afterHeredoc(q string, i int) int {
	j := i + 1
	for j < len(q) && isWord(q[j]) {
		j++
	}
	if j >= len(q) || q[j] != '$' {
		return i + 1
	}
	tag := q[i : j+1]
	return after(q, j+1, tag)
}

func firstWord(q string) (w string) {
	words(q, func(t token) bool { w = t.word; return false })
	return w
}

// insertion is an INSERT statement that wants a body.
type insertion struct {
	head   string // without FORMAT or VALUES
	format string
	data   int // offset of the inline data in the statement
}

// splitInsert takes "INSERT INTO t (..) [SETTINGS ..] FORMAT F data" and "... VALUES data" apart. ok is false for
// INSERT ... SELECT and everything else that has no body.
func splitInsert(q string) (ins insertion, ok bool) {
	n, prev := 0, ""
	scan(q, func(t token) bool {
		n++
		if t.quoted {
			prev = ""
			return n > 1
		}
		if n == 1 && t.word != "INSERT" {
			return false
		}
		if t.depth == 0 && n > 2 && prev != "INTO" && prev != "TABLE" {
			switch t.word {
			case "FORMAT":
				ins, ok = atFormat(q, t), true
				return false
			case "VALUES":
				ins, ok = insertion{head: q[:t.at], format: "Values", data: t.end}, true
				return false
			case "SELECT", "WITH", "INFILE", "WATCH":
				return false
			}
		}
		prev = t.word
		return true
	})
	return ins, ok
}

// atFormat reads the format's name. Blanks behind it and one newline belong to the statement, as in ClickHouse.
func atFormat(q string, t token) insertion {
	at := t.end
	for at < len(q) && strings.IndexByte(" \t\r\n", q[at]) >= 0 {
		at++
	}
	end := at
	for end < len(q) && isWord(q[end]) {
		end++
	}
	ins := insertion{head: q[:t.at], format: q[at:end]}
	for end < len(q) && strings.IndexByte(" \t;", q[end]) >= 0 {
		end++
	}
	if end < len(q) && q[end] == '\r' {
		end++
	}
	if end < len(q) && q[end] == '\n' {
		end++
	}
	ins.data = end
	return ins
}

// outputFormat returns the name in the FORMAT clause that ends q (SETTINGS may follow it), and where the clause begins;
// "" and the end of q when there is none.
func outputFormat(q string) (name string, at int) {
	clause, settings := -1, false
	at = len(q)
	prev := 0
	scan(q, func(t token) bool {
		blank := skipBlank(q[prev:t.at]) == ""
		prev = t.end
		switch {
		case t.depth > 0 || settings || !t.quoted && t.word == ";":
		case t.quoted:
			name, at, clause = "", len(q), -1
		case clause >= 0 && blank:
			name, at, clause = q[t.at:t.end], clause, -1
		case t.word == "SETTINGS":
			settings = true
		case t.word == "FORMAT":
			name, at, clause = "", len(q), t.at
		default: // what looked like the clause was a column of that name
			name, at, clause = "", len(q), -1
		}
		return true
	})
	return name, at
}

// many reports whether q holds more than one statement.
func many(q string) bool {
	semicolon, more := false, false
	words(q, func(t token) bool {
		if t.word == ";" && t.depth == 0 {
			semicolon = true
		} else if semicolon {
			more = true
		}
		return !more
	})
	return more
}

// clientSide reports INTO OUTFILE and FROM INFILE: the library is client and server in one, so these would read and
// write files of this machine.
func clientSide(q string) (yes bool) {
	prev := ""
	words(q, func(t token) bool {
		yes = t.word == "OUTFILE" && prev == "INTO" || t.word == "INFILE" && prev == "FROM"
		prev = t.word
		return !yes
	})
	return yes
}

// reaching are functions and engines that no grant governs in the library, as if whoever asks had an account on this
// machine: the function file() reads any file, executable() runs programs.
var reaching = map[string]bool{"FILE": true, "EXECUTABLE": true, "EXECUTABLEPOOL": true}

// reaches reports a call of one of them, however its name is quoted, and returns the name.
func reaches(q string) (name string, yes bool) {
	scan(q, func(t token) bool {
		yes = (!t.quoted || q[t.at] != '\'') && reaching[t.word] && strings.HasPrefix(skipBlank(q[t.end:]), "(")
		name = t.word
		return !yes
	})
	return name, yes
}

// skipBlank returns q behind its leading blanks and comments.
func skipBlank(q string) string {
	for {
		q = strings.TrimLeft(q, " \t\r\n\f\v\u00a0")
		n := comment(q, 0)
		if n == 0 {
			return q
		}
		q = q[n:]
	}
}

// joined are the formats that may be streamed: the engine closes the output at every piece, so that only documents
// which can be glued together come out whole.
var joined = map[string]bool{
	"NATIVE": true, "JSONEACHROW": true, "NDJSON": true, "JSONLINES": true, "TABSEPARATED": true, "TSV": true,
	"TABSEPARATEDRAW": true, "TSVRAW": true, "CSV": true, "ROWBINARY": true, "JSONCOMPACTEACHROW": true, "LINEASSTRING": true,
	"NULL": true,
}

// quoted is s as a string of SQL.
func quoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s) + "'"
}

// quotedName is s as a name in SQL.
func quotedName(s string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(s) + "`"
}
