// How series look. Colours tell them apart for every reader, colour-blind ones too, and the first three on grey paper by
// their lightness (palette_test.go has the distances); markers, hatching and dashes tell them apart beside colour.
// Colours are names until svg.go turns them into CSS variables, which the page sets for light, dark and print.

package reports

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// hues is the number of series colours that the page defines.
const hues = 7

// Named colours: no shade of their own, see svg.go.
var (
	ink     = color.NRGBA{R: 1, A: 255}
	faint   = color.NRGBA{R: 2, A: 255}
	surface = color.NRGBA{R: 3, A: 255}
)

// hue is the colour of series i, band the same as a light fill.
func hue(i int) color.Color  { return color.NRGBA{R: 5, G: uint8(i%hues + 1), A: 255} }
func band(i int) color.Color { return color.NRGBA{R: 6, G: uint8(i%hues + 1), A: 255} }

var (
	ruleStyle  = draw.LineStyle{Color: ink, Width: 1, Dashes: []vg.Length{1.5, 2.5}}
	errorStyle = draw.LineStyle{Color: ink, Width: 1.1}
	paperStyle = draw.LineStyle{Color: ink, Width: 1.8, Dashes: []vg.Length{4, 2}}
)

// strokeOver draws lines with an edge of the page's colour, which keeps them apart from a dark bar below.
func strokeOver(c draw.Canvas, style draw.LineStyle, lines ...[]vg.Point) {
	edge := style
	edge.Color, edge.Width = surface, style.Width+2
	c.StrokeLines(edge, lines...)
	c.StrokeLines(style, lines...)
}

// look is how one series is drawn. Own counts the series that are not the paper's: a dashed series takes the colour of
// the one before it.
type look struct{ own int }

// looksOf gives every series its look; a landmark takes no colour.
func looksOf(p *Plot) []look {
	looks := make([]look, len(p.Series))
	own := -1
	for i, s := range p.Series {
		if !s.Landmark && (!s.Dashed || own < 0) {
			own++
		}
		looks[i] = look{own}
	}
	return looks
}

func (l look) line(dashed bool) draw.LineStyle {
	style := draw.LineStyle{Color: hue(l.own), Width: 1.8}
	if dashed {
		style.Width = 1.4
		style.Dashes = []vg.Length{5, 3}
	}
	return style
}

func (l look) marker(radius vg.Length) draw.GlyphStyle {
	return draw.GlyphStyle{Color: hue(l.own), Radius: radius, Shape: markers[l.own%len(markers)]}
}

// markers, in the order in which series get them.
var markers = []draw.GlyphDrawer{
	draw.CircleGlyph{},
	polygon{sides: 4, turn: math.Pi / 4}, // square
	polygon{sides: 3, turn: math.Pi / 2}, // triangle
	polygon{sides: 4},                    // diamond
	polygon{sides: 3, turn: -math.Pi / 2},
	polygon{sides: 6},
}

// polygon is a filled regular polygon as a marker, a little larger than the circle of its radius, so that both seem of
// one size.
type polygon struct {
	sides int
	turn  float64 // angle of its first corner
}

// DrawGlyph implements draw.GlyphDrawer.
func (g polygon) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	var path vg.Path
	for i := range g.sides {
		angle := g.turn + 2*math.Pi*float64(i)/float64(g.sides)
		corner := vg.Point{
			X: at.X + 1.25*style.Radius*vg.Length(math.Cos(angle)),
			Y: at.Y + 1.25*style.Radius*vg.Length(math.Sin(angle)),
		}
		if i == 0 {
			path.Move(corner)
		} else {
			path.Line(corner)
		}
	}
	path.Close()
	c.Fill(path)
}

// hatch draws the lines that tell bars apart on grey paper: none for the first series.
func (l look) hatch(c draw.Canvas, box vg.Rectangle) {
	const apart = 5
	style := draw.LineStyle{Color: surface, Width: 1}
	width, height := box.Max.X-box.Min.X, box.Max.Y-box.Min.Y
	rising, falling := l.own%5 == 1 || l.own%5 == 4, l.own%5 == 2 || l.own%5 == 4
	if rising || falling {
		for at := -height; at < width; at += 1.4 * apart {
			from, to := max(at, 0), min(at+height, width)
			if rising {
				c.StrokeLine2(style, box.Min.X+from, box.Min.Y+from-at, box.Min.X+to, box.Min.Y+to-at)
			}
			if falling {
				c.StrokeLine2(style, box.Max.X-from, box.Min.Y+from-at, box.Max.X-to, box.Min.Y+to-at)
			}
		}
	}
	if l.own%5 == 3 {
		for y := box.Min.Y + apart; y < box.Max.Y; y += apart {
			c.StrokeLine2(style, box.Min.X, y, box.Max.X, y)
		}
	}
}
