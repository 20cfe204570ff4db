package store

// Who may build, replace or remove an artifact: the holder of an flock(2) on locks/<fp>. The kernel drops it when the
// process dies, so no lock is ever stale. Lock files stay: to remove one would let two holders in.

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// errBusy says that somebody else holds the lock.
var errBusy = errors.New("another apply is building it")

type lock struct{ file *os.File }

// tryLock takes the lock of fp or fails at once, with errBusy if somebody has it.
func (s *Store) tryLock(fp Fingerprint) (*lock, error) {
	f, err := os.OpenFile(filepath.Join(s.dir, "locks", fp.String()), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		if err == unix.EWOULDBLOCK {
			return nil, errBusy
		}
		return nil, &os.PathError{Op: "flock", Path: f.Name(), Err: err}
	}
	return &lock{f}, nil
}

// waitLock asks again and again, as flock itself does not know ctx. It calls waiting once if it has to wait.
func (s *Store) waitLock(ctx context.Context, fp Fingerprint, waiting func()) (*lock, error) {
	pause := 2 * time.Millisecond
	for first := true; ; first = false {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		l, err := s.tryLock(fp)
		if err != errBusy {
			return l, err
		}
		if first && waiting != nil {
			waiting()
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, 200*time.Millisecond)
	}
}

func (l *lock) release() { l.file.Close() }

// sweep removes what dead processes left in tmp. A living one holds its lock, so its folder is left alone; what cannot
// be removed now is tried again by the next Open, and by Begin.
func (s *Store) sweep() {
	entries, err := os.ReadDir(filepath.Join(s.dir, "tmp"))
	if err != nil {
		return
	}
	for _, e := range entries {
		var fp Fingerprint
		if fp.UnmarshalText([]byte(e.Name())) != nil {
			continue
		}
		if l, err := s.tryLock(fp); err == nil {
			os.RemoveAll(s.tempDir(fp))
			l.release()
		}
	}
}
