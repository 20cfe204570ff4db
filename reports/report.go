// Package reports turns one result model, Report, into Markdown, HTML and JSON. The same Report gives the same bytes: no
// clock, no map order, fixed number formats.
//
// It knows nothing about specs, stages or tensors: the runner fills a Report, the renderers draw it. Read this file for
// what a report consists of, format.go for how numbers look, text.go for how texts that models wrote are kept text,
// markdown.go, html.go and json.go for the renderings, plot.go for the pictures.
package reports

// Report is a whole document.
type Report struct {
	Title      string    `json:"title"`
	Summary    []Claim   `json:"claims,omitempty"` // claims first: what holds and what does not
	Sections   []Section `json:"sections,omitempty"`
	Provenance []Fact    `json:"provenance,omitempty"` // fingerprints, versions, seeds, in a fixed order
}

// Section is a heading with blocks.
type Section struct {
	Heading string  `json:"heading"`
	Text    string  `json:"text,omitempty"` // prose from the spec; plain text, never markup; an empty line parts paragraphs
	Blocks  []Block `json:"blocks,omitempty"`
}

// Block is one of Table, Plot, Samples, Verdicts, Facts: a closed set.
type Block interface{ block() }

// Estimate is a number with its uncertainty; NaN fields are not shown. Its fields are those of judges.Estimate and
// dsl.Estimate, so that one converts to the other.
type Estimate struct {
	Mean, SE, Low, High, Median, SDRuns float64
	N                                   int // 0: not known
}

// CellKind says how a cell is formatted.
type CellKind string

// Kinds of cells.
const (
	Text    CellKind = "text"
	Count   CellKind = "count"   // an integer, with thousands separators; Mean only
	Number  CellKind = "number"  // an estimate in its own unit, decimals as Places says: 19.85 ± 0.31 (n = 7)
	Share   CellKind = "share"   // 0..1, printed as percent: 89.26 %; Mean only
	Percent CellKind = "percent" // as Share, with what else is known: 89.26 ± 0.57 % (n = 7); n = 0 prints a dash
	Dash    CellKind = "dash"    // n = 0
)

// Cell is one table entry. Paper, when set, is the published value and is printed beside ours, in the same unit.
type Cell struct {
	Kind   CellKind
	Text   string
	Value  Estimate // Mean for Count, Number, Share
	Places int      // Number: decimals, 0 to maxPlaces
	Paper  *Estimate
	Note   string // "untrained", "beta 0.3", ... printed after the value

	// FewClusters says that the interval is a bootstrap over fewer than six users or prompts: it is too narrow, so that
	// nothing is told of what could be detected.
	FewClusters bool
}

// Table is rows under a head. Names of rows are the first column.
type Table struct {
	Name    string   `json:"name"` // identifies it in the JSON and in diffs: accuracy.test
	Title   string   `json:"title"`
	Columns []string `json:"columns"` // without the first
	RowHead string   `json:"row_head"`
	Rows    []Row    `json:"rows"`
	Notes   []string `json:"notes,omitempty"` // under the table: tie rule, n, what SE is over
}

// Row is one line of a table.
type Row struct {
	Name  string `json:"name"`
	Cells []Cell `json:"cells"`
}

// PlotKind says what is drawn.
type PlotKind string

// Kinds of plots.
const (
	Lines PlotKind = "lines" // curves over steps
	Bars  PlotKind = "bars"  // groups of bars with error bars
	Dots  PlotKind = "dots"  // points, as a user map
)

// Plot is data for one picture; the renderer draws SVG, Markdown prints the numbers as a table.
type Plot struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	XLabel     string   `json:"x_label"`
	YLabel     string   `json:"y_label"`
	Kind       PlotKind `json:"kind"`                 // bars whose series never meet in a category stand alone, coloured by series
	Percent    bool     `json:"percent"`              // the y values are shares, drawn as percent
	Categories []string `json:"categories,omitempty"` // bars: names on the x axis
	Series     []Series `json:"series"`
	Rule       *float64 `json:"rule,omitempty"` // a horizontal line, such as 0.5; finite
	RuleName   string   `json:"rule_name,omitempty"`
	Notes      []string `json:"notes,omitempty"` // under the picture: what error bars are
}

// Series is one curve, one colour of bars, or one group of dots. A NaN is a gap.
type Series struct {
	Name   string
	X, Y   []float64 // bars: Y per category, no X
	Low    []float64 // ends of error bars, same unit as Y; nil: none
	High   []float64
	Labels []string // dots: name of each point
	Dashed bool     // a value of the paper, in the colour of the series before it; in bars a dashed line across its bars

	Landmark bool // dots: what the others are seen from, as user 0; a cross in the colour of the text, which is no group's
}

// Samples are generated texts side by side.
type Samples struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Sources []string `json:"sources"` // columns: which policy wrote
	Items   []Sample `json:"items"`
}

// Sample is one prompt for one user, with a text per source.
type Sample struct {
	Prompt string   `json:"prompt"`
	User   string   `json:"user"` // as it may be shown
	Group  string   `json:"group,omitempty"`
	Texts  []string `json:"texts"` // as long as Sources
}

// Verdicts are single comparisons as a judge decided them.
type Verdicts struct {
	Name      string    `json:"name"`
	Title     string    `json:"title"`
	Candidate string    `json:"candidate"` // what the two methods are called
	Baseline  string    `json:"baseline"`
	Items     []Verdict `json:"items"`
	Notes     []string  `json:"notes,omitempty"` // under the title: how many of how many these are
}

// Verdict is one pair of texts with what the judge made of it.
type Verdict struct {
	User      string    `json:"user"` // as it may be shown
	Group     string    `json:"group,omitempty"`
	Prompt    string    `json:"prompt"`
	Candidate string    `json:"candidate"` // the texts
	Baseline  string    `json:"baseline"`
	Outcome   Outcome   `json:"outcome"`
	Orders    []Opinion `json:"orders"`
}

// Outcome is the candidate's.
type Outcome string

// Outcomes.
const (
	Won    Outcome = "won"
	Lost   Outcome = "lost"
	Tied   Outcome = "tied"
	Failed Outcome = "failed"
)

// Opinion is what a judge said of a pair in one order.
type Opinion struct {
	First  string `json:"first"`            // the method shown first
	Winner string `json:"winner"`           // the method, "tie" or "no verdict"
	Reason string `json:"reason,omitempty"` // the judge's words, or why there is no verdict
}

// Facts are name and value pairs.
type Facts struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Items []Fact `json:"items"`
}

// Fact is one name with a value.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Claim is a checked statement.
type Claim struct {
	Addr   string `json:"addr"`
	Text   string `json:"text"` // prose, or the expression's source
	Holds  bool   `json:"holds"`
	Note   string `json:"note,omitempty"`   // printed with it, whether it holds or not
	Values string `json:"values,omitempty"` // what the expression compared, with numbers
	Error  string `json:"error,omitempty"`  // why it could not be evaluated, if so; then Holds is false

	// Where results are means over several training seeds, Holds is about the means. Seeds is the number of seeds that
	// the claim was checked on one by one as well, 0 if it was not, and SeedsHold on how many of them it holds.
	Seeds     int `json:"seeds,omitempty"`
	SeedsHold int `json:"seeds_hold,omitempty"`
}

func (*Table) block()    {}
func (*Plot) block()     {}
func (*Samples) block()  {}
func (*Verdicts) block() {}
func (*Facts) block()    {}
