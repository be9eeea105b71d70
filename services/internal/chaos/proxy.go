package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Proxy stands between clients and one TCP server on loopback, and misbehaves on command. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener

	mu     sync.Mutex
	target string
	fault  Fault
	open   map[net.Conn]struct{} // both ends of every connection
	change chan struct{}         // closed and replaced when the fault changes
	closed bool
	work   sync.WaitGroup
}

// Fault is what a proxy does to connections.
type Fault struct {
	Delay  time.Duration // before each piece of data is passed on, in both directions
	Refuse bool          // new connections are closed at once
	Hold   bool          // nothing is passed on, and nothing is closed: a half-open connection
}

// NewProxy listens on a free port of loopback. Until SetTarget is called, connections are closed at once.
func NewProxy() (*Proxy, error) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	p := &Proxy{listener: l, open: map[net.Conn]struct{}{}, change: make(chan struct{})}
	p.work.Go(p.accept)
	return p, nil
}

// Addr is the host:port that clients are to use.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// SetTarget names the server, host:port, for connections from now on.
func (p *Proxy) SetTarget(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = addr
}

// Set makes the proxy misbehave from now on, on open connections too; the zero Fault heals it.
func (p *Proxy) Set(f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
	close(p.change)
	p.change = make(chan struct{})
}

// Reset closes every open connection, so that both ends learn of it at once.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		if tcp, ok := c.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, not a farewell
		}
		_ = c.Close()
	}
}

// Close ends the proxy and every connection.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	close(p.change)
	p.change = make(chan struct{})
	p.mu.Unlock()
	_ = p.listener.Close()
	p.Reset()
	p.work.Wait()
}

func (p *Proxy) accept() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			continue
		}
		p.work.Go(func() { p.serve(c) })
	}
}

// serve passes on what a client says, and what the server answers.
func (p *Proxy) serve(client net.Conn) {
	p.mu.Lock()
	target, refuse := p.target, p.fault.Refuse || p.target == "" || p.closed
	p.mu.Unlock()
	if refuse {
		_ = client.Close()
		return
	}
	server, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(context.Background(), "tcp", target)
	if err != nil {
		_ = client.Close()
		return
	}
	if !p.track(client, server) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.pass(server, client) })
	both.Go(func() { p.pass(client, server) })
	both.Wait()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range []net.Conn{client, server} {
		delete(p.open, c)
		_ = c.Close()
	}
}

// track notes the two ends of a connection, so that Reset finds them.
func (p *Proxy) track(ends ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range ends {
		if p.closed {
			_ = c.Close()
			continue
		}
		p.open[c] = struct{}{}
	}
	return !p.closed
}

// pass copies from one end to the other, through whatever the fault is, until either is closed.
func (p *Proxy) pass(to, from net.Conn) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			p.linger()
			if _, err := to.Write(buf[:n]); err != nil {
				break
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				break
			}
			if tcp, ok := to.(*net.TCPConn); ok {
				_ = tcp.CloseWrite()
			}
			return
		}
	}
	_ = from.Close()
	_ = to.Close()
}

// linger waits as the fault says before a piece of data goes on.
func (p *Proxy) linger() {
	for {
		p.mu.Lock()
		fault, change, closed := p.fault, p.change, p.closed
		p.mu.Unlock()
		if closed || !fault.Hold && fault.Delay == 0 {
			return
		}
		if fault.Hold {
			<-change
			continue
		}
		t := time.NewTimer(fault.Delay)
		select {
		case <-t.C:
			return
		case <-change:
			t.Stop()
		}
	}
}
