package schemas

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed events/*.json
var events embed.FS

// Events are the JSON Schemas (2020-12) of what the topics carry, one file per format: raw.v1.json, transfers.v1.json, ….
// They refer to each other by their $id, urn:sluice:events: and the format.
func Events() fs.FS {
	sub, err := fs.Sub(events, "events")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Event returns the JSON Schema of a Topic's Format.
func Event(format string) ([]byte, error) {
	text, err := events.ReadFile("events/" + format + ".json")
	if err != nil {
		return nil, fmt.Errorf("no schema of the format %q", format)
	}
	return text, nil
}
