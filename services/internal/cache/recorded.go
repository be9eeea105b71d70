package cache

import (
	"context"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// keyRecorded holds the number of the last activation that the history of the lists has whole.
const keyRecorded = prefix + "{lists}:recorded"

// mostVersions bounds what waits for the history: when it is away for longer, the oldest go, and what they changed is
// recorded together with what came behind them.
const mostVersions = 64

// SetRecorded says how far the history of the lists is. From then on versions behind it are kept until it has them too.
func (c *Client) SetRecorded(ctx context.Context, seq uint64) error {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	return domain("recorded lists", c.rdb.Set(ctx, keyRecorded, strconv.FormatUint(seq, 10), 0).Err())
}

// keep is how many of the newest versions stay. Where nobody ever wrote a history, none waits for it.
func (c *Client) keep(ctx context.Context) (int64, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	recorded, err := c.rdb.Get(ctx, keyRecorded).Result()
	if errors.Is(err, redis.Nil) {
		return keepVersions, nil
	}
	if err != nil {
		return 0, domain("recorded lists", err)
	}
	waiting, err := c.rdb.ZCount(ctx, keyVersions, "("+recorded, "+inf").Result()
	if err != nil {
		return 0, domain("versions", err)
	}
	return min(max(waiting, keepVersions), mostVersions), nil
}
