package mutants

import "slices"

// Mutant is a way to break a promise.
type Mutant struct {
	Promise string // what it breaks, as a reader of the docs knows it
	Break   string // how
	Edits   []Edit
	Tests   []string // packages whose tests must notice, relative to the repository's root
	Run     string   // of these, the tests with such names, as of go test -run; "": all
}

// proof is the test that sends transfers through the whole pipeline, on embedded servers, and asks `sluice verify`, which
// shares no code with it: what it must notice is broken in the services, and no test of theirs is asked.
const proof, proofTest = "services/internal/verify", "^TestVerify$/^honest$"

// Edit replaces text that stands in a file exactly once.
type Edit struct {
	File     string // relative to the repository's root
	Old, New string
}

// All are the mutants, in the order of the promises. A feature that makes a promise adds how it would be broken.
var All = slices.Concat(delivery, screening, guards)
