package fetch

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// progress shows what goes on: bars on a terminal, one line per step elsewhere.
type progress struct {
	out io.Writer
	tty bool
}

func newProgress(out io.Writer) progress {
	f, ok := out.(*os.File)
	return progress{out: out, tty: ok && term.IsTerminal(int(f.Fd()))}
}

func (p progress) say(line string) { _, _ = fmt.Fprintln(p.out, line) }

func (p progress) bar(step string, total int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(total, progressbar.OptionSetWriter(p.out), progressbar.OptionSetDescription(step),
		progressbar.OptionShowBytes(true), progressbar.OptionShowTotalBytes(true), progressbar.OptionSetWidth(20),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
}

// count returns a writer that what is done goes through, and a function that ends the step.
func (p progress) count(step string, total int64) (io.Writer, func(ok bool)) {
	if !p.tty {
		p.say(step)
		return io.Discard, func(bool) {}
	}
	b := p.bar(step, total)
	return b, func(ok bool) { end(b, ok) }
}

// watch shows how the npm cache in dir grows to total bytes, until the function that it returns is called.
func (p progress) watch(step, dir string, total int64) func(ok bool) {
	if !p.tty {
		p.say(fmt.Sprintf("%s (%d MB, once)", step, total>>20))
		return func(bool) {}
	}
	b := p.bar(step, total)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(200 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				_ = b.Set64(min(sizeOf(filepath.Join(dir, "npm")), total-1))
			}
		}
	})
	return func(ok bool) {
		close(stop)
		wg.Wait()
		end(b, ok)
	}
}

func end(b *progressbar.ProgressBar, ok bool) {
	if ok {
		_ = b.Finish()
		return
	}
	_ = b.Exit()
}
