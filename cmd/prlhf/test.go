package main

// prlhf test: apply specs and compare their reports with golden ones.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prlhf/prlhf/dsl"
)

func testVerb() verb {
	return verb{
		name: "test", args: "[-update] SPEC...",
		brief: "apply specs and compare their reports with golden ones",
		text: "Each SPEC, and each file of a folder, is a spec of its own here. Its reports go to OUT/SPEC/REPORT and are compared with the golden " +
			"ones beside the spec, in the folder golden/SPEC: by bytes where the machine is the one that these were made on (CPU, threads, " +
			"libtorch, device), else metric by metric within the report's tolerance. Exits 1 where a report differs, is missing or cannot be " +
			"made, and 2 where other claims fail than in the golden files, or a claim is gone; of several codes the largest. -update " +
			"shows what changes and renews the golden files; -recorded-only holds only the recorded machine to them. docs/ci.md tells more.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			t := &tester{call: c}
			fs.BoolVar(&t.update, "update", false, "renew the golden files, after showing what changes")
			fs.BoolVar(&t.recorded, "recorded-only", false, "on another machine than the recorded one show what differs, and fail only what cannot be applied")
			fs.StringVar(&t.junit, "junit", "", "write the outcome to `FILE`, as JUnit XML")
			c.planFlags(fs)
			c.outFlag(fs, filepath.Join("out", "test"))
			c.parallelFlag(fs)
			c.jsonFlag(fs, "print each event, and the outcome of each spec, as a JSON object on a line")
			return t.run
		},
	}
}

// tester is one prlhf test.
type tester struct {
	*call
	update   bool
	recorded bool   // only where the machine is the recorded one do differences fail
	junit    string // file to write, or ""
}

// tested is what the test of a spec found.
type tested struct {
	spec    string
	word    string // ok, differs, claims, elsewhere, no golden, broken, updated
	how     string // they were compared
	cases   []testCase
	elapsed time.Duration
}

// code is the largest of the exit codes that the cases ask for.
func (t *tested) code() int {
	code := exitOK
	for _, c := range t.cases {
		code = max(code, c.Code)
	}
	return code
}

func (t *tester) run(ctx context.Context) error {
	specs, err := t.specs()
	if err != nil {
		return err
	}
	if _, err := t.chooseDevice(); err != nil {
		return err
	}
	t.makesStore = true
	var all []tested
	for _, spec := range specs {
		start := time.Now()
		one, err := t.spec(ctx, spec)
		if err != nil {
			return err
		}
		one.elapsed = time.Since(start)
		if err := t.tell(one); err != nil {
			return err
		}
		all = append(all, one)
	}
	outcome := t.sum(all)
	if t.junit != "" {
		if err := writeJUnit(t.junit, all); err != nil {
			t.printed(err)
			if outcome == nil {
				outcome = errReported
			}
		}
	}
	return outcome
}

// specs lists the files to test, each once, and refuses a command line that cannot be meant.
func (t *tester) specs() ([]string, error) {
	switch {
	case len(t.args) == 0:
		return nil, errors.New("test needs the specs to test; their golden files lie beside them")
	case len(t.targets) > 0:
		return nil, errors.New("test takes no -target: golden reports are of whole specs")
	case t.parallel < 1:
		return nil, fmt.Errorf("-parallel is %d; at least 1 is needed", t.parallel)
	}
	files, err := specFiles(t.args)
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there is no .hcl file in %s", strings.Join(t.args, ", "))
	}
	var specs []string
	byName := map[string]string{}
	for _, f := range files {
		f = filepath.Clean(f)
		if slices.Contains(specs, f) {
			continue
		}
		if other, taken := byName[specName(f)]; taken {
			return nil, fmt.Errorf("%s and %s would both write %s; test them one after the other with different -out", other, f, filepath.Join(t.outDir, specName(f)))
		}
		byName[specName(f)] = f
		specs = append(specs, f)
	}
	return specs, nil
}

