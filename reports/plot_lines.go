// Curves over steps, with markers at a few of their points and bands where intervals are known.

package reports

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	markersPerCurve = 8
	drawnPoints     = 500 // more are drawn as the lowest and highest of each stretch
)

// curve draws one series.
type curve struct {
	Series
	look
}

func addLines(picture *plot.Plot, p *Plot) {
	for i, l := range looksOf(p) {
		picture.Add(curve{p.Series[i], l})
	}
}

// Plot implements plot.Plotter.
func (v curve) Plot(c draw.Canvas, p *plot.Plot) {
	at := func(i int, y float64) vg.Point {
		return vg.Point{X: c.X(p.X.Norm(v.X[i])), Y: c.Y(p.Y.Norm(y))}
	}
	for _, run := range v.runs() {
		v.band(c, run, at)
		points := make([]vg.Point, 0, len(run))
		for _, i := range outline(run, v.Y) {
			points = append(points, at(i, v.Y[i]))
		}
		c.StrokeLines(v.line(v.Dashed), points)
		if v.Dashed && len(run) > 1 {
			continue
		}
		every := max(1, (len(run)+markersPerCurve-1)/markersPerCurve)
		for k := every / 2; k < len(run); k += every {
			c.DrawGlyphNoClip(v.marker(3), at(run[k], v.Y[run[k]]))
		}
	}
}

// band fills between the ends of the intervals.
func (v curve) band(c draw.Canvas, run []int, at func(int, float64) vg.Point) {
	if v.Low == nil || len(run) < 2 {
		return
	}
	var upper, lower []vg.Point
	for _, i := range run {
		if drawable(v.Low[i]) && drawable(v.High[i]) {
			upper = append(upper, at(i, v.High[i]))
			lower = append([]vg.Point{at(i, v.Low[i])}, lower...)
		}
	}
	if len(upper) > 1 {
		c.FillPolygon(band(v.own), append(upper, lower...))
	}
}

// runs are the stretches of points without a gap, as positions.
func (v curve) runs() [][]int {
	var runs [][]int
	open := false
	for i := range v.Y {
		if !drawable(v.X[i]) || !drawable(v.Y[i]) {
			open = false
			continue
		}
		if !open {
			runs = append(runs, nil)
			open = true
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], i)
	}
	return runs
}

// outline keeps the shape of a long stretch with few points: of each part the lowest and the highest, in their order.
func outline(run []int, y []float64) []int {
	if len(run) <= drawnPoints {
		return run
	}
	parts := drawnPoints / 2
	kept := []int{run[0]}
	for part := range parts {
		stretch := run[part*len(run)/parts : (part+1)*len(run)/parts]
		low, high := stretch[0], stretch[0]
		for _, i := range stretch {
			if y[i] < y[low] {
				low = i
			}
			if y[i] > y[high] {
				high = i
			}
		}
		kept = append(kept, min(low, high))
		if low != high {
			kept = append(kept, max(low, high))
		}
	}
	return append(kept, run[len(run)-1])
}
