package verify

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// redisServer answers GET out of a map, as a Redis does, and anything else with the texts of other.
func redisServer(t *testing.T, values map[string]string, other map[string]string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c, values, other)
		}
	}()
	return "redis://" + l.Addr().String()
}

func answer(c net.Conn, values, other map[string]string) {
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	for {
		var n int
		if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
			return
		}
		var args []string
		for range n {
			var size int
			if _, err := fmt.Fscanf(r, "$%d\r\n", &size); err != nil {
				return
			}
			arg := make([]byte, size+2)
			if _, err := io.ReadFull(r, arg); err != nil {
				return
			}
			args = append(args, string(arg[:size]))
		}
		command := strings.Join(args, " ")
		value, ok := values[args[len(args)-1]]
		switch raw, special := other[command]; {
		case special:
			fmt.Fprint(c, raw)
		case args[0] == "GET" && ok:
			fmt.Fprintf(c, "$%d\r\n%s\r\n", len(value), value)
		case args[0] == "GET":
			fmt.Fprint(c, "$-1\r\n")
		default:
			fmt.Fprint(c, "-ERR unknown command\r\n")
		}
	}
}

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// stored makes a version of one list of two segments.
func stored() (version string, values map[string]string) {
	a := `{"network":"ethereum","address":"0x00000000000000000000000000000000000abc0e","category":"scam","categories":["scam"],"entity":"","list":"bad","entry_id":"1"}` + "\n"
	b := `{"network":"ethereum","address":"0x00000000000000000000000000000000000abc0f","category":"scam","categories":["scam"],"entity":"","list":"bad","entry_id":"2","use":"allow"}` + "\n"
	hash := sha(a + b)
	version = sha("sluice lists 1\nbad " + hash + "\n")
	manifest := fmt.Sprintf(`{"format":1,"version":%q,"count":2,"lists":[{"name":"bad","hash":%q,"entries":2,"segments":[{"sha256":%q,"entries":1,"bytes":%d},{"sha256":%q,"entries":1,"bytes":%d}]}]}`,
		version, hash, sha(a), len(a), sha(b), len(b))
	return version, map[string]string{keyManifest + version: manifest, keySegment + sha(a): a, keySegment + sha(b): b}
}

func TestListsFromRedisAreProvedBeforeTheyAreUsed(t *testing.T) {
	version, good := stored()
	read := func(values map[string]string) (n int, err error) {
		c := &redisConn{cfg: Redis{URL: redisServer(t, values, nil)}, patience: time.Minute}
		defer c.close()
		err = c.readStored(t.Context(), version, 7, func(l *plainLists) error {
			for _, text := range []string{"0x00000000000000000000000000000000000abc0e", "0x00000000000000000000000000000000000abc0f"} {
				k, _ := keyOfText("ethereum", text)
				for seq := uint64(6); seq <= 8; seq++ {
					l.at(k, seq, func(*listed) { n++ })
				}
			}
			return nil
		})
		return n, err
	}
	if n, err := read(good); err != nil || n != 1 {
		t.Errorf("%d entries in force at one number, %v; want the one that lists", n, err)
	}
	for key, value := range good {
		spoilt := map[string]string{}
		for k, v := range good {
			spoilt[k] = v
		}
		delete(spoilt, key)
		if n, err := read(spoilt); !errors.Is(err, errNotKept) || n != 0 {
			t.Errorf("without %s: %d, %v", key, n, err)
		}
		for old, now := range map[string]string{"0abc0": "0abd0", `"hash":"`: `"hash":"0`, `"name":"bad"`: `"name":"bat"`, `"entry_id":"2"`: `"entry_id":"3"`, "}\n": "\n"} {
			if spoilt[key] = strings.Replace(value, old, now, 1); spoilt[key] == value {
				continue
			}
			if n, err := read(spoilt); err == nil || n != 0 {
				t.Errorf("%s with %s: %d used, %v", key, now, n, err)
			}
		}
	}
}

func TestWhatRedisAnswers(t *testing.T) {
	there := redisServer(t, map[string]string{"k": "moved here"}, nil)
	for name, c := range map[string]struct {
		url, user, password string
		other               map[string]string
		want, wrong         string
	}{
		"a value":         {want: "v"},
		"a password":      {password: "p", other: map[string]string{"AUTH p": "+OK\r\n"}, want: "v"},
		"a user":          {user: "u", password: "p", other: map[string]string{"AUTH u p": "+OK\r\n"}, want: "v"},
		"a database":      {url: "/3", other: map[string]string{"SELECT 3": "+OK\r\n"}, want: "v"},
		"a wrong login":   {password: "p", other: map[string]string{"AUTH p": "-WRONGPASS no\r\n"}, wrong: "WRONGPASS"},
		"no right":        {other: map[string]string{"GET k": "-NOPERM no\r\n"}, wrong: "NOPERM"},
		"another node":    {other: map[string]string{"GET k": "-MOVED 1 " + strings.TrimPrefix(there, "redis://") + "\r\n"}, want: "moved here"},
		"nothing like it": {other: map[string]string{"GET k": "HTTP/1.1 400\r\n"}, wrong: `begins with "H"`},
		"a huge value":    {other: map[string]string{"GET k": "$99999999999\r\n"}, wrong: "99999999999"},
		"no number":       {other: map[string]string{"GET k": "$x\r\n"}, wrong: `"x"`},
	} {
		conn := &redisConn{cfg: Redis{URL: redisServer(t, map[string]string{"k": "v"}, c.other) + c.url, User: c.user, Password: c.password}, patience: time.Minute}
		got, err := conn.get(t.Context(), "k")
		conn.close()
		if c.wrong == "" && (err != nil || string(got) != c.want) || c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	for _, url := range []string{"", "http://h", "redis://", "redis://127.0.0.1:1"} {
		conn := &redisConn{cfg: Redis{URL: url}, patience: time.Second}
		if _, err := conn.get(t.Context(), "k"); err == nil {
			t.Errorf("%q answers", url)
		}
	}
}
