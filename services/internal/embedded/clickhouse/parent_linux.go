package clickhouse

import "syscall"

// dieWithParent lets the kernel kill the child when the thread that started it ends. What the engine has acknowledged
// is on disk, and its folder is free for the next one at once. The child leads a process group of its own, so that no
// signal to a group passes between it and its parent: the parent decides when the engine ends.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
