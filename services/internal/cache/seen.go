package cache

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"sluice/pkg/transfer"
	"sluice/services/ingest"
	"sluice/services/internal/lists"
)

// keySeen begins the keys of seen transfers: tenant, stage and transfer id follow, each behind its length, so that no
// two of them run together.
const keySeen = prefix + "seen:"

// SeenTTL is how long an acknowledged transfer is remembered, PinTTL how long one whose id was used for other content: as
// long as flagged.v1 keeps what was held for it.
const (
	SeenTTL = time.Hour
	PinTTL  = 30 * 24 * time.Hour
)

// seenChunk is how many keys one command of a pipeline carries.
const seenChunk = 1000

// Seen implements ingest.Seen: what was acknowledged under which transfer id.
type Seen struct {
	c   *Client
	max int64
}

var _ ingest.Seen = (*Seen)(nil)

// MaxSeen is how many keys Redis may hold for new ones to be remembered, unless told otherwise: beyond it answers say
// accepted for duplicates, which is allowed, and memory stays bounded.
const MaxSeen = 2_000_000

// MaxSeenEmbedded is the bound for the embedded server, whose expiry goes through all keys.
const MaxSeenEmbedded = 200_000

// Seen returns the memory of acknowledged transfers; limit is how many keys Redis may hold, 0: MaxSeen.
func (c *Client) Seen(limit int) *Seen {
	if limit <= 0 {
		limit = MaxSeen
	}
	return &Seen{c: c, max: int64(limit)}
}

func seenKey(k ingest.SeenKey) string {
	return fmt.Sprintf("%s%d:%s%d:%s%d:%s", keySeen, len(k.Tenant), k.Tenant, len(k.Stage), k.Stage, len(k.TransferID), k.TransferID)
}

// Known returns the fact of each key, zero where none is known, in one round trip.
func (s *Seen) Known(ctx context.Context, keys []ingest.SeenKey) ([]transfer.ID, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	ctx, cancel := s.c.limit(ctx)
	defer cancel()
	if s.c.cfg.Cluster {
		return s.knownEach(ctx, keys)
	}
	pipe := s.c.rdb.Pipeline()
	var got []*redis.SliceCmd
	for from := 0; from < len(keys); from += seenChunk {
		names := make([]string, 0, seenChunk)
		for _, k := range keys[from:min(from+seenChunk, len(keys))] {
			names = append(names, seenKey(k))
		}
		got = append(got, pipe.MGet(ctx, names...))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, domain("seen", err)
	}
	out := make([]transfer.ID, len(keys))
	i := 0
	for _, cmd := range got {
		if err := cmd.Err(); err != nil {
			return nil, domain("seen", err)
		}
		for _, v := range cmd.Val() {
			// What is there and no id was not written here: it is no fact that is known.
			if text, ok := v.(string); ok && len(text) == len(out[i]) {
				copy(out[i][:], text)
			}
			i++
		}
	}
	return out, nil
}

// knownEach is Known on a cluster, where one command takes keys of one slot only: a pipeline of single ones, which the
// client sends to each node at once.
func (s *Seen) knownEach(ctx context.Context, keys []ingest.SeenKey) ([]transfer.ID, error) {
	pipe := s.c.rdb.Pipeline()
	got := make([]*redis.StringCmd, len(keys))
	for i, k := range keys {
		got[i] = pipe.Get(ctx, seenKey(k))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, domain("seen", err)
	}
	out := make([]transfer.ID, len(keys))
	for i, cmd := range got {
		text, err := cmd.Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			return nil, domain("seen", err)
		}
		if len(text) == len(out[i]) {
			copy(out[i][:], text)
		}
	}
	return out, nil
}

// Remember stores acknowledged facts in one round trip, after one that asks how much is there; a key that has one
// already keeps it. Over the bound nothing is stored.
func (s *Seen) Remember(ctx context.Context, keys []ingest.SeenKey, facts []transfer.ID) error {
	if len(keys) != len(facts) {
		return fmt.Errorf("seen: %d keys and %d facts", len(keys), len(facts))
	}
	if len(keys) == 0 {
		return nil
	}
	ctx, cancel := s.c.limit(ctx)
	defer cancel()
	if err := s.space(ctx); err != nil {
		return err
	}
	pipe := s.c.rdb.Pipeline()
	for i, k := range keys {
		pipe.SetNX(ctx, seenKey(k), string(facts[i][:]), SeenTTL)
	}
	_, err := pipe.Exec(ctx)
	return domain("seen", err)
}

// space is an error when Redis holds as much as it may.
func (s *Seen) space(ctx context.Context) error {
	n, err := s.c.rdb.DBSize(ctx).Result()
	if err != nil {
		return domain("seen", err)
	}
	if n >= s.max {
		return fmt.Errorf("seen: %d keys in redis, at most %d: %w", n, s.max, errFull)
	}
	return nil
}

// Pin keeps the facts that came first under their keys for PinTTL from now. Over the bound only those that are there are
// kept for longer.
func (s *Seen) Pin(ctx context.Context, keys []ingest.SeenKey, facts []transfer.ID) error {
	if len(keys) != len(facts) {
		return fmt.Errorf("pin: %d keys and %d facts", len(keys), len(facts))
	}
	if len(keys) == 0 {
		return nil
	}
	ctx, cancel := s.c.limit(ctx)
	defer cancel()
	full := s.space(ctx)
	if full != nil && !errors.Is(full, errFull) {
		return full
	}
	pipe := s.c.rdb.Pipeline()
	for i, k := range keys {
		mode := ""
		if full != nil {
			mode = "XX"
		}
		pipe.SetArgs(ctx, seenKey(k), string(facts[i][:]), redis.SetArgs{Mode: mode, TTL: PinTTL})
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return domain("pin", err)
	}
	return full
}

// errFull is what space says when Redis holds as much as it may.
var errFull = fmt.Errorf("as many keys as there may be: %w", lists.ErrUnavailable)
