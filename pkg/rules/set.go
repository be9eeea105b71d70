package rules

import (
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"slices"

	"sluice/pkg/flag"
	"sluice/pkg/taxonomy"
)

// revision is raised whenever the same files and options may judge otherwise than before: when the meaning of a
// variable, the score or the order of evaluation changes. It is part of Set.Version.
const revision = "sluice rules 1"

//go:embed builtin.yaml safety.yaml
var embedded embed.FS

// Builtin is the file of the built-in policy.
func Builtin() File { return embeddedFile("builtin.yaml") }

// Safety is the file of the rules that Compile puts in front of every set: they hold what could not be judged.
func Safety() File { return embeddedFile("safety.yaml") }

func embeddedFile(name string) File {
	data, err := embedded.ReadFile(name)
	if err != nil {
		panic(err) // it is compiled in
	}
	return File{Name: name, Data: data}
}

// Set is a compiled set of rules. It is immutable and safe for concurrent use. The zero Set and nil hold everything.
type Set struct {
	version string
	options Options

	ofTransfer []*rule // in the order of the files
	ofHit      []*rule

	clearsClean bool
}

// rule is a compiled rule.
type rule struct {
	index   int // among all rules
	id      string
	version string
	when    *condition
	unless  []int // indices of earlier rules

	alerts   bool
	decision flag.Decision
	hold     flag.Reasons
	severity taxonomy.Severity
	asHit    bool // the severity is the hit's
	posture  flag.Posture
	reason   sentence
}

// Compile compiles the rules of the files, behind those of Safety. The error is Problems when a file is wrong: all of them, with places.
func Compile(o Options, files ...File) (*Set, error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	lang, err := newLanguage()
	if err != nil {
		return nil, err
	}
	files = slices.Concat([]File{Safety()}, files)
	var problems Problems
	var sources []*source
	for _, f := range files {
		sources = append(sources, readFile(f, &problems)...)
	}
	s := &Set{options: o, version: versionOf(&o, files)}
	names := map[string]*rule{}
	for i, src := range sources {
		if i == MaxRules {
			src.file.at(src.id.node, "rule %q is one too many: at most %d", src.id.text, MaxRules)
			break
		}
		s.add(src, i, names, lang)
	}
	if len(problems) > 0 {
		problems.sort()
		return nil, problems
	}
	s.drop()
	return s, nil
}

// add compiles one rule into the set.
func (s *Set) add(src *source, index int, names map[string]*rule, lang *language) {
	r := &rule{index: index, id: src.id.text, version: src.version()}
	if other, taken := names[r.id]; taken && r.id != "" {
		src.file.at(src.id.node, "rule %q exists already", other.id)
	}
	for _, u := range src.unless {
		other, ok := names[u.text]
		switch {
		case !ok:
			src.file.at(u.node, "unless: no earlier rule is called %q%s", u.text, didYouMean(u.text, sortedKeys(names)))
		case !src.eachHit && slices.Contains(s.ofHit, other):
			src.file.at(u.node, "unless: %q is about hits, this rule is about the transfer, which is judged first", u.text)
		default:
			r.unless = append(r.unless, other.index)
		}
	}
	names[r.id] = r
	r.reason = src.parseSentence()
	if src.when.text != "" {
		r.when = lang.compile(src)
	}
	src.outcome(r)
	if src.eachHit {
		s.ofHit = append(s.ofHit, r)
	} else {
		s.ofTransfer = append(s.ofTransfer, r)
	}
}

// outcome translates what follows from the rule; readFile has checked the words.
func (r *source) outcome(to *rule) {
	to.posture, _ = flag.ParsePosture(r.posture.text)
	to.alerts = r.verdict.text != ""
	to.decision = flag.Cleared
	if to.alerts {
		to.decision, _ = flag.ParseDecision(r.verdict.text)
	}
	if reason, ok := flag.ParseReason(r.holdReason.text); ok {
		to.hold = reason.Set()
	}
	to.asHit = r.severity.text == "hit" || r.severity.text == "" && r.eachHit
	to.severity, _ = taxonomy.ParseSeverity(r.severity.text)
}

// drop removes rules that the options rule out, and finds out whether any of the others can fire on a clean transfer.
func (s *Set) drop() {
	constants := func(v *variable) any {
		if v.constant == nil {
			return nil
		}
		return v.constant(&s.options)
	}
	impossible := func(r *rule) bool { return r.when.guard.known(constants) == no }
	s.ofTransfer = slices.DeleteFunc(s.ofTransfer, impossible)
	s.ofHit = slices.DeleteFunc(s.ofHit, impossible)

	clean := func(v *variable) any {
		if v.clean != nil {
			return v.clean
		}
		return constants(v)
	}
	s.clearsClean = !slices.ContainsFunc(s.ofTransfer, func(r *rule) bool { return r.when.guard.known(clean) != no })
}

// Version is the content hash of the set in hex: of this package's revision, the options, and the files' bytes in order.
func (s *Set) Version() string {
	if s == nil {
		return ""
	}
	return s.version
}

// ClearsClean reports whether every transfer with Facts.Clean is cleared, whatever it says otherwise: its record need
// not be read then.
func (s *Set) ClearsClean() bool { return s != nil && s.clearsClean }

// Rules are the ids of the rules in force, in the order in which they are asked.
func (s *Set) Rules() []string {
	if s == nil {
		return nil
	}
	var ids []string
	for _, r := range slices.Concat(s.ofTransfer, s.ofHit) {
		ids = append(ids, r.id)
	}
	return ids
}

func versionOf(o *Options, files []File) string {
	parts := []string{revision, o.canonical()}
	for _, f := range files {
		parts = append(parts, string(f.Data))
	}
	return digest(parts...)
}

// version is the hash of the rule's own text: 16 hex digits.
func (r *source) version() string {
	parts := []string{
		r.id.text, r.when.text, r.verdict.text, r.holdReason.text, r.severity.text, r.posture.text, r.reason.text,
	}
	if r.eachHit {
		parts = append(parts, "each hit")
	}
	for _, u := range r.unless {
		parts = append(parts, u.text)
	}
	return digest(parts...)[:16]
}

// digest is the hex SHA-256 of the parts, each behind its length.
func digest(parts ...string) string {
	h := sha256.New()
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return hex.EncodeToString(h.Sum(nil))
}
