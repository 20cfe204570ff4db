//go:build libtorch

package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/prlhf/prlhf/internal/rounding"
)

// status is how a check ended.
type status int

const (
	differs status = iota
	matches
	notOffered
)

// line is one check of one fixture.
type line struct {
	fixture, check string // such as tiny-gptj/individual_T4 and gradients
	status         status
	detail         string
	quantities     []*quantity // what detail tells of
	sampled        rounding.Share
}

func (l line) String() string {
	word := map[status]string{differs: "DIFFERS", matches: "ok", notOffered: "not offered"}[l.status]
	return fmt.Sprintf("%-12s %-38s %-18s %s", word, l.fixture, l.check, l.detail)
}

// report counts lines.
type report struct {
	matched, differing, missing int
	reasons                     []string // of what is not offered, each once, in order
	times                       map[string]int
	worst                       []worst
	sampled                     rounding.Share
}

// worst is the largest deviation of one quantity over all fixtures.
type worst struct {
	check, fixture string
	*quantity
}

func (r *report) add(l line) {
	for _, q := range l.quantities {
		r.widen(worst{l.check, l.fixture, q})
	}
	r.sampled.Add(l.sampled)
	switch l.status {
	case matches:
		r.matched++
	case differs:
		r.differing++
	case notOffered:
		r.missing++
		if r.times == nil {
			r.times = map[string]int{}
		}
		if r.times[l.detail]++; r.times[l.detail] == 1 {
			r.reasons = append(r.reasons, l.detail)
		}
	}
}

func (r *report) widen(w worst) {
	for i, old := range r.worst {
		if old.check == w.check && old.name == w.name {
			if w.worst > old.worst {
				r.worst[i] = w
			}
			return
		}
	}
	r.worst = append(r.worst, w)
}

func (r *report) summary() string {
	var b strings.Builder
	fmt.Fprintln(&b, "largest deviations:")
	for _, w := range r.worst {
		fmt.Fprintf(&b, "  %-13s %-50s %s\n", w.check, w.quantity, w.fixture)
	}
	if r.sampled.Texts > 0 {
		fmt.Fprintf(&b, "batch sizes: drawn alone and in batches, %v\n", r.sampled)
	}
	fmt.Fprintf(&b, "parity: %d matched, %d differing, %d not offered\n", r.matched, r.differing, r.missing)
	for _, why := range r.reasons {
		fmt.Fprintf(&b, "  not offered, %d times: %s\n", r.times[why], why)
	}
	return b.String()
}

// quantity is one kind of number within a check: how far the worst of them is off.
type quantity struct {
	name           string
	allowed, worst float64 // 1 when deviations are measured in shares of their tolerance
	where          string  // of the worst
	count          int
}

func (q *quantity) String() string {
	if q.allowed == 1 {
		return fmt.Sprintf("%s %.2f of tolerance", q.name, q.worst)
	}
	return fmt.Sprintf("%s %.1e of %.0e", q.name, q.worst, q.allowed)
}

// comparison collects the quantities of one check.
type comparison struct {
	quantities []*quantity
	problems   []string // differences that are no matter of rounding
	notes      []string
	sampled    rounding.Share // of texts drawn alone and in batches
}

// measure notes a deviation, in whatever unit the quantity's name says.
func (c *comparison) measure(name string, allowed, deviation float64, where string) {
	q := c.quantity(name, allowed)
	q.count++
	if math.IsNaN(deviation) {
		deviation = math.Inf(1)
	}
	if q.count == 1 || deviation > q.worst {
		q.worst, q.where = deviation, where
	}
}

func (c *comparison) quantity(name string, allowed float64) *quantity {
	for _, q := range c.quantities {
		if q.name == name {
			return q
		}
	}
	q := &quantity{name: name, allowed: allowed}
	c.quantities = append(c.quantities, q)
	return q
}

// absolute, relative and closeTo are the three ways in which the tolerances are stated.
func (c *comparison) absolute(name string, allowed, got, want float64, where string) {
	c.measure(name, allowed, math.Abs(got-want), where)
}

func (c *comparison) relative(name string, allowed, got, want float64, where string) {
	c.measure(name, allowed, math.Abs(got-want)/math.Abs(want), where)
}

// closeTo measures in shares of relative * |want| + absolute.
func (c *comparison) closeTo(name string, relative, absolute, got, want float64, where string) {
	c.measure(name, 1, math.Abs(got-want)/(relative*math.Abs(want)+absolute), where)
}

// rows compares vectors: the largest difference as a share of the largest wanted number.
func (c *comparison) rows(name string, allowed float64, got, want []float32, where string) {
	if len(got) != len(want) {
		c.problem("%s of %s has %d numbers, expected %d", name, where, len(got), len(want))
		return
	}
	c.measure(name, allowed, worstOf(got, want)/largest(want), where)
}

func worstOf(got, want []float32) float64 {
	worst := 0.0
	for i := range want {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(d) {
			return d
		}
		worst = max(worst, d)
	}
	return worst
}

func largest(x []float32) float64 {
	top := 0.0
	for _, v := range x {
		top = max(top, math.Abs(float64(v)))
	}
	return top
}

// count notes values that were compared by another package.
func (c *comparison) count(what string, matched, differing int, first string) {
	if matched > 0 {
		c.note("%d %s are equal", matched, what)
	}
	if differing > 0 {
		c.problem("%d %s differ: %s", differing, what, first)
	}
}

func (c *comparison) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *comparison) note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// line judges. A check that compared nothing differs: an omission is never a match.
func (c *comparison) line(fixture, check string) line {
	l := line{fixture: fixture, check: check, status: matches, quantities: c.quantities, sampled: c.sampled}
	var parts []string
	count := 0
	for _, q := range c.quantities {
		part := q.String()
		if !(q.worst <= q.allowed) {
			l.status = differs
			part += " TOO FAR at " + q.where
		}
		count += q.count
		parts = append(parts, part)
	}
	if len(c.problems) > 0 {
		l.status = differs
		parts = append([]string{fmt.Sprintf("%d problems, first: %s", len(c.problems), c.problems[0])}, parts...)
	}
	if count == 0 && len(c.notes) == 0 {
		l.status = differs
		parts = append(parts, "nothing was compared")
	}
	l.detail = strings.Join(append(parts, c.notes...), "; ")
	return l
}
