// Package rules turns the findings of screening into a verdict by rules that people write: it reads rule files
// strictly, says with line and column what is wrong in them, compiles them once, and evaluates them without side
// effects. The built-in policy is such a file, embedded here.
//
// A rule asks a question in CEL (`when`) about the transfer, or about each hit of it, and says what follows. Rules only
// ever make a verdict stricter, and what cannot be evaluated is held, so that neither order nor failure can clear a
// transfer. The cost of every expression is bounded when it is compiled; its cheap parts are taken out as native
// guards, so that most rules never start the CEL interpreter, and a transfer with nothing to judge costs one
// comparison.
//
// A verdict is a function of the facts and of Set.Version, which is a hash of the rules' text, of the options, and of
// this package's own revision.
package rules
