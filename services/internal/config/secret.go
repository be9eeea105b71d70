package config

import (
	"encoding/json"
	"fmt"
	"net/url"
	"reflect"
	"strings"
)

// RefuseSecrets says when a command line holds a secret, which every user of the machine could read there and shells keep:
// a password as a flag, or a URL with one in it.
func RefuseSecrets(args []string) error {
	for i, a := range args {
		if a == "--" {
			return nil
		}
		flag, value, given := strings.Cut(strings.TrimPrefix(a, "--"), "=")
		key, ok := byFlag[flag]
		if !ok || !strings.HasPrefix(a, "--") {
			continue
		}
		if !given && i+1 < len(args) {
			value = args[i+1]
		}
		switch {
		case key.Secret:
			return fmt.Errorf("--%s: a secret is not given on the command line, where others see it: set %s, or name a file with %s_FILE", flag, key.Env, key.Env)
		case hasPassword(value):
			return fmt.Errorf("--%s: the password in it would be on the command line, where others see it: set %s", flag, key.Env)
		}
	}
	return nil
}

// hasPassword says whether text is a URL with a password.
func hasPassword(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme != "" && Redact(text) != redactNothing(u)
}

// redactNothing is u in the spelling that Redact gives a URL without a password.
func redactNothing(u *url.URL) string {
	v := *u
	v.RawQuery = v.Query().Encode()
	return v.String()
}

// Redacted is what stands in the place of a secret.
const Redacted = "(secret)"

// Setting is a key with its value in force.
type Setting struct{ Key, Value string }

// Dump returns every setting with its value, as text, in the order of Keys. Secrets are not in it, nor passwords of URLs.
func (c *Config) Dump() []Setting {
	return dump(reflect.ValueOf(*c), "")
}

func dump(v reflect.Value, section string) []Setting {
	var out []Setting
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if isStructure(f) {
			for n := range v.Field(i).Len() {
				text, _ := json.Marshal(v.Field(i).Index(n).Interface()) // of texts and numbers; secrets are in files
				out = append(out, Setting{fmt.Sprintf("sources[%d]", n), string(text)})
			}
			continue
		}
		if _, ok := f.Tag.Lookup("embed"); ok {
			inside := section
			if p := f.Tag.Get("prefix"); p != "" {
				inside += strings.TrimSuffix(p, "-") + "."
			}
			out = append(out, dump(v.Field(i), inside)...)
			continue
		}
		_, secret := f.Tag.Lookup("secret")
		out = append(out, Setting{section + strings.ReplaceAll(f.Tag.Get("name"), "-", "_"), shown(v.Field(i).Interface(), secret)})
	}
	return out
}

func shown(value any, secret bool) string {
	text := fmt.Sprint(value)
	if list, ok := value.([]string); ok {
		text = strings.Join(list, ",")
	}
	switch {
	case text == "":
		return ""
	case secret:
		return Redacted
	case strings.Contains(text, "://"):
		return Redact(text)
	}
	return text
}
