package main

// The log of a run: zerolog lines in the store's folder logs, one file per apply. It has what reports must not have:
// times, the host, progress.

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/prlhf/prlhf/runner"
)

// runLog implements runner.Logger.
type runLog struct {
	file *os.File
	path string
	log  zerolog.Logger
	last time.Time // of the last progress line
}

// openLog starts a file whose name sorts by time.
func openLog(store string, specs []string) (*runLog, error) {
	dir := filepath.Join(store, "logs")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%s-%d.log", time.Now().UTC().Format("20060102T150405Z"), os.Getpid())
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	zerolog.TimeFieldFormat = time.RFC3339Nano
	l := &runLog{file: f, path: shortPath(f.Name()), log: zerolog.New(f).With().Timestamp().Logger()}
	host, _ := os.Hostname()
	l.log.Info().Str("version", version).Str("go", runtime.Version()).Str("host", host).Int("cpus", runtime.NumCPU()).
		Strs("specs", specs).Msg("apply")
	return l, nil
}

// shortPath is path below the current folder, where it lies there.
func shortPath(path string) string {
	if here, err := os.Getwd(); err == nil {
		if rel, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(rel) {
			return rel
		}
	}
	return path
}

// Log implements runner.Logger. Fields are written in the order of their names.
func (l *runLog) Log(level, message string, fields map[string]any) {
	parsed, err := zerolog.ParseLevel(level)
	if err != nil {
		parsed = zerolog.InfoLevel
	}
	e := l.log.WithLevel(parsed)
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		e = e.Interface(name, fields[name])
	}
	e.Msg(message)
}

// event notes what happened; of progress one line a second is enough.
func (l *runLog) event(e runner.Event) {
	if e.Kind == runner.Advanced {
		now := time.Now()
		if now.Sub(l.last) < time.Second {
			return
		}
		l.last = now
	}
	level := zerolog.InfoLevel
	if e.Kind == runner.Failed {
		level = zerolog.ErrorLevel
	}
	j := eventObject(e)
	line := l.log.WithLevel(level).Str("stage", j.Stage).Str("addr", j.Addr)
	if e.Kind == runner.Started {
		line = line.Stringer("fingerprint", e.Node.Fingerprint)
	}
	if j.Unit != "" {
		line = line.Int64("done", j.Done).Int64("total", j.Total).Str("unit", j.Unit)
	}
	if j.Note != "" {
		line = line.Str("note", j.Note)
	}
	if j.Seconds > 0 {
		line = line.Float64("seconds", j.Seconds)
	}
	line.AnErr("error", e.Err).Msg(j.Event)
}

func (l *runLog) end(r *runner.Result, err error) {
	if r != nil {
		for _, c := range r.Claims {
			l.log.Info().Str("claim", c.Addr).Bool("holds", c.Holds).Str("values", c.Values).Msg("claim")
		}
	}
	if err != nil {
		l.log.Error().Err(err).Msg("apply failed")
	}
	l.log.Info().Msg("end")
}

func (l *runLog) Close() error { return l.file.Close() }
