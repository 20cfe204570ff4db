// Package rounding counts, for measurements, how far texts depend on what is decoded beside them. Random numbers are keyed
// by the text and the position, so two runs differ only where kernels round differently for another number of rows, and
// then only where the random number falls between two sums that ought to be equal.
package rounding

import (
	"fmt"

	"github.com/prlhf/prlhf/torch"
)

// Share is what Compare counts. Behind the first token that differs two texts have different prefixes, so nothing that comes
// later is compared: of each pair of texts one token at most differs.
type Share struct {
	Texts, TextsDiffering int
	Drawn, Differing      int // tokens, end tokens included, that both runs drew behind the same prefix
}

// Compare counts over the texts of two runs of one job, which lie in the same order.
func Compare(a, b []torch.Generated) Share {
	if len(a) != len(b) {
		panic(fmt.Sprintf("rounding: %d texts and %d are not of one job", len(a), len(b)))
	}
	s := Share{Texts: len(a)}
	for i := range a {
		x, y := drawn(a[i]), drawn(b[i])
		n := 0
		for n < len(x) && n < len(y) && x[n] == y[n] {
			n++
		}
		s.Drawn += n
		if n < len(x) || n < len(y) {
			s.Drawn++
			s.Differing++
			s.TextsDiffering++
		}
	}
	return s
}

// drawn are a text's tokens, with the end token where it came.
func drawn(g torch.Generated) []int32 {
	if !g.Finished {
		return g.IDs
	}
	return append(g.IDs[:len(g.IDs):len(g.IDs)], -1)
}

// Add counts those of o too.
func (s *Share) Add(o Share) {
	s.Texts, s.TextsDiffering = s.Texts+o.Texts, s.TextsDiffering+o.TextsDiffering
	s.Drawn, s.Differing = s.Drawn+o.Drawn, s.Differing+o.Differing
}

// Rate is the share of the drawn tokens that differ.
func (s Share) Rate() float64 {
	if s.Drawn == 0 {
		return 0
	}
	return float64(s.Differing) / float64(s.Drawn)
}

func (s Share) String() string {
	return fmt.Sprintf("%d of %d sampled tokens differ (%.2f per 1,000), %d of %d texts", s.Differing, s.Drawn, 1000*s.Rate(), s.TextsDiffering, s.Texts)
}
