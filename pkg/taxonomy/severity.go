package taxonomy

import "fmt"

// Severity is how bad a hit or verdict is. The order of the constants is the order of severity.
type Severity uint8

// The severities, least first.
const (
	None Severity = iota
	Low
	Medium
	High
	Severe
)

var severities = [...]string{None: "none", Low: "low", Medium: "medium", High: "high", Severe: "severe"}

// String is the severity as it is written in records.
func (s Severity) String() string {
	if int(s) < len(severities) {
		return severities[s]
	}
	return fmt.Sprintf("severity(%d)", uint8(s))
}

// ParseSeverity returns the severity that is written text.
func ParseSeverity(text string) (Severity, error) {
	for i, name := range severities {
		if name == text {
			return Severity(i), nil
		}
	}
	return None, fmt.Errorf("severity %q is none of none, low, medium, high, severe", text)
}

// MarshalText writes the severity as String does; a value outside the constants is an error.
func (s Severity) MarshalText() ([]byte, error) {
	if int(s) >= len(severities) {
		return nil, fmt.Errorf("severity %d does not exist", uint8(s))
	}
	return []byte(severities[s]), nil
}

// UnmarshalText reads what MarshalText writes.
func (s *Severity) UnmarshalText(text []byte) error {
	v, err := ParseSeverity(string(text))
	if err != nil {
		return err
	}
	*s = v
	return nil
}
