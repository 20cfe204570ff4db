// How numbers look, in one place: the Markdown and the HTML print what formatCell returns.

package reports

import (
	"math"
	"strconv"
	"strings"
)

const (
	dash          = "–" // nothing to measure; NaN is never printed
	percentPlaces = 2
	maxPlaces     = 12
	largestWhole  = 1e15 // above, the digits mean nothing and are printed as 1.234e+18
)

// printed is a cell in words. Value is never empty for a number; the rest may be.
type printed struct {
	Value  string // 89.26 ± 0.57 %
	Detail string // [88.01, 90.35] (median 20, n = 7)
	Paper  string // the published value, formatted as ours
	Note   string
	Number bool   // aligned to the right
	Finds  string // the smallest difference that it could show: 7.9 points
}

// line is the cell on one line: value [interval] (n = 7) / paper (note).
func (p printed) line() string {
	var b strings.Builder
	b.WriteString(p.Value)
	if p.Detail != "" {
		b.WriteString(" " + p.Detail)
	}
	if p.Paper != "" {
		b.WriteString(" / " + p.Paper)
	}
	if p.Note != "" {
		b.WriteString(" (" + p.Note + ")")
	}
	return b.String()
}

// Unbroken is Detail for a narrow column of print, where it is broken between the interval and what is in brackets, and at commas
// there, not inside an interval or between "n =" and its number.
func (p printed) Unbroken() string {
	const fixed = "\u00a0"
	interval, rest, more := strings.Cut(p.Detail, "(")
	if !more {
		return strings.ReplaceAll(p.Detail, " ", fixed)
	}
	if interval = strings.TrimSpace(interval); interval != "" {
		interval = strings.ReplaceAll(interval, " ", fixed) + " "
	}
	return interval + "(" + strings.ReplaceAll(rest, " = ", fixed+"="+fixed)
}

// formatCell says how a cell is printed.
func formatCell(c Cell) printed {
	p := printed{Note: c.noted(), Number: c.Kind != Text}
	if c.Kind == Text {
		p.Value = c.Text
		return p
	}
	if c.Paper != nil {
		p.Paper = formatValue(c, *c.Paper)
	}
	if c.Kind == Dash || math.IsNaN(c.Value.Mean) || (c.Kind == Percent && c.Value.N == 0) {
		p.Value = dash
		return p
	}
	p.Value = formatValue(c, c.Value)
	p.Detail = formatDetail(c)
	p.Finds = formatDetectable(c)
	return p
}

// formatValue is mean ± SE in the cell's unit.
func formatValue(c Cell, e Estimate) string {
	if math.IsNaN(e.Mean) {
		return dash
	}
	switch c.Kind {
	case Count:
		return formatCount(e.Mean)
	case Share:
		return formatPercent(e.Mean)
	case Percent:
		return formatDecimal(100*e.Mean, percentPlaces) + plusMinus(100*e.SE, percentPlaces) + " %"
	default:
		if unit := math.Pow10(-c.Places); math.IsNaN(e.SE) && e.Mean > 0 && e.Mean < unit/2 { // a p-value is never 0
			return "< " + formatDecimal(unit, c.Places)
		}
		return formatDecimal(e.Mean, c.Places) + plusMinus(e.SE, c.Places)
	}
}

// formatDetail is what else an estimate knows: interval, median, spread over training runs, n.
func formatDetail(c Cell) string {
	scale, places := 1.0, c.Places
	switch c.Kind {
	case Count, Share:
		return ""
	case Percent:
		scale, places = 100, percentPlaces
	}
	e := c.Value
	interval := ""
	if !math.IsNaN(e.Low) && !math.IsNaN(e.High) {
		interval = formatInterval(scale*e.Low, scale*e.High, places)
	}
	var parts []string
	if !math.IsNaN(e.Median) {
		parts = append(parts, "median "+formatDecimal(scale*e.Median, places))
	}
	if !math.IsNaN(e.SDRuns) {
		parts = append(parts, "sd over runs "+formatDecimal(scale*e.SDRuns, places))
	}
	if e.N > 0 {
		parts = append(parts, "n = "+formatCount(float64(e.N)))
	}
	if len(parts) == 0 {
		return interval
	}
	return strings.TrimLeft(interval+" ("+strings.Join(parts, ", ")+")", " ")
}

func formatInterval(low, high float64, places int) string {
	return "[" + formatDecimal(low, places) + ", " + formatDecimal(high, places) + "]"
}

func plusMinus(se float64, places int) string {
	if math.IsNaN(se) {
		return ""
	}
	return " ± " + formatDecimal(se, places)
}

// formatPercent prints a share, 0..1.
func formatPercent(share float64) string {
	if math.IsNaN(share) {
		return dash
	}
	return formatDecimal(100*share, percentPlaces) + " %"
}

// formatCount prints an integer with thousands separators.
func formatCount(n float64) string { return formatDecimal(math.Round(n), 0) }

// formatDecimal prints with a fixed number of decimals and thousands separators; no minus before a zero.
func formatDecimal(x float64, places int) string {
	switch {
	case math.IsNaN(x):
		return dash
	case math.IsInf(x, 1):
		return "∞"
	case math.IsInf(x, -1):
		return "-∞"
	}
	if math.Abs(x) > largestWhole {
		return strconv.FormatFloat(x, 'e', 3, 64)
	}
	text := strconv.FormatFloat(math.Abs(x), 'f', min(max(places, 0), maxPlaces), 64)
	whole, fraction, _ := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if x < 0 && strings.ContainsAny(whole, "123456789") {
		return "-" + whole
	}
	return whole
}

// axisFormat says how the numbers of a plot are printed, the same for all of one axis.
func axisFormat(p *Plot) pointFormat {
	var xs, ys []float64
	for _, s := range p.Series {
		xs = append(xs, s.X...)
		ys = append(append(append(ys, s.Y...), s.Low...), s.High...)
	}
	return pointFormat{xPlaces: placesFor(xs), yPlaces: placesFor(ys), percent: p.Percent}
}

type pointFormat struct {
	xPlaces, yPlaces int
	percent          bool
}

func (f pointFormat) x(x float64) string { return formatDecimal(x, f.xPlaces) }

func (f pointFormat) y(y float64) string {
	if f.percent {
		return formatPercent(y)
	}
	return formatDecimal(y, f.yPlaces)
}

func (f pointFormat) interval(low, high float64) string {
	if f.percent {
		return formatInterval(100*low, 100*high, percentPlaces)
	}
	return formatInterval(low, high, f.yPlaces)
}

// placesFor gives the largest of the values four significant digits; integers have no decimals.
func placesFor(values []float64) int {
	largest, integers := 0.0, true
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			continue
		}
		largest = max(largest, math.Abs(v))
		integers = integers && v == math.Trunc(v)
	}
	if integers {
		return 0
	}
	return min(max(3-int(math.Floor(math.Log10(largest))), 0), maxPlaces)
}
