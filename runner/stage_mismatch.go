// The mismatch stage: for kto, a response of another row behind each row's prompt (design.md section 2). The mean of
// log pi/ref over such pairs estimates z0, the point from which a response counts as better or worse. They are fixed by
// seed here, so that their reference log-probs are a stored column like the others, and depend on the ids only, so that
// data sets which differ in split, simulation or users share them.
//
// The other row has another prompt where there is one. Its response is cut so that no sequence is longer than the data
// set's own may be: max_tokens, or, without a limit, the longest row.
package runner

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

const (
	kindMismatch    = "mismatch"
	mismatchVersion = 1

	mismatchFile = "mismatch.arrow"

	mismatchStream = 0x6d69736d // tells its random numbers from others of the same seed
)

type mismatchStage struct {
	spec   *dsl.Dataset
	tokens *Node
	seed   int64
}

func (s *mismatchStage) Describe(w io.Writer) {
	line(w, "version", mismatchVersion)
	line(w, "seed", s.seed)
}

// lengths is what matters of a row of tokens.arrow.
type lengths struct {
	row      int64
	prompt   textKey
	tokens   int    // of the prompt
	response [2]int // chosen, rejected; 0: there is none
}

func (s *mismatchStage) Run(_ context.Context, e *Env) error {
	tokens, err := arrowio.Open[arrowio.Tokens](e.Path(s.tokens, tokensFile))
	if err != nil {
		return err
	}
	defer tokens.Close()
	var rows []lengths
	for row, err := range tokens.All() {
		if err != nil {
			return err
		}
		rows = append(rows, lengths{row: row.Row, prompt: keyOf(idBytes(row.Prompt)), tokens: len(row.Prompt), response: [2]int{len(row.Chosen), len(row.Rejected)}})
	}
	if len(rows) < 2 {
		return fmt.Errorf("kto compares rows with the responses of others, and %s has %d row; two or more are expected", s.spec.Addr, len(rows))
	}
	return arrowio.Write(e.File(mismatchFile), mismatches(rows, s.limit(rows), s.seed))
}

// limit is the longest sequence of prompt, response and end token.
func (s *mismatchStage) limit(rows []lengths) int {
	longest := 0
	for _, r := range rows {
		longest = max(longest, r.tokens+max(r.response[0], r.response[1])+1)
	}
	return cmp.Or(s.spec.MaxTokens, longest)
}

// mismatches draws, for each of two or more rows, another row from all those with another prompt, and one of its responses.
func mismatches(rows []lengths, limit int, seed int64) []arrowio.Mismatch {
	order := make([]int, len(rows)) // rows of one prompt side by side
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rows[a].prompt, rows[b].prompt) })
	place, first, size := make([]int, len(rows)), map[textKey]int{}, map[textKey]int{}
	for at, i := range order {
		if _, met := first[rows[i].prompt]; !met {
			first[rows[i].prompt] = at
		}
		place[i] = at
		size[rows[i].prompt]++
	}
	random := rand.New(rand.NewPCG(uint64(seed), mismatchStream))
	out := make([]arrowio.Mismatch, len(rows))
	for i, r := range rows {
		from, without := first[r.prompt], size[r.prompt]
		if without == len(rows) { // there is no other prompt
			from, without = place[i], 1
		}
		k := random.IntN(len(rows) - without)
		if k >= from {
			k += without
		}
		other := order[k]
		side := random.IntN(2)
		if rows[other].response[side] == 0 {
			side = 1 - side
		}
		out[i] = arrowio.Mismatch{Row: r.row, Other: int64(other), Side: int32(side), Tokens: int32(min(rows[other].response[side], limit-r.tokens-1))}
	}
	return out
}
