// Package grants says who may do what at the brokers, in Redis and in ClickHouse, as the files and commands by which an
// operator sets that up. Each service gets what it needs and nothing else; tests run each service's work under its grants.
package grants

import (
	"fmt"
	"slices"
	"strings"

	"sluice/schemas"
)

// ACL is one permission at the brokers: Principal may do Operation with the resource.
type ACL struct {
	Principal string
	Operation string // Read, Write, Describe, DescribeConfigs, Create
	Resource  string // topic, group
	Name      string
	Prefixed  bool // Name begins the names of the resources
}

// Kafka are the ACLs of the table of access.
func Kafka(table []schemas.Access) []ACL {
	var acls []ACL
	for _, a := range table {
		add := func(operation, resource, name string) {
			prefix, prefixed := strings.CutSuffix(name, "*")
			acls = append(acls, ACL{a.Principal, operation, resource, prefix, prefixed})
		}
		add("Describe", "topic", schemas.Prefix+"*")
		add("DescribeConfigs", "topic", schemas.Prefix+"*")
		if a.Creates {
			add("Create", "topic", schemas.Prefix+"*")
		}
		for _, t := range a.Read {
			add("Read", "topic", t)
		}
		for _, t := range a.Write {
			add("Write", "topic", t)
		}
		for _, g := range a.Groups {
			add("Read", "group", g)
		}
		if a.Watches {
			add("Describe", "group", schemas.Prefix+"*")
		}
	}
	return acls
}

// Command is the ACL as an argument list of Kafka's own kafka-acls.sh.
func (a ACL) Command() string {
	pattern := "literal"
	if a.Prefixed {
		pattern = "prefixed"
	}
	return fmt.Sprintf("--add --allow-principal User:%s --operation %s --%s %s --resource-pattern-type %s", a.Principal, a.Operation, a.Resource, a.Name, pattern)
}

// User is one user of Redis: its rules without the password.
type User struct {
	Name  string
	Who   string
	Rules []string
}

// connect is what every client does before and beside its work. INFO tells how a full memory is treated; the CLUSTER
// commands tell which node has a key.
var connect = []string{"+auth", "+hello", "+ping", "+select", "+quit", "+client|setname", "+client|id",
	"+info", "+readonly", "+command", "+cluster|slots", "+cluster|shards", "+cluster|nodes", "+cluster|myid"}

const (
	keysOfLists    = "sluice:{lists}:*"
	keyOfScreeners = "sluice:{lists}:screeners"
	keysOfLeases   = "sluice:lease:*"
	keysOfSeen     = "sluice:seen:*"
)

// Redis is the one table of the users of Redis.
var Redis = []User{
	{"ingest", "the ingest service: what was acknowledged", []string{"~" + keysOfSeen, "+get", "+mget", "+set", "+dbsize"}},
	{"enrichment", "the enrichment service: reads the lists, and tells which it screens with", []string{"%R~" + keysOfLists, "~" + keyOfScreeners, "&" + keysOfLists,
		"+@read", "+subscribe", "+unsubscribe", "-@dangerous", "-@scripting", "+multi", "+exec", "+eval", "+time", "+hset", "+hsetnx"}},
	{"watchlist", "the watchlist service and list officers' commands: writes the lists", []string{"~" + keysOfLists, "~" + keysOfLeases, "&" + keysOfLists,
		"+@read", "+@write", "+publish", "+subscribe", "+unsubscribe", "+time", "+eval", "+evalsha", "+script|load", "-@dangerous"}},
	{"migrate", "sluice migrate: its lock", []string{"~" + keysOfLeases, "+get", "+set", "+del", "+pexpire", "+eval", "+evalsha", "+script|load"}},
}

// RedisFile renders the ACL file. Where a user's password belongs stands #NAME, for the SHA-256 of it in hexadecimal.
// Nobody is the default user, who may ask whether the server lives.
func RedisFile() string {
	var b strings.Builder
	b.WriteString("user default on nopass resetkeys resetchannels -@all +ping\n")
	for _, u := range Redis {
		rules := append(slices.Clone(u.Rules), connect...) // behind what -@dangerous takes away
		fmt.Fprintf(&b, "user %s on #%s resetkeys resetchannels -@all %s\n", u.Name, u.Name, strings.Join(rules, " "))
	}
	return b.String()
}
