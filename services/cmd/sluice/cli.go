package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"sluice/pkg/watchlist/format"
	"sluice/services/internal/config"
	"sluice/services/internal/httpx"
)

// streams are the standard streams of a command, so that tests run commands in their own process.
type streams struct {
	In  io.Reader
	Out io.Writer
	Err io.Writer
}

// cli is every command. A field is a command; what it does stands in the file of its name.
type cli struct {
	ConfigFile string           `name:"config" help:"YAML file with settings; every key is also a flag and a SLUICE_ variable." placeholder:"FILE" type:"path"`
	Version    kong.VersionFlag `help:"Print the version and exit."`

	Run        runCmd        `cmd:"" help:"Run all services in this process, on embedded servers or on those that the config names."`
	Ingest     ingestCmd     `cmd:"" help:"Run the ingest service against external servers."`
	Enrichment enrichmentCmd `cmd:"" help:"Run the enrichment service against external servers."`
	Alerting   alertingCmd   `cmd:"" help:"Run the alerting service against external servers."`
	Recorder   recorderCmd   `cmd:"" help:"Run the recorder service against external servers."`
	Watchlist  watchlistCmd  `cmd:"" help:"Run the watchlist service, or look after the lists."`
	Migrate    migrateCmd    `cmd:"" help:"Bring the ClickHouse schema up to date, under a lock."`
	Screen     screenCmd     `cmd:"" help:"Judge transfers (NDJSON) without any server."`
	Convert    convertCmd    `cmd:"" help:"Turn blocks and exports into transfers (NDJSON)."`
	Address    addressCmd    `cmd:"" help:"Check addresses: lines NETWORK<TAB>ADDRESS."`
	SQL        sqlCmd        `cmd:"" name:"sql" help:"Ask the configured or embedded ClickHouse."`
	Simulate   simulateCmd   `cmd:"" help:"Make realistic transfers with labelled scenarios."`
	Bench      benchCmd      `cmd:"" help:"Measure each hop and the whole beside the bare loop."`

	BenchInstance benchInstanceCmd `cmd:"" name:"bench-instance" hidden:"" help:"One of the processes that bench --stage lists measures."`
	BenchTurns    benchTurnsCmd    `cmd:"" name:"bench-turns" hidden:"" help:"One of the processes that bench --stage sizes measures."`
	Config        configCmd        `cmd:"" help:"Show every setting with its value in force, without secrets."`
	Deadletter    deadletterCmd    `cmd:"" help:"Look at what was given up, and send it again."`
	Rewind        rewindCmd        `cmd:"" help:"Set the stopped recorder back, so that it records again from a moment."`
	Verify        verifyCmd        `cmd:"" help:"Prove that nothing was lost, counted twice or cleared unseen."`
	Doctor        doctorCmd        `cmd:"" help:"Check config and connections, and say what to do about each problem."`
	Key           keyCmd           `cmd:"" help:"Make an API key for a tenant."`
	Grants        grantsCmd        `cmd:"" help:"Show, or give, the least rights that each service needs at the servers."`
	Audit         auditCmd         `cmd:"" help:"Read and verify the log of who changed what."`
}

// errLines says that some lines of a filter failed; each was reported where it happened.
var errLines = errors.New("some lines failed")

// unproved says that a command that proves something could not: err is why, nil where its output told that.
type unproved struct{ err error }

func (u unproved) Error() string { return fmt.Sprint(u.err) }
func (u unproved) Unwrap() error { return u.err }

// execute runs the command line args and returns its exit status: 0 done, 1 failed, 2 not understood, 3 of a proof that
// could not be made.
func execute(ctx context.Context, args []string, s streams, env func(string) (string, bool)) int {
	file, err := readConfig(args, env)
	if err == nil {
		err = config.RefuseSecrets(args)
	}
	if err != nil {
		fmt.Fprintln(s.Err, "sluice:", err)
		return 2
	}
	exit := -1
	parser, err := kong.New(reflect.New(narrow(reflect.TypeFor[cli](), args)).Interface(),
		kong.Name("sluice"),
		kong.Description("The streaming know-your-transaction pipeline for exchanges."),
		kong.UsageOnError(),
		vars(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Help(printHelp),
		kong.Writers(s.Out, s.Err),
		kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(s, file),
		kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
			if text, ok := config.Resolve(flag.Name, file, env); ok {
				return text, nil
			}
			return nil, nil
		})),
	)
	if err != nil {
		fmt.Fprintln(s.Err, "sluice:", err)
		return 2
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 { // --help and --version have said it all
		return exit
	}
	if err != nil {
		fmt.Fprintf(s.Err, "sluice: %v\n", err)
		var p *kong.ParseError
		if errors.As(err, &p) && p.Context != nil && len(args) == 0 {
			_ = p.Context.PrintUsage(true)
		}
		return 2
	}
	var u unproved
	switch err := parsed.Run(); {
	case err == nil:
		return 0
	case errors.Is(err, errLines):
		return 1
	case errors.As(err, &u):
		if u.err != nil {
			fmt.Fprintf(s.Err, "sluice: %v\n", err)
		}
		return 3
	default:
		fmt.Fprintf(s.Err, "sluice: %v\n", err)
		return 1
	}
}

// vars are what help texts and defaults are filled with.
func vars() kong.Vars {
	return kong.Vars{"version": version, "formats": strings.Join(format.Names(), ", "), "scopes": httpx.AllScopes.String(), "exchange_scopes": httpx.ExchangeScopes.String()}
}

// readConfig reads the file of --config or SLUICE_CONFIG, which must be known before the flags are resolved.
func readConfig(args []string, env func(string) (string, bool)) (config.File, error) {
	path, _ := env("SLUICE_CONFIG")
	for i, a := range args {
		if a == "--" {
			break
		}
		if value, ok := strings.CutPrefix(a, "--config="); ok {
			path = value
		} else if a == "--config" && i+1 < len(args) {
			path = args[i+1]
		}
	}
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	defer func() { _ = f.Close() }()
	file, err := config.ReadFile(f)
	if err != nil {
		return nil, fmt.Errorf("config: %s: %w", path, err)
	}
	return file, nil
}
