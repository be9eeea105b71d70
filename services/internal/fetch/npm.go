package fetch

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// npmPack lets the npm client put the packed file into dir. npm's own cache is a folder in dir too, so that nothing of
// the 178 MB stays behind, and so that its growth tells how far the download is.
func npmPack(ctx context.Context, dir string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("%w: it is fetched with npm, which is not installed: install npm, or set %s to a libchdb.so, or %s", ErrMissing, EnvLib, orDSN)
	}
	cmd := exec.CommandContext(ctx, npm, "pack", Package+"@"+Version, "--pack-destination", dir,
		"--cache", filepath.Join(dir, "npm"), "--ignore-scripts", "--loglevel=error", "--no-update-notifier")
	cmd.Dir = dir // away from any .npmrc of the folder that the build runs in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: npm pack %s@%s: %w: %s; set %s to a libchdb.so, or %s",
			ErrMissing, Package, Version, err, lastLines(stderr.String(), 5), EnvLib, orDSN)
	}
	found, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("npm pack %s@%s: %d packed files in place of 1", Package, Version, len(found))
	}
	return found[0], nil
}

func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "; ")
}

// verify compares the file with an integrity value of the form "sha512-" and base64.
func verify(path, integrity string) error {
	want, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(integrity, "sha512-"))
	if err != nil || len(want) != sha512.Size {
		return fmt.Errorf("integrity %q is not a sha512", integrity)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	h := sha512.New()
	if _, err := io.Copy(h, f); err != nil {
		return fmt.Errorf("verify %s: %w", filepath.Base(path), err)
	}
	if got := h.Sum(nil); !bytes.Equal(got, want) {
		return fmt.Errorf("verify %s: sha512 is %s, pinned is %s: not used",
			filepath.Base(path), base64.StdEncoding.EncodeToString(got), base64.StdEncoding.EncodeToString(want))
	}
	return nil
}

// unpack writes the one library of the packed file to path, synced, and refuses any other size than size.
func unpack(tarball, path string, size int64, count io.Writer) error {
	f, err := os.Open(tarball)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("unpack %s: %w", filepath.Base(tarball), err)
	}
	t := tar.NewReader(z)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("unpack %s: no %s in it", filepath.Base(tarball), libraryName)
		}
		if err != nil {
			return fmt.Errorf("unpack %s: %w", filepath.Base(tarball), err)
		}
		if h.Typeflag != tar.TypeReg || h.Name != "package/"+libraryName {
			continue
		}
		if h.Size != size {
			return fmt.Errorf("unpack %s: %s has %d bytes, pinned is %d", filepath.Base(tarball), libraryName, h.Size, size)
		}
		return writeSynced(path, io.TeeReader(t, count), size)
	}
}

func writeSynced(path string, r io.Reader, size int64) (err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := io.CopyN(f, r, size); err != nil {
		return fmt.Errorf("unpack %s: %w", libraryName, err)
	}
	return f.Sync()
}

// sizeOf adds up the files below dir; one that vanishes meanwhile does not count.
func sizeOf(dir string) int64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if st, err := d.Info(); err == nil {
				n += st.Size()
			}
		}
		return nil //nolint:nilerr // what cannot be read has no size
	})
	return n
}
