// Package redis is the cache of `sluice run`: a Redis-protocol server in this process, with a snapshot of its own on
// disk. It is a control plane for lists, pointers and leases; nothing asks it for each transfer.
//
// It promises that a snapshot on disk is whole (written aside, then renamed, with a checksum), and that a restart begins
// with the last one. What was written in the second before a kill may be missing: the lists' own repair covers that.
// Keys with an expiry are aids (leases, ids seen lately) and are not kept. It listens on loopback only, behind a random
// password.
package redis

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/rs/zerolog"
)

// saveEvery is how long a change waits for the next snapshot at most, and how exactly expiries are kept.
const saveEvery = time.Second

// agingShare bounds the time that bringing expiries up to date may take: one part in so many.
const agingShare = 20

// Config says where the server listens and keeps its snapshot.
type Config struct {
	File   string // of the snapshot
	Listen string // loopback host:port; "": a free port on 127.0.0.1
	Log    zerolog.Logger
}

// Server is the embedded server.
type Server struct {
	cfg      Config
	mini     *miniredis.Miniredis
	password string
	dirty    atomic.Bool

	aged  time.Time     // when expiries were last brought up to date
	pause time.Duration // not before this has gone by
}

// New checks the configuration; nothing listens yet.
func New(cfg Config) (*Server, error) {
	if cfg.File == "" {
		return nil, errors.New("embedded redis: no file for the snapshot")
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	host, _, err := net.SplitHostPort(cfg.Listen)
	if err != nil || !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("embedded redis: listen: %q is not a loopback HOST:PORT", cfg.Listen)
	}
	return &Server{cfg: cfg}, nil
}

// Start loads the snapshot and listens. A snapshot that is damaged is an error: starting empty would hide it.
func (s *Server) Start() error {
	var secret [24]byte
	_, _ = rand.Read(secret[:]) // never fails: it ends the program instead
	s.password = hex.EncodeToString(secret[:])
	s.mini = miniredis.NewMiniRedis()
	if err := load(s.mini, s.cfg.File); err != nil {
		return fmt.Errorf("embedded redis: %s: %w; remove the file to start empty, the lists are then written again", s.cfg.File, err)
	}
	s.mini.RequireAuth(s.password)
	if err := s.mini.StartAddr(s.cfg.Listen); err != nil {
		return fmt.Errorf("embedded redis: %w", err)
	}
	s.mini.Server().SetPreHook(func(_ *server.Peer, command string, args ...string) bool {
		if name := strings.ToUpper(command); !readOnly[name] && (name != "SET" || !expires(args)) {
			s.dirty.Store(true)
		}
		return false
	})
	return nil
}

// expires says whether a SET gives its key an expiry: such keys are not kept.
func expires(args []string) bool {
	for _, a := range args[min(2, len(args)):] {
		if strings.EqualFold(a, "EX") || strings.EqualFold(a, "PX") {
			return true
		}
	}
	return false
}

// readOnly are the commands after which there is nothing to save. One that is missing here costs a snapshot, no more.
var readOnly = map[string]bool{
	"AUTH": true, "HELLO": true, "PING": true, "SELECT": true, "CLIENT": true, "INFO": true, "COMMAND": true, "QUIT": true,
	"GET": true, "MGET": true, "HGET": true, "HMGET": true, "HGETALL": true, "HLEN": true, "EXISTS": true, "TTL": true,
	"PTTL": true, "STRLEN": true, "TYPE": true, "SCAN": true, "KEYS": true, "DBSIZE": true, "TIME": true, "ECHO": true,
	"MULTI": true, "WATCH": true, "UNWATCH": true, "SUBSCRIBE": true, "UNSUBSCRIBE": true, "PUBLISH": true,
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

// Run lets keys expire and saves changes until ctx ends, then saves once more and stops listening.
func (s *Server) Run(ctx context.Context) error {
	s.aged = time.Now()
	tick := time.NewTicker(saveEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.mini.Close()
			return s.save()
		case <-tick.C:
			s.age(time.Now())
			if err := s.save(); err != nil {
				s.cfg.Log.Error().Err(err).Msg("the snapshot of the embedded cache was not written; trying again")
			}
		}
	}
}

// save writes a snapshot when something changed since the last.
func (s *Server) save() error {
	if !s.dirty.Swap(false) {
		return nil
	}
	if err := store(s.mini, s.cfg.File); err != nil {
		s.dirty.Store(true)
		return err
	}
	return nil
}

// URL is where clients connect, with the password.
func (s *Server) URL() string {
	u := url.URL{Scheme: "redis", User: url.UserPassword("", s.password), Host: s.mini.Addr(), Path: "/0"}
	return u.String()
}
