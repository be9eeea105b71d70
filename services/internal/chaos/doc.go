// Package chaos breaks the ground under a pipeline on purpose, and again in the same way: a proxy that stands before a
// server and delays, cuts, resets or swallows what goes through it, and plans of faults that follow from a seed.
//
// It promises that equal seeds give equal plans, and that a healed proxy forwards every byte of new connections as it is.
// It judges nothing: whether the pipeline kept its promises is for `sluice verify` to say.
package chaos
