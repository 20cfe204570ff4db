// The numbers of a report as a table: what it shows and what `prlhf diff` compares, one row a number.
package runner

import (
	"errors"
	"iter"

	"github.com/prlhf/prlhf/reports"
)

// exportedFigure is a reports.Figure, whose comments say what the columns are, after the address of its report.
type exportedFigure struct {
	Address   string  `arrow:"address"`
	Section   string  `arrow:"section"`
	Block     string  `arrow:"block"`
	Kind      string  `arrow:"kind"`
	Row       string  `arrow:"row"`
	Column    string  `arrow:"column"`
	X         float64 `arrow:"x"`
	Unit      string  `arrow:"unit"`
	Value     float64 `arrow:"value"`
	SE        float64 `arrow:"se"`
	Low       float64 `arrow:"low"`
	High      float64 `arrow:"high"`
	Median    float64 `arrow:"median"`
	SDRuns    float64 `arrow:"sd_runs"`
	N         int64   `arrow:"n"`
	BarLow    float64 `arrow:"bar_low"`
	BarHigh   float64 `arrow:"bar_high"`
	Paper     float64 `arrow:"paper"`
	PaperSE   float64 `arrow:"paper_se"`
	PaperLow  float64 `arrow:"paper_low"`
	PaperHigh float64 `arrow:"paper_high"`
	Note      string  `arrow:"note"`
}

// ofReport makes the report from what the store has, and writes its numbers.
func (x *resultExport) ofReport() (Exported, error) {
	switch {
	case len(x.Users) > 0:
		return Exported{}, errors.New("a report has its own users, so there are none to choose; leave -users out")
	case x.Personal:
		return Exported{}, errors.New(`a report says itself how users appear in it: write users = "id" in its block instead of -personal`)
	}
	node := x.plan.ofAddr[x.addr][0]
	e, err := storedEnv(x.st, x.addr, node.Inputs, nil)
	if err != nil {
		return Exported{}, err
	}
	report, err := node.Stage.(*reportStage).build(e)
	if err != nil {
		return Exported{}, err
	}
	x.figures = reports.Figures(report)
	return x.file()
}

// figureRows are the rows of a report's numbers.
func (x *resultExport) figureRows() iter.Seq2[exportedFigure, error] {
	return func(yield func(exportedFigure, error) bool) {
		for _, f := range x.figures {
			row := exportedFigure{x.addr, f.Section, f.Block, f.Kind, f.Row, f.Column, f.X, f.Unit, f.Value, f.SE, f.Low, f.High, f.Median, f.SDRuns, f.N,
				f.BarLow, f.BarHigh, f.Paper, f.PaperSE, f.PaperLow, f.PaperHigh, f.Note}
			if !yield(row, nil) {
				return
			}
		}
	}
}
