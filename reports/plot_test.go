package reports

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wellFormed reads an SVG to its end as XML.
func wellFormed(t *testing.T, svg string) {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := decoder.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatalf("not XML: %v in %s", err, svg)
		}
	}
}

func TestPlotsFitThePage(t *testing.T) {
	for _, p := range []*Plot{accuracyBars(), topCurve(), lossCurve(), logpCurve(), wordsBars(), userMap()} {
		t.Run(p.Name, func(t *testing.T) {
			svg, ok := drawPlot(p)
			if !ok {
				t.Fatal("nothing drawn")
			}
			pictures := []string{svg}
			for _, entry := range legendOf(p) {
				pictures = append(pictures, entry.Swatch)
			}
			for _, picture := range pictures {
				wellFormed(t, picture)
				if found := regexp.MustCompile(`#[0-9A-Fa-f]{3,}`).FindString(picture); found != "" {
					t.Errorf("a colour that the page does not set: %s", found)
				}
				if strings.Contains(picture, "font-family") || strings.Contains(picture, "NaN") {
					t.Errorf("a font or a NaN in %s", picture)
				}
			}
			for _, want := range []string{`role="img"`, `aria-label="` + p.Title, "<title>" + p.Title, `viewBox="0 0 480 290"`, ">" + p.XLabel + "<", ">" + p.YLabel + "<"} {
				if !strings.Contains(svg, strings.ReplaceAll(want, `"individual"`, `&#34;individual&#34;`)) {
					t.Errorf("%s is missing", want)
				}
			}
		})
	}
}

// Plots that are hard to draw: nothing here may panic or print nonsense.
func TestOddPlots(t *testing.T) {
	many := make([]float64, 5000)
	names := make([]string, 5000)
	for i := range many {
		many[i], names[i] = float64(i), fmt.Sprintf("user %d with a long name", i)
	}
	inf := math.Inf(1)
	for _, test := range []struct {
		name string
		plot Plot
		ok   bool
	}{
		{"no series", Plot{Kind: Bars}, false},
		{"no values", Plot{Kind: Lines, Series: []Series{{Name: "s"}}}, false},
		{"NaN only", Plot{Kind: Bars, Categories: []string{"a"}, Series: []Series{{Name: "s", Y: []float64{nan}}}}, false},
		{"infinite only", Plot{Kind: Lines, Series: []Series{{Name: "s", X: []float64{1}, Y: []float64{inf}}}}, false},
		{"one point", Plot{Kind: Lines, Series: []Series{{Name: "s", X: []float64{3}, Y: []float64{3}}}}, true},
		{"one point at zero", Plot{Kind: Dots, Series: []Series{{Name: "s", X: []float64{0}, Y: []float64{0}, Labels: []string{""}}}}, true},
		{"zeros", Plot{Kind: Bars, Percent: true, Categories: []string{"a", "b"}, Series: []Series{{Name: "s", Y: []float64{0, 0}}}}, true},
		{"negative bars", Plot{Kind: Bars, Categories: []string{"a", "b"}, Series: []Series{{Name: "s", Y: []float64{-1, 2}}}}, true},
		{"constant", Plot{Kind: Lines, Series: []Series{{Name: "s", X: []float64{1, 2}, Y: []float64{5, 5}}}}, true},
		{"huge and tiny", Plot{Kind: Lines, Series: []Series{{Name: "s", X: []float64{1, 2}, Y: []float64{1e300, -1e300}}, {Name: "t", X: []float64{1}, Y: []float64{1e-300}}}}, true},
		{"widest range", Plot{Kind: Lines, Series: []Series{{Name: "s", X: []float64{-math.MaxFloat64, math.MaxFloat64}, Y: []float64{-math.MaxFloat64, math.MaxFloat64}}}}, false},
		{"wide range", Plot{Kind: Lines, Series: []Series{{Name: "s", X: []float64{-9e99, 9e99}, Y: []float64{-9e99, 9e99}}}}, true},
		{"all but equal", Plot{Kind: Lines, Series: []Series{{Name: "s", X: []float64{1e17, 1e17 + 16}, Y: []float64{1e17, 1e17 + 16}}}}, true},
		{"all but equal dots", Plot{Kind: Dots, Series: []Series{{Name: "s", X: []float64{1e17, 1e17 + 16}, Y: []float64{-1e17, -1e17 - 16}}}}, true},
		{"smallest numbers", Plot{Kind: Dots, Series: []Series{{Name: "s", X: []float64{0, 5e-324}, Y: []float64{0, 5e-324}}}}, true},
		{"small bars", Plot{Kind: Bars, Categories: []string{"a"}, Series: []Series{{Name: "s", Y: []float64{5e-324}}}}, true},
		{"dashed alone", Plot{Kind: Bars, Categories: []string{"a"}, Series: []Series{{Name: "paper", Y: []float64{1}, Dashed: true}}}, true},
		{"gaps", Plot{Kind: Lines, Series: []Series{{Name: "s", X: []float64{1, nan, 3, 4}, Y: []float64{1, 2, nan, 4}, Low: []float64{0, nan, 1, nan}, High: []float64{2, nan, 3, 5}}}}, true},
		{"many bars", Plot{Kind: Bars, Categories: names, Series: []Series{{Name: "s", Y: many}, {Name: "t", Y: many}}}, true},
		{"many points", Plot{Kind: Lines, Series: []Series{{Name: "s", X: many, Y: many, Low: many, High: many}}}, true},
		{"many dots", Plot{Kind: Dots, Series: []Series{{Name: "s", X: many, Y: many, Labels: names}}}, true},
		{"hostile", Plot{Kind: Bars, XLabel: hostile, Title: hostile, Categories: []string{hostile, "日本"}, Series: []Series{{Name: hostile, Y: []float64{1, 2}}}}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			svg, ok := drawPlot(&test.plot)
			if ok != test.ok {
				t.Fatalf("drawn: %v, want %v", ok, test.ok)
			}
			wellFormed(t, svg)
			if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("nonsense coordinates in %.2000s", svg)
			}
			if len(svg) > 3<<20 {
				t.Errorf("%d bytes", len(svg))
			}
			r := &Report{Title: "x", Sections: []Section{{Heading: "h", Blocks: []Block{&test.plot}}}}
			for _, rendering := range renderings[:2] {
				if text := rendered(t, rendering.render, r); strings.Contains(text, "NaN") {
					t.Errorf("%s prints NaN", rendering.name)
				}
			}
		})
	}
}

