package config

// Resolve returns the text of the setting whose flag is not on the command line: the environment's, else the file's,
// else none. An empty variable is none, as shells and manifests have them. env looks a variable up as os.LookupEnv does.
func Resolve(flag string, file File, env func(string) (string, bool)) (string, bool) {
	key, ok := byFlag[flag]
	if !ok {
		return "", false
	}
	if text, _ := env(key.Env); text != "" {
		return text, true
	}
	text := file[key.Path]
	return text, text != ""
}

var byFlag = func() map[string]Key {
	m := map[string]Key{}
	for _, k := range Keys() {
		m[k.Flag] = k
	}
	return m
}()
