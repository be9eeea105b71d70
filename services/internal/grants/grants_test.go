package grants

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sluice/schemas"
)

// The files that docker-compose.yml mounts are what the tables say.
func TestTheFilesOfTheDeployment(t *testing.T) {
	users, err := ClickHouseFile("default")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"redis/users.acl": RedisFile(), "clickhouse/users.xml": users} {
		got, err := os.ReadFile(filepath.Join("../../../deployments", path))
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("deployments/%s is out of date: make grants", path)
		}
	}
}

func TestKafkaACLs(t *testing.T) {
	acls := Kafka([]schemas.Access{{Principal: "x", Read: []string{"sluice.a"}, Write: []string{"sluice.b"}, Groups: []string{"g.*", "h"}, Creates: true, Watches: true}})
	var got []string
	for _, a := range acls {
		got = append(got, a.Command())
	}
	want := []string{
		"--add --allow-principal User:x --operation Describe --topic sluice. --resource-pattern-type prefixed",
		"--add --allow-principal User:x --operation DescribeConfigs --topic sluice. --resource-pattern-type prefixed",
		"--add --allow-principal User:x --operation Create --topic sluice. --resource-pattern-type prefixed",
		"--add --allow-principal User:x --operation Read --topic sluice.a --resource-pattern-type literal",
		"--add --allow-principal User:x --operation Write --topic sluice.b --resource-pattern-type literal",
		"--add --allow-principal User:x --operation Read --group g. --resource-pattern-type prefixed",
		"--add --allow-principal User:x --operation Read --group h --resource-pattern-type literal",
		"--add --allow-principal User:x --operation Describe --group sluice. --resource-pattern-type prefixed",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestATenantThatCannotBeAUser(t *testing.T) {
	for _, bad := range []string{"", "a b", "A", "x'; DROP", strings.Repeat("x", 41), "ü"} {
		if text, err := ClickHouseFile(bad); err == nil {
			t.Errorf("%q: %s", bad, text)
		}
	}
	if _, err := ClickHouseFile("acme", "other_1"); err != nil {
		t.Error(err)
	}
}
