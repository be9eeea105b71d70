package main

import (
	"bufio"
	"fmt"

	"sluice/pkg/address"
)

// addressCmd checks addresses, a line each.
type addressCmd struct{}

// Help is the rest of the command's help.
func (addressCmd) Help() string {
	return "Reads lines NETWORK<TAB>ADDRESS and writes ok<TAB>CANONICAL, with a third column for a tag, memo or payment id " +
		"that the address carries, or invalid<TAB>REASON. Exit status 1 when a line was invalid."
}

func (addressCmd) Run(s streams) error {
	in := lines(s.In)
	out := bufio.NewWriter(s.Out)
	failed := false
	for in.Scan() {
		answer, note, ok := "invalid\tthe line is longer than any address", "", false
		if !in.Long() {
			answer, note, ok = address.Line(in.Text())
		}
		failed = failed || !ok
		if note != "" {
			fmt.Fprintf(s.Err, "line %d: %s\n", in.n, note)
		}
		if _, err := fmt.Fprintln(out, answer); err != nil {
			return err
		}
	}
	if err := in.Err(); err != nil {
		return err
	}
	if err := out.Flush(); err != nil {
		return err
	}
	if failed {
		return errLines
	}
	return nil
}