// Bars of one user each share a place; bars that are compared stand abreast, the paper's value on the bar before it.
func TestPlacesOfBars(t *testing.T) {
	for _, test := range []struct {
		plot    *Plot
		abreast int
		places  []int
	}{
		{accuracyBars(), 3, []int{0, 0, 1, 1, 2, 2}},
		{wordsBars(), 1, []int{0, 0, 0}},
	} {
		chart := newBarChart(test.plot)
		if chart.abreast != test.abreast || !slices.Equal(chart.places, test.places) {
			t.Errorf("%s: %d abreast, places %v; want %d, %v", test.plot.Name, chart.abreast, chart.places, test.abreast, test.places)
		}
	}
}

func TestLegendNamesThePaperOnce(t *testing.T) {
	var names []string
	for _, entry := range legendOf(accuracyBars()) {
		names = append(names, entry.Name)
	}
	if want := []string{"vanilla", "individual", "cluster", "paper", "chance"}; !slices.Equal(names, want) {
		t.Errorf("legend %q, want %q", names, want)
	}
	if entries := legendOf(&Plot{Kind: Bars, Series: []Series{{Name: "words"}}}); entries != nil {
		t.Errorf("one series needs no legend: %v", entries)
	}
}

func TestNiceSteps(t *testing.T) {
	for _, test := range []struct {
		low, high float64
		want      []float64
	}{
		{0, 1, []float64{0, 0.2, 0.4, 0.6, 0.8, 1}},
		{0, 20.9, []float64{0, 5, 10, 15, 20, 25}},
		{-70, -38, []float64{-70, -60, -50, -40, -30}},
		{0.19, 0.72, []float64{0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8}},
	} {
		got := niceSteps(test.low, test.high, 6)
		same := slices.EqualFunc(got, test.want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 })
		if !same {
			t.Errorf("niceSteps(%v, %v) = %v, want %v", test.low, test.high, got, test.want)
		}
	}
	if labels := ticks([]float64{0, 0.25, 0.5}, true); labels[1].Label != "25 %" {
		t.Errorf("label %q", labels[1].Label)
	}
	if labels := ticks([]float64{0, 2.5, 5}, false); labels[2].Label != "5.0" {
		t.Errorf("label %q", labels[2].Label)
	}
}

