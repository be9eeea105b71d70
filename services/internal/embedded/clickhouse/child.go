package clickhouse

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"sluice/services/internal/fetch"
)

// Arg is the first argument by which a binary that embeds the engine knows that it is to be the engine: it calls Main
// and exits with what that returns.
const Arg = "clickhouse-engine"

// Inherited files of a supervised child.
const (
	listenerFD = 3 // the listening socket
	readyFD    = 4 // one line is written to it when the engine answers
)

// Main is the engine's process: args are the ones behind Arg. With none it is a supervisor's child, which gets its
// configuration on standard input and ends when that ends. With -listen it is a server of its own, for whoever wants
// the engine without its parent: the password comes from the environment variable CLICKHOUSE_PASSWORD.
func Main(args []string) int {
	// A write to a log that nobody reads any more must not end the engine before it has closed its files.
	signal.Ignore(syscall.SIGPIPE)
	var err error
	if len(args) == 0 {
		err = child()
	} else {
		err = standalone(args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "clickhouse engine:", err)
		return 1
	}
	return 0
}

func child() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()

	in := bufio.NewReader(os.Stdin)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	var cfg ServeConfig
	if err := json.Unmarshal(line, &cfg); err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		// The parent is gone. What was acknowledged is on disk; a next parent is waiting for the folder's lock.
		os.Exit(3)
	}()

	file := os.NewFile(listenerFD, "listener")
	ln, err := net.FileListener(file)
	if err != nil {
		return fmt.Errorf("inherited listener: %w", err)
	}
	_ = file.Close()
	return Serve(ctx, ln, cfg, func() {
		ready := os.NewFile(readyFD, "ready")
		_, _ = fmt.Fprintln(ready, "ready")
		_ = ready.Close()
	})
}

func standalone(args []string) error {
	var cfg ServeConfig
	flags := flag.NewFlagSet(Arg, flag.ContinueOnError)
	listen := flags.String("listen", "", "host:port")
	flags.StringVar(&cfg.Dir, "dir", "", "the engine's folder")
	flags.StringVar(&cfg.Lib, "lib", "", "the engine's file; default: the one in the cache")
	flags.StringVar(&cfg.User, "user", "default", "the user that may connect")
	flags.Int64Var(&cfg.Memory, "memory", 0, "bytes that the engine may use")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *listen == "" || cfg.Dir == "" {
		return errors.New("-listen and -dir are needed")
	}
	cfg.Password = os.Getenv("CLICKHOUSE_PASSWORD")
	if cfg.Lib == "" {
		var err error
		if cfg.Lib, err = fetch.Locate(); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	return Serve(ctx, ln, cfg, func() { fmt.Fprintln(os.Stderr, "clickhouse engine: listening on", ln.Addr()) })
}
