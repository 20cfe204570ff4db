// Where Arrow rows meet torch batches: rows, or responses, of some data sets as random access to examples.
package runner

import (
	"fmt"
	"sync"

	"github.com/prlhf/prlhf/torch"
)

// item is one example: a row with all its responses (side -1), two or, unpaired, one; or with that of a side. And whose soft
// prompt it gets.
type item struct {
	rowRef
	side int
	user int32
}

// examples implements torch.Examples.
type examples struct {
	world     *world
	items     []item
	end       int32 // end token, put behind every response
	reference bool
	mu        sync.Mutex
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
	var sides []int
	for side, ids := range [][]int32{row.Chosen, row.Rejected} {
		if (it.side < 0 || it.side == side) && len(ids) > 0 {
			ex.Responses = append(ex.Responses, append(ids[:len(ids):len(ids)], x.end))
			sides = append(sides, side)
		}
	}
	if it.side < 0 && len(sides) == 1 {
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
	return ex, nil
}
