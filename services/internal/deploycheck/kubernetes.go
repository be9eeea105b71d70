package deploycheck

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"go.yaml.in/yaml/v4"
)

// Manifest is the part of a Kubernetes object that the rules look at.
type Manifest struct {
	Kind       string
	Metadata   struct{ Name string }
	Data       map[string]string
	StringData map[string]string `yaml:"stringData"`
	Spec       struct {
		Selector             yaml.Node // of a Service: the labels; elsewhere under matchLabels
		MaxUnavailable       *int      `yaml:"maxUnavailable"`
		Template             template
		JobTemplate          struct{ Spec struct{ Template template } } `yaml:"jobTemplate"`
		VolumeClaimTemplates []struct {
			Metadata struct{ Name string }
		} `yaml:"volumeClaimTemplates"`
	}
}

type template struct {
	Metadata struct{ Labels map[string]string }
	Spec     pod
}

type pod struct {
	AutomountServiceAccountToken  *bool  `yaml:"automountServiceAccountToken"`
	EnableServiceLinks            *bool  `yaml:"enableServiceLinks"`
	TerminationGracePeriodSeconds *int64 `yaml:"terminationGracePeriodSeconds"`
	SecurityContext               struct {
		RunAsNonRoot bool `yaml:"runAsNonRoot"`
		RunAsUser    int  `yaml:"runAsUser"`
	} `yaml:"securityContext"`
	Containers []container
	Volumes    []struct {
		Name   string
		Secret *struct {
			SecretName string `yaml:"secretName"`
		}
	}
}

type container struct {
	Name    string
	Image   string
	Args    []string
	EnvFrom []struct {
		ConfigMapRef struct{ Name string } `yaml:"configMapRef"`
	} `yaml:"envFrom"`
	Env []struct {
		Name, Value string
		ValueFrom   struct {
			SecretKeyRef struct{ Name, Key string } `yaml:"secretKeyRef"`
		} `yaml:"valueFrom"`
	}
	LivenessProbe   probe `yaml:"livenessProbe"`
	ReadinessProbe  probe `yaml:"readinessProbe"`
	Resources       struct{ Requests, Limits map[string]string }
	SecurityContext struct {
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities             struct{ Drop []string }
	} `yaml:"securityContext"`
	VolumeMounts []struct {
		Name      string
		MountPath string `yaml:"mountPath"`
		ReadOnly  bool   `yaml:"readOnly"`
	} `yaml:"volumeMounts"`
}

type probe struct {
	HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
}

// Manifests reads the objects of one file.
func Manifests(text []byte) ([]Manifest, error) {
	var all []Manifest
	for d := yaml.NewDecoder(bytes.NewReader(text)); ; {
		var m Manifest
		switch err := d.Decode(&m); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, err
		}
		all = append(all, m)
	}
}

// Cluster is what all files together declare.
type Cluster struct {
	Workloads map[string]Manifest          // Deployments, StatefulSets, Jobs and CronJobs, by name
	Config    map[string]map[string]string // ConfigMaps
	Secrets   map[string]map[string]string // Secrets, whose values are empty
	Selectors []Manifest                   // Services and PodDisruptionBudgets
}

// NewCluster sorts manifests by what they are.
func NewCluster(all []Manifest) (*Cluster, error) {
	c := &Cluster{map[string]Manifest{}, map[string]map[string]string{}, map[string]map[string]string{}, nil}
	for _, m := range all {
		switch m.Kind {
		case "CronJob":
			m.Spec.Template = m.Spec.JobTemplate.Spec.Template
			c.Workloads[m.Metadata.Name] = m
		case "Deployment", "StatefulSet", "Job":
			c.Workloads[m.Metadata.Name] = m
		case "ConfigMap":
			c.Config[m.Metadata.Name] = m.Data
		case "Secret":
			c.Secrets[m.Metadata.Name] = m.StringData
		case "Service", "PodDisruptionBudget":
			c.Selectors = append(c.Selectors, m)
		default:
			return nil, fmt.Errorf("%s %s: a kind that nothing checks", m.Kind, m.Metadata.Name)
		}
	}
	return c, nil
}

