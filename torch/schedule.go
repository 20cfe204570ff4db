package torch

import (
	"math"
	"math/rand/v2"
)

// factor is what the learning rate is multiplied by after `done` of `total` optimizer steps. The definitions are those of
// transformers (get_cosine_schedule_with_warmup and so on), in which the first of w warm-up steps has rate 0.
func (o Optimizer) factor(done, total int) float64 {
	if done < o.WarmupSteps {
		return float64(done) / float64(o.WarmupSteps)
	}
	progress := float64(done-o.WarmupSteps) / float64(max(1, total-o.WarmupSteps))
	switch o.Schedule {
	case "cosine":
		return 0.5 * (1 + math.Cos(math.Pi*min(progress, 1)))
	case "linear":
		return max(0, 1-progress)
	}
	return 1
}

// order deals rows to steps: every epoch visits each row once, in an order that depends on seed and epoch alone.
type order struct {
	rows    int
	seed    int64
	inOrder bool
	epoch   int
	perm    []int
}

// batch is the rows of an optimizer step (counted from 0); a batch may reach into the next epoch.
func (o *order) batch(step, size int) []int {
	out := make([]int, size)
	for j := range out {
		at := step*size + j
		epoch, i := at/o.rows, at%o.rows
		if o.inOrder {
			out[j] = i
			continue
		}
		if o.perm == nil || epoch != o.epoch {
			o.perm = rand.New(rand.NewPCG(uint64(o.seed), uint64(epoch))).Perm(o.rows)
			o.epoch = epoch
		}
		out[j] = o.perm[i]
	}
	return out
}
