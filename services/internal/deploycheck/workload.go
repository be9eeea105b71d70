// Package deploycheck holds what is in deployments/ and docker-compose.yml to what the code accepts: a setting that was
// renamed, a server that a command needs and is not given, a metric that no longer exists. Readers turn the files into
// workloads; one set of rules judges them, whatever runs them. Only tests use it; nothing of it is in the binary.
package deploycheck

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"sluice/services/internal/config"
)

// Workload is one container as a deployment file describes it.
type Workload struct {
	Name      string
	Image     string
	Args      []string
	Env       map[string]string // secrets are replaced by well-formed samples
	Mounts    []string          // writable folders
	Secrets   []string          // files and folders that hold secrets
	StopGrace time.Duration     // between the signal and the kill
	Ends      bool              // runs to its end, so nobody asks for its health
	Healthy   bool              // something asks for its health
	ReadOnly  bool              // its root file system
	Confined  bool              // it cannot gain privileges
	Bounded   bool              // in memory
}

// IsSluice says whether the container runs the binary of this repository, not a server of others.
func (w Workload) IsSluice() bool {
	name, _, _ := strings.Cut(w.Image, ":")
	return name == "sluice" || strings.HasSuffix(name, "/sluice")
}

// Command is the command of the binary that the container runs.
func (w Workload) Command() string {
	if len(w.Args) == 0 {
		return ""
	}
	return w.Args[0]
}

// Problems lists everything that is wrong with the workload, for people.
func (w Workload) Problems() []string {
	var found []string
	add := func(format string, args ...any) {
		found = append(found, w.Name+": "+fmt.Sprintf(format, args...))
	}
	if !pinned.MatchString(w.Image) {
		add("image %q is not pinned to a release", w.Image)
	}
	if w.Ends == w.Healthy {
		add("what goes on running has a health check, and nothing else has")
	}
	if !w.Confined {
		add("it may gain privileges")
	}
	if !w.Bounded {
		add("its memory has no bound")
	}
	if w.IsSluice() {
		w.sluice(add)
	}
	return found
}

// pinned is an image with a tag that is a release, or was built here.
var pinned = regexp.MustCompile(`^[a-z0-9./:-]+:(v?\d+\.\d+[\w.-]*|[a-z]+-\d{8}[\w.-]*|local)$`)

// command is what a command of the binary takes.
type command struct {
	needs []config.Need
	keeps bool // it writes local copies under data
	api   bool // it serves more than the operational routes
	flags bool // it takes flags that are no settings
	notes bool // it writes the audit log
}

var commands = map[string]command{
	"migrate":    {needs: []config.Need{config.NeedRedis, config.NeedClickHouse}, notes: true},
	"ingest":     {needs: []config.Need{config.NeedKafka, config.NeedRedis}, api: true, notes: true},
	"enrichment": {needs: []config.Need{config.NeedKafka, config.NeedRedis}, keeps: true},
	"alerting":   {needs: []config.Need{config.NeedKafka}},
	"recorder":   {needs: []config.Need{config.NeedKafka, config.NeedClickHouse}},
	"verify":     {needs: []config.Need{config.NeedKafka, config.NeedClickHouse}, flags: true},
	"watchlist":  {needs: []config.Need{config.NeedKafka, config.NeedRedis, config.NeedClickHouse}, keeps: true, notes: true},
}

// grantsCommand gives the rights at the brokers, where a deployment brings brokers of its own.
var grantsCommand = command{needs: []config.Need{config.NeedKafka}, notes: true, flags: true}

// Commands are the commands that a whole deployment runs.
func Commands() []string { return slices.Sorted(maps.Keys(commands)) }

// imageData is SLUICE_DATA of the image.
const imageData = "/var/lib/sluice"

