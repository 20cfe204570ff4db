// Points in the plane, grouped and named: a map of user embeddings.

package reports

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	dotRadius       = 4
	fewerDots       = 2.5 // radius where there are too many to name
	longestDotLabel = 16  // characters
	mostLabels      = 60  // with more points names would only cover one another
)

// cloud draws all points, and the names of those that have room for one.
type cloud struct {
	data   *Plot
	looks  []look
	radius vg.Length
	named  bool
}

func addDots(picture *plot.Plot, p *Plot) {
	total := 0
	for _, s := range p.Series {
		total += len(s.Y)
	}
	radius := vg.Length(dotRadius)
	if total > mostLabels {
		radius = fewerDots
	}
	picture.Add(cloud{p, looksOf(p), radius, total <= mostLabels})
}

// Plot implements plot.Plotter.
func (d cloud) Plot(c draw.Canvas, p *plot.Plot) {
	style := p.X.Tick.Label
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	var taken []vg.Rectangle // by points and names
	d.each(func(s Series, l look, i int) {
		at := vg.Point{X: c.X(p.X.Norm(s.X[i])), Y: c.Y(p.Y.Norm(s.Y[i]))}
		dot := l.dot(s, d.radius)
		c.DrawGlyphNoClip(dot, at)
		taken = append(taken, around(at, dot.Radius))
	})
	d.each(func(s Series, l look, i int) {
		if !d.labelled(s) {
			return
		}
		at := vg.Point{X: c.X(p.X.Norm(s.X[i])) + l.dot(s, d.radius).Radius + 3, Y: c.Y(p.Y.Norm(s.Y[i]))}
		box := vg.Rectangle{Min: vg.Point{X: at.X - 2, Y: at.Y - tickSize/2}, Max: vg.Point{X: at.X + style.Width(label(s, i)), Y: at.Y + tickSize/2}}
		if covers(taken, box) {
			return // its name is in the table of numbers
		}
		c.FillText(style, at, label(s, i))
		taken = append(taken, box)
	})
}

// each goes through the points that have a place.
func (d cloud) each(visit func(s Series, l look, i int)) {
	for k, s := range d.data.Series {
		for i := range s.Y {
			if drawable(s.X[i]) && drawable(s.Y[i]) {
				visit(s, d.looks[k], i)
			}
		}
	}
}

func (d cloud) labelled(s Series) bool { return d.named && s.Labels != nil }

// GlyphBoxes implements plot.GlyphBoxer: room for the names at the right edge.
func (d cloud) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	var boxes []plot.GlyphBox
	d.each(func(s Series, l look, i int) {
		if d.labelled(s) {
			r := l.dot(s, d.radius).Radius
			boxes = append(boxes, plot.GlyphBox{X: p.X.Norm(s.X[i]), Y: p.Y.Norm(s.Y[i]), Rectangle: vg.Rectangle{
				Min: vg.Point{X: -r, Y: -r},
				Max: vg.Point{X: r + 3 + p.X.Tick.Label.Width(label(s, i)), Y: r},
			}})
		}
	})
	return boxes
}

func label(s Series, i int) string { return shortened(oneLine(s.Labels[i]), longestDotLabel) }

// dot is how a point of the series looks.
func (l look) dot(s Series, radius vg.Length) draw.GlyphStyle {
	if s.Landmark {
		return draw.GlyphStyle{Color: ink, Radius: dotRadius + 2, Shape: cross{}}
	}
	return l.marker(radius)
}

// cross is the marker of a landmark: two strokes, as no other marker has, with an edge that keeps them apart from dots below.
type cross struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (cross) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	r := style.Radius
	for _, line := range []draw.LineStyle{{Color: surface, Width: 5}, {Color: style.Color, Width: 2}} {
		edge := (line.Width - 2) / 2
		c.StrokeLine2(line, at.X-r-edge, at.Y, at.X+r+edge, at.Y)
		c.StrokeLine2(line, at.X, at.Y-r-edge, at.X, at.Y+r+edge)
	}
}

func around(at vg.Point, r vg.Length) vg.Rectangle {
	return vg.Rectangle{Min: vg.Point{X: at.X - r, Y: at.Y - r}, Max: vg.Point{X: at.X + r, Y: at.Y + r}}
}

// covers tells whether a box would lie over one of the others.
func covers(others []vg.Rectangle, box vg.Rectangle) bool {
	for _, o := range others {
		if box.Min.X < o.Max.X && o.Min.X < box.Max.X && box.Min.Y < o.Max.Y && o.Min.Y < box.Max.Y {
			return true
		}
	}
	return false
}
