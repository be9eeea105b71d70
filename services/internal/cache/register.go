package cache

import (
	"context"
	"encoding/json"
	"fmt"

	"sluice/services/internal/lists"
)

// keyRegister holds what is known of the lists and is no part of them. It is small, and always read and written whole, by
// whoever holds a lease.
const keyRegister = prefix + "{lists}:register"

// Register returns what is known of the lists. ErrNotFound: it was never written, or Redis was flushed.
func (c *Client) Register(ctx context.Context) (lists.Register, error) {
	text, err := c.get(ctx, "register of the lists", keyRegister)
	if err != nil {
		return lists.Register{}, err
	}
	var r lists.Register
	if err := json.Unmarshal(text, &r); err != nil {
		return lists.Register{}, fmt.Errorf("register of the lists: %w: %w", lists.ErrBroken, err)
	}
	return r, nil
}

// SetRegister writes what is known of the lists.
func (c *Client) SetRegister(ctx context.Context, r lists.Register) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	ctx, cancel := c.limit(ctx)
	defer cancel()
	return domain("register of the lists", c.rdb.Set(ctx, keyRegister, text, 0).Err())
}