func TestThinned(t *testing.T) {
	values := make([]float64, 301)
	for i := range values {
		values[i] = float64(i)
	}
	got := thinned(values, 12)
	if len(got) != 12 || got[0] != 0 || got[11] != 300 || !slices.IsSorted(got) {
		t.Errorf("thinned to %v", got)
	}
	if got := thinned(values[:12], 12); len(got) != 12 || got[5] != 5 {
		t.Errorf("12 of 12: %v", got)
	}
}

// A long curve keeps its extremes, wherever they are.
func TestOutlineKeepsSpikes(t *testing.T) {
	y := make([]float64, 10000)
	run := make([]int, len(y))
	for i := range y {
		y[i], run[i] = math.Sin(float64(i)/1000), i
	}
	y[4321], y[7777] = 9, -9
	kept := outline(run, y)
	if len(kept) > drawnPoints+2 || !slices.IsSorted(kept) {
		t.Errorf("%d points kept", len(kept))
	}
	for _, spike := range []int{0, 4321, 7777, 9999} {
		if !slices.Contains(kept, spike) {
			t.Errorf("point %d was dropped", spike)
		}
	}
}

// Names of points give way to points and to names before them; a landmark is a cross, which takes no group's colour.
func TestNamesDoNotCover(t *testing.T) {
	p := &Plot{Title: "Map", Kind: Dots, Series: []Series{
		{Name: "crowd", X: []float64{0, 0.001, 0.002, 1}, Y: []float64{0, 0, 0, 1}, Labels: []string{"first", "second", "third", "apart"}},
		{Name: "user 0", X: []float64{0.5}, Y: []float64{1}, Labels: []string{"zero"}, Landmark: true},
		{Name: "others", X: []float64{0.5}, Y: []float64{0.5}, Labels: []string{"other"}},
	}}
	svg, _ := drawPlot(p)
	for name, shown := range map[string]bool{"first": true, "second": false, "third": false, "apart": true, "zero": true, "other": true} {
		if strings.Contains(svg, ">"+name+"<") != shown {
			t.Errorf("%s is named: %v; want %v", name, !shown, shown)
		}
	}
	looks := looksOf(p)
	if looks[0].own != 0 || looks[2].own != 1 {
		t.Errorf("looks %v; want the first two colours for the groups", looks)
	}
	for _, want := range []string{"var(--s1)", "var(--s2)", "<desc>", "crowd (4), user 0 (1), others (1)."} {
		if !strings.Contains(svg, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(svg, "var(--s3)") {
		t.Error("the landmark takes a colour")
	}
}

// A number over a bar lies neither over the rule nor over the paper's line: 38.9 % with an error bar to 48 % and a rule at 50 %.
func TestNumbersOfBarsKeepOffLines(t *testing.T) {
	p := &Plot{Kind: Bars, Percent: true, XLabel: "x", YLabel: "y", Rule: pointer(0.5), Categories: []string{"a", "b"}, Series: []Series{
		{Name: "average", Y: []float64{0.389, 0.37}, Low: []float64{0.3, 0.36}, High: []float64{0.48, 0.38}},
		{Name: "paper", Dashed: true, Y: []float64{nan, 0.41}},
	}}
	svg, _ := drawPlot(p)
	height := map[string]float64{} // of a text, upwards
	for _, m := range regexp.MustCompile(`(?s)<text x="[-0-9.e]+" y="([-0-9.e]+)"[^>]*>([^<]*)</text>`).FindAllStringSubmatch(svg, -1) {
		y, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		height[m[2]] = -y
	}
	rule := height["50 %"] // its label's base lies lower than the rule by a third of the text's height
	unit := (height["40 %"] - height["30 %"]) / 0.1
	if height["38.9 %"] < rule+5 {
		t.Errorf("38.9 %% stands at %.1f, over the rule at 50 %% (%.1f)", height["38.9 %"], rule)
	}
	if paper := rule - 0.09*unit; height["37.0 %"] < paper+5 {
		t.Errorf("37.0 %% stands at %.1f, over the paper's line at 41 %% (%.1f)", height["37.0 %"], paper)
	}
}

// Error bars, the paper's values and the rule have an edge of the page's colour, since a bar below them can be as dark as they are.
func TestLinesOverBarsHaveAnEdge(t *testing.T) {
	svg, _ := drawPlot(accuracyBars())
	over, edges := 0, map[string]bool{}
	stroke := regexp.MustCompile(`<path d="([^"]*)" style="fill:none;stroke:([^;"]*);stroke-width:([0-9.]+)`)
	for _, m := range stroke.FindAllStringSubmatch(svg, -1) {
		switch width, _ := strconv.ParseFloat(m[3], 64); {
		case m[2] == "var(--surface)":
			edges[m[1]] = true
		case m[2] != "currentColor" || width < 1: // axes
		case !edges[m[1]]:
			t.Errorf("the line %s has no edge", m[1])
		default:
			over++
		}
	}
	if over < 8 {
		t.Errorf("%d lines over bars; want the rule, the paper's and three for each error bar", over)
	}
}

// The names of users with their groups are whole, and the bars keep their height.
func TestNamesOfUsersAreWhole(t *testing.T) {
	tall := func(name string) (svg, height string) {
		p := &Plot{Kind: Bars, XLabel: "user", YLabel: "words", Series: []Series{{Name: "sft", Y: slices.Repeat([]float64{12}, 11)}}}
		for i := range 11 {
			p.Categories = append(p.Categories, fmt.Sprintf(name, i))
		}
		svg, _ = drawPlot(p)
		_, box, _ := strings.Cut(svg, `viewBox="0 0 480 `)
		height, _, _ = strings.Cut(box, `"`)
		return svg, height
	}
	svg, height := tall("user %d (majority)")
	if strings.Count(svg, "(majority)") != 11 || strings.Contains(svg, "…") {
		t.Errorf("the users are not named in full: %q", drawnText.FindAllString(svg, -1))
	}
	if _, short := tall("user %d"); short != fmt.Sprint(plotHeight) || height <= short {
		t.Errorf("with long names the picture is %s high, with short ones %s; want more than %d and %d", height, short, plotHeight, plotHeight)
	}
}

var drawnText = regexp.MustCompile(`(?s)<text x="([-0-9.e]+)" y="[-0-9.e]+"[^>]*>([^<]*)</text>`)

// The numbers over bars never touch: they lose their unit, which the axis has, before they are left out.
func TestNumbersOfBarsDoNotTouch(t *testing.T) {
	for _, test := range []struct {
		categories, series int
		want               string // a number as it is drawn, or "" for none
	}{{2, 2, "100.0 %"}, {4, 2, "100.0"}, {12, 1, ""}, {6, 2, ""}} {
		p := &Plot{Kind: Bars, Percent: true, XLabel: "x", YLabel: "y"}
		for i := range test.categories {
			p.Categories = append(p.Categories, fmt.Sprint("c", i))
		}
		for k := range test.series {
			p.Series = append(p.Series, Series{Name: fmt.Sprint("s", k), Y: slices.Repeat([]float64{1}, test.categories)})
		}
		svg, _ := drawPlot(p)
		var got []string
		last := math.Inf(-1)
		for _, m := range drawnText.FindAllStringSubmatch(svg, -1) {
			if !strings.HasPrefix(m[2], "100.0") {
				continue
			}
			got = append(got, m[2])
			x, err := strconv.ParseFloat(m[1], 64) // of the left end
			if err != nil || x < last+2 {
				t.Errorf("%d x %d: a number begins at %s, the one before ends at %g (%v)", test.categories, test.series, m[1], last, err)
			}
			last = x + newPicture(p, ranges{span{0, 1}, span{0, 1}}).X.Tick.Label.Width(m[2]).Points()
		}
		if want := test.categories * test.series; test.want == "" && len(got) > 0 || test.want != "" && (len(got) != want || got[0] != test.want) {
			t.Errorf("%d x %d bars carry %q; want %q", test.categories, test.series, got, test.want)
		}
	}
}

// Users on a line, up to rounding: the axis that has nothing says so in numbers that differ.
func TestMapOfALine(t *testing.T) {
	svg, _ := drawPlot(&Plot{Kind: Dots, Series: []Series{{Name: "users", X: []float64{-1, 0, 1}, Y: []float64{1e-17, 0, -2e-17}}}})
	met := map[string]int{}
	for _, m := range drawnText.FindAllStringSubmatch(svg, -1) {
		if met[m[2]]++; m[2] == "0" && met[m[2]] > 2 {
			t.Fatalf("an axis has several ticks of 0: %v", met)
		}
	}
	if met["0.5"] != 2 {
		t.Errorf("ticks %v; want both axes of the same width", met)
	}
}
