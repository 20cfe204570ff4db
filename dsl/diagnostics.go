package dsl

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// WriteDiagnostics prints diagnostics as Terraform does: severity and summary, the excerpt with the place underlined, and
// the detail wrapped at width (0: not wrapped).
func WriteDiagnostics(w io.Writer, files map[string]*hcl.File, diags hcl.Diagnostics, width int, color bool) error {
	var b bytes.Buffer
	for i, d := range diags {
		if i > 0 {
			b.WriteByte('\n')
		}
		p := painter{color, "31"}
		severity := "Error"
		if d.Severity == hcl.DiagWarning {
			severity, p.code = "Warning", "33"
		}
		fmt.Fprintf(&b, "%s %s\n", p.paint(severity+":"), p.bold(d.Summary))
		if d.Subject != nil {
			b.WriteByte('\n')
			excerpt(&b, files[d.Subject.Filename], *d.Subject, p)
		}
		fmt.Fprintf(&b, "\n%s\n", wrap(d.Detail, width))
	}
	_, err := w.Write(b.Bytes())
	return err
}

type painter struct {
	color bool
	code  string
}

func (p painter) paint(s string) string {
	if !p.color {
		return s
	}
	return "\x1b[1;" + p.code + "m" + s + "\x1b[0m"
}

func (p painter) bold(s string) string {
	if !p.color {
		return s
	}
	return "\x1b[1m" + s + "\x1b[0m"
}

const excerptLines = 4 // of a place that goes over several lines

func excerpt(b *bytes.Buffer, file *hcl.File, rng hcl.Range, p painter) {
	fmt.Fprintf(b, "  on %s line %d%s:\n", rng.Filename, rng.Start.Line, around(file, rng))
	if file == nil {
		return
	}
	lines := strings.Split(string(file.Bytes), "\n")
	for n := rng.Start.Line; n <= min(rng.End.Line, rng.Start.Line+excerptLines-1) && n <= len(lines); n++ {
		line := strings.TrimRight(lines[n-1], "\r")
		fmt.Fprintf(b, "  %3d: %s\n", n, strings.ReplaceAll(line, "\t", " "))
		from, to := 1, utf8.RuneCountInString(line)+1
		if n == rng.Start.Line {
			from = rng.Start.Column
		} else {
			from += len(line) - len(strings.TrimLeft(line, " \t"))
		}
		if n == rng.End.Line {
			to = rng.End.Column
		}
		if n == rng.Start.Line || n == rng.End.Line {
			fmt.Fprintf(b, "       %s%s\n", strings.Repeat(" ", max(0, from-1)), p.paint(strings.Repeat("^", max(1, to-from))))
		}
	}
}

// around names the block that a place is in.
func around(file *hcl.File, rng hcl.Range) string {
	if file == nil {
		return ""
	}
	body, ok := file.Body.(*hclsyntax.Body)
	if !ok {
		return ""
	}
	for _, block := range body.Blocks {
		whole := block.Range()
		if block.Body != nil {
			whole = hcl.RangeBetween(block.DefRange(), block.Body.SrcRange)
		}
		if whole.Start.Byte <= rng.Start.Byte && rng.Start.Byte < whole.End.Byte && block.DefRange() != rng {
			name := block.Type
			for _, l := range block.Labels {
				name += " " + quote(l)
			}
			return ", in " + name
		}
	}
	return ""
}

// wrap breaks text at spaces so that lines are at most width characters wide.
func wrap(text string, width int) string {
	if width <= 0 {
		return text
	}
	var b strings.Builder
	for i, paragraph := range strings.Split(text, "\n") {
		if i > 0 {
			b.WriteByte('\n')
		}
		column := 0
		for _, word := range strings.Fields(paragraph) {
			n := utf8.RuneCountInString(word)
			switch {
			case column == 0:
			case column+1+n > width:
				b.WriteByte('\n')
				column = 0
			default:
				b.WriteByte(' ')
				column++
			}
			b.WriteString(word)
			column += n
		}
	}
	return b.String()
}

// sortBySource puts diagnostics in the order of the files and of the lines in them; those without a place come first.
func sortBySource(diags hcl.Diagnostics, paths []string) {
	slices.SortStableFunc(diags, func(a, b *hcl.Diagnostic) int {
		switch {
		case a.Subject == nil && b.Subject == nil:
			return 0
		case a.Subject == nil:
			return -1
		case b.Subject == nil:
			return 1
		}
		return cmp.Or(cmp.Compare(slices.Index(paths, a.Subject.Filename), slices.Index(paths, b.Subject.Filename)), compareRanges(*a.Subject, *b.Subject))
	})
}
