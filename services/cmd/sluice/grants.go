package main

import (
	"context"
	"fmt"

	"sluice/schemas"
	"sluice/services/internal/app"
	"sluice/services/internal/audit"
	"sluice/services/internal/config"
	"sluice/services/internal/grants"
)

// grantsCmd shows who may do what at each server, in the form in which the server takes it.
type grantsCmd struct {
	Kafka      grantsKafkaCmd      `cmd:"" help:"ACLs of the brokers, as arguments of kafka-acls.sh; --apply makes topics and ACLs."`
	Redis      grantsRedisCmd      `cmd:"" help:"ACL file of Redis, with #NAME where the SHA-256 of a user's password belongs."`
	ClickHouse grantsClickHouseCmd `cmd:"" name:"clickhouse" help:"Users of ClickHouse, as a file for users.d; passwords come from variables of the server."`
}

type grantsKafkaCmd struct {
	config.Config
	Apply bool `help:"Create missing topics and give the permissions at the configured brokers, as a user who may."`
}

func (c *grantsKafkaCmd) Run(ctx context.Context, s streams) error {
	acls := grants.Kafka(schemas.TopicAccess)
	if !c.Apply {
		for _, a := range acls {
			fmt.Fprintln(s.Out, a.Command())
		}
		return nil
	}
	if err := c.Require(config.NeedKafka); err != nil {
		return err
	}
	log := app.Logger(s.Err, c.Log)
	record := audit.Record{Actor: app.Actor(), Action: audit.GrantApply, Object: "kafka", Detail: map[string]string{"permissions": fmt.Sprint(len(acls))}}
	err := audit.Do(ctx, app.AuditLog(&c.Config, log), record, func(ctx context.Context) error { return app.GrantKafka(ctx, &c.Config, acls) })
	if err == nil {
		fmt.Fprintf(s.Err, "%d permissions are in force\n", len(acls))
	}
	return err
}

type grantsRedisCmd struct{}

func (grantsRedisCmd) Run(s streams) error {
	_, err := fmt.Fprint(s.Out, grants.RedisFile())
	return err
}

type grantsClickHouseCmd struct {
	Tenant []string `help:"Tenants whose analysts get a user that sees the tenant's rows alone." placeholder:"NAME,..."`
}

func (c *grantsClickHouseCmd) Run(s streams) error {
	text, err := grants.ClickHouseFile(c.Tenant...)
	if err != nil {
		return fmt.Errorf("--tenant: %w", err)
	}
	_, err = fmt.Fprint(s.Out, text)
	return err
}
