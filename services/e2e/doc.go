// Package e2e holds the end-to-end tests: the hops chained in memory, and scenarios on two whole stacks, embedded and
// real servers, through nothing but what a user has: commands, HTTP, topics and tables.
package e2e
