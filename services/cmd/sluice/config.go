package main

import (
	"fmt"
	"text/tabwriter"

	"sluice/services/internal/config"
)

// configCmd shows the settings as file, environment and flags make them.
type configCmd struct{ config.Config }

func (c *configCmd) Run(s streams) error {
	out := tabwriter.NewWriter(s.Out, 0, 0, 2, ' ', 0)
	for _, x := range c.Dump() {
		fmt.Fprintf(out, "%s\t%s\n", x.Key, x.Value)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	return c.Validate()
}
