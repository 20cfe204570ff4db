// Groups of bars with error bars; a dashed line across a bar is the paper's value.

package reports

import (
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	groupShare    = 0.8 // of a category's width that its bars take
	widestBar     = 48
	aboveBar      = 5  // from a bar to its number
	betweenValues = 4  // at least, from one bar's number to the next one's
	mostXLabels   = 24 // slanted names need 1.4 times their height each
	longestXLabel = 26 // characters
	levelXLabel   = 12 // characters that a name has where the picture's height allows for its names already
)

// barChart draws all series of a plot of bars.
type barChart struct {
	data    *Plot
	looks   []look
	places  []int // of each series: which of a category's places its bars have
	abreast int   // places of a category
	hatched bool
}

// newBarChart gives every series with bars a place of its own, and the paper's values that of the series before them.
// Series that never meet in a category (a bar per user, coloured by group) share one place.
func newBarChart(p *Plot) barChart {
	chart := barChart{data: p, looks: looksOf(p), places: make([]int, len(p.Series)), abreast: 1}
	apart := meet(p)
	for i, l := range chart.looks {
		chart.hatched = chart.hatched || l.own > 0
		if apart {
			chart.places[i] = l.own
			chart.abreast = max(chart.abreast, l.own+1)
		}
	}
	return chart
}

// meet tells whether two series have bars in the same category.
func meet(p *Plot) bool {
	for category := range p.Categories {
		bars := 0
		for _, s := range p.Series {
			if !s.Dashed && drawable(s.Y[category]) {
				bars++
			}
		}
		if bars > 1 {
			return true
		}
	}
	return false
}

func addBars(picture *plot.Plot, p *Plot) {
	picture.Add(newBarChart(p))
	picture.X.Tick.LineStyle.Width = 0
	picture.X.Tick.Length = 0
	picture.X.Padding = 3
	picture.X.LineStyle.Width = 0 // bars stand on a line at zero
	picture.X.Tick.Marker = categoryTicks(p.Categories)
	widest := vg.Length(0)
	for _, mark := range picture.X.Tick.Marker.Ticks(0, 0) {
		widest = max(widest, picture.X.Tick.Label.Width(mark.Label))
	}
	if widest > 0.95*0.87*plotWidth/vg.Length(max(1, min(len(p.Categories), mostXLabels))) {
		picture.X.Tick.Label.Rotation = math.Pi / 4
		picture.X.Tick.Label.XAlign = draw.XRight
		picture.X.Tick.Label.YAlign = draw.YTop
	}
}

// roomForNames is what slanted names need of a picture's height beyond that of short ones, so that the bars keep theirs.
func roomForNames(picture *plot.Plot) vg.Length {
	style := picture.X.Tick.Label
	if style.Rotation == 0 {
		return 0
	}
	style.Rotation = 0
	widest := vg.Length(0)
	for _, mark := range picture.X.Tick.Marker.Ticks(0, 0) {
		widest = max(widest, style.Width(mark.Label))
	}
	return max(0, (widest-style.Width(strings.Repeat("n", levelXLabel)))*math.Sqrt2/2)
}

// categoryTicks names the categories, every k-th when there are too many.
func categoryTicks(categories []string) plot.ConstantTicks {
	every := (len(categories) + mostXLabels - 1) / mostXLabels
	var marks plot.ConstantTicks
	for i, name := range categories {
		if i%every == 0 {
			marks = append(marks, plot.Tick{Value: float64(i), Label: shortened(oneLine(name), longestXLabel)})
		}
	}
	return marks
}

