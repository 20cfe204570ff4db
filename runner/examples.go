// Where Arrow rows meet torch batches: rows, or responses, of some data sets as random access to examples.
package runner

import (
	"fmt"
	"sync"

	"github.com/prlhf/prlhf/torch"
)

// item is one example: a row with all its responses (two, or one where the data is unpaired), one of them or none, and whose
// soft prompt it gets.
type item struct {
	rowRef
	side int // bothSides, noSide, or that of the response: 0 chosen, 1 rejected
	user int32
}

const (
	bothSides = -1
	noSide    = -2 // the policy writes the responses
)

// examples implements torch.Examples.
type examples struct {
	world     *world
	items     []item
	end       int32 // end token, put behind every response
	reference bool
	texts     bool    // users' texts are prepended
	raters    *raters // whose reward the texts get; nil where there is none
	mu        sync.Mutex

	groups     []int32 // of users 1..m, where groups are weighed
	mismatched bool    // kto: with a response of another row
}

func (x *examples) Len() int { return len(x.items) }

func (x *examples) At(i int) (torch.Example, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	it := x.items[i]
	row, ok, err := x.world.ids(it.rowRef)
	if err != nil {
		return torch.Example{}, err
	}
	if !ok {
		return torch.Example{}, fmt.Errorf("row %d was left out by the limits of length", it.row)
	}
	ex := torch.Example{Row: row.Row, User: it.user, Prompt: row.Prompt}
	if x.texts {
		ex.UserText = x.world.userTexts[x.world.user(it.rowRef)]
	}
	if x.groups != nil {
		ex.Group = x.groups[it.user-1]
	}
	if x.raters != nil && !x.raters.generic {
		ex.Rater = x.raters.of(x.world, it.rowRef)
	}
	var sides []int
	for side, ids := range [][]int32{row.Chosen, row.Rejected} {
		if (it.side == bothSides || it.side == side) && len(ids) > 0 {
			ex.Responses = append(ex.Responses, append(ids[:len(ids):len(ids)], x.end))
			sides = append(sides, side)
		}
	}
	if it.side == bothSides && len(sides) == 1 {
		ex.Desirable = []bool{sides[0] == 0}
	}
	if x.reference {
		chosen, rejected, err := x.world.ref(it.rowRef)
		if err != nil {
			return ex, err
		}
		for _, side := range sides {
			ex.Reference = append(ex.Reference, [2]float64{chosen, rejected}[side])
		}
	}
	if x.mismatched {
		ids, logp, err := x.world.mismatch(it.rowRef)
		if err != nil {
			return ex, err
		}
		ex.Mismatch, ex.MismatchReference = append(ids[:len(ids):len(ids)], x.end), logp
	}
	return ex, nil
}
