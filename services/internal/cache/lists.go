package cache

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/redis/go-redis/v9"

	"sluice/pkg/watchlist"
	"sluice/services/internal/lists"
)

// Keys of the lists. Segments and manifests are named by their content and never change; the pointer is the one key that
// moves. The braces keep them on one node of a cluster.
const (
	keyPointer  = prefix + "{lists}:pointer"
	keyVersions = prefix + "{lists}:versions" // sorted set: versions by the seq that put them in force
	keyStored   = prefix + "{lists}:stored"   // set: keys of all manifests and segments
	keyManifest = prefix + "{lists}:manifest:"
	keySegment  = prefix + "{lists}:segment:"
	keySheet    = prefix + "{lists}:sheet:" // of a catalogue: the hash of the list, a colon and the number of the sheet
	keyPage     = prefix + "{lists}:page:"
	keyTables   = prefix + "{lists}:tables" // set: the page tables, by the hashes of their pieces

	channelMoved = prefix + "{lists}:moved" // pub/sub: the seq to which the pointer was moved
)

// sentinel is a field of the pointer by which half a pointer is told from a whole one.
const sentinel = "sluice lists pointer 1"

// chunkBytes bounds what one pipeline carries: on a busy machine too it is through before the timeout of a command.
const chunkBytes = 2 << 20

// keepVersions is how many versions stay in Redis at least, the current one included.
const keepVersions = 5

// Pointer returns the pointer, read whole in one round trip. ErrNotFound: none was ever set, or Redis was flushed.
func (c *Client) Pointer(ctx context.Context) (lists.Pointer, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	got, err := c.rdb.HGetAll(ctx, keyPointer).Result()
	if err != nil {
		return lists.Pointer{}, domain("lists pointer", err)
	}
	return parsePointer(got)
}

// parsePointer reads the fields of the pointer.
func parsePointer(got map[string]string) (lists.Pointer, error) {
	if len(got) == 0 {
		return lists.Pointer{}, fmt.Errorf("lists pointer: %w", lists.ErrNotFound)
	}
	p := lists.Pointer{Epoch: got["epoch"], Version: got["version"]}
	seq, err1 := strconv.ParseUint(got["seq"], 10, 64)
	count, err2 := strconv.Atoi(got["count"])
	p.Seq, p.Count = seq, count
	if err1 != nil || err2 != nil || got["sentinel"] != sentinel || p.Epoch == "" || p.Version == "" {
		return lists.Pointer{}, fmt.Errorf("lists pointer: %w: %v", lists.ErrBroken, got)
	}
	return p, nil
}

// setPointer moves the pointer, never back within an epoch. KEYS: pointer, versions; ARGV: seq, epoch, version, count,
// sentinel. Numbers are compared by length and digits: a Lua number loses digits above 2^53.
var setPointer = redis.NewScript(`
local have = redis.call('HMGET', KEYS[1], 'seq', 'epoch')
if have[1] and have[2] == ARGV[2] then
  local a, b = have[1], ARGV[1]
  if #a > #b or (#a == #b and a > b) then return 'stale' end
end
redis.call('HSET', KEYS[1], 'seq', ARGV[1], 'epoch', ARGV[2], 'version', ARGV[3], 'count', ARGV[4], 'sentinel', ARGV[5])
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[3])
return 'ok'
`)

// SetPointer puts a version in force. The caller read the activation from the topic: a pointer of another epoch, or one
// that is not whole, is overwritten. ErrStale: a newer activation of the same epoch is there, and stays.
func (c *Client) SetPointer(ctx context.Context, p lists.Pointer) error {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	got, err := setPointer.Run(ctx, c.rdb, []string{keyPointer, keyVersions},
		strconv.FormatUint(p.Seq, 10), p.Epoch, p.Version, p.Count, sentinel).Text()
	if err != nil {
		return domain("lists pointer", err)
	}
	if got == "stale" {
		return fmt.Errorf("lists pointer: %w than seq %d", lists.ErrStale, p.Seq)
	}
	// Who does not hear it, or must not be told for want of a right to the channel, sees the pointer with his next poll.
	_ = c.rdb.Publish(ctx, channelMoved, p.Seq).Err()
	return nil
}

// Watch calls moved whenever the pointer may have moved, until ctx ends: when another says so, and when the connection
// on which that is told was made anew. It promises nothing: what is told while there is no connection is lost.
func (c *Client) Watch(ctx context.Context, moved func()) {
	sub := c.rdb.Subscribe(ctx, channelMoved)
	defer func() { _ = sub.Close() }()
	told := sub.ChannelWithSubscriptions()
	for {
		select {
		case <-ctx.Done():
			return
		case _, open := <-told:
			if !open {
				return
			}
			moved()
		}
	}
}

// Manifest returns the manifest of a version as it was stored.
func (c *Client) Manifest(ctx context.Context, version string) ([]byte, error) {
	return c.get(ctx, "manifest "+version, keyManifest+version)
}

// Segment returns the bytes of a segment as they were stored; the caller verifies them.
func (c *Client) Segment(ctx context.Context, sha256 string) ([]byte, error) {
	return c.get(ctx, "segment "+sha256, keySegment+sha256)
}