// samples stand for the values of secrets.
var samples = map[string]string{
	"SLUICE_REDIS_URL":           "rediss://sluice:sample@redis:6379/0",
	"SLUICE_CLICKHOUSE_DSN":      "clickhouse://sluice:sample@clickhouse:9440/sluice?secure=true",
	"SLUICE_KAFKA_SASL_PASSWORD": "sample",
}

// Workload is a manifest as a workload, or what in it refers to nothing.
func (c *Cluster) Workload(m Manifest) (Workload, error) {
	p := m.Spec.Template.Spec
	if len(p.Containers) != 1 {
		return Workload{}, fmt.Errorf("%s: %d containers, not one", m.Metadata.Name, len(p.Containers))
	}
	k := p.Containers[0]
	w := Workload{
		Name: m.Metadata.Name, Image: k.Image, Args: k.Args, Env: map[string]string{},
		StopGrace: 30 * time.Second,
		Ends:      m.Kind == "Job" || m.Kind == "CronJob",
		Healthy:   k.LivenessProbe.HTTPGet.Path == "/healthz" && k.ReadinessProbe.HTTPGet.Path == "/readyz",
		ReadOnly:  k.SecurityContext.ReadOnlyRootFilesystem,
		Confined: p.SecurityContext.RunAsNonRoot && p.SecurityContext.RunAsUser > 0 && isFalse(p.AutomountServiceAccountToken) &&
			isFalse(k.SecurityContext.AllowPrivilegeEscalation) && len(k.SecurityContext.Capabilities.Drop) == 1,
		Bounded: k.Resources.Limits["memory"] != "" && k.Resources.Requests["memory"] != "" && k.Resources.Requests["cpu"] != "",
	}
	if s := p.TerminationGracePeriodSeconds; s != nil {
		w.StopGrace = time.Duration(*s) * time.Second
	}
	// Otherwise every Service called sluice-… sets variables that begin with SLUICE_.
	if !isFalse(p.EnableServiceLinks) {
		return w, fmt.Errorf("%s: enableServiceLinks is not false", w.Name)
	}
	if err := c.environment(k, w.Env); err != nil {
		return w, fmt.Errorf("%s: %w", w.Name, err)
	}
	return w, c.mounts(m, &w)
}

func (c *Cluster) environment(k container, env map[string]string) error {
	for _, from := range k.EnvFrom {
		data, ok := c.Config[from.ConfigMapRef.Name]
		if !ok {
			return fmt.Errorf("there is no ConfigMap %q", from.ConfigMapRef.Name)
		}
		for name, value := range data {
			env[name] = value
		}
	}
	for _, e := range k.Env {
		ref := e.ValueFrom.SecretKeyRef
		switch _, ok := c.Secrets[ref.Name][ref.Key]; {
		case ref.Key == "":
			env[e.Name] = e.Value
		case !ok:
			return fmt.Errorf("%s: there is no key %q in a Secret %q", e.Name, ref.Key, ref.Name)
		default:
			env[e.Name] = samples[ref.Key]
		}
	}
	return nil
}

func (c *Cluster) mounts(m Manifest, w *Workload) error {
	secret := map[string]bool{}
	for _, v := range m.Spec.Template.Spec.Volumes {
		secret[v.Name] = v.Secret != nil
		if v.Secret != nil && c.Secrets[v.Secret.SecretName] == nil {
			return fmt.Errorf("%s: there is no Secret %q", w.Name, v.Secret.SecretName)
		}
	}
	for _, v := range m.Spec.VolumeClaimTemplates {
		secret[v.Metadata.Name] = false
	}
	for _, mount := range m.Spec.Template.Spec.Containers[0].VolumeMounts {
		isSecret, declared := secret[mount.Name]
		switch {
		case !declared:
			return fmt.Errorf("%s: there is no volume %q", w.Name, mount.Name)
		case isSecret:
			w.Secrets = append(w.Secrets, mount.MountPath)
		case !mount.ReadOnly:
			w.Mounts = append(w.Mounts, mount.MountPath)
		}
	}
	return nil
}

func isFalse(b *bool) bool { return b != nil && !*b }
