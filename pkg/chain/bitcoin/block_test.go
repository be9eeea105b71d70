package bitcoin

import "testing"

func TestX(t *testing.T) {}