// Sheet returns a sheet of a list's catalogue as it was stored; the caller verifies it.
func (c *Client) Sheet(ctx context.Context, listHash string, i int) ([]byte, error) {
	key := sheetKey(listHash, i)
	return c.get(ctx, "sheet "+key[len(keySheet):], key)
}

func sheetKey(listHash string, i int) string { return keySheet + listHash + ":" + strconv.Itoa(i) }

func (c *Client) get(ctx context.Context, what, key string) ([]byte, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	data, err := c.rdb.Get(ctx, key).Bytes()
	return data, domain(what, err)
}

// Missing returns the segments and pieces of m that are not there in their full length, in one pipeline, and pages that
// are not there: of these it looks at some with each call, by turns.
func (c *Client) Missing(ctx context.Context, m watchlist.Manifest) ([]watchlist.Segment, error) {
	missing, err := c.missingSegments(ctx, m)
	if err != nil || len(missing) > 0 {
		return missing, err
	}
	return c.missingPages(ctx, m)
}

func (c *Client) missingSegments(ctx context.Context, m watchlist.Manifest) ([]watchlist.Segment, error) {
	var all []watchlist.Segment
	for _, l := range m.Lists {
		all = append(all, l.Segments...)
		for _, p := range l.Pieces() {
			all = append(all, watchlist.Segment{SHA256: p.SHA256, Bytes: p.Bytes})
		}
	}
	return c.shorter(ctx, all)
}

// shorter returns those of the segments that are not there in their full length.
func (c *Client) shorter(ctx context.Context, segments []watchlist.Segment) ([]watchlist.Segment, error) {
	if len(segments) == 0 {
		return nil, nil
	}
	ctx, cancel := c.limit(ctx)
	defer cancel()
	lengths := make([]*redis.IntCmd, len(segments))
	pipe := c.rdb.Pipeline()
	for i, g := range segments {
		lengths[i] = pipe.StrLen(ctx, keySegment+g.SHA256)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, domain("segments", err)
	}
	var missing []watchlist.Segment
	for i, n := range lengths {
		if err := n.Err(); err != nil {
			return nil, domain("segment "+segments[i].SHA256, err)
		}
		if n.Val() != int64(segments[i].Bytes) {
			missing = append(missing, segments[i])
		}
	}
	return missing, nil
}

// Store writes a snapshot: the segments that are not there in their full length, and then its manifest. Nothing refers to
// it until SetPointer. The snapshot has the lists of beside too, as far as s does not have others of their names: these
// are stored already, and stay where they are. ErrNotFound: some of them are not there in their full length.
func (c *Client) Store(ctx context.Context, s *watchlist.Snapshot, beside watchlist.Manifest) (watchlist.Manifest, error) {
	m, err := s.Write(func(watchlist.Segment, []byte) error { return nil })
	if err != nil {
		return watchlist.Manifest{}, err
	}
	missing, err := c.missingSegments(ctx, m)
	if err != nil && !errors.Is(err, lists.ErrBroken) { // a key of another type is overwritten
		return watchlist.Manifest{}, err
	}
	wanted := make(map[string]bool, len(missing))
	for _, g := range missing {
		wanted[g.SHA256] = true
	}
	return c.store(ctx, s, beside, err != nil, func(g watchlist.Segment) bool { return err != nil || wanted[g.SHA256] })
}

// Repair is Store over what is there of s, so that segments which are damaged in their full length are written anew too.
func (c *Client) Repair(ctx context.Context, s *watchlist.Snapshot, beside watchlist.Manifest) (watchlist.Manifest, error) {
	return c.store(ctx, s, beside, true, func(watchlist.Segment) bool { return true })
}

// store writes the wanted segments, pages where the lists are large, and the manifest.
func (c *Client) store(ctx context.Context, s *watchlist.Snapshot, beside watchlist.Manifest, anew bool, wanted func(watchlist.Segment) bool) (watchlist.Manifest, error) {
	w := c.writer()
	m, err := s.Write(func(g watchlist.Segment, data []byte) error {
		if !wanted(g) {
			return nil
		}
		return w.put(ctx, keySegment+g.SHA256, string(data)) // the pipeline keeps the data until it is sent: string makes a copy
	})
	if err != nil {
		return watchlist.Manifest{}, err
	}
	for _, l := range m.Lists {
		if err := c.storeCatalogue(ctx, w, s, l, anew); err != nil {
			return watchlist.Manifest{}, err
		}
	}
	m = beside.With(m)
	if c.cfg.MemoryEntries > 0 && m.Count > c.cfg.MemoryEntries {
		err = c.storePages(ctx, w, s, &m, anew)
	} else {
		m = m.WithoutPages()
	}
	if err == nil {
		err = w.flush(ctx) // the manifest comes behind everything that it names
	}
	if err == nil {
		err = c.allThere(ctx, beside)
	}
	if err != nil {
		return watchlist.Manifest{}, err
	}
	text, err := m.Encode()
	if err != nil {
		return watchlist.Manifest{}, err
	}
	if err := w.put(ctx, keyManifest+m.Version, string(text)); err != nil {
		return watchlist.Manifest{}, err
	}
	return m, w.flush(ctx)
}

