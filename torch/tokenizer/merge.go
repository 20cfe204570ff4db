// Merging the symbols of one word, in place.
package tokenizer

import "container/heap"

// scanLimit is the number of symbols up to which looking at every pair for each merge beats a heap.
const scanLimit = 40

// mergeAll merges symbols in place and returns how many are left.
func (m *model) mergeAll(symbols []int32) int {
	if len(symbols) <= scanLimit {
		return m.mergeByScan(symbols)
	}
	return m.mergeByHeap(symbols)
}

func (m *model) mergeByScan(symbols []int32) int {
	n := len(symbols)
	if n < 2 {
		return n
	}
	var pairs [scanLimit]merge // what symbols i and i+1 become; id none: nothing
	for i := range n - 1 {
		pairs[i] = m.pair(symbols[i], symbols[i+1])
	}
	for n > 1 {
		best := -1
		for i, p := range pairs[:n-1] {
			if p.id != none && (best < 0 || p.rank < pairs[best].rank) {
				best = i
			}
		}
		if best < 0 {
			break
		}
		symbols[best] = pairs[best].id
		copy(symbols[best+1:n], symbols[best+2:n])
		copy(pairs[best:n-1], pairs[best+1:n-1])
		n--
		if best > 0 {
			pairs[best-1] = m.pair(symbols[best-1], symbols[best])
		}
		if best < n-1 {
			pairs[best] = m.pair(symbols[best], symbols[best+1])
		}
	}
	return n
}

func (m *model) pair(left, right int32) merge {
	if found, ok := m.merges[pairKey(left, right)]; ok {
		return found
	}
	return merge{id: none}
}

// candidate is a pair that could be merged when it was pushed: the symbol at position at and the one after it.
type candidate struct {
	merge
	at int
}

type candidates []candidate

func (c candidates) Len() int { return len(c) }
func (c candidates) Less(i, j int) bool {
	return c[i].rank < c[j].rank || c[i].rank == c[j].rank && c[i].at < c[j].at
}
func (c candidates) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *candidates) Push(x any)   { *c = append(*c, x.(candidate)) }
func (c *candidates) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}

// mergeByHeap keeps the symbols in a linked list and the pairs in a heap; pairs whose symbols have changed since are dropped when
// they come up.
func (m *model) mergeByHeap(symbols []int32) int {
	n := len(symbols)
	next, previous := make([]int, n), make([]int, n)
	var queue candidates
	for i := range n {
		previous[i], next[i] = i-1, i+1
		if i+1 < n {
			if p := m.pair(symbols[i], symbols[i+1]); p.id != none {
				queue = append(queue, candidate{p, i})
			}
		}
	}
	heap.Init(&queue)
	push := func(left, right int) {
		if p := m.pair(symbols[left], symbols[right]); p.id != none {
			heap.Push(&queue, candidate{p, left})
		}
	}
	left := n
	for len(queue) > 0 {
		top := heap.Pop(&queue).(candidate)
		at := top.at
		if symbols[at] == none || next[at] >= n || m.pair(symbols[at], symbols[next[at]]) != top.merge {
			continue
		}
		gone := next[at]
		symbols[at], symbols[gone] = top.id, none
		next[at] = next[gone]
		left--
		if next[at] < n {
			previous[next[at]] = at
			push(at, next[at])
		}
		if previous[at] >= 0 {
			push(previous[at], at)
		}
	}
	kept := symbols[:0]
	for _, id := range symbols {
		if id != none {
			kept = append(kept, id)
		}
	}
	return left
}
