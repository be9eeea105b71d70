// Package clickhouse is the embedded ClickHouse: the engine as a shared library, ClickHouse's HTTP interface in front
// of it so that every ClickHouse client over HTTP works unchanged, and a supervisor that keeps both in a child process.
//
// The child is the running binary itself, started again with Arg as its first argument: whoever has a main calls Main
// when it sees that argument. The parent opens the listener and lends it to the child, so that address and password
// stay the same however often the child is restarted, and a request that comes meanwhile waits for the next child.
//
// What is promised:
//   - what the engine has acknowledged survives the death of the child or the machine's process table: every insert is
//     a part on disk before its answer;
//   - the child ends with its parent, however that ends (a parent-death signal, and the end of the pipe it holds);
//   - a crashed child is back within half a second, later ones after a growing pause; logs and the counter tell;
//   - no statement can read or write files or other servers: INFILE, OUTFILE, table functions and engines that reach
//     outside are refused.
//
// It is one node for one machine: no cluster, no native protocol, no TLS. It listens on loopback.
package clickhouse
