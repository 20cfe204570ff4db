package dsl

// Several methods before one judge: what win rates say together.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
)

// A Meeting is win rates that one judge gives under one tie rule and that methods link: each shares a method with another,
// directly or through others.
type Meeting struct {
	Wins    []*WinRate
	Methods []*Set   // in the order in which the win rates name them
	Names   []string // of the methods, each once
}

// Meetings puts win rates together, in the order of the first one of each.
func Meetings(wins []*WinRate) []*Meeting {
	var out []*Meeting
	terms := map[*Meeting]string{}
	for _, w := range wins {
		if w.Candidate == nil || w.Baseline == nil || w.Judge == nil {
			continue
		}
		its := w.Ties + " " + w.Judge.terms()
		var here *Meeting
		for _, m := range slices.Clone(out) {
			switch {
			case terms[m] != its || m.number(w.Candidate) < 0 && m.number(w.Baseline) < 0:
			case here == nil:
				here = m
			default: // w links the two
				here.Wins = append(here.Wins, m.Wins...)
				here.Methods = append(here.Methods, slices.DeleteFunc(m.Methods, func(s *Set) bool { return here.number(s) >= 0 })...)
				out = slices.DeleteFunc(out, func(o *Meeting) bool { return o == m })
			}
		}
		if here == nil {
			here = &Meeting{}
			terms[here] = its
			out = append(out, here)
		}
		here.Wins = append(here.Wins, w)
		for _, s := range []*Set{w.Candidate, w.Baseline} {
			if here.number(s) < 0 {
				here.Methods = append(here.Methods, s)
			}
		}
	}
	for _, m := range out {
		m.Names = ResponseNames(m.Methods)
	}
	return out
}

// number is the place of a method, -1 where it is not among them.
func (m *Meeting) number(s *Set) int {
	return slices.IndexFunc(m.Methods, func(known *Set) bool { return known.String() == s.String() })
}

// Sides are the places of a win rate's candidate and baseline among the methods.
func (m *Meeting) Sides(w *WinRate) (candidate, baseline int) {
	return m.number(w.Candidate), m.number(w.Baseline)
}

// met tells whether one win rate compares two methods.
func (m *Meeting) met(a, b int) bool {
	return slices.ContainsFunc(m.Wins, func(w *WinRate) bool {
		candidate, baseline := m.Sides(w)
		return a == candidate && b == baseline || a == baseline && b == candidate
	})
}

// terms is what two judges have in common whose verdicts are those of one judge: all that changes a verdict.
func (j *Judge) terms() string {
	text := fmt.Sprintf("%s %q %q %g %d %q %q %q %q %q %s", j.Kind, j.Model, j.BaseURL, j.Temperature, j.MaxAnswerTokens, j.Template, j.TemplateFile,
		j.Prefers, j.Pattern, j.Verdicts, j.Order)
	if j.Reward != nil {
		text += " " + j.Reward.Addr.String()
	}
	if j.Order == "random" || j.ShowsTurns() {
		text += fmt.Sprintf(" seed %d", j.Seed)
	}
	for _, member := range j.Members {
		text += " (" + member.terms() + ")"
	}
	return text
}

// ShowsTurns tells whether a judge, or a member of it, may be told users' turns, whose order of outputs is drawn.
func (j *Judge) ShowsTurns() bool {
	return j.Kind == "openai" && j.Template != "alpacafarm" || slices.ContainsFunc(j.Members, (*Judge).ShowsTurns)
}

// ResponseNames are what responses are called in tables and claims: the key or name of the block that generates them, or
// the side of the data: chosen, rejected, responses. Where two would have one name they get the block, or the data set, with
// it, and else their whole expression, in which users chosen by id have numbers in the order of sets: names stand in reports and
// in the addresses of results, and ids may say who somebody is.
func ResponseNames(sets []*Set) []string {
	var users []string
	number := func(id string) string {
		if !slices.Contains(users, id) {
			users = append(users, id)
		}
		return fmt.Sprintf("#%d", slices.Index(users, id)+1)
	}
	for _, s := range sets {
		_ = s.text(number) // numbers do not depend on who needs a long name
	}
	names := make([]string, len(sets))
	level := make([]int, len(sets))
	for range 3 {
		times := map[string]int{}
		for i, s := range sets {
			names[i] = s.responseName(level[i], number)
			times[names[i]]++
		}
		for i := range sets {
			if times[names[i]] > 1 {
				level[i]++
			}
		}
	}
	return names
}

// responseName is a name of responses, the longer the higher the level; number names users chosen by id.
func (s *Set) responseName(level int, number func(id string) string) string {
	switch {
	case level > 1 || s.Op != SetGenerated && s.Op != SetSide:
		return s.text(number)
	case s.Op == SetSide && level == 0:
		return s.Name
	case s.Op == SetSide:
		return s.Name + " of " + strings.Join(s.datasetNames(), " and ")
	case s.Generate == nil:
		return s.text(number)
	case !s.Generate.Addr.HasKey && level == 0:
		return s.Generate.Addr.Name
	case !s.Generate.Addr.HasKey:
		return s.Generate.Addr.String()
	case level == 0:
		return s.Generate.Addr.Key
	}
	return s.Generate.Addr.Key + " of " + s.Generate.Addr.Name
}

