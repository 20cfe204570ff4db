// Curves of training runs as the files of experiment trackers.
package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/reports/tracking"
)

// writeRuns writes a run for each instance and seed into dir.
func (x *resultExport) writeRuns(dir string) error {
	x.done.Unit = "points"
	var runs []tracking.Run
	for _, p := range x.parts {
		run, err := runOf(p)
		if err != nil {
			return err
		}
		runs = append(runs, run)
		x.done.Rows += len(run.Points)
	}
	if x.Format == FormatMLflow {
		return tracking.MLflow(dir, x.plan.Spec.Name, runs)
	}
	folders := folderNames(x.parts)
	for i, run := range runs {
		if err := writeEvents(filepath.Join(dir, folders[i]), run.Points); err != nil {
			return err
		}
	}
	return nil
}

func runOf(p part) (tracking.Run, error) {
	s := p.node.Stage.(*trainStage)
	run := tracking.Run{Name: p.addr, Params: params(description(p.node.Kind, s))}
	if p.runs > 1 {
		run.Name += fmt.Sprintf(" seed %d", s.seed)
	}
	id := sha256.Sum256([]byte(p.node.Fingerprint.String() + " " + run.Name)) // instances that say the same are one stage
	run.ID = hex.EncodeToString(id[:16])
	rows, err := arrowio.Read[arrowio.Point](p.artifact.Path(curvesFile))
	for _, r := range rows {
		run.Points = append(run.Points, tracking.Point(r))
	}
	return run, err
}

// params are the settings that a fingerprint hashes: lines of "name: value". Of several of one name the values are joined.
func params(description string) []tracking.Param {
	var out []tracking.Param
	at := map[string]int{}
	for _, l := range strings.Split(strings.TrimSpace(description), "\n") {
		name, value, _ := strings.Cut(l, ": ")
		if i, met := at[name]; met {
			out[i].Value += "; " + value
			continue
		}
		at[name] = len(out)
		out = append(out, tracking.Param{Name: name, Value: value})
	}
	return out
}

var unsafeInFolders = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// folderNames are those of runs, each its own: "α = 1" and "β = 1" are one name in the letters that a folder may have.
func folderNames(parts []part) []string {
	names, taken := make([]string, len(parts)), map[string]bool{}
	for i, p := range parts {
		name := folderName(p)
		for n := 2; taken[strings.ToLower(name)]; n++ {
			name = fmt.Sprintf("%s-%d", folderName(p), n)
		}
		names[i], taken[strings.ToLower(name)] = name, true
	}
	return names
}

// folderName is that of a run: TensorBoard shows it.
func folderName(p part) string {
	name := unsafeInFolders.ReplaceAllString(p.name, "-")
	if strings.Trim(name, ".") == "" { // this folder, or the one above
		name = "run"
	}
	if p.runs > 1 {
		name += fmt.Sprintf("-seed-%d", p.node.Stage.(*trainStage).seed)
	}
	return name
}

func writeEvents(dir string, points []tracking.Point) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	f, err := os.Create(filepath.Join(dir, tracking.EventsFile))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := tracking.TensorBoard(f, points); err != nil {
		return err
	}
	return f.Close()
}
