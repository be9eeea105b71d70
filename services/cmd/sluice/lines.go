package main

import (
	"bufio"
	"errors"
	"io"
)

// maxLine bounds a line that a filter looks at: a transfer's bound, and its framing.
const maxLine = 1<<20 + 4<<10

// lineScanner reads lines of any length: one that is longer than maxLine is cut there, and said to be.
type lineScanner struct {
	r    *bufio.Reader
	n    int
	text []byte
	long bool
	err  error
}

func lines(r io.Reader) *lineScanner { return &lineScanner{r: bufio.NewReaderSize(r, 64<<10)} }

// Scan reads the next line, without its end. It returns false at the end of the input and on an error.
func (s *lineScanner) Scan() bool {
	s.n++
	s.text, s.long = s.text[:0], false
	for {
		part, err := s.r.ReadSlice('\n')
		if err == nil {
			part = part[:len(part)-1]
		}
		if room := maxLine - len(s.text); len(part) > room {
			s.long, part = true, part[:room]
		}
		s.text = append(s.text, part...)
		switch {
		case err == nil:
			return true
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF):
			return len(s.text) > 0
		default:
			s.err = err
			return false
		}
	}
}

// Text is the line, Long whether it was cut.
func (s *lineScanner) Text() string { return string(s.text) }
func (s *lineScanner) Long() bool   { return s.long }
func (s *lineScanner) Err() error   { return s.err }
