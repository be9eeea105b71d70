package redis

import (
	"bufio"
	"bytes"
	"strconv"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

// client is what is known of a connection.
type client struct {
	queued []string // keys that its open transaction may change
	all    bool     // the open transaction may change any key
}

// handle runs a command that may change keys, and lets its answer go when the change is in the file. It returns false
// for the others, which then run as they are, and for the commands within scripts: those come from peers of their own,
// and it is the script that is answered.
func (s *Server) handle(c *server.Peer, command string, args ...string) bool {
	if command == "AUTH" || command == "HELLO" {
		s.connected(c) // without it nothing can be changed, and scripts do not say it
		return false
	}
	names, all := changes(command, args)
	if len(names) == 0 && !all && command != "EXEC" {
		return false
	}
	of := s.client(c)
	if of == nil {
		return false
	}
	answer, err := s.run(c, of, append([]string{command}, args...), names, all)
	if err != nil {
		s.cfg.Log.Error().Err(err).Msg("the embedded cache cannot write its file")
		answer = "-ERR the change is not on the disk: " + strings.ReplaceAll(err.Error(), "\n", " ") + "\r\n"
	}
	c.WriteRaw(answer)
	return true
}

// run runs a command, and returns its answer when what it changed is in the file. What a transaction changes is changed
// by its EXEC.
func (s *Server) run(c *server.Peer, of *client, command, names []string, all bool) (string, error) {
	s.order.Lock()
	defer s.order.Unlock()
	var answer bytes.Buffer
	inner := server.NewPeer(bufio.NewWriter(&answer))
	inner.Ctx, inner.Resp3 = c.Ctx, c.Resp3
	s.mini.Server().Dispatch(inner, command)
	inner.Flush()
	if answer.String() == "+QUEUED\r\n" {
		of.queued, of.all = append(of.queued, names...), of.all || all
		return answer.String(), nil
	}
	if command[0] == "EXEC" {
		names, all = of.queued, of.all
		of.queued, of.all = nil, false
	}
	if all {
		return answer.String(), s.journal.rewrite()
	}
	return answer.String(), s.journal.append(names)
}

func (s *Server) connected(c *server.Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.peers[c] != nil {
		return
	}
	s.peers[c] = &client{}
	c.OnDisconnect(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.peers, c)
	})
}

// client is the connection of a peer; nil for those of scripts.
func (s *Server) client(c *server.Peer) *client {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peers[c]
}

// changes are the keys that a command may change; all says that it may be any. A key that is named here without need
// costs a few bytes of the file.
func changes(command string, args []string) (names []string, all bool) {
	switch {
	case unchanging[command], len(args) == 0 && command != "FLUSHALL" && command != "FLUSHDB":
		return nil, false
	case command == "SET" && expires(args):
		return nil, false
	case first[command]:
		return args[:1], false
	case command == "DEL", command == "UNLINK":
		return args, false
	case command == "EVAL", command == "EVALSHA":
		if len(args) < 2 {
			return nil, false
		}
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 0 || n > len(args)-2 {
			return nil, false // it is answered with an error
		}
		return args[2 : 2+n], false
	}
	return nil, true
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

// first are the commands that change the key that they name first, and no other.
var first = words("SET", "SETNX", "GETSET", "GETDEL", "APPEND", "INCR", "INCRBY", "DECR", "DECRBY", "EXPIRE", "PEXPIRE", "PERSIST",
	"HSET", "HMSET", "HSETNX", "HDEL", "HINCRBY", "SADD", "SREM", "SPOP", "ZADD", "ZREM", "ZINCRBY", "ZREMRANGEBYSCORE", "ZREMRANGEBYRANK")

// unchanging are the commands that change no key. One that is missing here and above costs a file written anew, no more.
var unchanging = words("SELECT", "PING", "CLIENT", "INFO", "COMMAND", "QUIT", "ECHO", "TIME", "DBSIZE", "SCAN", "KEYS", "TYPE",
	"GET", "MGET", "STRLEN", "EXISTS", "TTL", "PTTL", "HGET", "HMGET", "HGETALL", "HLEN", "HKEYS", "HEXISTS", "HSCAN",
	"SMEMBERS", "SISMEMBER", "SMISMEMBER", "SCARD", "SSCAN", "ZCARD", "ZCOUNT", "ZRANGE", "ZREVRANGE", "ZRANGEBYSCORE", "ZSCORE", "ZSCAN",
	"MULTI", "EXEC", "DISCARD", "WATCH", "UNWATCH", "SCRIPT", "SUBSCRIBE", "PSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "PUBLISH", "PUBSUB")

func words(list ...string) map[string]bool {
	set := make(map[string]bool, len(list))
	for _, w := range list {
		set[w] = true
	}
	return set
}
