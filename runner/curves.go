// Curves of a training run. Points are written to the scratch folder as they come, so that a run which was killed and
// goes on from a checkpoint ends with the curves of an uninterrupted one.
package runner

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
)

type curveLog struct {
	path string
	file *os.File
}

func openCurves(scratch string) (*curveLog, error) {
	path := filepath.Join(scratch, "curves.txt")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	// A line that a crash cut short must not run into the next one.
	if _, err := f.WriteString("\n"); err != nil {
		f.Close()
		return nil, err
	}
	return &curveLog{path, f}, nil
}

// add writes the points of a step.
func (c *curveLog) add(points []torch.Point) error {
	var b strings.Builder
	for _, p := range points {
		fmt.Fprintf(&b, "%d %s %s;\n", p.Step, p.Name, strconv.FormatFloat(p.Value, 'g', -1, 64))
	}
	_, err := c.file.WriteString(b.String())
	return err
}

func (c *curveLog) Close() error { return c.file.Close() }

// points returns what was written, by name and step; a step that ran twice counts once, with its last value.
func (c *curveLog) points() ([]arrowio.Point, error) {
	f, err := os.Open(c.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	type place struct {
		name string
		step int64
	}
	values := map[place]float64{}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		text, whole := strings.CutSuffix(lines.Text(), ";")
		fields := strings.Fields(text)
		if !whole || len(fields) != 3 {
			continue // cut short by a crash: the step runs again
		}
		step, err1 := strconv.ParseInt(fields[0], 10, 64)
		value, err2 := strconv.ParseFloat(fields[2], 64)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("%s: %w", c.path, err)
		}
		values[place{fields[1], step}] = value
	}
	points := make([]arrowio.Point, 0, len(values))
	for p, v := range values {
		points = append(points, arrowio.Point{Step: p.step, Name: p.name, Value: v})
	}
	slices.SortFunc(points, func(a, b arrowio.Point) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Step, b.Step)) })
	return points, lines.Err()
}

// curveValues are the curves that claims may read: loss, and what was evaluated.
func curveValues(points []arrowio.Point, evaluated bool) dsl.Value {
	names := []string{"loss"}
	if evaluated {
		names = append(names, "top", "generic", "average")
	}
	out := map[string]dsl.Value{}
	for _, name := range names {
		list := []dsl.Value{}
		for _, p := range points {
			if p.Name == name {
				list = append(list, p.Value)
			}
		}
		out[name] = list
	}
	return out
}
