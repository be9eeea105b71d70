package app

import (
	"fmt"
	"os"
	"path/filepath"

	"sluice/pkg/amount"
	"sluice/pkg/rules"
)

// Rules compiles a rule file, or the built-in policy when there is none, with the settings that are part of it.
func Rules(file, unknownDeposit, unknownWithdrawal, dust string) (*rules.Set, error) {
	var o rules.Options
	var err error
	if o.UnknownDeposit, err = rules.ParseTreatment(unknownDeposit); err != nil {
		return nil, fmt.Errorf("screening.unknown_counterparty_deposit: %w", err)
	}
	if o.UnknownWithdrawal, err = rules.ParseTreatment(unknownWithdrawal); err != nil {
		return nil, fmt.Errorf("screening.unknown_counterparty_withdrawal: %w", err)
	}
	if o.Dust.Amount, err = amount.Parse(dust); err != nil {
		return nil, fmt.Errorf("screening.dust: %w", err)
	}
	source := rules.Builtin()
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("rules.file: %w", err)
		}
		source = rules.File{Name: filepath.Base(file), Data: text}
	}
	return rules.Compile(o, source)
}
