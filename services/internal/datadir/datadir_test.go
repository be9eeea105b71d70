package datadir

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestOneOwnerAtATime(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	if _, running, err := Find(path); running || err != nil {
		t.Fatalf("a folder that is not there: %v, %v", running, err)
	}
	d, err := Own(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Own(path); !errors.Is(err, ErrInUse) {
		t.Errorf("a second owner: %v", err)
	}
	if _, running, err := Find(path); running || err != nil {
		t.Errorf("an owner that has not announced itself: %v, %v", running, err)
	}
	want := Instance{PID: 7, HTTP: "127.0.0.1:1", Brokers: []string{"127.0.0.1:2"}, Redis: "redis://:x@127.0.0.1:3", ClickHouse: "http://u:p@127.0.0.1:4"}
	if err := d.Announce(want); err != nil {
		t.Fatal(err)
	}
	got, running, err := Find(path)
	if err != nil || !running {
		t.Fatal(running, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if st, err := os.Stat(filepath.Join(path, instanceName)); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the secrets are readable by others: %v, %v", st.Mode(), err)
	}
	if err := d.Release(); err != nil {
		t.Fatal(err)
	}
	if _, running, err := Find(path); running || err != nil {
		t.Errorf("after release: %v, %v", running, err)
	}
}

func TestWhatAKilledOwnerLeftIsNotBelieved(t *testing.T) {
	path := t.TempDir()
	d, err := Own(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Announce(Instance{PID: 1}); err != nil {
		t.Fatal(err)
	}
	if err := d.lock.Close(); err != nil { // as a kill does: the lock goes, the file stays
		t.Fatal(err)
	}
	if _, running, err := Find(path); running || err != nil {
		t.Errorf("found: %v, %v", running, err)
	}
	again, err := Own(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = again.Release() }()
	if _, running, _ := Find(path); running {
		t.Error("the stale announcement is still there")
	}
}

func TestProcessesOfOneServiceKeepApart(t *testing.T) {
	base := t.TempDir()
	first, err := OwnSlot(base, "enrichment")
	if err != nil {
		t.Fatal(err)
	}
	second, err := OwnSlot(base, "enrichment")
	if err != nil {
		t.Fatal(err)
	}
	if first.Join("x") == second.Join("x") {
		t.Error("two processes have one folder")
	}
	was := first.Join("x")
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := OwnSlot(base, "enrichment")
	if err != nil || again.Join("x") != was {
		t.Errorf("a restart does not find its folder again: %v", err)
	}
	_ = again.Release()
	_ = second.Release()
}
