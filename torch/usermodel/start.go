//go:build libtorch

package usermodel

import (
	"errors"
	"fmt"
	"math/rand/v2"
)

// Vocabulary is what the start of a user model is drawn from: the base model's input embedding [V, d].
type Vocabulary struct {
	Rows  []float32
	Width int
	Text  []int32 // token ids of start_text
}

// check refuses a start text that is empty or has ids outside the vocabulary.
func (v Vocabulary) check(cfg Config) error {
	if cfg.Start != "text" {
		return nil
	}
	if len(v.Text) == 0 {
		return errors.New("the start text of the user model has no tokens; expected at least one")
	}
	for _, id := range v.Text {
		if id < 0 || int(id) >= len(v.Rows)/v.Width {
			return fmt.Errorf("the start text of the user model has token id %d; the model has %d", id, len(v.Rows)/v.Width)
		}
	}
	return nil
}

// starter draws initial values (design.md section 2, table of user models).
type starter struct {
	cfg   Config
	vocab Vocabulary
	rng   *rand.Rand
}

// embeddings draws rows of T_u vectors of width d.
func (s starter) embeddings(rows int) values {
	n, d := rows*s.cfg.Tokens, s.vocab.Width
	switch s.cfg.Start {
	case "zeros":
		return picked{vectors: make([]float32, d), width: d, ids: make([]int32, n)}
	case "uniform": // the range of Lester et al. 2021
		out := make([]float32, n*d)
		for i := range out {
			out[i] = s.rng.Float32() - 0.5
		}
		return whole(out)
	case "text": // the text's embeddings, repeated over the T_u places of every row
		return s.pick(n, func(i int) int { return int(s.vocab.Text[i%s.cfg.Tokens%len(s.vocab.Text)]) })
	}
	v := len(s.vocab.Rows) / d // vocabulary rows, each at most once while there are enough
	var order []int
	return s.pick(n, func(i int) int {
		if i%v == 0 {
			order = s.rng.Perm(v)
		}
		return order[i%v]
	})
}

// pick makes n vectors of vocabulary rows, and keeps those that are used.
func (s starter) pick(n int, token func(i int) int) picked {
	d := s.vocab.Width
	out := picked{width: d, ids: make([]int32, n)}
	kept := map[int]int32{}
	for i := range n {
		id := token(i)
		at, ok := kept[id]
		if !ok {
			at = int32(len(kept))
			kept[id] = at
			out.vectors = append(out.vectors, s.vocab.Rows[id*d:(id+1)*d]...)
		}
		out.ids[i] = at
	}
	return out
}

// weights draws N(0, 1) for softmax weights, 1/K + N(0, 0.02^2) for free ones.
func (s starter) weights(n int) values {
	out := make([]float32, n)
	for i := range out {
		z := s.rng.NormFloat64()
		if s.cfg.Weights == "free" {
			z = 1/float64(s.cfg.Clusters) + 0.02*z
		}
		out[i] = float32(z)
	}
	return whole(out)
}
