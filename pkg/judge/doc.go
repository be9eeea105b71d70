// Package judge puts the domain together: transfer, lists and rules in, the bytes of the verdict's record out. The
// services, the offline filter and back-tests call the same code, so they cannot disagree.
//
// It has the two halves that the stream runs, Screener (enrichment) and Decider (alerting), and Judge, which is one
// after the other. Each half has a fast path for records with nothing against them, which reads no JSON; it writes
// byte for byte what the whole path writes. A verdict is a function of the transfer, the content of the lists, the
// version of the rules and the inputs in the record; activation numbers and times only stamp it.
//
// A record that a half cannot read is an error, which no retry helps. Its caller quarantines the record and sends on
// what Quarantined makes of it: held, and never silence.
package judge
