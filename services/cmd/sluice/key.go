package main

import (
	"fmt"
	"strings"

	"sluice/services/internal/httpx"
)

// keyCmd makes an API key: the key itself is shown this once, and only its digest is to be kept.
type keyCmd struct {
	Tenant string `arg:"" help:"Tenant whose transfers the key may send."`
}

func (c *keyCmd) Run(s streams) error {
	if c.Tenant == "" || strings.ContainsAny(c.Tenant, "/ \t\n") {
		return fmt.Errorf("tenant: %q is not a name without spaces and slashes", c.Tenant)
	}
	key, line := httpx.NewKey(c.Tenant)
	fmt.Fprintf(s.Err, "The client sends, and nobody can show it again:\n  Authorization: Bearer %s\nAdd this line to the file of http.keys_file:\n", key)
	_, err := fmt.Fprintln(s.Out, line)
	return err
}
