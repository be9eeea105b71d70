package cache

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"sluice/services/internal/lists"
)

// keyScreeners is a hash: what each instance that screens reported last, by its id, and since when there are reports. It
// lies on the pointer's node.
const keyScreeners = prefix + "{lists}:screeners"

// fieldSince is the field of keyScreeners that is no instance.
const fieldSince = "since"

// screenersKept is how long a report is kept after its instance has gone.
const screenersKept = time.Hour

// report writes down what an instance holds. KEYS: screeners; ARGV: id, report. Times are microseconds of the server's
// clock.
const report = `
local t = redis.call('TIME')
local now = t[1] .. string.format('%06d', tonumber(t[2]))
redis.call('HSETNX', KEYS[1], 'since', now)
return redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. ' ' .. now)
`

// PointerAs is Pointer for an instance that screens: it tells what it holds until now. Both are one step, so that a report
// is never younger than what the pointer said. s.At is not read.
func (c *Client) PointerAs(ctx context.Context, s lists.Screener) (lists.Pointer, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	usable := 0
	if s.Usable {
		usable = 1
	}
	text := fmt.Sprintf("%d %d %d", s.Seq, usable, s.MaxAge.Milliseconds())
	pipe := c.rdb.TxPipeline()
	reported := pipe.Eval(ctx, report, []string{keyScreeners}, s.ID, text)
	pointer := pipe.HGetAll(ctx, keyPointer)
	_, err := pipe.Exec(ctx)
	if err := errors.Join(err, reported.Err(), pointer.Err()); err != nil {
		return lists.Pointer{}, domain("lists pointer", err)
	}
	return parsePointer(pointer.Val())
}

// readScreeners returns the clock and all reports in one step. KEYS: screeners.
var readScreeners = redis.NewScript(`
local t = redis.call('TIME')
local all = redis.call('HGETALL', KEYS[1])
table.insert(all, 'now')
table.insert(all, t[1] .. string.format('%06d', tonumber(t[2])))
return all
`)

// Screeners returns what the instances that screen reported last, and forgets those that have gone long ago.
func (c *Client) Screeners(ctx context.Context) (lists.Screeners, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	var out lists.Screeners
	flat, err := readScreeners.Run(ctx, c.rdb, []string{keyScreeners}).StringSlice()
	if err != nil {
		return out, domain("screeners", err)
	}
	if len(flat) < 2 || len(flat)%2 != 0 {
		return out, fmt.Errorf("screeners: %w: %d values", lists.ErrBroken, len(flat))
	}
	if out.Now, err = micros(flat[len(flat)-1]); err != nil {
		return out, fmt.Errorf("screeners: now: %w: %w", lists.ErrBroken, err)
	}
	var gone []string
	for i := 0; i+2 < len(flat); i += 2 {
		id, value := flat[i], flat[i+1]
		if id == fieldSince {
			if out.Since, err = micros(value); err != nil {
				return out, fmt.Errorf("screeners: since: %w: %w", lists.ErrBroken, err)
			}
			continue
		}
		s, err := parseScreener(id, value)
		if err != nil {
			return out, fmt.Errorf("screeners: %s: %w: %w", id, lists.ErrBroken, err)
		}
		if out.Now.Sub(s.At) > max(screenersKept, 2*s.MaxAge) {
			gone = append(gone, id)
			continue
		}
		out.All = append(out.All, s)
	}
	if len(gone) > 0 {
		if err := c.rdb.HDel(ctx, keyScreeners, gone...).Err(); err != nil {
			return out, domain("screeners", err)
		}
	}
	return out, nil
}

func parseScreener(id, value string) (lists.Screener, error) {
	s := lists.Screener{ID: id}
	var usable int
	var maxAge int64
	var at string
	if _, err := fmt.Sscanf(value, "%d %d %d %s", &s.Seq, &usable, &maxAge, &at); err != nil {
		return s, fmt.Errorf("%.80q: %w", value, err)
	}
	var err error
	s.At, err = micros(at)
	s.Usable, s.MaxAge = usable == 1, time.Duration(maxAge)*time.Millisecond
	return s, err
}

// micros reads a time of the server's clock.
func micros(text string) (time.Time, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("%.40q is no time in microseconds", text)
	}
	return time.UnixMicro(n).UTC(), nil
}
