package main

import (
	"bufio"
	"fmt"
	"io"

	"sluice/pkg/chain"
	"sluice/pkg/transfer"
)

// convertCmd turns blocks and exports into transfers.
type convertCmd struct {
	Format    string   `required:"" enum:"bitcoin-block,ethereum-block,bitcoin-etl,ethereum-etl" help:"What the files are: ${enum}."`
	Direction string   `default:"deposit" enum:"deposit,withdrawal" help:"Whether the recipients (deposit) or the senders (withdrawal) are the customers."`
	Network   string   `help:"Network of the files, where the format leaves it open." placeholder:"ALIAS"`
	Files     []string `arg:"" optional:"" help:"Files, .gz and .bz2 as they are; none: standard input." placeholder:"FILE"`
}

func (c *convertCmd) Run(s streams) error {
	out := bufio.NewWriterSize(s.Out, 256<<10)
	var line []byte
	bad := 0
	name := ""
	conv, err := chain.New(c.Format, chain.Options{
		Direction: transfer.Direction(c.Direction),
		Network:   c.Network,
		Report: func(err error) error {
			bad++
			fmt.Fprintf(s.Err, "%s: %v\n", name, err)
			return nil
		},
	}, func(t *transfer.Transfer) error {
		line = append(transfer.AppendCanonical(line[:0], t), '\n')
		_, err := out.Write(line)
		return err
	})
	if err != nil {
		return err
	}
	err = each(c.Files, s.In, func(n string, r io.Reader) error {
		name = n
		return conv.Add(r)
	})
	if err == nil {
		err = conv.Close()
	}
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err == nil && bad > 0 {
		err = errLines
	}
	return err
}
