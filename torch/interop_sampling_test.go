//go:build libtorch && interop

package torch

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// What may be drawn, and with which probability, is what transformers' generate makes of the same logits, whatever settings
// meet.
func TestInteropSampling(t *testing.T) {
	const vocab = 40
	eos := []int32{3, 7}
	rng := rand.New(rand.NewPCG(5, 1))
	type asked struct {
		Logits       []float32      `json:"logits"`
		History      []int32        `json:"history"`
		PromptTokens int            `json:"prompt_tokens"`
		EOS          []int32        `json:"eos"`
		Settings     map[string]any `json:"settings"`
	}
	var cases []asked
	var ours []Sampling
	for range 200 {
		some := func() bool { return rng.IntN(2) == 0 }
		s := Sampling{Temperature: 1, TopP: 1, RepetitionPenalty: 1}
		if some() {
			s.Temperature = 0.3 + 2*rng.Float64()
		}
		if some() {
			s.TopK = 1 + rng.IntN(vocab)
		}
		if some() {
			s.TopP = 0.05 + 0.9*rng.Float64()
		}
		if some() {
			s.MinP = 0.4 * rng.Float64()
		}
		if some() {
			s.RepetitionPenalty = 0.7 + rng.Float64()
		}
		if some() {
			s.NoRepeatNgram = 1 + rng.IntN(3)
		}
		if some() {
			s.MinNewTokens = rng.IntN(6)
		}
		a := asked{PromptTokens: 1 + rng.IntN(8), EOS: eos, Settings: map[string]any{"temperature": s.Temperature, "top_k": s.TopK, "top_p": s.TopP,
			"repetition_penalty": s.RepetitionPenalty, "no_repeat_ngram_size": s.NoRepeatNgram, "min_new_tokens": s.MinNewTokens}}
		if s.MinP > 0 {
			a.Settings["min_p"] = s.MinP
		}
		for range vocab {
			a.Logits = append(a.Logits, float32(2*rng.NormFloat64()))
		}
		for range a.PromptTokens + rng.IntN(6) {
			a.History = append(a.History, int32(rng.IntN(12)))
		}
		cases, ours = append(cases, a), append(ours, s)
	}
	var want [][]float64
	runPython(t, "sampling.py", cases, &want)
	for i, c := range cases {
		s := sampler{Sampling: ours[i], eos: eos}
		s.constrain(c.Logits, c.History, len(c.History)-c.PromptTokens)
		got, total := make([]float64, vocab), 0.0
		for _, k := range s.candidates(c.Logits) {
			got[k.id] = k.p
			total += k.p
		}
		for id := range got {
			got[id] /= total
			if math.Abs(got[id]-want[i][id]) > 1e-5 || (got[id] == 0) != (want[i][id] == 0) {
				t.Errorf("%s: token %d has probability %g; transformers gives it %g", fmt.Sprintf("%+v", ours[i]), id, got[id], want[i][id])
				break
			}
		}
	}
}
