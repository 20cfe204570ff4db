// The legend of a plot: a swatch drawn like the data, and a name. It stands beside the picture as HTML.

package reports

import (
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	swatchWidth  = 30
	swatchHeight = 14
)

// legendEntry is one line of a legend.
type legendEntry struct {
	Swatch, Name string
	dashed       bool
}

// legendOf has an entry per series and one for the rule; equal entries (the paper's value of several series) once. Lines over
// bars stand after these. A single series of which there is nothing to tell apart needs none.
func legendOf(p *Plot) []legendEntry {
	var entries []legendEntry
	for i, l := range looksOf(p) {
		s := p.Series[i]
		entry := legendEntry{swatch(p, s, l), oneLine(s.Name), s.Dashed}
		if !slices.Contains(entries, entry) {
			entries = append(entries, entry)
		}
	}
	if p.Kind == Bars {
		bars := slices.DeleteFunc(slices.Clone(entries), func(e legendEntry) bool { return e.dashed })
		entries = append(bars, slices.DeleteFunc(entries, func(e legendEntry) bool { return !e.dashed })...)
	}
	if len(entries) == 1 && p.Rule == nil {
		return nil
	}
	if p.Rule != nil {
		name := axisFormat(p).y(*p.Rule)
		if p.RuleName != "" {
			name = oneLine(p.RuleName)
		}
		entries = append(entries, legendEntry{Swatch: across(ruleStyle), Name: name})
	}
	return entries
}

func swatch(p *Plot, s Series, l look) string {
	middle := vg.Point{X: swatchWidth / 2, Y: swatchHeight / 2}
	switch {
	case p.Kind == Bars && s.Dashed:
		return across(paperStyle)
	case p.Kind == Bars:
		chart := newBarChart(p)
		box := vg.Rectangle{Min: vg.Point{X: 4, Y: 1}, Max: vg.Point{X: swatchWidth - 4, Y: swatchHeight - 1}}
		return render(swatchWidth, swatchHeight, "", "", func(c draw.Canvas) { chart.bar(c, l, box) })
	case p.Kind == Lines && s.Dashed:
		return across(l.line(true))
	case p.Kind == Lines:
		return render(swatchWidth, swatchHeight, "", "", func(c draw.Canvas) {
			c.StrokeLine2(l.line(false), 1, middle.Y, swatchWidth-1, middle.Y)
			c.DrawGlyph(l.marker(3), middle)
		})
	default:
		return render(swatchWidth, swatchHeight, "", "", func(c draw.Canvas) { c.DrawGlyph(l.dot(s, dotRadius), middle) })
	}
}

// across is a swatch of a line.
func across(style draw.LineStyle) string {
	return render(swatchWidth, swatchHeight, "", "", func(c draw.Canvas) {
		c.StrokeLine2(style, 1, swatchHeight/2, swatchWidth-1, swatchHeight/2)
	})
}
