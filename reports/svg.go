// From gonum's SVG to one that belongs to a page: it scales, takes its colours from the page's CSS variables and says
// what it shows to those who do not see it.

package reports

import (
	"bytes"
	"fmt"
	"html"
	"regexp"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// render draws on a canvas of that size and returns the SVG element, with a title and a description for those who do not
// see it. Without a title it is an ornament.
func render(width, height vg.Length, title, description string, paint func(draw.Canvas)) string {
	canvas := vgsvg.New(width, height)
	paint(draw.New(canvas))
	var raw bytes.Buffer
	canvas.WriteTo(&raw) // a bytes.Buffer takes everything
	_, body, _ := strings.Cut(raw.String(), "<svg ")
	_, body, _ = strings.Cut(body, ">")
	body = fontStyle.ReplaceAllString(body, "")
	body = colours.Replace(body)
	head := fmt.Sprintf(`<svg viewBox="0 0 %g %g" `, width.Points(), height.Points())
	if title == "" {
		return head + fmt.Sprintf(`width="%g" height="%g" aria-hidden="true">`, width.Points(), height.Points()) + body
	}
	title = html.EscapeString(oneLine(title))
	return head + `role="img" aria-label="` + title + `"><title>` + title + `</title><desc>` + html.EscapeString(oneLine(description)) + `</desc>` + body
}

// fontStyle is what gonum says of a font except its size: the page decides.
var fontStyle = regexp.MustCompile(`font-family:[^;"]*;font-variant:[^;"]*;font-weight:[^;"]*;font-style:[^;"]*;`)

// colours turns the named colours of plot_style.go into the page's.
var colours = newColours()

func newColours() *strings.Replacer {
	pairs := []string{"#010000", "currentColor", "#020000", "var(--grid)", "#030000", "var(--surface)"}
	for i := 1; i <= hues; i++ {
		pairs = append(pairs,
			fmt.Sprintf("#05%02X00", i), fmt.Sprintf("var(--s%d)", i),
			fmt.Sprintf("#06%02X00", i), fmt.Sprintf("var(--s%d);fill-opacity:0.18", i))
	}
	return strings.NewReplacer(pairs...)
}
