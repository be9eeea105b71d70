package config

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Source is where a list comes from by itself: the watchlist service looks for a newer file there.
type Source struct {
	List   string `yaml:"list" required:"" help:"Name of the list. Each list has one source at most."`
	Format string `yaml:"format" required:"" help:"What the file is, as --format of sluice watchlist import says."`

	URL  string `yaml:"url" help:"HTTPS address of the file; either this or file."`
	File string `yaml:"file" help:"Path of the file, read when its time or size changes."`

	Interval time.Duration  `yaml:"interval" default:"1h" help:"How often it is looked at, at least 10s."`
	MaxAge   *time.Duration `yaml:"max_age" help:"How old the last good check may get before the lists are not usable any more, and transfers wait and are then held; 0: for ever. Left out: three intervals, at least 24h."`
	Timeout  time.Duration  `yaml:"timeout" default:"5m" help:"Longest time for one look."`
	MaxBytes int64          `yaml:"max_bytes" default:"536870912" help:"Largest file as it comes, before decompression."`

	SHA256      string `yaml:"sha256" help:"Checksum that the file must have, 64 hex digits: for a file that never changes."`
	ChecksumURL string `yaml:"checksum_url" help:"Address of the publisher's SHA-256 of the file, alone or as sha256sum writes it, or of the index.json of an OpenSanctions dataset."`

	Mapping    string            `yaml:"mapping" help:"Mapping file, for the formats that read one."`
	Columns    map[string]string `yaml:"columns" help:"For tables: which column holds what, FIELD: COLUMN."`
	Category   string            `yaml:"category" help:"Category of entries whose publisher says none."`
	Categories map[string]string `yaml:"categories" help:"Categories that this list's entries get in the place of others, OURS: OURS."`
	Severity   string            `yaml:"severity" help:"Severity of the list's hits, in the place of their categories' default: none, low, medium, high, severe."`
	Network    string            `yaml:"network" help:"Network of addresses for which the file names none."`
	Confidence int               `yaml:"confidence" help:"Percent, for entries whose publisher says none; 0: unknown."`

	MinEntries  int    `yaml:"min_entries" help:"A file with fewer entries is refused."`
	MaxRejected string `yaml:"max_rejected" help:"A file with more rejected rows is refused: a number, or a part such as 2%. Left out: more than 20 rows that are also more than 5%."`

	Headers        []Header `yaml:"headers" help:"Headers of the request."`
	AllowRedirects []string `yaml:"allow_redirects" help:"Other hosts that the publisher may redirect to; always by HTTPS."`
	AllowPrivate   bool     `yaml:"allow_private" help:"The host may have a loopback or private address, and may be asked by HTTP."`
}

// Header is a header of a request, whose value is a secret in a file.
type Header struct {
	Name   string `yaml:"name" required:"" help:"Such as Authorization."`
	Prefix string `yaml:"prefix" help:"What stands before the content of the file, such as \"Bearer \"."`
	File   string `yaml:"file" required:"" help:"File with the value."`
}

// Age is the max_age in force, 0 for ever.
func (s *Source) Age() time.Duration {
	if s.MaxAge != nil {
		return *s.MaxAge
	}
	return max(24*time.Hour, 3*s.Interval)
}

// Rejects are the bounds on rejected rows: a number, or percent of the rows; zero stands for the usual ones.
func (s *Source) Rejects() (rows int, percent float64, err error) {
	text, part := strings.CutSuffix(s.MaxRejected, "%")
	switch {
	case text == "" && !part:
	case part:
		percent, err = strconv.ParseFloat(text, 64)
		if err == nil && (percent <= 0 || percent > 100) {
			err = fmt.Errorf("%g %%", percent)
		}
	default:
		rows, err = strconv.Atoi(text)
		if err == nil && rows < 1 {
			err = fmt.Errorf("%d", rows)
		}
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%q is neither a number above 0 nor a part such as 2%%", s.MaxRejected)
	}
	return rows, percent, nil
}

// minInterval keeps a publisher from being asked without a pause.
const minInterval = 10 * time.Second

// checkSources says what is wrong with the sources. What their formats, categories and networks may be is for the
// watchlist service to say.
func checkSources(sources []Source, bad func(key string, value any, want string)) {
	seen := map[string]bool{}
	for i := range sources {
		s := &sources[i]
		at := func(key string) string { return fmt.Sprintf("sources[%d].%s", i, key) }
		if seen[s.List] {
			bad(at("list"), fmt.Sprintf("%q", s.List), "a list without another source")
		}
		seen[s.List] = true
		if (s.URL == "") == (s.File == "") {
			bad(at("url"), fmt.Sprintf("%q", s.URL), "given instead of file: a source has one of the two")
		}
		for _, u := range []struct{ key, text string }{{"url", s.URL}, {"checksum_url", s.ChecksumURL}} {
			if u.text == "" {
				continue
			}
			parsed, err := url.Parse(u.text)
			if err != nil || parsed.Host == "" || parsed.Scheme != "https" && (!s.AllowPrivate || parsed.Scheme != "http") {
				bad(at(u.key), Redact(u.text), "an https:// address")
			} else if parsed.User != nil {
				bad(at(u.key), Redact(u.text), "an address without a password: put it into a header from a file")
			}
		}
		if s.Interval < minInterval {
			bad(at("interval"), s.Interval, "at least "+minInterval.String())
		}
		if s.MaxAge != nil && *s.MaxAge != 0 && *s.MaxAge <= s.Interval {
			bad(at("max_age"), *s.MaxAge, "more than the interval: every list would be stale before it is looked at again")
		}
		if s.Timeout <= 0 {
			bad(at("timeout"), s.Timeout, "more than zero")
		}
		if s.MaxBytes <= 0 {
			bad(at("max_bytes"), s.MaxBytes, "more than zero")
		}
		if s.Confidence < 0 || s.Confidence > 100 {
			bad(at("confidence"), s.Confidence, "percent from 0 to 100")
		}
		if s.MinEntries < 0 {
			bad(at("min_entries"), s.MinEntries, "zero or more")
		}
		if _, _, err := s.Rejects(); err != nil {
			bad(at("max_rejected"), fmt.Sprintf("%q", s.MaxRejected), "a number above 0 or a part such as 2%")
		}
	}
}
