// Package redis is the cache of `sluice run`: a Redis-protocol server in this process, with a journal of its own on
// disk. It is a control plane for lists, pointers and leases; nothing asks it for each transfer.
//
// It promises that what it has acknowledged is in its file, so that the death of the process takes none of it away, and
// that a restart begins with it. The death of the machine may take the last second. A change that the file does not take
// is answered with an error. Keys with an expiry are aids (leases, ids seen lately) and are not kept. It listens on
// loopback only, behind a random password.
package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/rs/zerolog"
)

// syncEvery is how long a change waits to be written through to the disk at most, and how exactly expiries are kept.
const syncEvery = time.Second

// agingShare bounds the time that bringing expiries up to date may take: one part in so many.
const agingShare = 20

// Config says where the server listens and keeps what it has.
type Config struct {
	File   string
	Listen string // loopback host:port; "": a free port on 127.0.0.1
	Log    zerolog.Logger
}

// Server is the embedded server.
type Server struct {
	cfg      Config
	mini     *miniredis.Miniredis
	password string
	journal  *journal

	order sync.Mutex // held while a command changes keys, and until that is in the file

	mu    sync.Mutex
	peers map[*server.Peer]*client // by connection

	aged  time.Time     // when expiries were last brought up to date
	pause time.Duration // not before this has gone by
}

// New checks the configuration; nothing listens yet.
func New(cfg Config) (*Server, error) {
	if cfg.File == "" {
		return nil, errors.New("embedded redis: no file to keep its keys in")
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("embedded redis: listen: %q is not a loopback HOST:PORT", cfg.Listen)
	}
	return &Server{cfg: cfg, peers: map[*server.Peer]*client{}}, nil
}

// Start loads the file and listens. A file that is damaged is an error: starting empty would hide it.
func (s *Server) Start() (err error) {
	var secret [24]byte
	_, _ = rand.Read(secret[:]) // never fails: it ends the program instead
	s.password = hex.EncodeToString(secret[:])
	s.mini = miniredis.NewMiniRedis()
	if s.journal, err = open(s.mini, s.cfg.File); err != nil {
		return fmt.Errorf("embedded redis: %s: %w; remove the file to start empty, the lists are then written again", s.cfg.File, err)
	}
	s.mini.RequireAuth(s.password)
	if err := s.mini.StartAddr(s.cfg.Listen); err != nil {
		return errors.Join(fmt.Errorf("embedded redis: %w", err), s.journal.close())
	}
	s.mini.Server().SetPreHook(s.handle)
	return nil
}

// age lets expiries go by the clock. The library can do it by itself, before every command, and then goes through all
// keys in sorted order each time: a pipeline of 5,000 commands took more than 20 seconds.
func (s *Server) age(now time.Time) {
	elapsed := now.Sub(s.aged)
	if elapsed < s.pause {
		return
	}
	s.mini.FastForward(elapsed)
	s.aged, s.pause = now, agingShare*time.Since(now)
}

// Run lets keys expire and writes the file through to the disk until ctx ends, then stops listening.
func (s *Server) Run(ctx context.Context) error {
	s.aged = time.Now()
	tick := time.NewTicker(syncEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return s.stop()
		case <-tick.C:
			s.age(time.Now())
			if err := s.journal.sync(); err != nil {
				s.cfg.Log.Error().Err(err).Msg("the file of the embedded cache was not written through; trying again")
			}
		}
	}
}

// stop stops listening and closes the file.
func (s *Server) stop() error {
	s.mini.Close()
	return s.journal.close()
}

// URL is where clients connect, with the password.
func (s *Server) URL() string {
	u := url.URL{Scheme: "redis", User: url.UserPassword("", s.password), Host: s.mini.Addr(), Path: "/0"}
	return u.String()
}
