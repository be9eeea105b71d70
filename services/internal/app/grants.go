package app

import (
	"context"
	"errors"

	"sluice/schemas"
	"sluice/services/internal/config"
	"sluice/services/internal/grants"
	"sluice/services/internal/stream"
)

// GrantKafka makes the topics that are missing and gives the permissions, as the user of the config.
func GrantKafka(ctx context.Context, cfg *config.Config, acls []grants.ACL) (err error) {
	c, err := external(cfg).kafkaClient(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if _, err := c.EnsureTopics(ctx, schemas.Topics, stream.EnsureOptions{AllowUnsafe: cfg.Kafka.AllowUnsafe}); err != nil {
		return err
	}
	return c.Grant(ctx, acls)
}
