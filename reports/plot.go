// Pictures: a Plot drawn by gonum's plot as SVG. This file sets up the axes and chooses the ranges; plot_bars.go,
// plot_lines.go and plot_dots.go draw the data, plot_style.go says how series look, svg.go makes the SVG fit a page.
// The title and the legend are HTML around the picture: there they wrap and stay readable at any width.

package reports

import (
	"fmt"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Size of a picture in its own units; the page scales it.
const (
	plotWidth  = 480
	plotHeight = 290
	labelSize  = 12
	tickSize   = 11.5
	yTicks     = 6 // at most

	longestAxisLabel = 48 // characters
)

// drawPlot returns the picture as an SVG element; ok is false when there is no finite value to draw.
func drawPlot(p *Plot) (svg string, ok bool) {
	ranges, ok := rangesOf(p)
	if !ok {
		return "", false
	}
	picture := newPicture(p, ranges)
	height := vg.Length(plotHeight)
	switch p.Kind {
	case Bars:
		addBars(picture, p)
		height += roomForNames(picture)
	case Lines:
		addLines(picture, p)
	default:
		addDots(picture, p)
	}
	if p.Rule != nil {
		picture.Add(horizontalRule{*p.Rule})
	}
	return render(plotWidth, height, p.Title, description(p), func(c draw.Canvas) { picture.Draw(c) }), true
}

// description says in words what a picture shows; the numbers themselves stand in a table below it.
func description(p *Plot) string {
	text := plotAxes(p) + "."
	for i, s := range p.Series {
		points := 0
		for _, y := range s.Y {
			if drawable(y) {
				points++
			}
		}
		text += map[bool]string{true: " ", false: ", "}[i == 0] + fmt.Sprintf("%s (%d)", s.Name, points)
	}
	return text + "."
}

// newPicture is an empty picture with our type and colours.
func newPicture(p *Plot, r ranges) *plot.Plot {
	picture := plot.New()
	picture.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&picture.X, &picture.Y} {
		axis.Label.TextStyle.Font = sans(labelSize)
		axis.Label.TextStyle.Color = ink
		axis.Label.Padding = 4
		axis.Tick.Label.Font = sans(tickSize)
		axis.Tick.Label.Color = ink
		axis.Tick.Color = ink
		axis.Tick.Length = 4
		axis.Color = ink
		axis.Padding = 0
	}
	picture.X.Label.Text = shortened(oneLine(p.XLabel), longestAxisLabel)
	picture.Y.Label.Text = shortened(oneLine(p.YLabel), longestAxisLabel)
	picture.Y.LineStyle.Width = 0 // the grid says enough
	picture.Y.Tick.LineStyle.Width = 0
	picture.X.Min, picture.X.Max = r.x.low, r.x.high
	steps := niceSteps(r.y.low, r.y.high, yTicks)
	picture.Y.Min, picture.Y.Max = min(r.y.low, steps[0]), max(r.y.high, steps[len(steps)-1])
	picture.Y.Tick.Marker = ticks(steps, p.Percent)
	picture.X.Tick.Marker = ticks(niceSteps(r.x.low, r.x.high, yTicks), false)
	picture.Add(horizontalGrid(steps))
	return picture
}

// span is a closed range.
type span struct{ low, high float64 }

func noSpan() span { return span{math.Inf(1), math.Inf(-1)} }

func (s span) with(x float64) span {
	if !drawable(x) {
		return s
	}
	return span{min(s.low, x), max(s.high, x)}
}

// drawable tells numbers that a picture has a place for: beyond 1e100 the arithmetic of the axes would overflow.
func drawable(x float64) bool { return math.Abs(x) < 1e100 }

func (s span) empty() bool { return s.low > s.high }

// padded widens the range by a share of its width, or by half its distance from zero when it is too narrow for an axis
// to tell its ends apart.
func (s span) padded(share float64) span {
	pad := share * (s.high - s.low)
	if s.narrow() {
		pad = max(1e-9, math.Abs(s.low)/2)
	}
	return span{s.low - pad, s.high + pad}
}

// asWideAs is the range with the other axis's width where it is nothing beside it, as where users lie on a line: what is
// left of a range then is rounding, and no scale for it would say so.
func (s span) asWideAs(other span) span {
	if width := other.high - other.low; s.high-s.low < 1e-6*width {
		middle := s.low + (s.high-s.low)/2
		return span{middle - width/2, middle + width/2}
	}
	return s
}