func shortened(text string, most int) string {
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// Plot implements plot.Plotter.
func (b barChart) Plot(c draw.Canvas, p *plot.Plot) {
	slot := c.X(p.X.Norm(1)) - c.X(p.X.Norm(0))
	width := min(widestBar, groupShare*slot/vg.Length(b.abreast))
	zero := c.Y(p.Y.Norm(0))
	style := p.X.Tick.Label
	style.Rotation, style.XAlign, style.YAlign = 0, draw.XCenter, draw.YBottom
	number := b.numbers(style, width)
	for category := range b.data.Categories {
		middle := c.X(p.X.Norm(float64(category)))
		tops := make([]vg.Length, b.abreast)     // of each bar with its error bar
		across := make([][]vg.Length, b.abreast) // lines over each place: the paper's value, the rule
		for i, s := range b.data.Series {
			if !drawable(s.Y[category]) {
				continue
			}
			place := b.places[i]
			left := b.left(middle, width, place)
			y := c.Y(p.Y.Norm(s.Y[category]))
			if s.Dashed {
				strokeOver(c, paperStyle, line(left-1, y, left+width+1, y))
				across[place] = append(across[place], y)
				continue
			}
			b.bar(c, b.looks[i], vg.Rectangle{
				Min: vg.Point{X: left + 0.04*width, Y: min(zero, y)},
				Max: vg.Point{X: left + 0.96*width, Y: max(zero, y)},
			})
			tops[place] = max(y, b.errorBar(c, p, s, category, left+width/2, width))
		}
		for place, lines := range across {
			if b.data.Rule != nil {
				lines = append(lines, c.Y(p.Y.Norm(*b.data.Rule)))
			}
			slices.Sort(lines)
			for _, y := range lines {
				if y > tops[place]-2 && y < tops[place]+aboveBar+1.2*tickSize {
					tops[place] = y // the number would lie over it
				}
			}
		}
		for i, s := range b.data.Series {
			if y := s.Y[category]; number != nil && !s.Dashed && drawable(y) {
				place := b.places[i]
				c.FillText(style, vg.Point{X: b.left(middle, width, place) + width/2, Y: tops[place] + aboveBar}, number(y))
			}
		}
	}
	c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.75}, c.Min.X, zero, c.Max.X, zero)
}

// left is the left edge of a place in a category.
func (b barChart) left(middle, width vg.Length, place int) vg.Length {
	return middle + width*(vg.Length(place)-vg.Length(b.abreast)/2)
}

// bar fills one bar. A bar of height zero stays visible as a thick line: it is a measured nothing, not a gap.
func (b barChart) bar(c draw.Canvas, l look, box vg.Rectangle) {
	if box.Max.Y-box.Min.Y < 1.5 {
		box.Max.Y = box.Min.Y + 1.5
	}
	c.FillPolygon(hue(l.own), []vg.Point{
		box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y},
	})
	if b.hatched && box.Max.X-box.Min.X > 4 {
		l.hatch(c, box)
	}
}

// errorBar draws the interval of one value and returns its upper end.
func (b barChart) errorBar(c draw.Canvas, p *plot.Plot, s Series, category int, x, width vg.Length) vg.Length {
	if s.Low == nil || !drawable(s.Low[category]) || !drawable(s.High[category]) {
		return c.Min.Y
	}
	low, high := c.Y(p.Y.Norm(s.Low[category])), c.Y(p.Y.Norm(s.High[category]))
	capWidth := min(5, 0.3*width)
	strokeOver(c, errorStyle, line(x, low, x, high), line(x-capWidth, low, x+capWidth, low), line(x-capWidth, high, x+capWidth, high))
	return high
}

// numbers chooses how the numbers over bars are written so that none touches the next: without the unit, which the axis has, where
// that makes them fit; nil where there is no room for them.
func (b barChart) numbers(style draw.TextStyle, width vg.Length) func(float64) string {
	scale, units := 1.0, []string{""}
	if b.data.Percent {
		scale, units = 100, []string{" %", ""}
	}
	for _, unit := range units {
		number := func(y float64) string { return formatDecimal(scale*y, 1) + unit }
		if b.widest(style, number) <= width-betweenValues {
			return number
		}
	}
	return nil
}

// widest is the width of the longest of the numbers.
func (b barChart) widest(style draw.TextStyle, text func(float64) string) vg.Length {
	most := vg.Length(0)
	for _, s := range b.data.Series {
		for _, y := range s.Y {
			if !s.Dashed && drawable(y) {
				most = max(most, style.Width(text(y)))
			}
		}
	}
	return most
}

// GlyphBoxes implements plot.GlyphBoxer: room for the values over the highest bars.
func (b barChart) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	return []plot.GlyphBox{{X: 0.5, Y: 1, Rectangle: vg.Rectangle{Min: vg.Point{X: -1}, Max: vg.Point{X: 1, Y: 1.6 * tickSize}}}}
}
