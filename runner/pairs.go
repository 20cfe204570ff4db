// Pairs that a judge compares: responses of two methods matched by prompt and user, or the two sides of comparisons.
package runner

import (
	"fmt"
	"io"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// pair is one candidate response with the baseline's response to the same prompt for the same user.
type pair struct {
	prompt, user        string
	candidate, baseline string
}

// texts are responses as a stage reads them: a generate block's, or those of a data set.
type texts struct {
	set    *dsl.Set
	node   *Node // with responses.arrow; nil: of a data set
	inputs dataInputs
}

func (t texts) describe(w io.Writer, name string) {
	if t.node == nil { // else it is an input
		t.inputs.describe(w, name, t.set)
	}
}

// several tells whether there may be several texts for one prompt and user.
func (t texts) several() bool { return t.set.Op == dsl.SetGenerated && t.set.Generate.Samples > 1 }

func (t texts) nodes() []*Node {
	if t.node != nil {
		return []*Node{t.node}
	}
	return t.inputs.inputs(false)
}

// response is a text for a prompt and a user; sample tells several for one user apart.
type response struct {
	prompt, user string
	sample       int32
	text         string
}

// read lists the responses; those of the generic user are nobody's to judge, and a baseline for everybody.
func (t texts) read(e *Env) ([]response, error) {
	if t.node == nil {
		return t.readSide(e)
	}
	rows, err := arrowio.Read[arrowio.Response](e.Path(t.node, responsesFile))
	if err != nil {
		return nil, err
	}
	var out []response
	for _, r := range rows {
		out = append(out, response{r.PromptText, r.User, r.Sample, r.Text})
	}
	return out, nil
}

func (t texts) readSide(e *Env) ([]response, error) {
	w, err := t.inputs.open(e)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	refs, err := w.responses(t.set, true)
	if err != nil {
		return nil, err
	}
	var out []response
	for _, r := range refs {
		c, err := w.comparison(r.rowRef)
		if err != nil {
			return nil, err
		}
		text := c.Chosen
		if r.side == 1 {
			text = c.Rejected
		}
		out = append(out, response{prompt: c.Prompt, user: c.User, text: text})
	}
	return out, nil
}

// matchVersion is raised when other samples are matched. Version 2: who has no text of their own gets nobody's of the same
// sample, not the first.
const matchVersion = 2

// match pairs the candidate's responses with the baseline's: the same prompt, user and sample, else the user's first, else
// nobody's, which stands for everybody: the same sample, else the first. It counts what has no partner, and leaves out nobody's
// candidates, which nobody can judge.
func match(candidate, baseline []response) (pairs []pair, alone int) {
	type place struct {
		prompt, user string
		sample       int32
	}
	of := map[place]string{}
	for _, r := range baseline {
		at := place{r.prompt, r.user, r.sample}
		if _, taken := of[at]; !taken {
			of[at] = r.text
		}
	}
	for _, r := range candidate {
		if r.user == "" {
			continue
		}
		text, ok := "", false
		for _, at := range []place{{r.prompt, r.user, r.sample}, {r.prompt, r.user, 0}, {r.prompt, "", r.sample}, {r.prompt, "", 0}} {
			if text, ok = of[at]; ok {
				break
			}
		}
		if !ok {
			alone++
			continue
		}
		pairs = append(pairs, pair{r.prompt, r.user, r.text, text})
	}
	return pairs, alone
}

// pairSource gives a judge stage its pairs.
type pairSource interface {
	describe(w io.Writer)
	nodes() []*Node
	pairs(e *Env) ([]pair, error)
}

// twoMethods compares the responses of two methods.
type twoMethods struct{ candidate, baseline texts }

func (s twoMethods) describe(w io.Writer) {
	s.candidate.describe(w, "candidate")
	s.baseline.describe(w, "baseline")
	if s.candidate.several() && s.baseline.several() {
		line(w, "samples matched", matchVersion)
	}
}

func (s twoMethods) nodes() []*Node { return append(s.candidate.nodes(), s.baseline.nodes()...) }

func (s twoMethods) pairs(e *Env) ([]pair, error) {
	candidate, err := s.candidate.read(e)
	if err != nil {
		return nil, err
	}
	baseline, err := s.baseline.read(e)
	if err != nil {
		return nil, err
	}
	pairs, alone := match(candidate, baseline)
	if alone > 0 {
		e.Say("%d of the candidate's %d responses have no response of the baseline to the same prompt for the same user and are not compared", alone, len(candidate))
	}
	if len(pairs) == 0 {
		return nil, fmt.Errorf("candidate and baseline have no prompt and user in common: %d and %d responses", len(candidate), len(baseline))
	}
	return pairs, nil
}

// ownChoices compares what users chose with what they rejected.
type ownChoices struct {
	rows   *dsl.Set
	inputs dataInputs
}

func (s ownChoices) describe(w io.Writer) { s.inputs.describe(w, "comparisons", s.rows) }

func (s ownChoices) nodes() []*Node { return s.inputs.inputs(false) }

func (s ownChoices) pairs(e *Env) ([]pair, error) {
	w, err := s.inputs.open(e)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	rows, err := w.rows(s.rows)
	if err != nil {
		return nil, err
	}
	out := make([]pair, len(rows))
	for i, r := range rows {
		c, err := w.comparison(r)
		if err != nil {
			return nil, err
		}
		out[i] = pair{c.Prompt, c.User, c.Chosen, c.Rejected}
	}
	return out, nil
}