func (s *Set) datasetNames() []string {
	var names []string
	for _, d := range s.datasets() {
		if name := d.Addr.String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// InWords says which responses these are: the chosen responses of dataset.prism.
func (s *Set) InWords() string {
	if s.Op != SetSide {
		return s.String()
	}
	what := map[string]string{"responses": "the responses"}[s.Name]
	if what == "" {
		what = "the " + s.Name + " responses"
	}
	return what + " of " + strings.Join(s.datasetNames(), " and ")
}

// blockMeeting is a result of the meeting that all instances of a block belong to.
func (sc *scope) blockMeeting(r *ref, name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	_, vals, diags := sc.expand(r, rng)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	if len(vals) == 0 {
		return cty.DynamicVal, mistake(rng, "One instance is needed", r.chooseOne(""))
	}
	inst := asRef(vals[0]).inst
	w := inst.built.(*WinRate)
	m, diags := sc.ev.meetingOf(w, rng)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	for _, v := range vals {
		if !slices.Contains(m.Wins, asRef(v).inst.built.(*WinRate)) {
			return cty.DynamicVal, mistake(rng, "Not one meeting", fmt.Sprintf("The win rates of %s do not all have one judge, one tie rule and methods that link them, so they have no %s together. Choose one, %s[%q].%s.",
				r.decl.addr(), name, r.decl.addr(), r.decl.keys[0], name))
		}
	}
	return sc.meetingAttr(inst, w, r.decl.addr(), name, rng)
}

// meetingAttr is a result of the meeting of a win rate, whose address is shown as opened.
func (sc *scope) meetingAttr(inst *instance, w *WinRate, opened, name string, rng hcl.Range) (cty.Value, hcl.Diagnostics) {
	m, diags := sc.ev.meetingOf(w, rng)
	if diags.HasErrors() {
		return cty.DynamicVal, diags
	}
	r := &ref{kind: refResult, inst: inst, shape: meetingShape(m), opened: opened}
	return sc.resultAttr(r, name, "."+name, rng)
}

// meetingOf finds the meeting of a win rate among all of the spec. It fails silently where one of them is wrong.
func (ev *evaluator) meetingOf(w *WinRate, rng hcl.Range) (*Meeting, hcl.Diagnostics) {
	var wins []*WinRate
	for _, d := range ev.order {
		if d.typ != "win_rate" {
			continue
		}
		if diags := ev.expandBlock(d, rng); diags.HasErrors() || d.state != resolved {
			return nil, silence(rng)
		}
		keys := d.keys
		if !d.multiple {
			keys = []string{""}
		}
		for _, key := range keys {
			if _, diags := ev.instanceRef(d, key, rng); diags.HasErrors() {
				return nil, diags
			}
			if one, ok := d.instances[key].built.(*WinRate); ok {
				wins = append(wins, one)
			}
		}
	}
	for _, m := range Meetings(wins) {
		if slices.Contains(m.Wins, w) {
			return m, nil
		}
	}
	return nil, silence(rng)
}

// meetingNames are the results of a win rate that are its whole meeting's.
var meetingNames = []string{"matrix", "longer_matrix", "scores", "paired"}

// meetingShape is those results: what each method won from each, and the longer text in the same pairs, their scores on one scale, and every two of them compared
// on what a third was asked.
func meetingShape(m *Meeting) *shape {
	matrix, scores, paired := objectShape(), objectShape(), objectShape()
	put := func(s *shape, name string, below *shape) {
		if len(below.order) > 0 || below.kind != shapeObject {
			s.fields[name], s.order = below, append(s.order, name)
		}
	}
	for a, first := range m.Names {
		row, pairs := objectShape(), objectShape()
		for b, second := range m.Names {
			if m.met(a, b) {
				put(row, second, shareEstimate)
			}
			against := objectShape()
			for c, opponent := range m.Names {
				if a != b && a != c && b != c && m.met(a, c) && m.met(b, c) {
					put(against, opponent, pairedShape)
				}
			}
			if len(against.order) > 0 {
				put(pairs, second, objectShape(field{"against", against}))
			}
		}
		put(matrix, first, row)
		put(scores, first, estimateShape)
		put(paired, first, pairs)
	}
	return objectShape(field{"matrix", matrix}, field{"longer_matrix", matrix}, field{"scores", scores}, field{"paired", paired})
}

// pairedShape is two methods compared on what both were asked.
var pairedShape = objectShape(field{"difference", estimateShape}, field{"better", numberShape}, field{"worse", numberShape}, field{"same", numberShape},
	field{"mcnemar", shareShape}, field{"holm", shareShape}, field{"users_better", numberShape}, field{"users_worse", numberShape},
	field{"longer_wins", shareEstimate}, field{"other_longer_wins", shareEstimate})

// anyMeeting is the shape of a meeting whose methods are not known, for the reference.
var anyMeeting = objectShape(field{"matrix", openShape(openShape(shareEstimate))}, field{"longer_matrix", openShape(openShape(shareEstimate))}, field{"scores", openShape(estimateShape)},
	field{"paired", openShape(openShape(objectShape(field{"against", openShape(pairedShape)})))})
