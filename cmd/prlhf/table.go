package main

// Tables in a terminal: columns as wide as their widest cell. Where the screen is too narrow the first one is cut, and where
// too little of it would be left it gets a line of its own.

import (
	"strings"
	"unicode/utf8"
)

// table is rows of cells under a head. The first column is left-aligned, all others are right-aligned.
type table struct {
	head []string
	rows []tableRow
}

// tableRow is one line, with its painter, and lines of text under it.
type tableRow struct {
	cells []string
	paint func(string) string // of the first cell; nil: plain
	below []string
}

func (t *table) add(paint func(string) string, cells ...string) *tableRow {
	t.rows = append(t.rows, tableRow{cells: cells, paint: paint})
	return &t.rows[len(t.rows)-1]
}

func (t *table) print(s screen) {
	widths := t.widths(s.width)
	if len(t.head) > 0 {
		s.line(s.dim(strings.TrimRight(joinCells(t.head, widths, nil), " ")))
	}
	apart := t.apart(widths)
	for _, r := range t.rows {
		t.row(s, r, widths, apart)
		for _, b := range r.below {
			for _, l := range wrap(b, s.width-6) {
				s.line("      " + s.dim(l))
			}
		}
	}
}

// readable is how much of the first column says what a row is.
const readable = 34

// apart tells whether the first column's cells need lines of their own.
func (t *table) apart(widths []int) bool {
	for _, r := range t.rows {
		if len(r.cells) > 0 && len(widths) > 1 && widths[0] < readable && utf8.RuneCountInString(r.cells[0]) > widths[0] {
			return true
		}
	}
	return false
}

func (t *table) row(s screen, r tableRow, widths []int, apart bool) {
	if !apart || utf8.RuneCountInString(r.cells[0]) <= widths[0] {
		s.line(strings.TrimRight(joinCells(r.cells, widths, r.paint), " "))
		return
	}
	name := cut(r.cells[0], s.width)
	if r.paint != nil {
		name = r.paint(name)
	}
	s.line(name)
	numbers := append([]string{""}, r.cells[1:]...)
	if rest := strings.TrimRight(joinCells(numbers, widths, nil), " "); rest != "" {
		s.line(rest)
	}
}

// paragraph prints text in lines that fit the screen.
func (s screen) paragraph(text string) {
	for _, l := range wrap(text, s.width) {
		s.line(l)
	}
}

func (s screen) line(text string) { s.Write([]byte(text + "\n")) }

// widths gives each column the width of its widest cell; the first one gives way where that is more than screen.
func (t *table) widths(screen int) []int {
	var widths []int
	for _, cells := range append([]tableRow{{cells: t.head}}, t.rows...) {
		for i, c := range cells.cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	if screen > 0 && total > screen && len(widths) > 0 {
		widths[0] = max(widths[0]-(total-screen), 16)
	}
	return widths
}

func joinCells(cells []string, widths []int, paint func(string) string) string {
	var b strings.Builder
	for i, c := range cells {
		space := strings.Repeat(" ", max(widths[i]-utf8.RuneCountInString(c), 0))
		if i > 0 {
			b.WriteString("  " + space + c)
			continue
		}
		c = cut(c, widths[0])
		if paint != nil {
			c = paint(c)
		}
		b.WriteString(c + space)
	}
	return b.String()
}

// cut shortens text to width columns, in the middle, where an address says least.
func cut(text string, width int) string {
	runes := []rune(text)
	if width <= 0 || len(runes) <= width {
		return text
	}
	left := (width - 1) * 2 / 3
	return string(runes[:left]) + "…" + string(runes[len(runes)-(width-1-left):])
}

// wrap breaks text into lines of at most width columns at spaces; width <= 0 is no limit. Words longer than a line stay
// whole, since they are paths and addresses that people copy.
func wrap(text string, width int) []string {
	if width <= 0 {
		return strings.Split(text, "\n")
	}
	var lines []string
	for _, paragraph := range strings.Split(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
				lines, line = append(lines, line), ""
			}
			if line != "" {
				line += " "
			}
			line += word
		}
		lines = append(lines, line)
	}
	return lines
}
