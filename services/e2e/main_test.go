package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// enabled says whether the scenarios on whole stacks run.
var enabled = os.Getenv("SLUICE_E2E") == "1"

// broken says whether the suite of faults runs.
var broken = os.Getenv("SLUICE_CHAOS") != ""

// binary is the sluice that the stacks run: the one that SLUICE_E2E_BINARY names, else built once from this checkout.
var binary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if !enabled && !broken {
		return m.Run()
	}
	if binary = os.Getenv("SLUICE_E2E_BINARY"); binary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "sluice-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "sluice")
	build := exec.Command("go", "build", "-o", binary, "sluice/services/cmd/sluice")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build sluice: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// wanted skips a test of a whole stack unless it was asked for.
func wanted(t *testing.T) {
	t.Helper()
	if !enabled {
		t.Skip("whole stacks are tested with SLUICE_E2E=1 (make e2e)")
	}
}
