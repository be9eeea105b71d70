package listbench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the report for people.
func (r *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(cells ...string) { _, _ = fmt.Fprintln(t, strings.Join(cells, "\t")+"\t") }
	row("entries", "form", "import s", "store s", "load s", "heap MB", "RSS MB", "peak MB", "miss ns", "hit ns", "hit cold ns", "transfer ns", "clean ns")
	for _, s := range r.Sizes {
		for _, f := range s.Forms {
			row(fmt.Sprint(s.Entries), f.Form, number(s.ImportSeconds), number(s.StoreSeconds), number(f.LoadSeconds),
				mega(f.HeapBytes), mega(f.RSSBytes), mega(f.PeakRSSBytes), number(f.MissNanos), number(f.HitNanos), number(f.HitColdNanos),
				number(f.Transfer), number(f.CleanNanos))
		}
	}
	row()
	row("entries", "form", "swap", "in force ms", "longest batch ms", "without swaps ms", "rate of calm")
	for _, s := range r.Sizes {
		for _, f := range s.Forms {
			for _, x := range f.Swaps {
				row(fmt.Sprint(s.Entries), f.Form, x.Name, number(x.InForceMilli), number(x.LongestMilli), number(f.Calm.LongestMilli), fmt.Sprintf("%.2f", x.Rate))
			}
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func mega(bytes int64) string { return fmt.Sprintf("%.0f", float64(bytes)/1e6) }

// number has three digits that count.
func number(x float64) string {
	switch {
	case x == 0:
		return "-"
	case x < 10:
		return fmt.Sprintf("%.2f", x)
	case x < 100:
		return fmt.Sprintf("%.1f", x)
	default:
		return fmt.Sprintf("%.0f", x)
	}
}
