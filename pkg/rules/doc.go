// Package rules turns the findings of screening into a verdict by rules that people write: it reads rule files
// strictly, says with line and column what is wrong in them, compiles them once, and evaluates them without side
// effects. The built-in policy is such a file, embedded here.
//
// A rule file is YAML with one key, rules, a list of:
//
//	id           lower case, unique in the set
//	each         transfer (default) or hit: what the rule is asked about
//	when         a question in CEL; its names are those of the table `variables`
//	unless       ids of earlier rules; where one of them holds for the same hit, or for the transfer, this one does not
//	verdict      flagged or held; left out by a rule that only sets the posture
//	hold_reason  with held, one of package flag's reasons
//	severity     none to severe, or hit (the default with `each: hit`): that of the hit
//	posture      victim or beneficiary
//	reason       one sentence for a person; {hit.entity} stands for the value of that name
//
// Severities are compared with the constants severity.none to severity.severe, lists of categories with
// sets.intersects. A text that a name can never have, such as a misspelled category, is an error.
//
// Rules only ever make a verdict stricter, and what cannot be evaluated is held, so that neither order nor failure can
// clear a transfer. The rules of Safety stand in front of every set. The cost of every expression is bounded when it is
// compiled; its cheap parts are taken out as native guards, so that most rules never start the CEL interpreter, and a
// transfer with nothing to judge costs one comparison. A rule that can hold for such a transfer (one about its asset,
// say) makes every record be read: Set.ClearsClean tells.
//
// A verdict is a function of the facts and of Set.Version, which is a hash of the rules' text, of the options, and of
// this package's own revision.
package rules
