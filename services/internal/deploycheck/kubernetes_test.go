package deploycheck

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
)

const kubernetes = "deployments/kubernetes"

// manifests returns the text of every file of manifests, by its name.
func manifests(t *testing.T) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root, kubernetes))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, e := range entries {
		if filepath.Ext(e.Name()) == ".yaml" && e.Name() != "kustomization.yaml" {
			files[e.Name()] = read(t, filepath.Join(kubernetes, e.Name()))
		}
	}
	return files
}

func cluster(t *testing.T, files map[string]string) *Cluster {
	t.Helper()
	var all []Manifest
	for name, text := range files {
		some, err := Manifests([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, some...)
	}
	c, err := NewCluster(all)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// problems are those of all workloads of the cluster.
func (c *Cluster) problems() (found, commands []string) {
	for _, m := range c.Workloads {
		w, err := c.Workload(m)
		if err != nil {
			found = append(found, err.Error())
			continue
		}
		found = append(found, w.Problems()...)
		commands = append(commands, w.Command())
	}
	slices.Sort(commands)
	return found, commands
}

func TestKubernetesManifests(t *testing.T) {
	c := cluster(t, manifests(t))
	found, run := c.problems()
	for _, problem := range found {
		t.Error(problem)
	}
	if !slices.Equal(run, Commands()) {
		t.Errorf("the manifests run %v, want one for each of %v", run, Commands())
	}
}

func TestKubernetesSelectorsFindTheirPods(t *testing.T) {
	c := cluster(t, manifests(t))
	budgets := map[string]bool{}
	for _, m := range c.Selectors {
		labels := map[string]string{}
		var inner struct {
			MatchLabels map[string]string `yaml:"matchLabels"`
		}
		if m.Kind == "PodDisruptionBudget" {
			_ = m.Spec.Selector.Decode(&inner)
			labels = inner.MatchLabels
			budgets[m.Metadata.Name] = m.Spec.MaxUnavailable != nil && *m.Spec.MaxUnavailable == 1
		} else {
			_ = m.Spec.Selector.Decode(&labels)
		}
		for name, w := range c.Workloads {
			if same := equal(labels, w.Spec.Template.Metadata.Labels); same != (name == m.Metadata.Name) {
				t.Errorf("%s %s selects %v: the pods of %s: %v", m.Kind, m.Metadata.Name, labels, name, same)
			}
		}
	}
	for name, m := range c.Workloads {
		if m.Kind != "Job" && m.Kind != "CronJob" && !budgets[name] {
			t.Errorf("%s has no PodDisruptionBudget that lets one pod go", name)
		}
	}
}

func equal(a, b map[string]string) bool {
	for k, v := range a {
		if b[k] != v {
			return false
		}
	}
	return len(a) > 0 && len(a) == len(b)
}

func TestKubernetesHoldsNoSecret(t *testing.T) {
	c := cluster(t, manifests(t))
	for name, values := range c.Secrets {
		for key, value := range values {
			if value != "" {
				t.Errorf("Secret %s: %s has a value", name, key)
			}
		}
	}
	for name, values := range c.Config {
		for key, value := range values {
			if password(key, value) != "" {
				t.Errorf("ConfigMap %s: %s has a password", name, key)
			}
		}
	}
}

func TestKustomizationNamesEveryManifest(t *testing.T) {
	var k struct{ Resources []string }
	if err := yaml.Unmarshal([]byte(read(t, kubernetes+"/kustomization.yaml")), &k); err != nil {
		t.Fatal(err)
	}
	for name := range manifests(t) {
		if listed := slices.Contains(k.Resources, name); listed == strings.Contains(name, ".example.") {
			t.Errorf("%s is listed: %v", name, listed)
		}
	}
}

// Each case breaks the good manifests in one place; the rules must see it.
func TestKubernetesProblemsAreSeen(t *testing.T) {
	for want, c := range map[string]struct{ file, old, new string }{
		"sluice-ingest: SLUICE_LOG_FORMA is not a setting":  {"configmap.yaml", "SLUICE_LOG_FORMAT", "SLUICE_LOG_FORMA"},
		"kafka.brokers: kafka is not HOST:PORT":             {"configmap.yaml", "kafka-0.kafka:9092", "kafka"},
		`there is no ConfigMap "other"`:                     {"alerting.yaml", "configMapRef: {name: sluice}", "configMapRef: {name: other}"},
		`there is no key "DSN"`:                             {"recorder.yaml", "key: SLUICE_CLICKHOUSE_DSN", "key: DSN"},
		`there is no Secret "keys"`:                         {"ingest.yaml", "secretName: sluice-api-keys", "secretName: keys"},
		"sluice-ingest: http.keys_file":                     {"ingest.yaml", "value: /run/secrets/sluice/api_keys", "value: /etc/keys"},
		"sluice-recorder: clickhouse.dsn: not configured":   {"recorder.yaml", "- name: SLUICE_CLICKHOUSE_DSN", "- name: DSN"},
		"sluice-enrichment: data: /data":                    {"enrichment.yaml", "value: /var/lib/sluice", "value: /data"},
		`sluice-enrichment: there is no volume "data"`:      {"enrichment.yaml", "        name: data", "        name: other"},
		"sluice-alerting: enableServiceLinks":               {"alerting.yaml", "enableServiceLinks: false", "enableServiceLinks: true"},
		"sluice-alerting: it is killed 20s":                 {"alerting.yaml", "Seconds: 45", "Seconds: 20"},
		"sluice-alerting: it may gain privileges":           {"alerting.yaml", "runAsNonRoot: true", "runAsNonRoot: false"},
		"sluice-alerting: its root file system":             {"alerting.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"},
		"sluice-alerting: its memory has no bound":          {"alerting.yaml", "limits: {memory", "limits: {cpu"},
		"sluice-alerting: what goes on running":             {"alerting.yaml", "path: /readyz", "path: /healthz"},
		"sluice-verify: clickhouse.dsn: not configured":     {"verify.yaml", "- name: SLUICE_CLICKHOUSE_DSN", "- name: DSN"},
		`sluice-verify: "proof" is not one of the commands`: {"verify.yaml", "args: [verify,", "args: [proof,"},
		`sluice-alerting: its arguments are ["alerting"`:    {"alerting.yaml", "args: [alerting]", "args: [alerting, --from, 1h]"},
		`sluice-alerting: image "sluice:latest"`:            {"alerting.yaml", "image: sluice:0.1.0", "image: sluice:latest"},
	} {
		t.Run(want, func(t *testing.T) {
			files := manifests(t)
			if !strings.Contains(files[c.file], c.old) {
				t.Fatalf("%q is not in %s", c.old, c.file)
			}
			files[c.file] = strings.ReplaceAll(files[c.file], c.old, c.new)
			found, _ := cluster(t, files).problems()
			if all := strings.Join(found, "\n"); !strings.Contains(all, want) {
				t.Errorf("found only:\n%s", all)
			}
		})
	}
}
