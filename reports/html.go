// HTML: one self-contained page, readable at any width, in light and dark, on paper and without JavaScript. Nothing is
// requested from anywhere, and the page's own policy forbids it. page.html is its structure, page.css its looks; every
// text goes through html/template, which escapes it.

package reports

import (
	"bytes"
	_ "embed"
	"html/template"
	"io"
	"regexp"
	"strconv"
)

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string

	page = template.Must(template.New("page").Parse(pageSource))
)

// HTML writes r as a page.
func HTML(w io.Writer, r *Report) error {
	if err := check(r); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := page.Execute(&text, newHTMLPage(r)); err != nil {
		return err
	}
	_, err := w.Write(blankLines.ReplaceAll(text.Bytes(), []byte("\n")))
	return err
}

// blankLines are left behind by the template's own lines. Texts that keep their line breaks lose none: theirs are
// written by preserved.
var blankLines = regexp.MustCompile(`\n[ \t]*(?:\n[ \t]*)+`)

// htmlPage is what the template reads.
type htmlPage struct {
	Title        string
	Style        template.CSS
	Script       *htmlScript // nil: the page needs none, and its policy allows none
	ClaimsResult string
	Claims       []htmlClaim
	Contents     bool
	Sections     []htmlSection
	Provenance   []Fact
}

type htmlClaim struct {
	claimState
	Addr, Text string
	Remarks    []Fact
}

type htmlSection struct {
	ID, Heading string
	Paragraphs  []string
	Blocks      []htmlBlock
}

// htmlBlock is one block; exactly one of its pointers is set. Plots beside one another share a Plots.
type htmlBlock struct {
	Table    *htmlGrid
	Plots    []htmlPlot
	Samples  *htmlSamples
	Verdicts *htmlVerdicts
	Facts    *Facts
}

type htmlGrid struct {
	Title string
	grid
}

type htmlPlot struct {
	Title   string
	SVG     template.HTML // drawn by us, its texts escaped by svg.go and gonum
	Legend  []htmlEntry
	Notes   []string
	Numbers htmlGrid
}

type htmlEntry struct {
	Swatch template.HTML
	Name   string
}

type htmlSamples struct {
	Title   string
	Prompts []htmlPrompt
}

// htmlPrompt is a prompt with what was written for those who were asked it.
type htmlPrompt struct {
	Prompt  template.HTML
	Answers []htmlAnswer
}

type htmlAnswer struct {
	Readers []readers
	Texts   []htmlText
}

type htmlText struct {
	Source string
	Text   template.HTML
	Unseen bool // the text is a remark of ours: (empty)
}

func newHTMLPage(r *Report) htmlPage {
	p := htmlPage{
		Title:      oneLine(r.Title),
		Style:      template.CSS(pageStyle),
		Script:     scriptFor(r),
		Contents:   len(r.Sections) > tocSections,
		Provenance: printableFacts(r.Provenance),
	}
	if len(r.Summary) > 0 {
		p.ClaimsResult = claimsSummary(r.Summary)
	}
	for _, c := range r.Summary {
		p.Claims = append(p.Claims, htmlClaim{stateOf(c), oneLine(c.Addr), oneLine(c.Text), printableFacts(remarksOf(c))})
	}
	titles := titled(r)
	for i, s := range r.Sections {
		p.Sections = append(p.Sections, newHTMLSection("section-"+strconv.Itoa(i+1), s, titles))
	}
	return p
}

func newHTMLSection(id string, s Section, titled func(Block) string) htmlSection {
	out := htmlSection{ID: id, Heading: oneLine(s.Heading), Paragraphs: paragraphs(s.Text)}
	for _, b := range s.Blocks {
		title := oneLine(titled(b))
		switch b := b.(type) {
		case *Table:
			out.Blocks = append(out.Blocks, htmlBlock{Table: &htmlGrid{title, printableGrid(tableGrid(b))}})
		case *Plot:
			if last := len(out.Blocks) - 1; last >= 0 && out.Blocks[last].Plots != nil {
				out.Blocks[last].Plots = append(out.Blocks[last].Plots, newHTMLPlot(title, b))
			} else {
				out.Blocks = append(out.Blocks, htmlBlock{Plots: []htmlPlot{newHTMLPlot(title, b)}})
			}
		case *Samples:
			out.Blocks = append(out.Blocks, htmlBlock{Samples: newHTMLSamples(title, b)})
		case *Verdicts:
			out.Blocks = append(out.Blocks, htmlBlock{Verdicts: newHTMLVerdicts(title, b)})
		case *Facts:
			out.Blocks = append(out.Blocks, htmlBlock{Facts: &Facts{Title: title, Items: printableFacts(b.Items)}})
		}
	}
	return out
}

func newHTMLPlot(title string, p *Plot) htmlPlot {
	out := htmlPlot{Title: title, Numbers: htmlGrid{"", printableGrid(plotGrid(p))}}
	for _, note := range p.Notes {
		out.Notes = append(out.Notes, oneLine(note))
	}
	svg, ok := drawPlot(p)
	if !ok {
		return out
	}
	out.SVG = template.HTML(svg)
	for _, entry := range legendOf(p) {
		out.Legend = append(out.Legend, htmlEntry{template.HTML(entry.Swatch), entry.Name})
	}
	return out
}

func newHTMLSamples(title string, s *Samples) *htmlSamples {
	out := &htmlSamples{Title: title}
	for _, asked := range s.byPrompt() {
		p := htmlPrompt{Prompt: preserved(asked.Prompt)}
		for _, a := range asked.Answers {
			answer := htmlAnswer{}
			for _, r := range a.Readers {
				answer.Readers = append(answer.Readers, readers{oneLine(r.Names), oneLine(r.Group)})
			}
			for _, t := range a.Texts {
				answer.Texts = append(answer.Texts, htmlText{oneLine(t.Sources), preserved(t.Text), unseen(t.Text)})
			}
			p.Answers = append(p.Answers, answer)
		}
		out.Prompts = append(out.Prompts, p)
	}
	return out
}

// preserved is a sample's text with its line breaks as elements, so that the page's own line breaks do not matter.
func preserved(text string) template.HTML {
	escaped := template.HTMLEscapeString(sampleText(text))
	return template.HTML(lineBreaks.ReplaceAllString(escaped, "<br>"))
}

var lineBreaks = regexp.MustCompile(`\n`)

func printableGrid(g grid) grid {
	g.Head = printableAll(g.Head)
	for r := range g.Rows {
		g.Rows[r].Name = oneLine(g.Rows[r].Name)
		for c := range g.Rows[r].Cells {
			cell := &g.Rows[r].Cells[c]
			cell.Value, cell.Note = oneLine(cell.Value), oneLine(cell.Note)
		}
	}
	g.Notes = printableAll(g.Notes)
	return g
}

func printableAll(texts []string) []string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = oneLine(text)
	}
	return out
}

func printableFacts(facts []Fact) []Fact {
	out := make([]Fact, len(facts))
	for i, f := range facts {
		out[i] = Fact{oneLine(f.Name), oneLine(f.Value)}
	}
	return out
}
