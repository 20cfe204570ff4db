// Laying out Markdown: padded tables and blocks of labelled texts.

package reports

import (
	"strings"
	"unicode/utf8"
)

const (
	padLimit   = 64  // wider cells are not padded to: they would push every other row off the screen
	textWidth  = 100 // columns at which texts in fenced blocks are wrapped
	labelLimit = 24
)

// table writes a grid as a padded table.
func (m *markdown) table(g grid) {
	rows := make([][]string, len(g.Rows))
	right := make([]bool, len(g.Head))
	for c, column := range g.Columns() {
		right[c] = column.Number
	}
	for r, row := range g.Rows {
		rows[r] = append(rows[r], mdInline(row.Name))
		for _, cell := range row.Cells {
			rows[r] = append(rows[r], mdInline(cell.line()))
		}
	}
	head := make([]string, len(g.Head))
	widths := make([]int, len(g.Head))
	for c, name := range g.Head {
		head[c] = mdInline(name)
		widths[c] = max(3, utf8.RuneCountInString(head[c]))
		for _, row := range rows {
			widths[c] = max(widths[c], min(padLimit, utf8.RuneCountInString(row[c])))
		}
	}
	m.row(head, widths, right)
	rule := make([]string, len(widths))
	for c, width := range widths {
		rule[c] = strings.Repeat("-", width)
		if right[c] {
			rule[c] = rule[c][1:] + ":"
		}
	}
	m.row(rule, widths, right)
	for _, row := range rows {
		m.row(row, widths, right)
	}
	m.end()
}

func (m *markdown) row(cells []string, widths []int, right []bool) {
	for c, cell := range cells {
		pad := strings.Repeat(" ", max(0, widths[c]-utf8.RuneCountInString(cell)))
		if right[c] {
			m.out.WriteString("| " + pad + cell + " ")
		} else {
			m.out.WriteString("| " + cell + pad + " ")
		}
	}
	m.out.WriteString("|\n")
}

// labelled writes each text beside its label, wrapped and hung under its first line.
func labelled(labels, texts []string) string {
	width := 0
	for i := range labels {
		labels[i] = oneLine(labels[i])
		width = max(width, min(labelLimit, utf8.RuneCountInString(labels[i])))
	}
	hang := strings.Repeat(" ", width+2)
	var b strings.Builder
	for i, text := range texts {
		first := labels[i] + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(labels[i]))) + "  "
		for _, line := range wrapped(sampleText(text), textWidth-width-2) {
			b.WriteString(strings.TrimRight(first+line, " ") + "\n")
			first = hang
		}
	}
	return b.String()
}

// wrapped breaks lines that are wider than width at blanks; a word that is longer stays whole.
func wrapped(text string, width int) []string {
	var lines []string
	for line := range strings.SplitSeq(text, "\n") {
		for utf8.RuneCountInString(line) > width {
			at := breakAt(line, width)
			if at < 0 {
				break
			}
			lines = append(lines, line[:at])
			line = strings.TrimLeft(line[at:], " ")
		}
		lines = append(lines, line)
	}
	return lines
}

// breakAt is the byte of the last blank that leaves at most width characters before it, or else the first blank after;
// -1 when there is none behind the line's first word.
func breakAt(line string, width int) int {
	at, count := -1, 0
	indent := len(line) - len(strings.TrimLeft(line, " "))
	for i, r := range line {
		if r == ' ' && i > indent {
			if count > width && at >= 0 {
				return at
			}
			at = i
			if count > width {
				return at
			}
		}
		count++
	}
	return at
}
