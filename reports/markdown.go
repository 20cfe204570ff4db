// Markdown: for a terminal, for a diff and for a page of a repository. Tables are padded so that they read as they are;
// plots are their numbers; texts of models stand in fenced blocks, where nothing is markup.

package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// tocSections is the number of sections above which a report gets a table of contents.
const tocSections = 3

// Markdown writes r as GitHub-flavoured Markdown.
func Markdown(w io.Writer, r *Report) error {
	if err := check(r); err != nil {
		return err
	}
	m := &markdown{titled: titled(r)}
	m.line("# " + mdInline(r.Title))
	m.claims(r.Summary)
	m.contents(r.Sections)
	for _, section := range r.Sections {
		m.section(section)
	}
	if len(r.Provenance) > 0 {
		m.line("## Provenance")
		m.facts(r.Provenance)
	}
	_, err := w.Write(append(bytes.TrimRight(m.out.Bytes(), "\n"), '\n'))
	return err
}

// markdown collects a document.
type markdown struct {
	out    bytes.Buffer
	titled func(Block) string
}

// line writes one block of its own, with an empty line after it.
func (m *markdown) line(text string) { m.out.WriteString(text + "\n\n") }

// end closes a block that was written line by line.
func (m *markdown) end() { m.out.WriteByte('\n') }

func (m *markdown) claims(claims []Claim) {
	if len(claims) == 0 {
		return
	}
	m.line("## Claims")
	m.line(claimsSummary(claims))
	for _, c := range claims {
		state := stateOf(c)
		fmt.Fprintf(&m.out, "- **%s %s**: %s  \n  %s\n", state.Mark, state.Words, mdCode(c.Addr), mdParagraph(c.Text))
		for _, remark := range remarksOf(c) {
			fmt.Fprintf(&m.out, "  - %s: %s\n", remark.Name, mdInline(remark.Value))
		}
	}
	m.end()
}

func (m *markdown) contents(sections []Section) {
	if len(sections) <= tocSections {
		return
	}
	m.line("## Contents")
	slugs := newSlugs("claims", "contents")
	for _, s := range sections {
		fmt.Fprintf(&m.out, "- [%s](#%s)\n", mdLinkText(s.Heading), slugs.next(s.Heading))
	}
	m.end()
}

func (m *markdown) section(s Section) {
	m.line("## " + mdInline(s.Heading))
	for _, p := range paragraphs(s.Text) {
		m.line(mdParagraph(p))
	}
	for _, b := range s.Blocks {
		m.title(m.titled(b))
		switch b := b.(type) {
		case *Table:
			m.grid(tableGrid(b))
		case *Plot:
			m.plot(b)
		case *Samples:
			m.samples(b)
		case *Verdicts:
			m.verdicts(b)
		case *Facts:
			m.facts(b.Items)
		}
	}
}

func (m *markdown) title(title string) {
	if title != "" {
		m.line("### " + mdInline(title))
	}
}

func (m *markdown) plot(p *Plot) {
	g := plotGrid(p)
	if p.Kind != Dots {
		m.line("Plotted: " + mdInline(plotAxes(p)) + ".")
	}
	g.Notes = append(g.Notes, p.Notes...)
	m.grid(g)
}

func (m *markdown) grid(g grid) {
	m.table(g)
	for _, note := range g.Notes {
		m.line(mdParagraph(oneLine(note)))
	}
}

func (m *markdown) facts(facts []Fact) {
	g := grid{Head: []string{"what", "value"}}
	for _, f := range facts {
		g.Rows = append(g.Rows, gridRow{Name: f.Name, Cells: []printed{{Value: f.Value}}})
	}
	m.table(g)
}

// samples writes a fenced block for each prompt and one for what each user got, texts under one another so that long ones
// stay readable in a terminal.
func (m *markdown) samples(s *Samples) {
	for _, asked := range s.byPrompt() {
		m.line(fenced(labelled([]string{"prompt"}, []string{asked.Prompt})))
		for _, answer := range asked.Answers {
			var who []string
			for _, r := range answer.Readers {
				text := mdInline(r.Names)
				if r.Group != "" {
					text += " (" + mdInline(r.Group) + ")"
				}
				who = append(who, text)
			}
			m.line("**" + strings.Join(who, "; ") + "**")
			var labels, texts []string
			for _, t := range answer.Texts {
				labels, texts = append(labels, t.Sources), append(texts, t.Text)
			}
			m.line(fenced(labelled(labels, texts)))
		}
	}
}

// verdicts writes each pair as samples are written, with what the judge said of it.
func (m *markdown) verdicts(v *Verdicts) {
	for _, note := range v.Notes {
		m.line(mdParagraph(oneLine(note)))
	}
	for _, item := range v.Items {
		who := mdInline(item.User)
		if item.Group != "" {
			who += " (" + mdInline(item.Group) + ")"
		}
		m.line("**" + who + ": " + string(item.Outcome) + "**")
		labels := []string{"prompt", v.Candidate, v.Baseline}
		texts := []string{item.Prompt, item.Candidate, item.Baseline}
		for _, o := range item.Orders {
			labels, texts = append(labels, "judge"), append(texts, o.words())
		}
		m.line(fenced(labelled(labels, texts)))
	}
}

// words are an opinion in a sentence, the judge's own after it.
func (o Opinion) words() string {
	text := o.First + " shown first: " + o.Winner
	if o.Reason != "" {
		text += "\n" + o.Reason
	}
	return text
}

// plotAxes says in words what a plot draws against what.
func plotAxes(p *Plot) string {
	text := p.YLabel + " by " + p.XLabel
	if p.Rule != nil {
		text += "; line at " + axisFormat(p).y(*p.Rule)
		if p.RuleName != "" {
			text += " (" + p.RuleName + ")"
		}
	}
	return text
}
