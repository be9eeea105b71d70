package intake

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"sluice/pkg/internal/inflate"
)

// MaxExpanded is the largest size of a file, or of all files of one archive, after decompression, in bytes.
const MaxExpanded = 4 << 30

// ErrTooLarge is wrapped by the error of a file that is larger than its format's bound after decompression.
var ErrTooLarge = inflate.ErrTooLarge

var utf8BOM = []byte{0xef, 0xbb, 0xbf}

// plain marks bytes that were unpacked already, so that nothing is unpacked twice.
type plain struct{ *bufio.Reader }

// Open returns the bytes of a file as they were before compression, told by its first bytes, without a byte order mark.
// Reading more than MaxExpanded bytes ends in ErrTooLarge.
func Open(r io.Reader) (io.Reader, error) {
	if m, ok := r.(*member); ok {
		return m.reader()
	}
	if p, ok := r.(plain); ok {
		return p, nil
	}
	in, err := inflate.Open(r, MaxExpanded)
	if err != nil {
		return nil, err
	}
	return withoutMark(in)
}

func withoutMark(in *bufio.Reader) (io.Reader, error) {
	if head, err := in.Peek(len(utf8BOM)); err == nil && bytes.Equal(head, utf8BOM) {
		if _, err := in.Discard(len(utf8BOM)); err != nil {
			return nil, err
		}
	}
	return plain{in}, nil
}

// Rewind makes an input readable from its beginning again, where what it comes from allows that: a file, bytes in
// memory, or a file of an archive, but no stream.
func Rewind(r io.Reader) bool {
	switch r := r.(type) {
	case *member:
		r.r = nil
		return r.again
	case io.Seeker:
		_, err := r.Seek(0, io.SeekStart)
		return err == nil
	default:
		return false
	}
}

// member is a file of an archive, or a stream whose first bytes were looked at; opened when it is read.
type member struct {
	file  inflate.File
	again bool // it can be opened again
	r     io.Reader
}

func (m *member) reader() (io.Reader, error) {
	if m.r != nil {
		return m.r, nil
	}
	in, err := m.file.Open()
	if err != nil {
		return nil, err
	}
	m.r, err = withoutMark(in)
	return m.r, err
}

// Read reads the unpacked bytes.
func (m *member) Read(p []byte) (int, error) {
	r, err := m.reader()
	if err != nil {
		return 0, err
	}
	return r.Read(p)
}

// SniffBytes is how many bytes of a file a format is shown to say whether it fits.
const SniffBytes = 4096

// Expand puts the files of zip archives in the place of the archives. An archive with one file is that file. Of one with
// several, those whose first bytes fit the format are taken: more than one only where several files are one list anyway
// (set). An archive of which none, or not a single one, can be told to be meant is an error that names its files.
func Expand(inputs []Input, fits func(head []byte) bool, set bool) ([]Input, error) {
	var out []Input
	for _, in := range inputs {
		expanded, err := expand(in, fits, set)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", in.Name, err)
		}
		out = append(out, expanded...)
	}
	return out, nil
}

func expand(in Input, fits func(head []byte) bool, set bool) ([]Input, error) {
	files, err := inflate.Files(in.R, MaxExpanded)
	if err != nil {
		return nil, err
	}
	if files[0].Name == "" { // no archive
		if _, ok := in.R.(io.Seeker); ok && Rewind(in.R) {
			return []Input{in}, nil
		}
		return []Input{{Name: in.Name, R: &member{file: files[0]}}}, nil
	}
	meant := files
	if len(files) > 1 {
		if meant, err = choose(files, fits); err != nil {
			return nil, err
		}
	}
	switch {
	case len(meant) == 0:
		return nil, fmt.Errorf("no file of the archive is of the format; it holds %s", list(files))
	case len(meant) > 1 && !set:
		return nil, fmt.Errorf("several files of the archive are of the format, and one of them must be meant: %s; unpack it", list(meant))
	}
	var out []Input
	for _, f := range meant {
		out = append(out, Input{Name: in.Name + "/" + f.Name, R: &member{file: f, again: true}})
	}
	return out, nil
}

// choose returns the files whose first bytes fit.
func choose(files []inflate.File, fits func(head []byte) bool) ([]inflate.File, error) {
	var out []inflate.File
	for _, f := range files {
		r, err := f.Open()
		if err != nil {
			return nil, err
		}
		head, err := r.Peek(SniffBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if fits(bytes.TrimPrefix(head, utf8BOM)) {
			out = append(out, f)
		}
	}
	return out, nil
}

// list names files for people, the first few.
func list(files []inflate.File) string {
	const most = 10
	var out []string
	for i, f := range files {
		if i == most {
			out = append(out, fmt.Sprintf("and %d more", len(files)-most))
			break
		}
		out = append(out, f.Name)
	}
	return strings.Join(out, ", ")
}
