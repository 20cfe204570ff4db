// The report stage: results as a document. It is not kept in the store: it is made anew by every apply, in milliseconds,
// from results that are, and written only where its bytes differ from what is there.
package runner

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/reports"
)

const (
	kindReport    = "report"
	reportVersion = 1
)

type reportStage struct {
	spec     *dsl.Report
	claims   []*dsl.Claim
	plan     *dsl.Spec
	results  map[any]*Node
	meetings map[dsl.Addr]*Node
	knowers  map[dsl.Policy]*policy // policies and reward models with parameters of users, behind what is shown
	maps     map[*dsl.Train]*Node   // of the users of what is shown
	data     []*dataNodes           // behind what is shown, in the order of the spec
	models   []*origin              // of the spec, in its order
	methods  [][]*method            // of each section, in its order
	sets     map[*dsl.Set]texts     // responses of data sets that are shown
	out      string                 // folder of reports
	device   string

	compiler *compiler // reckons what methods cost
}

func (s *reportStage) Describe(w io.Writer) {
	r := s.spec
	line(w, "version", reportVersion)
	line(w, "title", r.Title)
	for _, shown := range r.Show {
		line(w, "show", withoutIDs(shown.Block))
	}
	for _, section := range r.Sections {
		line(w, "section "+section.Heading, section.Text)
		for _, m := range section.Methods {
			line(w, "method", m.Name)
		}
		for _, shown := range section.Show {
			line(w, "show", withoutIDs(shown.Block))
		}
	}
	line(w, "samples", r.Samples)
	line(w, "users", r.Users)
	line(w, "user_texts", r.UserTexts)
	for _, c := range s.claims {
		line(w, c.Addr.String(), withoutIDs(c.Text))
		line(w, c.Addr.String()+" note", c.Note)
	}
}

// report adds a report with everything that it reads: what it shows, and what claims need.
func (c *compiler) report(r *dsl.Report) *Node {
	stage := &reportStage{spec: r, claims: c.spec.Claims, plan: c.spec, results: c.results, meetings: c.meetings, maps: map[*dsl.Train]*Node{}, knowers: map[dsl.Policy]*policy{}, sets: map[*dsl.Set]texts{}, out: c.opts.Out, compiler: c}
	stage.device = fmt.Sprintf("libtorch %s, %s", libtorchVersion, c.opts.Device.Kind)
	if n := threadsOf(c.nodes); n > 1 {
		stage.device += fmt.Sprintf(", %d threads", n)
	}
	var inputs []*Node
	add := func(n *Node) {
		if n != nil {
			inputs = append(inputs, n)
		}
	}
	for _, item := range shownItems(r) {
		add(c.results[item])
		for _, m := range trainings(instance{item: item}) {
			add(c.results[m.train])
		}
		for _, p := range scorers(item) {
			if of := c.policies(p); len(of) > 0 && of[0].hasUsers() {
				stage.knowers[p] = of[0]
				for _, n := range of[0].inputs() {
					add(n)
				}
			}
		}
		switch item := item.(type) {
		case *dsl.Set:
			if of, ok := c.texts(item); ok {
				stage.sets[item] = of[0]
				inputs = append(inputs, of[0].nodes()...)
			}
		case *dsl.WinRate, *dsl.Agreement:
			inputs = append(inputs, c.results[item].Inputs...)
		case *dsl.Generate:
			inputs = append(inputs, c.results[item].Inputs...)
		case *dsl.Train:
			for _, p := range c.trained[item] {
				add(p.chain[len(p.chain)-1])
			}
			if n := c.usersMap(item); n != nil {
				stage.maps[item] = n
				add(n)
			}
		}
	}
	for _, section := range r.Sections {
		rows := c.behind(section.Methods)
		stage.methods = append(stage.methods, rows)
		for _, m := range rows {
			for _, n := range m.inputs(c) {
				add(n)
			}
		}
	}
	for _, claim := range c.spec.Claims {
		for _, addr := range claim.Reads {
			add(c.resultOf(addr))
		}
		for _, addr := range claim.Meetings {
			add(c.meetings[addr])
		}
	}
	for _, m := range c.spec.Models {
		if o := c.origins[m]; o != nil {
			stage.models = append(stage.models, o)
		}
	}
	reached := closure(inputs)
	for _, d := range c.spec.Data {
		n := c.data[d]
		if n == nil || !reached[n.split] {
			continue
		}
		behind := *n
		behind.tokenized = slices.DeleteFunc(slices.Clone(n.tokenized), func(t tokenized) bool { return !reached[t.node] })
		stage.data = append(stage.data, &behind)
		inputs = append(inputs, n.rows, n.split)
		for _, t := range behind.tokenized {
			add(t.node)
		}
	}
	return c.node(kindReport, r.Addr.String(), &r.Block, stage, inputs...)
}

