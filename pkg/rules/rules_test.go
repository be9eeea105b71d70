package rules

import "testing"

func TestBuiltinCompiles(t *testing.T) {
	s, err := Compile(DefaultOptions(), Builtin())
	if err != nil {
		t.Fatal(err)
	}
	if !s.ClearsClean() {
		t.Error("a clean transfer is not known to be cleared")
	}
	for _, r := range append(s.ofTransfer, s.ofHit...) {
		if r.when.program != nil {
			t.Errorf("rule %s starts the interpreter", r.id)
		}
	}
	t.Log(s.Rules(), s.Version())
}
