// Constructors of cells, so that whoever fills a table need not know which fields a kind reads.

package reports

import "math"

// Just is an estimate of which only the mean is known; the rest is NaN and N is 0.
func Just(mean float64) Estimate {
	nan := math.NaN()
	return Estimate{Mean: mean, SE: nan, Low: nan, High: nan, Median: nan, SDRuns: nan}
}

// MeanSE is an estimate of which mean and standard error are known, as the paper's tables have them.
func MeanSE(mean, se float64) Estimate {
	e := Just(mean)
	e.SE = se
	return e
}

// TextCell is a text, shown as it is.
func TextCell(text string) Cell { return Cell{Kind: Text, Text: text, Value: Just(math.NaN())} }

// CountCell is an integer.
func CountCell(n int64) Cell { return Cell{Kind: Count, Value: Just(float64(n))} }

// ShareCell is a share, 0..1, without uncertainty.
func ShareCell(share float64) Cell { return Cell{Kind: Share, Value: Just(share)} }

// PercentCell is an estimate of a share, 0..1.
func PercentCell(e Estimate) Cell { return Cell{Kind: Percent, Value: e} }

// NumberCell is an estimate in its own unit with that many decimals.
func NumberCell(e Estimate, places int) Cell { return Cell{Kind: Number, Value: e, Places: places} }

// DashCell stands where there is nothing to measure.
func DashCell() Cell { return Cell{Kind: Dash, Value: Just(math.NaN())} }

// noted is the cell's note, which says too where there are few clusters.
func (c Cell) noted() string {
	switch {
	case !c.FewClusters:
		return c.Note
	case c.Note == "":
		return "few clusters"
	}
	return c.Note + "; few clusters"
}

// Beside returns the cell with the paper's value beside it.
func (c Cell) Beside(paper Estimate) Cell {
	c.Paper = &paper
	return c
}
