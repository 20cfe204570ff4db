// Pairs that a judge compares: responses of two methods matched by prompt and user, or the two sides of comparisons.
package runner

import (
	"errors"
	"fmt"
	"io"

	"github.com/prlhf/prlhf/dsl"
)

// pair is one candidate response with the baseline's response to the same prompt for the same user.
type pair struct {
	prompt, user        string
	candidate, baseline string
}

// matchVersion is raised when other samples are matched. Version 2: who has no text of their own gets nobody's of the same
// sample, not the first.
const matchVersion = 2

// match pairs the candidate's responses, by number, with the baseline's: the same prompt, user and sample, else the user's
// first, else nobody's, which stands for everybody: the same sample, else the first. It counts what has no partner, and leaves
// out nobody's candidates, which nobody can judge.
func match(candidate, baseline []textPlace) (pairs []matched, alone int) {
	of := map[textPlace]int{}
	for i, at := range baseline {
		if _, taken := of[at]; !taken {
			of[at] = i
		}
	}
	for i, r := range candidate {
		if r.user == "" {
			continue
		}
		other, ok := 0, false
		for _, at := range []textPlace{r, {r.prompt, r.user, 0}, {r.prompt, "", r.sample}, {r.prompt, "", 0}} {
			if other, ok = of[at]; ok {
				break
			}
		}
		if !ok {
			alone++
			continue
		}
		pairs = append(pairs, matched{i, other})
	}
	return pairs, alone
}

// matched are the numbers of a candidate's response and of the baseline's.
type matched struct{ candidate, baseline int }

// pairTable is the pairs that a judge compares, by number. Their texts stay in the files until a pair is asked for.
type pairTable interface {
	Len() int
	At(i int) (pair, error)
	Close() error
}

// pairSource gives a judge stage its pairs.
type pairSource interface {
	describe(w io.Writer)
	nodes() []*Node
	pairs(e *Env) (pairTable, error)
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

func (s twoMethods) pairs(e *Env) (pairTable, error) {
	candidate, err := s.candidate.open(e)
	if err != nil {
		return nil, err
	}
	baseline, err := s.baseline.open(e)
	if err != nil {
		return nil, errors.Join(err, candidate.Close())
	}
	p := &matchedPairs{candidate: candidate, baseline: baseline}
	var alone int
	p.list, alone = match(candidate.places, baseline.places)
	if alone > 0 {
		e.Say("%d of the candidate's %d responses have no response of the baseline to the same prompt for the same user and are not compared", alone, len(candidate.places))
	}
	if len(p.list) == 0 {
		return nil, errors.Join(fmt.Errorf("candidate and baseline have no prompt and user in common: %d and %d responses", len(candidate.places), len(baseline.places)), p.Close())
	}
	candidate.places, baseline.places = nil, nil
	return p, nil
}

type matchedPairs struct {
	candidate, baseline *textTable
	list                []matched
}

func (p *matchedPairs) Len() int { return len(p.list) }

func (p *matchedPairs) At(i int) (pair, error) {
	ours, err := p.candidate.at(p.list[i].candidate)
	if err != nil {
		return pair{}, err
	}
	theirs, err := p.baseline.at(p.list[i].baseline)
	return pair{ours.prompt, ours.user, ours.text, theirs.text}, err
}

func (p *matchedPairs) Close() error { return errors.Join(p.candidate.Close(), p.baseline.Close()) }

// ownChoices compares what users chose with what they rejected.
type ownChoices struct {
	rows   *dsl.Set
	inputs dataInputs
}

func (s ownChoices) describe(w io.Writer) { s.inputs.describe(w, "comparisons", s.rows) }

func (s ownChoices) nodes() []*Node { return s.inputs.inputs(false) }

func (s ownChoices) pairs(e *Env) (pairTable, error) {
	w, err := s.inputs.open(e)
	if err != nil {
		return nil, err
	}
	rows, err := w.rows(s.rows)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return &chosenPairs{w, rows}, nil
}

type chosenPairs struct {
	*world
	list []rowRef
}

func (p *chosenPairs) Len() int { return len(p.list) }

func (p *chosenPairs) At(i int) (pair, error) {
	c, err := p.comparison(p.list[i])
	return pair{c.Prompt, c.User, c.Chosen, c.Rejected}, err
}
