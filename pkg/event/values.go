package event

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"sluice/pkg/event/canonical"
	"sluice/pkg/transfer"
)

// The functions here make a member's value of raw, which is one well-formed JSON value.

func toID(raw []byte) (transfer.ID, error) {
	text, err := toText(raw)
	if err != nil {
		return transfer.ID{}, err
	}
	return transfer.ParseID(text)
}

// toText reads a string. The words of verdicts are not copied.
func toText(raw []byte) (string, error) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", fmt.Errorf("want a string")
	}
	if end := canonical.StringEnd(raw, 1); end == len(raw)-1 {
		return word(raw[1:end]), nil
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	return string(text), err
}

// word is a string of b, without an allocation for the words that most records have.
func word(b []byte) string {
	switch string(b) {
	case "default":
		return "default"
	case "cleared":
		return "cleared"
	case "flagged":
		return "flagged"
	case "held":
		return "held"
	case "proceed":
		return "proceed"
	case "pending":
		return "pending"
	}
	return string(b)
}

func toUint(raw []byte) (uint64, error) {
	n, end := canonical.Uint(raw, 0)
	if end != len(raw) {
		return 0, fmt.Errorf("want an unsigned integer of 64 bits")
	}
	return n, nil
}

func toScore(raw []byte) (uint8, error) {
	n, err := toUint(raw)
	if err != nil || n > 100 {
		return 0, fmt.Errorf("want an integer from 0 to 100")
	}
	return uint8(n), nil
}

func toTime(raw []byte) (time.Time, error) {
	text, err := toText(raw)
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	return at.UTC(), err
}

// toRaw passes an object or an array on as it stands.
func toRaw(raw []byte, opening byte) ([]byte, error) {
	if raw[0] != opening {
		return nil, fmt.Errorf("want a JSON value that begins with %s", strconv.QuoteRune(rune(opening)))
	}
	return raw, nil
}

// toTexts reads an array of strings.
func toTexts(dst []string, raw []byte) ([]string, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if token, err := d.ReadToken(); err != nil || token.Kind() != jsontext.KindBeginArray {
		return dst, fmt.Errorf("want an array of strings")
	}
	for d.PeekKind() == jsontext.KindString {
		token, err := d.ReadToken()
		if err != nil {
			return dst, err
		}
		dst = append(dst, token.String())
	}
	if token, err := d.ReadToken(); err != nil || token.Kind() != jsontext.KindEndArray {
		return dst, fmt.Errorf("want an array of strings")
	}
	return dst, nil
}

// toCoverage reads {"counterparty","reason"}; members that it does not know are ignored.
func toCoverage(raw []byte) (c transfer.Coverage, err error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw))
	if token, err := d.ReadToken(); err != nil || token.Kind() != jsontext.KindBeginObject {
		return c, fmt.Errorf("want an object")
	}
	for d.PeekKind() == jsontext.KindString {
		token, err := d.ReadToken()
		if err != nil {
			return c, err
		}
		name := token.String()
		value, err := d.ReadValue()
		if err != nil {
			return c, err
		}
		if err := setCoverage(&c, name, value); err != nil {
			return c, err
		}
	}
	_, err = d.ReadToken()
	return c, err
}

func setCoverage(c *transfer.Coverage, name string, raw []byte) error {
	if name != "counterparty" && name != "reason" {
		return nil
	}
	text, err := toText(raw)
	if err != nil {
		return err
	}
	var ok bool
	if name == "counterparty" {
		c.Counterparty, ok = transfer.ParseKnown(text)
	} else {
		c.Reason, ok = transfer.ParseGap(text)
	}
	if !ok {
		return fmt.Errorf("%s %q is not known", name, text)
	}
	return nil
}
