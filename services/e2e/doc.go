// Package e2e holds the end-to-end tests: the hops chained in memory, real blocks and lists, and scenarios on two whole
// stacks, through nothing but what a user has: commands, HTTP, topics and tables.
//
// The stacks are one `sluice run` on its embedded servers, and a process for each service on Apache Kafka, Redis and the
// ClickHouse engine behind HTTP. They run with SLUICE_E2E=1 (make e2e); servers that cannot be had skip the real stack,
// or fail it with SLUICE_REAL=require. SLUICE_E2E_BINARY names a binary to test instead of building one,
// SLUICE_E2E_OUTAGE how long ClickHouse is away (20s), SLUICE_SOAK and SLUICE_SOAK_RATE how long each consumer stands still
// and how many transfers arrive a second meanwhile (20s, 5000), SLUICE_FAULTS and SLUICE_SOAK_REPORT the page whose tables
// of measurements are written anew (make faults, make soak). One scenario alone:
//
//	SLUICE_E2E=1 go test -run 'TestReal/crash' -v ./services/e2e
package e2e
