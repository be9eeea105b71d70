package rules

import (
	"fmt"
	"slices"
	"strings"

	"sluice/pkg/amount"
)

// Treatment is what becomes of a transfer whose counterparty is unknown. The zero value holds it.
type Treatment uint8

// The treatments.
const (
	HoldIt Treatment = iota
	FlagIt
	ClearIt
)

var treatmentNames = [...]string{"hold", "flag", "clear"}

// String is the treatment as the configuration has it.
func (t Treatment) String() string {
	if int(t) < len(treatmentNames) {
		return treatmentNames[t]
	}
	return fmt.Sprintf("treatment(%d)", uint8(t))
}

// ParseTreatment reads what String writes.
func ParseTreatment(text string) (Treatment, error) {
	i := slices.Index(treatmentNames[:], text)
	if i < 0 {
		return HoldIt, fmt.Errorf("%q is none of %s", text, strings.Join(treatmentNames[:], ", "))
	}
	return Treatment(i), nil
}

// MarshalText writes the treatment as String does.
func (t Treatment) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (t *Treatment) UnmarshalText(text []byte) error {
	v, err := ParseTreatment(string(text))
	if err != nil {
		return err
	}
	*t = v
	return nil
}

// Dust is the value below which a transfer is dust. A transfer of amount zero always is.
type Dust struct {
	Amount   amount.Amount // in fiat; zero: only a transfer of amount zero is dust
	Currency string        // "" : of whatever currency the transfer names
}

// Options are the settings that judgement depends on. They are part of Set.Version.
type Options struct {
	UnknownDeposit    Treatment // a deposit whose senders are unknown
	UnknownWithdrawal Treatment // a withdrawal whose recipient is unknown
	Dust              Dust
}

// DefaultOptions hold what is unknown, and call everything below one unit of fiat dust.
func DefaultOptions() Options {
	return Options{Dust: Dust{Amount: amount.MustParse("1")}}
}

// validate reports the first option that is out of its bounds.
func (o *Options) validate() error {
	for _, t := range [...]struct {
		name  string
		value Treatment
	}{{"deposit", o.UnknownDeposit}, {"withdrawal", o.UnknownWithdrawal}} {
		if int(t.value) >= len(treatmentNames) {
			return fmt.Errorf("unknown_counterparty.%s: %v is none of %s",
				t.name, t.value, strings.Join(treatmentNames[:], ", "))
		}
	}
	c := o.Dust.Currency
	if c != "" && (len(c) != 3 || strings.ToUpper(c) != c) {
		return fmt.Errorf("dust.currency: %q is no currency code of three capital letters, such as EUR", c)
	}
	return nil
}

// canonical is the options' part of the version.
func (o *Options) canonical() string {
	return fmt.Sprintf("unknown_deposit=%v unknown_withdrawal=%v dust=%s %s",
		o.UnknownDeposit, o.UnknownWithdrawal, o.Dust.Amount, o.Dust.Currency)
}