// storeCatalogue writes the catalogue of a list of s, unless it is there: one with a last sheet is whole, for that is
// written last.
func (c *Client) storeCatalogue(ctx context.Context, w *writer, s *watchlist.Snapshot, l watchlist.ManifestList, anew bool) error {
	if l.Sheets() == 0 {
		return nil
	}
	if !anew {
		_, err := c.Sheet(ctx, l.Hash, l.Sheets()-1)
		if err == nil || unlessLost(err) != nil {
			return err
		}
	}
	return s.Catalogue(l, func(i int, data []byte) error { return w.put(ctx, sheetKey(l.Hash, i), string(data)) })
}

// allThere says which segment of m is not there in its full length.
func (c *Client) allThere(ctx context.Context, m watchlist.Manifest) error {
	missing, err := c.missingSegments(ctx, m)
	if err == nil && len(missing) > 0 {
		err = fmt.Errorf("%d segments, such as %s: %w", len(missing), missing[0].SHA256, lists.ErrNotFound)
	}
	return err
}

// writer writes keys in pipelines of bounded size, and notes those among the stored ones that are found no other way.
type writer struct {
	c     *Client
	noted []any // keys
	pipe  redis.Pipeliner
	size  int
}

func (c *Client) writer() *writer { return &writer{c: c, pipe: c.rdb.Pipeline()} }

func (w *writer) put(ctx context.Context, key, value string) error {
	w.noted = append(w.noted, key)
	return w.set(ctx, key, value)
}

// set is put for what is found again without being noted.
func (w *writer) set(ctx context.Context, key, value string) error {
	w.pipe.Set(ctx, key, value, 0)
	if w.size += len(value); w.size < chunkBytes {
		return nil
	}
	return w.flush(ctx)
}

// flush notes the keys, and then writes them: what is left of a broken pipeline is found by its name.
func (w *writer) flush(ctx context.Context) error {
	if w.size == 0 {
		return nil
	}
	ctx, cancel := w.c.limit(ctx)
	defer cancel()
	var err error
	if len(w.noted) > 0 {
		err = w.c.rdb.SAdd(ctx, keyStored, w.noted...).Err()
	}
	var cmds []redis.Cmder
	if err == nil {
		cmds, err = w.pipe.Exec(ctx)
	}
	for _, cmd := range cmds {
		err = errors.Join(err, cmd.Err())
	}
	w.noted, w.pipe, w.size = w.noted[:0], w.c.rdb.Pipeline(), 0
	return domain("writing lists", err)
}

// Prune removes what neither the current version nor the few before it use, nor those that the history of the lists has
// not recorded yet: old segments and manifests, and what imports left that came to nothing. The caller holds the lease
// under which snapshots are stored. It returns how many keys it removed.
func (c *Client) Prune(ctx context.Context) (int, error) {
	keep, err := c.keep(ctx)
	if err != nil {
		return 0, err
	}
	versions, err := c.newest(ctx, keep)
	if err != nil {
		return 0, err
	}
	kept, err := c.keysOf(ctx, versions)
	if err != nil {
		return 0, err
	}
	if err := c.prunePages(ctx, kept); err != nil { // before the tables that name them
		return 0, err
	}
	ctx, cancel := c.limit(ctx)
	defer cancel()
	stored, err := c.rdb.SMembers(ctx, keyStored).Result()
	if err != nil {
		return 0, domain("stored keys", err)
	}
	pipe := c.rdb.Pipeline()
	n := 0
	for _, key := range stored {
		if !kept[key] {
			pipe.Unlink(ctx, key)
			pipe.SRem(ctx, keyStored, key)
			n++
		}
	}
	pipe.ZRemRangeByRank(ctx, keyVersions, 0, -keep-1)
	_, err = pipe.Exec(ctx)
	return n, domain("removing old versions", err)
}

// newest are the n newest versions.
func (c *Client) newest(ctx context.Context, n int64) ([]string, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	versions, err := c.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{Key: keyVersions, Start: 0, Stop: n - 1, Rev: true}).Result()
	return versions, domain("versions", err)
}

// keysOf are the keys of versions: their manifests and segments. A manifest that is gone or cannot be read names none.
func (c *Client) keysOf(ctx context.Context, versions []string) (map[string]bool, error) {
	out := map[string]bool{}
	for _, v := range versions {
		out[keyManifest+v] = true
		text, err := c.Manifest(ctx, v)
		if errors.Is(err, lists.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m, err := watchlist.ParseManifest(text)
		if err != nil {
			continue
		}
		for _, l := range m.Lists {
			for _, g := range l.Segments {
				out[keySegment+g.SHA256] = true
			}
			for _, p := range l.Pieces() {
				out[keySegment+p.SHA256] = true
			}
			for i := range l.Sheets() {
				out[sheetKey(l.Hash, i)] = true
			}
			if l.Paged != nil {
				out[tableName(l.Paged.Table)] = true
			}
		}
	}
	return out, nil
}
