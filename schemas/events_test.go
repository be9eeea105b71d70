package schemas_test

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"sluice/schemas"
)

func TestEveryFormatOfATopicHasItsSchema(t *testing.T) {
	used := map[string]bool{}
	for _, topic := range schemas.Topics {
		if topic.Format == "" {
			continue
		}
		used[topic.Format] = true
		text, err := schemas.Event(topic.Format)
		if err != nil {
			t.Errorf("%s: %v", topic.Name, err)
			continue
		}
		var head struct {
			Schema string `json:"$schema"`
			ID     string `json:"$id"`
			Title  string `json:"title"`
		}
		if err := json.Unmarshal(text, &head); err != nil {
			t.Errorf("%s: %v", topic.Format, err)
		}
		if head.Schema != "https://json-schema.org/draft/2020-12/schema" || head.ID != "urn:sluice:events:"+topic.Format || head.Title == "" {
			t.Errorf("%s: head %+v", topic.Format, head)
		}
	}
	files, err := fs.Glob(schemas.Events(), "*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, name := range files {
		if !used[strings.TrimSuffix(name, ".json")] {
			t.Errorf("no topic uses %s", name)
		}
	}
	if _, err := schemas.Event("nothing.v1"); err == nil {
		t.Error("a format that does not exist has a schema")
	}
}
