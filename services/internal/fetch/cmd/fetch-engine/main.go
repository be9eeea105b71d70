// Command fetch-engine puts the embedded ClickHouse engine into the user's cache, once, and prints its path.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"sluice/services/internal/fetch"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	path, err := fetch.Ensure(ctx, os.Stderr)
	stop()
	if errors.Is(err, fetch.ErrPlatform) {
		// A build goes on without it: everything but the embedded engine works.
		fmt.Fprintln(os.Stderr, "fetch-engine:", err)
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "fetch-engine:", err)
		os.Exit(1)
	}
	fmt.Println(path)
}
