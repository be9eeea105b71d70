package deploycheck

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// Compose reads a compose file as docker compose does, with every profile and with these variables ("NAME=value") and no
// others.
func Compose(ctx context.Context, path string, variables ...string) (*types.Project, error) {
	options, err := cli.NewProjectOptions([]string{path}, cli.WithEnv(variables), cli.WithProfiles([]string{"*"}))
	if err != nil {
		return nil, err
	}
	return options.LoadProject(ctx)
}

// ComposeWorkload is a service of a compose file as a workload.
func ComposeWorkload(s types.ServiceConfig) Workload {
	w := Workload{
		Name: s.Name, Image: s.Image, Args: s.Command, Env: map[string]string{},
		StopGrace: 10 * time.Second,
		Ends:      s.Restart == types.RestartPolicyOnFailure || s.Restart == types.RestartPolicyNo,
		Healthy:   s.HealthCheck != nil && !s.HealthCheck.Disable && len(s.HealthCheck.Test) > 1,
		ReadOnly:  s.ReadOnly,
		Confined:  slices.Contains(s.SecurityOpt, "no-new-privileges:true") && !s.Privileged && len(s.CapAdd) == 0,
		Bounded:   s.MemLimit > 0,
	}
	if s.StopGracePeriod != nil {
		w.StopGrace = time.Duration(*s.StopGracePeriod)
	}
	for name, value := range s.Environment {
		if value != nil {
			w.Env[name] = *value
		}
	}
	for _, v := range s.Volumes {
		if !v.ReadOnly {
			w.Mounts = append(w.Mounts, v.Target)
		}
	}
	for _, t := range s.Tmpfs {
		folder, _, _ := strings.Cut(t, ":")
		w.Mounts = append(w.Mounts, folder)
	}
	for _, secret := range s.Secrets {
		target := secret.Target
		if target == "" {
			target = secret.Source
		}
		if !strings.HasPrefix(target, "/") {
			target = "/run/secrets/" + target
		}
		w.Secrets = append(w.Secrets, target)
	}
	return w
}

// ComposeProblems lists what is wrong with the project as a whole, beside its workloads. secrets are the values that the
// passwords must have: what the variables were when the file was read.
func ComposeProblems(p *types.Project, secrets ...string) []string {
	var found []string
	add := func(service, format string, args ...any) {
		found = append(found, service+": "+fmt.Sprintf(format, args...))
	}
	for _, name := range p.ServiceNames() {
		s := p.Services[name]
		for _, port := range s.Ports {
			if ip := net.ParseIP(port.HostIP); ip == nil || !ip.IsLoopback() {
				add(name, "port %s is published to others than this machine", port.Published)
			}
		}
		for variable, value := range s.Environment {
			if value == nil {
				continue
			}
			if secret := password(variable, *value); secret != "" && !slices.Contains(secrets, secret) {
				add(name, "%s holds a password that stands in the file", variable)
			}
		}
		words := slices.Clone(s.Command)
		if s.HealthCheck != nil {
			words = append(words, s.HealthCheck.Test...)
		}
		for _, secret := range secrets {
			if strings.Contains(strings.Join(words, " "), secret) {
				add(name, "a password is on a command line, which every process list shows")
			}
		}
		if w := ComposeWorkload(s); w.IsSluice() {
			for _, server := range serversOf(w.Env) {
				if _, ok := p.Services[server]; !ok {
					add(name, "%s is not a service", server)
				} else if !waits(p, name, server, types.ServiceConditionHealthy) {
					add(name, "it does not wait until %s is healthy", server)
				}
			}
			if !w.Ends && !waits(p, name, "migrate", types.ServiceConditionCompletedSuccessfully) {
				add(name, "it does not wait for migrate")
			}
		}
	}
	slices.Sort(found)
	return found
}

// password is the secret in a variable: what a *PASSWORD names, or what a URL carries; "" when there is none.
func password(name, value string) string {
	if strings.HasSuffix(name, "PASSWORD") {
		return value
	}
	if u, err := url.Parse(value); err == nil && u.User != nil {
		secret, _ := u.User.Password()
		return secret
	}
	return ""
}

// serversOf names the hosts of the servers that the settings name.
func serversOf(env map[string]string) []string {
	cfg, err := Settings(env)
	if err != nil {
		return nil // a problem of the workload, and reported there
	}
	var hosts []string
	for _, broker := range cfg.Kafka.Brokers {
		host, _, _ := net.SplitHostPort(broker)
		hosts = append(hosts, host)
	}
	for _, raw := range []string{cfg.Redis.URL, cfg.ClickHouse.DSN} {
		if u, err := url.Parse(raw); err == nil && raw != "" {
			hosts = append(hosts, u.Hostname())
		}
	}
	return hosts
}

// waits says whether a service starts only once another is in a condition, because it or what it waits for says so.
func waits(p *types.Project, name, other, condition string) bool {
	for dependency, d := range p.Services[name].DependsOn {
		if dependency == other && d.Condition == condition || dependency != other && waits(p, dependency, other, condition) {
			return true
		}
	}
	return false
}
