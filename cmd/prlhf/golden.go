package main

// Golden reports: what the reports of a spec were when somebody last looked at them and agreed. They lie beside the spec, for
// specs/mini/tldr.hcl as
//
//	specs/mini/golden/tldr/golden.json          the machine, and how each claim came out
//	specs/mini/golden/tldr/REPORT/report.json   each report, as apply wrote it

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prlhf/prlhf/reports"
	"github.com/prlhf/prlhf/runner"
	"github.com/prlhf/prlhf/torch"
)

// goldenFormat names the layout of golden.json; it changes when a reader of the old one would misread the new one.
const goldenFormat = "prlhf golden 1"

// golden is what a spec gave, or is to give.
type golden struct {
	machine machine
	claims  []claimState
	reports map[string]goldenReport
}

// machine is what the last digits of results depend on. Two machines that differ in one of these may round sums otherwise.
type machine struct {
	Device   string   `json:"device"`   // cpu, cuda
	Libtorch string   `json:"libtorch"` // its version; "" in a build without
	Threads  int      `json:"threads"`  // of the CPU
	CPU      string   `json:"cpu"`      // model
	Features []string `json:"features"` // vector instructions
	GPUs     []string `json:"gpus,omitempty"`
}

// claimState is how a claim came out.
type claimState struct {
	Addr    string `json:"claim"`
	Outcome string `json:"outcome"` // holds, does not hold, cannot be evaluated
}

const claimHolds = "holds"

func (c claimState) failed() bool { return c.Outcome != claimHolds }

// goldenReport is a report.json.
type goldenReport struct {
	text   []byte
	report *reports.Report
}

// goldenFile is golden.json.
type goldenFile struct {
	Format  string       `json:"format"`
	Machine machine      `json:"machine"`
	Claims  []claimState `json:"claims"`
	Reports []string     `json:"reports"` // names, sorted
}

// thisMachine is the machine that c computes on.
func (c *call) thisMachine(d torch.Device) machine {
	m := machine{Device: d.Kind, Libtorch: torch.Version(), Threads: d.Threads, CPU: cpuModel(), Features: cpuFeatures()}
	if d.Kind == "cuda" {
		m.GPUs = gpuModels()
	}
	return m
}

// other says in what two machines differ; "" where they do not.
func (m machine) other(now machine) string {
	var parts []string
	say := func(what, was, is string) {
		if was != is {
			parts = append(parts, fmt.Sprintf("%s %s, here %s", what, orNone(was), orNone(is)))
		}
	}
	say("device", m.Device, now.Device)
	say("libtorch", m.Libtorch, now.Libtorch)
	say("threads", fmt.Sprint(m.Threads), fmt.Sprint(now.Threads))
	say("CPU", m.CPU, now.CPU)
	say("features", strings.Join(m.Features, " "), strings.Join(now.Features, " "))
	say("GPU", strings.Join(m.GPUs, " "), strings.Join(now.GPUs, " "))
	return strings.Join(parts, "; ")
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

// goldenFolder is where the golden files of a spec lie.
func goldenFolder(spec string) string {
	return filepath.Join(filepath.Dir(spec), "golden", specName(spec))
}

// specName is a spec's file name without .hcl.
func specName(spec string) string { return strings.TrimSuffix(filepath.Base(spec), ".hcl") }

// resultsAsGolden is what an apply gave, in the form of golden files.
func resultsAsGolden(m machine, r *runner.Result) (*golden, error) {
	g := &golden{machine: m, reports: map[string]goldenReport{}}
	for _, c := range r.Claims {
		outcome := claimHolds
		switch {
		case c.Err != "":
			outcome = "cannot be evaluated"
		case !c.Holds:
			outcome = "does not hold"
		}
		g.claims = append(g.claims, claimState{c.Addr, outcome})
	}
	for _, f := range r.Reports {
		var err error
		if g.reports[f.Name], err = readGoldenReport(f.JSON); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// readGolden reads the golden files of a spec. Where there are none the error is os.ErrNotExist.
func readGolden(dir string) (*golden, error) {
	path := filepath.Join(dir, "golden.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f goldenFile
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", path, err)
	}
	if f.Format != goldenFormat {
		return nil, fmt.Errorf("%s: its format is %q; this version reads %q", path, f.Format, goldenFormat)
	}
	g := &golden{machine: f.Machine, claims: f.Claims, reports: map[string]goldenReport{}}
	for _, name := range f.Reports {
		report := filepath.Join(dir, name, "report.json")
		r, err := readGoldenReport(report)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("%s names the report %s, and there is no %s", path, name, report)
		}
		if err != nil {
			return nil, err
		}
		g.reports[name] = r
	}
	return g, nil
}

func readGoldenReport(path string) (goldenReport, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return goldenReport{}, err
	}
	r, err := reports.Parse(text)
	if err != nil {
		return goldenReport{}, fmt.Errorf("%s: %w", path, err)
	}
	return goldenReport{text, r}, nil
}

// names are the reports of g, sorted.
func (g *golden) names() []string { return slices.Sorted(maps.Keys(g.reports)) }

// write replaces the golden files of a spec, each of them whole, golden.json last: it names the reports that belong to it.
func (g *golden) write(dir string) error {
	for _, name := range g.names() {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return err
		}
		if err := replaceFile(filepath.Join(dir, name, "report.json"), g.reports[name].text); err != nil {
			return err
		}
	}
	f := goldenFile{goldenFormat, g.machine, append([]claimState{}, g.claims...), append([]string{}, g.names()...)}
	var text bytes.Buffer
	if err := writeJSON(&text, f); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil { // of a spec without a report
		return err
	}
	if err := replaceFile(filepath.Join(dir, "golden.json"), text.Bytes()); err != nil {
		return err
	}
	return g.removeOthers(dir)
}

// removeOthers removes golden reports that the spec does not make any more, and nothing else that lies there.
func (g *golden) removeOthers(dir string) error {
	all, err := filepath.Glob(filepath.Join(dir, "*", "report.json"))
	if err != nil {
		return err
	}
	for _, path := range all {
		if _, made := g.reports[filepath.Base(filepath.Dir(path))]; made {
			continue
		}
		if err := os.Remove(path); err != nil {
			return err
		}
		os.Remove(filepath.Dir(path)) // fails where there is something else
	}
	return nil
}
