package main

import (
	"fmt"
	"io"
	"os"
)

// each opens the named files one after the other, standard input when there are none or for "-".
func each(names []string, stdin io.Reader, fn func(name string, r io.Reader) error) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		if err := open(name, stdin, fn); err != nil {
			return err
		}
	}
	return nil
}

func open(name string, stdin io.Reader, fn func(name string, r io.Reader) error) error {
	if name == "-" {
		return wrap("standard input", fn("standard input", stdin))
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return wrap(name, fn(name, f))
}

func wrap(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", name, err)
}
