//go:build libtorch

package lm

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// edit is the change of a weight's numbers beyond adapters: new rows for new tokens, and what keeps these quiet. nil: none.
// s is the weight as it will be.
func (e *exporter) edit(s Shape) func([]float32) []float32 {
	n := e.after.names()
	switch {
	case s.Name == n.embed:
		if e.added() == 0 {
			return nil
		}
		return func(values []float32) []float32 {
			values = append(values, e.Tokens...)
			if e.quiet == QuietChannel {
				values = padColumns(values, e.before.Width, e.after.Width, channelInput*rms(values))
			}
			return values
		}
	case s.Name == n.head+".weight" && e.added() > 0 && e.after.Top == TopVocabulary:
		return e.editHead
	case s.Name == n.head+".bias" && e.added() > 0:
		return func(values []float32) []float32 {
			return append(values, slices.Repeat([]float32{quietBias}, e.added())...)
		}
	case s.Name == n.finalNorm+".bias" && e.norm != nil && e.norm.shift != 0:
		return func(values []float32) []float32 { return e.norm.shifted(values) }
	}
	if e.quiet == QuietChannel {
		return e.editWidth(s)
	}
	return nil
}

// editHead appends the same row for each new token to the output matrix.
func (e *exporter) editHead(values []float32) []float32 {
	row := make([]float32, e.after.Width)
	switch e.quiet {
	case QuietNorm:
		values, row = e.norm.head(values), e.norm.row()
	case QuietChannel:
		values = padColumns(values, e.before.Width, e.after.Width, 0)
		row[e.before.Width] = -channelGain
	}
	return append(values, slices.Repeat(row, e.added())...)
}

// editWidth fits the other weights of a widened model: no projection reads or writes the new channels; norms see the same
// mean square, and the last one lets the first new channel through.
func (e *exporter) editWidth(s Shape) func([]float32) []float32 {
	d, wide := e.before.Width, e.after.Width
	n := e.after.names()
	narrower := float32(math.Sqrt(float64(d) / float64(wide)))
	if len(s.Dims) == 1 && strings.HasSuffix(s.Name, ".weight") { // a norm
		return func(values []float32) []float32 {
			out := make([]float32, wide)
			for i, v := range values {
				out[i] = v * narrower
			}
			if s.Name == n.finalNorm+".weight" {
				out[d] = channelGain
			}
			return out
		}
	}
	writes := strings.HasSuffix(s.Name, "o_proj.weight") || strings.HasSuffix(s.Name, "down_proj.weight") ||
		strings.HasSuffix(s.Name, "o_proj.bias") || strings.HasSuffix(s.Name, "down_proj.bias")
	switch {
	case writes: // rows of the matrix, or numbers of the bias
		return func(values []float32) []float32 {
			per := len(values) / d
			return append(values, make([]float32, (wide-d)*per)...)
		}
	case len(s.Dims) == 2:
		return func(values []float32) []float32 { return padColumns(values, d, wide, 0) }
	}
	return nil // biases of projections that read
}

// padColumns widens the rows of a matrix; first stands in the first new column, zeros in the others.
func padColumns(values []float32, from, to int, first float32) []float32 {
	rows := len(values) / from
	out := make([]float32, rows*to)
	for i := range rows {
		copy(out[i*to:], values[i*from:(i+1)*from])
		out[i*to+from] = first
	}
	return out
}

func rms(values []float32) float32 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	return float32(math.Sqrt(sum / float64(max(len(values), 1))))
}

// writeConfig writes the folder's config.json with the fields that changed.
func (e *exporter) writeConfig(to string) error {
	data, err := os.ReadFile(filepath.Join(e.dir, "config.json"))
	if err != nil {
		return err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(data, &fields); err != nil {
		return err
	}
	set := func(name string, value any) { fields[name], _ = json.Marshal(value) } // a number or bool always encodes
	if e.added() > 0 {
		set("vocab_size", e.after.Vocab)
	}
	if e.after.Tied != e.before.Tied {
		set("tie_word_embeddings", e.after.Tied)
	}
	if e.after.Width != e.before.Width {
		set("hidden_size", e.after.Width)
		set("head_dim", e.after.HeadDim)
		set("rms_norm_eps", e.after.NormEps)
	}
	if data, err = json.MarshalIndent(fields, "", "  "); err != nil {
		return err
	}
	if e.Score != nil {
		if data, err = rewardConfig(data, e.after.Family); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(to, "config.json"), append(data, '\n'), 0o644)
}
