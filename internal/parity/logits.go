//go:build libtorch

package main

import (
	"fmt"
	"path/filepath"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
)

// Tolerances of logits (a share of the row's largest) and of log-probs, summed and per token (absolute).
const (
	logitTolerance = 1e-4
	logpTolerance  = 1e-3
)

// logitsFixture is logits.json.
type logitsFixture struct {
	Start []int   `json:"response_start"`
	Right padding `json:"right_padded"`
	Left  padding `json:"left_padded"`
}

type padding struct {
	IDs       [][]int32   `json:"input_ids"`
	Mask      [][]int     `json:"attention_mask"`
	Positions [][]int64   `json:"position_ids"`
	Sums      []float64   `json:"response_logp_sum"`
	Tokens    [][]float64 `json:"response_token_logps"`
}

// real are the ids and recorded positions of sequence i without its padding.
func (p padding) real(i int) (ids []int32, positions []int64) {
	for j, on := range p.Mask[i] {
		if on == 1 {
			ids, positions = append(ids, p.IDs[i][j]), append(positions, p.Positions[i][j])
		}
	}
	return ids, positions
}

// checkLogits runs the plain model on the recorded sequences, packed without their padding.
func checkLogits(c *comparison, dir string, p place) error {
	var f logitsFixture
	if err := readJSON(filepath.Join(dir, "logits.json"), &f); err != nil {
		return err
	}
	recorded, err := safetensors.Open(filepath.Join(dir, "logits.safetensors"))
	if err != nil {
		return err
	}
	defer recorded.Close()
	return tensor.Run(func() error {
		m, err := lm.Load(filepath.Join(dir, "model"), lm.Options{Place: p.place, DType: tensor.Float32})
		if err != nil {
			return err
		}
		defer m.Close()
		for _, side := range []struct {
			name string
			padding
		}{{"right", f.Right}, {"left", f.Left}} {
			want, err := tensorOf(recorded, side.name+"_last_logits")
			if err != nil {
				return err
			}
			checkSide(c, m, side.name, side.padding, f.Start, want)
		}
		return nil
	})
}

func checkSide(c *comparison, m *lm.Model, side string, p padding, start []int, want []float32) {
	last, logps := sequences(m, p, start)
	for i := range start {
		where := fmt.Sprintf("%s, sequence %d", side, i)
		c.rows("last logits", logitTolerance, last[i*m.Vocab:(i+1)*m.Vocab], want[i*m.Vocab:(i+1)*m.Vocab], where)
		sum := 0.0
		for j, got := range logps[i] {
			sum += got
			c.absolute("token log-probs", logpTolerance, got, p.Tokens[i][j], fmt.Sprintf("%s, token %d", where, j))
		}
		c.absolute("response log-probs", logpTolerance, sum, p.Sums[i], where)
		if len(logps[i]) != len(p.Tokens[i]) {
			c.problem("%s has %d response tokens, expected %d", where, len(logps[i]), len(p.Tokens[i]))
		}
	}
}

// sequences runs all sequences twice: whole, for the last logits [sequences, V], and as prompt and response, for the
// log-prob of each response token.
func sequences(m *lm.Model, p padding, start []int) (last []float32, logps [][]float64) {
	var whole, split lm.Batch
	var wholeAt, splitAt []int64
	for i, at := range start {
		ids, positions := p.real(i)
		whole.Add(lm.Group{BOS: -1, Prompt: ids})
		split.Add(lm.Group{BOS: -1, Prompt: ids[:at], Responses: [][]int32{ids[at:]}})
		wholeAt, splitAt = append(wholeAt, positions...), append(splitAt, positions...)
	}
	whole.Positions, split.Positions = wholeAt, splitAt
	tensor.NoGrad(func() {
		s := tensor.NewScope()
		defer s.Close()
		last = m.Logits(s, m.Hidden(s, &whole, nil, lm.Mode{}, nil)).Floats()
		tokens := m.ResponseLogps(s, &split, m.Hidden(s, &split, nil, lm.Mode{}, nil)).Doubles()
		for _, span := range split.Responses {
			logps = append(logps, tokens[span.Start:span.Start+span.Len])
		}
	})
	return last, logps
}

func tensorOf(f *safetensors.File, name string) ([]float32, error) {
	t, ok := f.Tensor(name)
	if !ok {
		return nil, fmt.Errorf("no tensor %s is recorded", name)
	}
	return safetensors.Float32s(t)
}
