// Where Arrow rows meet torch batches: rows, or responses, of some data sets as random access to examples.
package runner

import (
	"fmt"
	"sync"

	"github.com/prlhf/prlhf/torch"
)

// item is one example: a row with both responses (side -1) or with one of them, and whose soft prompt it gets.
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
	texts     bool // users' texts are prepended
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
	if x.texts {
		ex.UserText = x.world.userTexts[x.world.user(it.rowRef)]
	}
	for side, ids := range [][]int32{row.Chosen, row.Rejected} {
		if it.side < 0 || it.side == side {
			ex.Responses = append(ex.Responses, append(ids[:len(ids):len(ids)], x.end))
		}
	}
	if x.reference {
		chosen, rejected, err := x.world.ref(it.rowRef)
		if err != nil {
			return ex, err
		}
		ex.Reference = []float64{chosen, rejected}
	}
	return ex, nil
}
