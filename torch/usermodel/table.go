//go:build libtorch

package usermodel

import (
	"fmt"
	"maps"
	"slices"

	"github.com/prlhf/prlhf/torch/tensor"
)

// Table is the rows of users on the host, of which a step trains those that it touches: its cost depends on their number
// and not on the table's. The rows of a step are copied to the device, as one leaf that all micro-batches share; Update
// writes them back. Rows that were never touched are what they started as and take no memory of their own.
//
// The optimizer is lazy AdamW, which is another than AdamW: a row's moments and its decay move in the steps that touch it
// and no others, and its bias correction counts those steps. Where every row is in every step the two are equal.
type Table struct {
	Name    string
	shape   []int64 // of one row
	rows    int     // 1 + m
	first   int     // rows before it are not trained
	start   values
	place   tensor.Place
	touched map[int32]*trainedRow

	leaf *tensor.Tensor // [n, shape...], the rows of the step under way; nil: none
	ids  []int32        // which rows they are, ascending
	held *tensor.Scope  // of leaf; nil: none
}

// trainedRow is a row that differs from its start, with AdamW's moments.
type trainedRow struct {
	value, m, v []float32
	steps       int64 // that touched it
}

func newTable(name string, rows int, shape []int64, start values, place tensor.Place) *Table {
	return &Table{Name: name, shape: shape, rows: rows, start: start, place: place, touched: map[int32]*trainedRow{}}
}

// drop ends the step under way.
func (t *Table) drop() {
	if t.held != nil {
		t.held.Close()
	}
	t.leaf, t.ids, t.held = nil, nil, nil
}

// width is the number of numbers in a row.
func (t *Table) width() int {
	n := 1
	for _, d := range t.shape {
		n *= int(d)
	}
	return n
}

// Len is the number of trained numbers.
func (t *Table) Len() int { return (t.rows - t.first) * t.width() }

// Touch begins a step on the rows of users, and on that of the generic user, which is in every soft prompt's step. Rows
// of an earlier step that was not taken are dropped with their gradients.
func (t *Table) Touch(users []int32) {
	t.drop()
	checkUsers(users, t.rows-1)
	t.ids = slices.Clone(users)
	if len(users) > 0 {
		t.ids = append(t.ids, 0)
	}
	slices.Sort(t.ids)
	t.ids = slices.DeleteFunc(slices.Compact(t.ids), func(id int32) bool { return int(id) < t.first })
	if len(t.ids) == 0 {
		return
	}
	s := tensor.NewScope()
	defer s.Close()
	t.held = tensor.NewScope()
	t.leaf = t.held.Parameter(t.values(s, t.ids))
}

// Leaf is the rows of the step under way, where backward leaves their gradient; nil: none.
func (t *Table) Leaf() *tensor.Tensor { return t.leaf }

// Update takes the step: adamw changes rows [n, ...] and their moments, given the number of the step for each row. It ends
// the step.
func (t *Table) Update(adamw func(rows, m, v *tensor.Tensor, steps []int64)) {
	if t.leaf == nil {
		return
	}
	s := tensor.NewScope()
	defer s.Close()
	w := t.width()
	steps, first, second := make([]int64, len(t.ids)), make([]float32, len(t.ids)*w), make([]float32, len(t.ids)*w)
	for i, id := range t.ids {
		steps[i] = 1
		if r := t.touched[id]; r != nil {
			steps[i] = r.steps + 1
			copy(first[i*w:], r.m)
			copy(second[i*w:], r.v)
		}
	}
	m, v := t.onDevice(s, first), t.onDevice(s, second)
	adamw(t.leaf, m, v, steps)
	t.keep(steps, t.leaf.Floats(), m.Floats(), v.Floats())
	t.drop()
}

// keep writes the rows of the step under way and their moments into the table.
func (t *Table) keep(steps []int64, value, m, v []float32) {
	w := t.width()
	for i, id := range t.ids {
		r := t.touched[id]
		if r == nil {
			r = &trainedRow{value: make([]float32, w), m: make([]float32, w), v: make([]float32, w)}
			t.touched[id] = r
		}
		r.steps = steps[i]
		copy(r.value, value[i*w:])
		copy(r.m, m[i*w:])
		copy(r.v, v[i*w:])
	}
}

// pick is the rows of users in turn: [n, shape...]. While operations are recorded they are parts of the step's leaf, so
// that they get a gradient; rows that are not trained never do.
func (t *Table) pick(s *tensor.Scope, users []int32) *tensor.Tensor {
	fixed := !slices.ContainsFunc(users, func(u int32) bool { return int(u) >= t.first })
	if !tensor.Recording() || fixed {
		return t.values(s, users)
	}
	index := make([]int64, len(users))
	for i, u := range users {
		at, ok := slices.BinarySearch(t.ids, u)
		if !ok {
			panic(tensor.Fault{Op: "soft prompt", Message: fmt.Sprintf("user %d is not among the users of this step", u)})
		}
		index[i] = int64(at)
	}
	return s.Rows(t.leaf, s.FromInts(index, t.place))
}

// values copies rows to the device.
func (t *Table) values(s *tensor.Scope, ids []int32) *tensor.Tensor {
	w := t.width()
	out := make([]float32, len(ids)*w)
	for i, id := range ids {
		t.row(id, out[i*w:(i+1)*w])
	}
	return t.onDevice(s, out)
}

func (t *Table) onDevice(s *tensor.Scope, numbers []float32) *tensor.Tensor {
	return s.FromFloats(numbers, t.place, tensor.Float32, append([]int64{int64(len(numbers) / t.width())}, t.shape...)...)
}

// row copies a row as it stands.
func (t *Table) row(id int32, into []float32) {
	if r := t.touched[id]; r != nil {
		copy(into, r.value)
		return
	}
	t.start.row(int(id), into)
}

// Floats is the whole table; its cost grows with the number of users.
func (t *Table) Floats() []float32 {
	out, w := t.start.all(), t.width()
	if len(t.touched) > 0 {
		out = slices.Clone(out)
	}
	for id, r := range t.touched {
		copy(out[int(id)*w:], r.value)
	}
	return out
}

// SetFloats overwrites every row and leaves moments as they are. A checkpoint does not have the values of rows that no
// step has touched since.
func (t *Table) SetFloats(numbers []float32) error {
	if len(numbers) != t.rows*t.width() {
		return fmt.Errorf("%s has %d rows of %v, %d numbers here", t.Name, t.rows, t.shape, len(numbers))
	}
	t.drop()
	t.start = whole(slices.Clone(numbers))
	w := t.width()
	for id, r := range t.touched {
		copy(r.value, numbers[int(id)*w:])
	}
	return nil
}

// Gradient is what backward left in the rows of the step under way, in a table of the whole's shape.
func (t *Table) Gradient() []float32 {
	w := t.width()
	out := make([]float32, t.rows*w)
	if t.leaf == nil {
		return out
	}
	s := tensor.NewScope()
	defer s.Close()
	g := s.Gradient(t.leaf).Floats()
	for i, id := range t.ids {
		copy(out[int(id)*w:], g[i*w:(i+1)*w])
	}
	return out
}

// sorted lists the rows that steps have touched.
func (t *Table) sorted() []int32 { return slices.Sorted(maps.Keys(t.touched)) }
