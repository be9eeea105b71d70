package main

import (
	"fmt"
	"slices"

	"github.com/alecthomas/kong"
)

// printHelp is the help of a command. Settings, which every command takes, are shown where they are what the command is
// about; elsewhere a command's own flags would drown in them.
func printHelp(options kong.HelpOptions, ctx *kong.Context) error {
	node := ctx.Selected()
	hidden := node != nil && !aboutSettings(node)
	for hidden && node != nil {
		for _, f := range node.Flags {
			f.Hidden = f.Hidden || isSetting(f)
		}
		node = node.Parent
	}
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil {
		return err
	}
	if hidden {
		_, err := fmt.Fprintln(ctx.Stdout, "\nEvery setting is a flag of this command too: sluice config --help")
		return err
	}
	return nil
}

// aboutSettings says whether a command is a service, or shows the settings.
func aboutSettings(n *kong.Node) bool {
	return slices.Contains([]string{"run", "ingest", "enrichment", "alerting", "recorder", "config", "serve"}, n.Name)
}

// isSetting says whether a flag is a setting. They are in groups, and a command's own flags are not.
func isSetting(f *kong.Flag) bool { return f.Group != nil }
