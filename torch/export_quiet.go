//go:build libtorch

package torch

import (
	"math"

	"github.com/prlhf/prlhf/torch/lm"
)

// chooseQuiet takes the first way that keeps n added tokens quiet. A row is found on half of the texts, which must have more
// places than the row has numbers, and must hold on the other half.
func chooseQuiet(ways []string, texts seen, d, n int) lm.Quiet {
	if ways[0] != lm.QuietRow {
		return lm.Quiet{How: ways[0]}
	}
	var halves [2]seen
	for j, all := range texts.logSums {
		h := &halves[texts.from[j]%2]
		h.states, h.logSums = append(h.states, texts.states[j*d:(j+1)*d]...), append(h.logSums, all)
	}
	if len(halves[0].logSums) > d && len(halves[1].logSums) > d {
		row := fitRow(halves[0].states, d, halves[0].logSums, n)
		if logProbability(row, halves[1].states, halves[1].logSums, n) <= math.Log(trustedRow) {
			return lm.Quiet{How: lm.QuietRow, Row: row}
		}
	}
	return lm.Quiet{How: ways[1]}
}
