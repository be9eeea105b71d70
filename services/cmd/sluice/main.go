// Command sluice is the know-your-transaction pipeline, and every tool around it, in one binary.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// version is set by the build.
var version = "dev"

func main() {
	os.Exit(run())
}

func run() int {
	if code, isChild := engineChild(os.Args[1:]); isChild {
		return code
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	s := streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	return execute(ctx, os.Args[1:], s, os.LookupEnv)
}