// resultOf finds the node with the result of a block instance.
func (c *compiler) resultOf(addr dsl.Addr) *Node {
	for _, item := range resultItems(c.spec) {
		if addrOf(item) == addr {
			return c.results[item]
		}
	}
	return nil
}

// resultItems lists every block instance that has results, in the order of work.
func resultItems(spec *dsl.Spec) []any {
	var out []any
	for _, d := range spec.Data {
		out = append(out, d)
	}
	for _, t := range spec.Trains {
		out = append(out, t)
	}
	for _, a := range spec.Scores {
		out = append(out, a)
	}
	for _, g := range spec.Gens {
		out = append(out, g)
	}
	for _, a := range spec.Adapts {
		out = append(out, a)
	}
	for _, w := range spec.Wins {
		out = append(out, w)
	}
	for _, a := range spec.Agrees {
		out = append(out, a)
	}
	return out
}

func addrOf(item any) dsl.Addr {
	switch item := item.(type) {
	case *dsl.Dataset:
		return item.Addr
	case *dsl.Train:
		return item.Addr
	case *dsl.Accuracy:
		return item.Addr
	case *dsl.Generate:
		return item.Addr
	case *dsl.Adapt:
		return item.Addr
	case *dsl.WinRate:
		return item.Addr
	case *dsl.Agreement:
		return item.Addr
	}
	return dsl.Addr{}
}

// shownItems lists what a report shows, each once, in order.
func shownItems(r *dsl.Report) []any {
	all := r.Show
	for _, s := range r.Sections {
		all = append(all[:len(all):len(all)], s.Show...)
	}
	var out []any
	for _, shown := range all {
		out = append(out, shown.Items...)
	}
	return distinct(out, func(item any) any { return item })
}

// Run is not called: the scheduler calls write, since a report is no artifact.
func (s *reportStage) Run(_ context.Context, e *Env) error {
	_, err := s.write(e)
	return err
}

// files are the report's paths.
func (s *reportStage) files() ReportFiles {
	dir := filepath.Join(s.out, s.spec.Addr.Name)
	return ReportFiles{Name: s.spec.Addr.Name, Markdown: filepath.Join(dir, "report.md"), HTML: filepath.Join(dir, "report.html"), JSON: filepath.Join(dir, "report.json")}
}

// rendering is one file of a report.
type rendering struct {
	path  string
	bytes []byte
}

// render makes the three renderings.
func (s *reportStage) render(e *Env) ([]rendering, error) {
	report, err := s.build(e)
	if err != nil {
		return nil, err
	}
	files := s.files()
	var out []rendering
	for _, r := range []struct {
		path   string
		render func(io.Writer, *reports.Report) error
	}{{files.Markdown, reports.Markdown}, {files.HTML, reports.HTML}, {files.JSON, reports.JSON}} {
		var b bytes.Buffer
		if err := r.render(&b, report); err != nil {
			return nil, err
		}
		out = append(out, rendering{r.path, b.Bytes()})
	}
	return out, nil
}

// write renders and replaces what differs; changed tells whether anything did.
func (s *reportStage) write(e *Env) (changed bool, err error) {
	files, err := s.render(e)
	if err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(files[0].path), 0o755); err != nil {
		return false, err
	}
	for _, f := range files {
		if there, err := os.ReadFile(f.path); err == nil && bytes.Equal(there, f.bytes) {
			continue
		}
		if err := replaceFile(f.path, f.bytes); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

// state says what apply will do, by making the report where its inputs are there.
func (s *reportStage) state(e *Env) (Action, string) {
	files, err := s.render(e)
	if err != nil {
		return Changed, "it cannot be made from what the store has"
	}
	action, why := Reuse, ""
	for _, f := range files {
		there, err := os.ReadFile(f.path)
		switch {
		case err != nil:
			return Create, ""
		case !bytes.Equal(there, f.bytes):
			action, why = Changed, "its text differs"
		}
	}
	return action, why
}
