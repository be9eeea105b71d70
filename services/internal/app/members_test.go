package app

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"sluice/services/internal/chaos"
)

// TestEveryServiceIsInTheFaultSchedule fails for a service that joins a process and that no plan of faults kills.
func TestEveryServiceIsInTheFaultSchedule(t *testing.T) {
	var services []string
	for f := range reflect.TypeFor[Parts]().Fields() {
		services = append(services, strings.ToLower(f.Name))
	}
	if !slices.Equal(services, chaos.Services) {
		t.Errorf("the services are %q, and faults befall %q", services, chaos.Services)
	}
}