// spec tests one spec. What is wrong with it is in the outcome; an error ends the whole test.
func (t *tester) spec(ctx context.Context, spec string) (tested, error) {
	if !t.json {
		s := t.screen(t.out)
		s.line(s.bold(spec))
	}
	out := tested{spec: spec, word: "broken"}
	now, tolerances, err := t.apply(ctx, spec)
	if ctx.Err() != nil {
		return out, ctx.Err()
	}
	out.cases = []testCase{{Name: "apply"}}
	if err != nil {
		out.cases[0] = testCase{"apply", err.Error(), exitError}
		return out, nil
	}
	dir := goldenFolder(spec)
	was, err := readGolden(dir)
	switch {
	case err != nil && t.update:
		return out, t.renew(&out, now)
	case errors.Is(err, os.ErrNotExist):
		out.word = "no golden"
		out.cases = append(out.cases, testCase{"golden files", fmt.Sprintf("there is no %s yet; prlhf test -update %s writes it", filepath.Join(dir, "golden.json"), spec), exitError})
		return out, nil
	case err != nil:
		out.cases = append(out.cases, testCase{"golden files", fmt.Sprintf("%v; prlhf test -update %s renews it", err, spec), exitError})
		return out, nil
	}
	return out, t.compare(&out, was, now, tolerances)
}

// apply runs a spec and returns what it gave, with the tolerances of its reports by name. What went wrong is printed, and is
// the text of the error.
func (t *tester) apply(ctx context.Context, spec string) (*golden, map[string]dsl.Tolerance, error) {
	folder := t.outDir
	defer func() { t.outDir = folder }()
	t.outDir, t.mistakes = filepath.Join(folder, specName(spec)), &strings.Builder{}
	p, err := t.compile([]string{spec}, nil)
	if errors.Is(err, errReported) {
		return nil, nil, errors.New(strings.TrimSpace(t.mistakes.String()))
	}
	if err != nil {
		return nil, nil, t.printed(err)
	}
	result, log, err := t.call.run(ctx, p, []string{spec})
	if err != nil {
		if ctx.Err() == nil && !errors.Is(t.applyFailed(p.plan, result, err, log), errReported) {
			t.printed(err)
		}
		return nil, nil, err
	}
	tolerances := map[string]dsl.Tolerance{}
	for _, r := range p.spec.Reports {
		tolerances[r.Addr.Name] = r.Tolerance
	}
	now, err := resultsAsGolden(t.thisMachine(p.options.Device), result)
	if err != nil {
		return nil, nil, t.printed(err)
	}
	return now, tolerances, nil
}

func (t *tester) printed(err error) error {
	fmt.Fprintf(t.err, "prlhf: %v\n", err)
	return err
}

// compare fills in how the results compare, and renews the golden files where that is asked for and something changed.
func (t *tester) compare(out *tested, was, now *golden, tolerances map[string]dsl.Tolerance) error {
	c, err := compareGolden(was, now, tolerances)
	if err != nil {
		return err
	}
	out.how, out.cases = c.how, append(out.cases, c.cases...)
	switch out.code() {
	case exitOK:
		out.word = "ok"
	case exitError:
		out.word = "differs"
	case exitClaimFailed:
		out.word = "claims"
	}
	if t.recorded && out.word != "ok" && was.machine.other(now.machine) != "" {
		out.word = "elsewhere"
		for i := range out.cases {
			out.cases[i].Code = exitOK
		}
	}
	if !t.json && c.text != "" {
		fmt.Fprintf(t.out, "\n%s", c.text)
	}
	if !t.update || out.word == "ok" && was.machine.other(now.machine) == "" {
		return nil
	}
	return t.renew(out, now)
}

// renew writes the golden files: what differs is agreed to.
func (t *tester) renew(out *tested, now *golden) error {
	out.word = "updated"
	for i := range out.cases {
		out.cases[i].Code = exitOK
	}
	return now.write(goldenFolder(out.spec))
}
