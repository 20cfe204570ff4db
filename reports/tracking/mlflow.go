package tracking

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// MLflow writes runs into dir, an empty folder, as the file store of MLflow has them:
//
//	EXPERIMENT/meta.yaml
//	EXPERIMENT/RUN/meta.yaml
//	EXPERIMENT/RUN/params/NAME     the value
//	EXPERIMENT/RUN/metrics/NAME    lines "timestamp value step"; timestamps are milliseconds
//	EXPERIMENT/RUN/tags/NAME       the value
//	EXPERIMENT/RUN/artifacts       empty
//
// EXPERIMENT is a number made of the experiment's name, RUN the ID of a run.
func MLflow(dir, experiment string, runs []Run) error {
	id := experimentID(experiment)
	dir = filepath.Join(dir, id)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	meta := yaml{{"artifact_location", "./" + id}, {"creation_time", 0}, {"experiment_id", id}, {"last_update_time", 0}, {"lifecycle_stage", "active"}, {"name", experiment}}
	if err := meta.write(dir); err != nil {
		return err
	}
	for _, r := range runs {
		if err := writeRun(dir, id, r); err != nil {
			return err
		}
	}
	return nil
}

// experimentID is a number of 18 digits, as MLflow gives experiments.
func experimentID(name string) string {
	h := sha256.Sum256([]byte(name))
	const least, many = 100_000_000_000_000_000, 900_000_000_000_000_000
	return strconv.FormatUint(least+binary.BigEndian.Uint64(h[:])%many, 10)
}

func writeRun(dir, experiment string, r Run) error {
	dir = filepath.Join(dir, r.ID)
	for _, needed := range []string{"metrics", "params", "artifacts"} { // MLflow finds no run without these three
		if err := os.MkdirAll(filepath.Join(dir, needed), 0o755); err != nil {
			return err
		}
	}
	end := int64(0)
	metrics := map[string]*strings.Builder{}
	var files []file
	for _, p := range r.Points {
		m := metrics[p.Name]
		if m == nil {
			m = &strings.Builder{}
			metrics[p.Name] = m
			files = append(files, file{filepath.Join("metrics", p.Name), m})
		}
		fmt.Fprintf(m, "%d %s %d\n", milliseconds(p.Step), strconv.FormatFloat(p.Value, 'g', -1, 64), p.Step)
		end = max(end, milliseconds(p.Step))
	}
	for _, p := range r.Params {
		files = append(files, file{filepath.Join("params", p.Name), text(p.Value)})
	}
	files = append(files, file{filepath.Join("tags", "mlflow.runName"), text(r.Name)})
	for _, f := range files {
		if err := f.write(dir); err != nil {
			return err
		}
	}
	const local, finished = 4, 3 // SourceType.LOCAL, RunStatus.FINISHED
	meta := yaml{{"artifact_uri", "./" + experiment + "/" + r.ID + "/artifacts"}, {"end_time", end}, {"entry_point_name", ""}, {"experiment_id", experiment},
		{"lifecycle_stage", "active"}, {"run_id", r.ID}, {"run_name", r.Name}, {"run_uuid", r.ID}, {"source_name", ""}, {"source_type", local},
		{"source_version", ""}, {"start_time", 0}, {"status", finished}, {"tags", []string{}}, {"user_id", ""}}
	return meta.write(dir)
}

func milliseconds(step int64) int64 { return 1000 * step }

type file struct {
	path string
	text fmt.Stringer
}

type text string

func (t text) String() string { return string(t) }

func (f file) write(dir string) error {
	path := filepath.Join(dir, f.path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(f.text.String()), 0o644)
}

// yaml is a mapping; its values are written as JSON, which YAML includes.
type yaml []struct {
	key   string
	value any
}

func (y yaml) write(dir string) error {
	var b strings.Builder
	for _, item := range y {
		value, err := json.Marshal(item.value)
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%s: %s\n", item.key, value)
	}
	return file{"meta.yaml", text(b.String())}.write(dir)
}
