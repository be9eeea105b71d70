package broker

import (
	"context"
	"fmt"

	"github.com/segmentio/kafka-go"

	"sluice/services/internal/grants"
)

var aclOperations = map[string]kafka.ACLOperationType{
	"Read": kafka.ACLOperationTypeRead, "Write": kafka.ACLOperationTypeWrite, "Create": kafka.ACLOperationTypeCreate,
	"Describe": kafka.ACLOperationTypeDescribe, "DescribeConfigs": kafka.ACLOperationTypeDescribeConfigs,
}

var aclResources = map[string]kafka.ResourceType{"topic": kafka.ResourceTypeTopic, "group": kafka.ResourceTypeGroup}

// Grant gives the permissions at the brokers, which keep those that are there. The client's user must be allowed to.
func (c *Client) Grant(ctx context.Context, acls []grants.ACL) error {
	req := &kafka.CreateACLsRequest{}
	for _, a := range acls {
		operation, known := aclOperations[a.Operation]
		resource, also := aclResources[a.Resource]
		if !known || !also {
			return fmt.Errorf("grant: %s on a %s is none that is given", a.Operation, a.Resource)
		}
		pattern := kafka.PatternTypeLiteral
		if a.Prefixed {
			pattern = kafka.PatternTypePrefixed
		}
		req.ACLs = append(req.ACLs, kafka.ACLEntry{ResourceType: resource, ResourceName: a.Name, ResourcePatternType: pattern,
			Principal: "User:" + a.Principal, Host: "*", Operation: operation, PermissionType: kafka.ACLPermissionTypeAllow})
	}
	res, err := c.admin.CreateACLs(ctx, req)
	if err != nil {
		return translate(err)
	}
	for i, err := range res.Errors {
		if err != nil {
			return fmt.Errorf("grant %s: %w", acls[i].Command(), translate(err))
		}
	}
	return nil
}
