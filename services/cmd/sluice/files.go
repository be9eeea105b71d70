package main

import (
	"io"
	"os"
	"strings"
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
		return fn("standard input", stdin)
	}
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	return fn(name, f)
}

// chained gives fn one reader over all the files, each ending a line.
func chained(names []string, stdin io.Reader, fn func(r io.Reader) error) error {
	var readers []io.Reader
	var next func(left []string) error
	next = func(left []string) error {
		if len(left) == 0 {
			return fn(io.MultiReader(readers...))
		}
		return open(left[0], stdin, func(_ string, r io.Reader) error {
			readers = append(readers, r, strings.NewReader("\n"))
			return next(left[1:])
		})
	}
	if len(names) == 0 {
		names = []string{"-"}
	}
	return next(names)
}
