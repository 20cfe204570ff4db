// What differs between two reports: claims, metrics with their intervals, and what they were computed from.

package reports

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Change is one value that differs.
type Change struct {
	Where         string // table, row and column: accuracy.test / individual / top
	Before, After string // as reports print them; "" where there is none
	// Distance is how far the number moved; NaN for what is no number in both.
	Distance float64
	// Apart says that both have an interval and that the two do not overlap.
	Apart bool
}

// Difference is all that differs between two reports.
type Difference struct {
	Claims        []Change // "holds", "does not hold", or what could not be evaluated
	Metrics       []Change
	Texts         []Change // samples, outcomes of verdicts
	Configuration []Change // provenance: other fingerprints, seeds, versions
}

// None tells whether nothing differs.
func (d Difference) None() bool {
	return len(d.Claims)+len(d.Metrics)+len(d.Texts)+len(d.Configuration) == 0
}

// Compare lists what differs between two reports, in the order of b, then what only a has.
func Compare(a, b *Report) Difference {
	return Difference{
		Claims:        pairUp(claimValues(a), claimValues(b)),
		Metrics:       slices.DeleteFunc(pairUp(metricValues(a), metricValues(b)), func(c Change) bool { return orDash(c.Before) == orDash(c.After) }),
		Texts:         pairUp(textValues(a), textValues(b)),
		Configuration: pairUp(factValues(a), factValues(b)),
	}
}

// value is a printed value with its place, and the number behind it.
type value struct {
	where, text string
	number      Estimate
}

func pairUp(a, b []value) []Change {
	a, b = distinct(a), distinct(b)
	before := map[string]value{}
	for _, v := range a {
		before[v.where] = v
	}
	var out []Change
	for _, now := range b {
		was, there := before[now.where]
		delete(before, now.where)
		if there && was.text == now.text {
			continue
		}
		c := Change{Where: now.where, Before: was.text, After: now.text, Distance: math.NaN()}
		if there {
			c.Distance = math.Abs(now.number.Mean - was.number.Mean)
			c.Apart = now.number.Low > was.number.High || now.number.High < was.number.Low
		}
		out = append(out, c)
	}
	for _, v := range a {
		if gone, left := before[v.where]; left {
			out = append(out, Change{Where: v.where, Before: gone.text, Distance: math.NaN()})
		}
	}
	return out
}

// distinct numbers values that have one place, such as rows of one name, in their order from the second on.
func distinct(values []value) []value {
	times := map[string]int{}
	out := slices.Clone(values)
	for i, v := range out {
		if times[v.where]++; times[v.where] > 1 {
			out[i].where = fmt.Sprintf("%s (%d)", v.where, times[v.where])
		}
	}
	return out
}

func claimValues(r *Report) []value {
	var out []value
	for _, c := range r.Summary {
		text := "does not hold"
		switch {
		case c.Error != "":
			text = "cannot be evaluated: " + c.Error
		case c.Holds:
			text = "holds"
		}
		out = append(out, value{c.Addr, text, Just(math.NaN())})
	}
	return out
}

// metricValues are the cells of all tables. Intervals of few clusters are too narrow to be compared.
func metricValues(r *Report) []value {
	var out []value
	for _, t := range r.Tables() {
		for _, row := range t.Rows {
			for i, cell := range row.Cells {
				text := formatCell(cell).line()
				if cell.FewClusters {
					cell.Value.Low, cell.Value.High = math.NaN(), math.NaN()
				}
				out = append(out, value{placeOf(t, row, i), text, cell.Value})
			}
		}
	}
	return out
}

// placeOf names a cell by table, row and column.
func placeOf(t *Table, row Row, column int) string {
	return strings.Join([]string{t.Name, row.Name, t.Columns[column]}, " / ")
}

func textValues(r *Report) []value {
	var out []value
	for _, s := range r.Sections {
		for _, b := range s.Blocks {
			switch b := b.(type) {
			case *Samples:
				for _, item := range b.Items {
					for i, text := range item.Texts {
						out = append(out, value{strings.Join([]string{b.Sources[i], item.User, item.Prompt}, " / "), text, Just(math.NaN())})
					}
				}
			case *Verdicts:
				for _, item := range b.Items {
					out = append(out, value{strings.Join([]string{b.Name, item.User, item.Prompt, item.Candidate}, " / "), string(item.Outcome), Just(math.NaN())})
				}
			}
		}
	}
	return out
}

func factValues(r *Report) []value {
	var out []value
	for _, f := range r.Provenance {
		out = append(out, value{f.Name, f.Value, Just(math.NaN())})
	}
	return out
}

// WriteDifference prints a difference as Markdown, fit for a comment on a change.
func WriteDifference(w io.Writer, a, b *Report, d Difference) error {
	var out strings.Builder
	fmt.Fprintf(&out, "### %s\n\n", oneLine(b.Title))
	if d.None() {
		out.WriteString("Nothing differs.\n")
		_, err := io.WriteString(w, out.String())
		return err
	}
	claims := map[string]bool{}
	for _, v := range slices.Concat(claimValues(a), claimValues(b)) {
		claims[v.where] = true
	}
	fmt.Fprintf(&out, "%d of %s, %s and %s differ.\n", len(d.Claims), counted(len(claims), "claim"), counted(len(d.Metrics), "metric"), counted(len(d.Texts), "text"))
	writeChanges(&out, "Claims", d.Claims)
	metrics := slices.Clone(d.Metrics)
	slices.SortStableFunc(metrics, func(x, y Change) int { // those beyond their intervals first
		switch {
		case x.Apart == y.Apart:
			return 0
		case x.Apart:
			return -1
		}
		return 1
	})
	writeChanges(&out, "Metrics", metrics)
	writeChanges(&out, "Texts", quoted(d.Texts))
	writeChanges(&out, "Configuration", d.Configuration)
	if slices.ContainsFunc(metrics, func(c Change) bool { return c.Apart }) {
		out.WriteString("\n**bold**: the two 95 % intervals do not overlap.\n")
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// mostChanges is how many rows of one kind are printed; the rest are counted.
const mostChanges = 60

func writeChanges(out *strings.Builder, heading string, changes []Change) {
	if len(changes) == 0 {
		return
	}
	fmt.Fprintf(out, "\n| %s | before | after |\n| --- | --- | --- |\n", heading)
	for _, c := range changes[:min(len(changes), mostChanges)] {
		after := mdCell(orDash(c.After))
		if c.Apart {
			after = "**" + after + "**"
		}
		fmt.Fprintf(out, "| %s | %s | %s |\n", mdCell(c.Where), mdCell(orDash(c.Before)), after)
	}
	if n := len(changes) - mostChanges; n > 0 {
		fmt.Fprintf(out, "| and %d more | | |\n", n)
	}
}

// longestQuoted is how much of a text a difference quotes, in characters: that it differs says more than its end.
const longestQuoted = 100

func quoted(texts []Change) []Change {
	out := slices.Clone(texts)
	for i, c := range out {
		out[i].Where, out[i].Before, out[i].After = shortened(c.Where, longestQuoted), shortened(c.Before, longestQuoted), shortened(c.After, longestQuoted)
	}
	return out
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// mdCell is a text on one line of a Markdown table.
func mdCell(text string) string { return mdInline(oneLine(text)) }
