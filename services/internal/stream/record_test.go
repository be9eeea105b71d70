package stream_test

import (
	"testing"

	"sluice/pkg/event"
	"sluice/services/internal/stream"
)

func TestWhatARecordCarriesIsFoundWithoutAllocating(t *testing.T) {
	rec := stream.Record{Headers: stream.NewHeaders(
		stream.Header{Name: "ours", Value: []byte("x")},
		stream.Header{Name: event.HeaderScreened, Value: []byte("s")},
		stream.Header{Name: event.HeaderFingerprint, Value: []byte("f")},
		stream.Header{Name: event.HeaderAt, Value: []byte("a")},
		stream.Header{Name: event.HeaderID, Value: []byte("i")},
	)}
	var c stream.Carried
	if n := testing.AllocsPerRun(100, func() { c = rec.Carried() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if string(c.ID) != "i" || string(c.At) != "a" || string(c.Fingerprints) != "f" || string(c.Screened) != "s" {
		t.Errorf("%q", c)
	}
	if c := (&stream.Record{}).Carried(); c.ID != nil || c.At != nil || c.Fingerprints != nil || c.Screened != nil {
		t.Errorf("a record without headers: %q", c)
	}
}
