package torch

import (
	"cmp"
	"math"
	"slices"
)

// sampler picks next tokens. The order of its steps is that of transformers' generate: repetition penalty, n-gram
// blocking, minimum length, temperature, top-k, top-p, min-p.
type sampler struct {
	Sampling
	eos  []int32
	seed int64
}

// pick chooses the next token of one sequence from its logits [V], which it may overwrite. history is the prompt and what
// was written so far; position counts new tokens from 0. The random number depends on the request and the position
// alone, never on what else is in the batch.
func (s sampler) pick(logits []float32, history []int32, request GeneratePrompt, sample, position int) int32 {
	s.constrain(logits, history, position)
	if s.Temperature == 0 {
		return argmax(logits)
	}
	u := uniform(uint64(s.seed), uint64(request.Key), uint64(request.User), uint64(sample), uint64(position))
	return s.draw(logits, u)
}

// constrain applies to the logits what depends on the tokens so far.
func (s sampler) constrain(logits []float32, history []int32, position int) {
	s.penalise(logits, history)
	s.block(logits, history)
	if position < s.MinNewTokens {
		for _, id := range s.eos {
			logits[id] = float32(math.Inf(-1))
		}
	}
}

func argmax(logits []float32) int32 {
	best := 0
	for i, v := range logits {
		if v > logits[best] {
			best = i
		}
	}
	return int32(best)
}

// penalise divides positive logits of tokens in history by the penalty and multiplies negative ones (Keskar et al. 2019).
func (s sampler) penalise(logits []float32, history []int32) {
	if s.RepetitionPenalty == 1 || s.RepetitionPenalty == 0 {
		return
	}
	penalty := float32(s.RepetitionPenalty)
	before := make([]float32, len(history))
	for i, id := range history {
		before[i] = logits[id]
	}
	for i, id := range history { // a token that stands there twice gets the same value twice
		if before[i] > 0 {
			logits[id] = before[i] / penalty
		} else {
			logits[id] = before[i] * penalty
		}
	}
}

// block forbids tokens that would repeat an n-gram of history.
func (s sampler) block(logits []float32, history []int32) {
	n := s.NoRepeatNgram
	if n <= 0 || len(history)+1 < n {
		return
	}
	tail := history[len(history)-n+1:]
	for i := 0; i+n <= len(history); i++ {
		if slices.Equal(history[i:i+n-1], tail) {
			logits[history[i+n-1]] = float32(math.Inf(-1))
		}
	}
}

// candidate is a token that can be drawn; p is relative to the likeliest token's, which is 1.
type candidate struct {
	id int32
	p  float64
}

// draw samples by inverse transform from the tokens that the limits leave, in the order of their ids.
func (s sampler) draw(logits []float32, u float64) int32 {
	kept := s.candidates(logits)
	if len(kept) == 0 { // every token is forbidden
		return argmax(logits)
	}
	total := 0.0
	for _, c := range kept {
		total += c.p
	}
	at := u * total
	for _, c := range kept {
		if at -= c.p; at < 0 {
			return c.id
		}
	}
	return kept[len(kept)-1].id
}

// candidates are the tokens that top-k, top-p and min-p leave, in the order of their ids; none if every token is forbidden.
func (s sampler) candidates(logits []float32) []candidate {
	top := float64(logits[argmax(logits)])
	all, sum := make([]candidate, 0, len(logits)), 0.0
	for id, v := range logits {
		if p := math.Exp((float64(v) - top) / s.Temperature); p > 0 {
			all = append(all, candidate{int32(id), p})
			sum += p
		}
	}
	return s.restrict(all, sum)
}

// restrict keeps of all candidates, whose p add up to sum, what top-k, top-p and min-p leave, in the order of ids. It may
// reorder all.
func (s sampler) restrict(all []candidate, sum float64) []candidate {
	topK, topP := s.TopK > 0 && s.TopK < len(all), s.TopP > 0 && s.TopP < 1
	if topK {
		all = likeliest(all, func(n int, _ float64) bool { return n < s.TopK })
		sum = 0
		for _, c := range all {
			sum += c.p
		}
	}
	if topP {
		all = likeliest(all, func(_ int, mass float64) bool { return mass < s.TopP*sum })
	}
	if s.MinP > 0 {
		all = slices.DeleteFunc(all, func(c candidate) bool { return c.p < s.MinP })
	}
	if topK || topP {
		slices.SortFunc(all, func(a, b candidate) int { return cmp.Compare(a.id, b.id) })
	}
	return all
}

// likeliest takes candidates in the order of likelier for as long as more, told how many it has and their mass, wants
// another. It takes them from a heap: to sort a whole vocabulary for a few dozen tokens can last longer than the network.
func likeliest(heap []candidate, more func(n int, mass float64) bool) (kept []candidate) {
	for i := len(heap)/2 - 1; i >= 0; i-- {
		sink(heap, i)
	}
	for mass := 0.0; len(heap) > 0 && more(len(kept), mass); {
		kept = append(kept, heap[0])
		mass += heap[0].p
		heap[0] = heap[len(heap)-1]
		heap = heap[:len(heap)-1]
		sink(heap, 0)
	}
	return kept
}

// sink moves the candidate at i down the heap until none below it is likelier.
func sink(heap []candidate, i int) {
	for {
		child := 2*i + 1
		if child >= len(heap) {
			return
		}
		if child+1 < len(heap) && likelier(heap[child+1], heap[child]) {
			child++
		}
		if !likelier(heap[child], heap[i]) {
			return
		}
		heap[i], heap[child] = heap[child], heap[i]
		i = child
	}
}

// likelier orders candidates; of equals the smallest id comes first.
func likelier(a, b candidate) bool { return a.p > b.p || a.p == b.p && a.id < b.id }

// uniform is a number in [0, 1) that depends on the keys alone.
func uniform(keys ...uint64) float64 { return float64(hash(keys...)>>11) / (1 << 53) }

// hash is splitmix64 over the keys in turn.
func hash(keys ...uint64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, k := range keys {
		h ^= k
		h += 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}
