// Package mutants breaks promises on purpose and holds the tests to noticing: each mutant is a small change of the source
// that breaks one promise, and names the tests that must fail with it. `make mutants` makes them one by one, without
// touching the checkout, and writes the table of what caught each.
package mutants