// sluice adds what is wrong with a container of ours.
func (w Workload) sluice(add func(string, ...any)) {
	name := w.Command()
	cmd, known := commands[name]
	if name == "grants" {
		cmd, known = grantsCommand, true
	}
	if !known {
		add("%q is not one of the commands %v", name, Commands())
		return
	}
	if len(w.Args) != 1 && !cmd.flags {
		add("its arguments are %q, not one command", w.Args)
		return
	}
	cfg, err := Settings(w.Env)
	if err != nil {
		add("%v", err)
		return
	}
	for _, need := range []config.Need{config.NeedKafka, config.NeedRedis, config.NeedClickHouse} {
		err := cfg.Require(need)
		switch wanted := slices.Contains(cmd.needs, need); {
		case wanted && err != nil:
			add("%v", err)
		case !wanted && err == nil:
			add("it is given a server that %s does not use (the need %d): a secret more than it must know", name, need)
		}
	}
	if cmd.api {
		if err := cfg.RequireKeys(); err != nil {
			add("%v", err)
		}
	}
	if f := cfg.HTTP.KeysFile; f != "" && !within(f, w.Secrets) {
		add("http.keys_file: %s is not among the secrets that are mounted: %q", f, w.Secrets)
	}
	for key, f := range map[string]string{"kafka.sasl.password_file": cfg.Kafka.SASL.Login.PasswordFile, "redis.password_file": cfg.Redis.Login.PasswordFile,
		"clickhouse.password_file": cfg.ClickHouse.Login.PasswordFile, "kafka.tls.ca_file": cfg.Kafka.TLS.CAFile} {
		if f != "" && !within(f, w.Secrets) {
			add("%s: %s is not among the secrets that are mounted: %q", key, f, w.Secrets)
		}
	}
	if len(cfg.Kafka.Brokers) > 0 && cfg.Kafka.SASL.User != kafkaUser(name) {
		add("it logs in at the brokers as %q, whose rights are not its own: want %q", cfg.Kafka.SASL.User, kafkaUser(name))
	}
	if f := auditOf(cfg, w.Env); cmd.notes && !within(f, w.Mounts) {
		add("audit.file: %s is not on a volume: %q", f, w.Mounts)
	}
	if !w.ReadOnly {
		add("its root file system is writable")
	}
	if data := dataOf(w.Env); cmd.keeps && !within(data, w.Mounts) {
		add("data: %s is not on a volume: %q", data, w.Mounts)
	}
	if !within("/tmp", w.Mounts) {
		add("/tmp is not writable")
	}
	if !w.Ends && w.StopGrace <= cfg.Stream.DrainTimeout {
		add("it is killed %s after the signal, but may drain for %s", w.StopGrace, cfg.Stream.DrainTimeout)
	}
}

// kafkaUser is the principal of the table of access whose rights a command has.
func kafkaUser(name string) string {
	switch name {
	case "verify":
		return "auditor"
	case "grants":
		return "operator"
	}
	return name
}

func auditOf(cfg *config.Config, env map[string]string) string {
	if cfg.Audit.File != "" {
		return cfg.Audit.File
	}
	return dataOf(env) + "/audit.log"
}

func dataOf(env map[string]string) string {
	if data := env["SLUICE_DATA"]; data != "" {
		return data
	}
	return imageData
}

// within says whether path is one of the folders, or in one of them.
func within(path string, folders []string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return path == f || strings.HasPrefix(path, f+"/") })
}

// notKeys are SLUICE_ variables that are no keys: where the config file is.
var notKeys = []string{"SLUICE_CONFIG"}

// Settings reads an environment as the command line does, and refuses SLUICE_ variables that mean nothing.
func Settings(env map[string]string) (*config.Config, error) {
	known := slices.Clone(notKeys)
	for _, k := range config.Keys() {
		known = append(known, k.Env)
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if strings.HasPrefix(name, "SLUICE_") && !slices.Contains(known, name) {
			return nil, fmt.Errorf("%s is not a setting; did you mean %s?", name, config.Nearest(name, known))
		}
	}
	lookup := func(name string) (string, bool) { text, ok := env[name]; return text, ok }
	var cfg config.Config
	parser, err := kong.New(&cfg, kong.Bind(config.File{}), kong.Resolvers(kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if text, ok := config.Resolve(flag.Name, nil, lookup); ok {
			return text, nil
		}
		return nil, nil
	})))
	if err != nil {
		return nil, err
	}
	if _, err := parser.Parse(nil); err != nil {
		return nil, err
	}
	return &cfg, cfg.Validate()
}
