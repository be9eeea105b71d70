package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Hash is the SHA-256 of a record and all before it.
type Hash [sha256.Size]byte

// String is the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// ParseHash reads 64 hexadecimal digits.
func ParseHash(text string) (Hash, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != sha256.Size {
		return Hash{}, fmt.Errorf("%q is no hash of 64 hexadecimal digits", text)
	}
	return Hash(b), nil
}

// Head is the end of a log: what stands in the head file, and what an auditor keeps.
type Head struct {
	Seq  uint64 // number of the last record, from 1; 0: the log is empty
	Hash Hash   // of the last record; zero when there is none
}

// line is a record as it stands in the log. The order of the members is part of the format.
type line struct {
	Seq    uint64            `json:"seq"`
	At     string            `json:"at"`
	Actor  string            `json:"actor"`
	Action string            `json:"action"`
	Object string            `json:"object"`
	Detail map[string]string `json:"detail,omitempty"` // encoding/json sorts the names
	Prev   string            `json:"prev"`
	Hash   string            `json:"hash,omitempty"`
}

// timeFormat keeps nine digits, so that one moment has one text.
const timeFormat = "2006-01-02T15:04:05.000000000Z"

// encode returns the record's line, with its newline, and the head that it makes.
func encode(r Record, after Head) ([]byte, Head, error) {
	l := line{Seq: after.Seq + 1, At: r.At.UTC().Format(timeFormat), Actor: clip(r.Actor), Action: string(r.Action), Object: clip(r.Object),
		Prev: after.Hash.String()}
	if len(r.Detail) > 0 {
		l.Detail = make(map[string]string, len(r.Detail))
		for name, value := range r.Detail {
			l.Detail[name] = clip(value)
		}
	}
	text, hash, err := l.seal()
	return append(text, '\n'), Head{l.Seq, hash}, err
}

// seal returns the line with the hash over everything before it. The hash covers the previous record's by Prev.
func (l line) seal() ([]byte, Hash, error) {
	l.Hash = ""
	body, err := marshal(l)
	if err != nil {
		return nil, Hash{}, err
	}
	h := sha256.New()
	h.Write([]byte("sluice audit record 1\n"))
	h.Write(body)
	hash := Hash(h.Sum(nil))
	body = append(body[:len(body)-1], `,"hash":"`...)
	return append(append(body, hash.String()...), `"}`...), hash, nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

var errSpelling = errors.New("the line is not as this program writes it")

// decode reads a line without its newline. It accepts exactly the bytes that encode writes, so that no byte can change
// unseen; whether the record belongs behind the one before it is for the caller.
func decode(text []byte) (Record, line, Hash, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return Record{}, line{}, Hash{}, fmt.Errorf("%w: %w", errSpelling, err)
	}
	at, err := time.Parse(timeFormat, l.At)
	if err != nil {
		return Record{}, line{}, Hash{}, fmt.Errorf("%w: %w", errSpelling, err)
	}
	again, hash, err := l.seal()
	if err != nil {
		return Record{}, line{}, Hash{}, err
	}
	if l.Hash != hash.String() {
		return Record{}, line{}, Hash{}, errors.New("the record is not the one that was written: its hash is another")
	}
	if !bytes.Equal(again, text) {
		return Record{}, line{}, Hash{}, errSpelling
	}
	return Record{At: at, Actor: l.Actor, Action: Action(l.Action), Object: l.Object, Detail: l.Detail}, l, hash, nil
}

// clip bounds a text, and makes it one that JSON can hold.
func clip(s string) string {
	if len(s) > MaxField {
		s = s[:MaxField] + "… (cut)"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
