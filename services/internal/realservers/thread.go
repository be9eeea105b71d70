package realservers

import (
	"os/exec"
	"runtime"
)

// runOnOwnThread starts cmd on a thread that lives as long as the child: Linux sends the parent-death signal when the
// thread ends that made the child, and the Go runtime ends threads as it likes.
func runOnOwnThread(cmd *exec.Cmd, started chan<- error, done chan<- struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cmd.Start()
	started <- err
	if err != nil {
		return
	}
	_ = cmd.Wait() // how it ended is in its output
	close(done)
}
