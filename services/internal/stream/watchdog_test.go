package stream

import "testing"

func TestAPartitionIsStalledWhenItStaysWhereItIsAlthoughRecordsWait(t *testing.T) {
	type look struct {
		next, end          int64
		handling, retrying bool
		want               finding
	}
	still := look{next: 5, end: 9, want: waiting}
	for name, looks := range map[string][]look{
		"nothing to do":            {{next: 5, end: 5}, {next: 5, end: 5}, {next: 5, end: 5}, {next: 5, end: 5}, {next: 5, end: 5}},
		"the end is not known":     {{next: 5, end: -1}, {next: 5, end: -1}, {next: 5, end: -1}, {next: 5, end: -1}},
		"it goes on":               {{next: 6, end: 9}, {next: 7, end: 9}, {next: 8, end: 9}, {next: 9, end: 9}},
		"the reader hangs":         {still, still, still, {next: 5, end: 9, want: readerHung}},
		"the handler hangs":        {still, still, still, {next: 5, end: 9, handling: true, want: handlerHung}},
		"it goes on at the last":   {still, still, still, {next: 6, end: 9}, {next: 6, end: 9, want: waiting}},
		"what retries says so":     {still, still, still, {next: 5, end: 9, retrying: true, want: waiting}, still, still, still, {next: 5, end: 9, want: readerHung}},
		"the log was set back":     {still, still, still, {next: 2, end: 9}, {next: 2, end: 9, want: waiting}},
		"it stays stalled":         {still, still, still, {next: 5, end: 9, want: readerHung}, {next: 5, end: 9, want: readerHung}},
		"more records change none": {still, still, {next: 5, end: 12, want: waiting}, {next: 5, end: 20, want: readerHung}},
	} {
		w := watched{next: 5}
		for i, l := range looks {
			if got := w.look(l.next, l.end, l.handling, l.retrying); got != l.want {
				t.Errorf("%s: look %d says %d, want %d", name, i+1, got, l.want)
			}
		}
	}
}