func (s span) narrow() bool { return s.high-s.low <= 1e-9*max(math.Abs(s.low), math.Abs(s.high)) }

type ranges struct{ x, y span }

// rangesOf is what the axes have to hold. Bars start at zero; shares stay within 0 and 1.
func rangesOf(p *Plot) (r ranges, ok bool) {
	r.x, r.y = noSpan(), noSpan()
	for _, s := range p.Series {
		for i, y := range s.Y {
			r.y = r.y.with(y)
			if p.Kind != Bars {
				r.x = r.x.with(s.X[i])
			}
			if s.Low != nil {
				r.y = r.y.with(s.Low[i]).with(s.High[i])
			}
		}
	}
	if p.Kind == Bars {
		r.x = span{-0.5, float64(len(p.Categories)) - 0.5}
	}
	if r.x.empty() || r.y.empty() {
		return r, false
	}
	if p.Rule != nil {
		r.y = r.y.with(*p.Rule)
	}
	inside := r.y
	switch p.Kind {
	case Bars:
		r.y = r.y.with(0)
		if r.y.low == r.y.high {
			r.y.high = 1
		}
	case Lines:
		r.y = r.y.padded(0.04)
		if r.x.narrow() {
			r.x = r.x.padded(0)
		}
	default:
		r.x, r.y = r.x.asWideAs(r.y), r.y.asWideAs(r.x)
		r.x, r.y = r.x.padded(0.06), r.y.padded(0.06)
	}
	if p.Percent && inside.low >= 0 && inside.high <= 1 {
		r.y = span{max(0, r.y.low), min(1, r.y.high)}
	}
	return r, true
}

// niceSteps are round numbers from below low to above high, at most n intervals apart.
func niceSteps(low, high float64, n int) []float64 {
	raw := (high - low) / float64(n)
	if !(raw > 0) || math.IsInf(raw, 0) {
		return []float64{low, high}
	}
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * unit
	for _, factor := range []float64{1, 2, 2.5, 5} {
		if factor*unit >= raw {
			step = factor * unit
			break
		}
	}
	first, last := math.Floor(low/step+1e-9), math.Ceil(high/step-1e-9)
	steps := make([]float64, int(last-first)+1)
	for i := range steps {
		steps[i] = (first + float64(i)) * step
	}
	return steps
}

// ticks labels steps with as many decimals as tell them apart.
func ticks(steps []float64, percent bool) plot.ConstantTicks {
	scale, unit := 1.0, ""
	if percent {
		scale, unit = 100, " %"
	}
	places := 0
	if len(steps) > 1 {
		for places < 6 && !whole(scale*(steps[1]-steps[0])*math.Pow10(places)) {
			places++
		}
	}
	marks := make(plot.ConstantTicks, len(steps))
	for i, x := range steps {
		marks[i] = plot.Tick{Value: x, Label: formatDecimal(scale*x, places) + unit}
	}
	return marks
}

func whole(x float64) bool { return math.Abs(x-math.Round(x)) < 1e-6 }

// horizontalGrid draws a line at each step.
type horizontalGrid []float64

// Plot implements plot.Plotter.
func (g horizontalGrid) Plot(c draw.Canvas, p *plot.Plot) {
	for _, y := range g {
		at := c.Y(p.Y.Norm(y))
		c.StrokeLine2(draw.LineStyle{Color: faint, Width: 0.75}, c.Min.X, at, c.Max.X, at)
	}
}

// horizontalRule draws a line across, such as at 50 %.
type horizontalRule struct{ y float64 }

// Plot implements plot.Plotter.
func (r horizontalRule) Plot(c draw.Canvas, p *plot.Plot) {
	at := c.Y(p.Y.Norm(r.y))
	strokeOver(c, ruleStyle, line(c.Min.X, at, c.Max.X, at))
}

func line(x1, y1, x2, y2 vg.Length) []vg.Point { return []vg.Point{{X: x1, Y: y1}, {X: x2, Y: y2}} }

// sans is the typeface whose widths the layout is computed with; the page names ones of equal widths.
func sans(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}
