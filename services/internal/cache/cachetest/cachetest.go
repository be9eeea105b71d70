// Package cachetest does to a Redis-protocol server in tests what operators and accidents do: commands that package cache
// has no use for.
package cachetest

import (
	"bufio"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Do sends one command to the server of a redis:// URL and returns the first line of its answer. An error ends the test.
func Do(t testing.TB, address string, command ...string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	dialer := net.Dialer{Timeout: 5 * time.Second}
	conn, err := dialer.DialContext(t.Context(), "tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	if password, ok := u.User.Password(); ok {
		send(t, conn, r, "AUTH", password)
	}
	return send(t, conn, r, command...)
}

func send(t testing.TB, conn net.Conn, r *bufio.Reader, command ...string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(command))
	for _, arg := range command {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(arg), arg)
	}
	if _, err := conn.Write([]byte(b.String())); err != nil {
		t.Fatal(err)
	}
	line, err := r.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "-") {
		t.Fatalf("%s: %s", command[0], line)
	}
	return line
}
