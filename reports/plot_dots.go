// Points in the plane, grouped and named: a map of user embeddings.

package reports

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	dotRadius  = 4
	mostLabels = 60 // with more points names would only cover one another
)

// cloud draws one group of points.
type cloud struct {
	Series
	look
	named bool
}

func addDots(picture *plot.Plot, p *Plot) {
	total := 0
	for _, s := range p.Series {
		total += len(s.Y)
	}
	for i, l := range looksOf(p) {
		picture.Add(cloud{p.Series[i], l, p.Series[i].Labels != nil && total <= mostLabels})
	}
}

// Plot implements plot.Plotter.
func (d cloud) Plot(c draw.Canvas, p *plot.Plot) {
	style := p.X.Tick.Label
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	for i := range d.Y {
		if !drawable(d.X[i]) || !drawable(d.Y[i]) {
			continue
		}
		at := vg.Point{X: c.X(p.X.Norm(d.X[i])), Y: c.Y(p.Y.Norm(d.Y[i]))}
		c.DrawGlyphNoClip(d.marker(dotRadius), at)
		if d.named {
			c.FillText(style, vg.Point{X: at.X + dotRadius + 3, Y: at.Y}, d.label(i))
		}
	}
}

// GlyphBoxes implements plot.GlyphBoxer: room for the names at the right edge.
func (d cloud) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	if !d.named {
		return nil
	}
	var boxes []plot.GlyphBox
	for i := range d.Y {
		if drawable(d.X[i]) && drawable(d.Y[i]) {
			boxes = append(boxes, plot.GlyphBox{X: p.X.Norm(d.X[i]), Y: p.Y.Norm(d.Y[i]), Rectangle: vg.Rectangle{
				Min: vg.Point{X: -dotRadius, Y: -dotRadius},
				Max: vg.Point{X: dotRadius + 3 + p.X.Tick.Label.Width(d.label(i)), Y: dotRadius},
			}})
		}
	}
	return boxes
}

func (d cloud) label(i int) string { return shortened(oneLine(d.Labels[i]), longestXLabel) }
