//go:build libtorch

package usermodel

// What a checkpoint holds of a table: the rows that steps have touched. The others follow from the seed.

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
)

// State is the rows that differ from their start, with AdamW's moments or without.
func (t *Table) State(moments bool) []safetensors.Tensor {
	ids := t.sorted()
	var rows, steps []int64
	var value, m, v []float32
	for _, id := range ids {
		r := t.touched[id]
		rows, steps = append(rows, int64(id)), append(steps, r.steps)
		value = append(value, r.value...)
		if moments {
			m, v = append(m, r.m...), append(v, r.v...)
		}
	}
	out := []safetensors.Tensor{fromInts("rows.id", rows), fromInts("rows.steps", steps), t.fromRows("rows.value", value)}
	if moments {
		out = append(out, t.fromRows("rows.m", m), t.fromRows("rows.v", v))
	}
	return out
}

func (t *Table) fromRows(name string, numbers []float32) safetensors.Tensor {
	return safetensors.FromFloat32s(name, append([]int64{int64(len(numbers) / t.width())}, t.shape...), numbers)
}

func fromInts(name string, numbers []int64) safetensors.Tensor {
	var data []byte
	for _, n := range numbers {
		data = binary.LittleEndian.AppendUint64(data, uint64(n))
	}
	return safetensors.Tensor{Name: name, DType: "I64", Shape: []int64{int64(len(numbers))}, Data: data}
}

// SetState replaces the rows that differ from their start by those of a file that State was written to. A file that does
// not fit is refused, and the table left as it was.
func (t *Table) SetState(f *safetensors.File, moments bool) error {
	ids, err := ints(f, "rows.id")
	steps, err2 := ints(f, "rows.steps")
	if err != nil || err2 != nil || len(steps) != len(ids) {
		return fmt.Errorf("the rows of users do not fit this run")
	}
	parts := map[string][]float32{}
	for _, name := range []string{"rows.value", "rows.m", "rows.v"} {
		if name != "rows.value" && !moments {
			parts[name] = make([]float32, len(ids)*t.width())
			continue
		}
		x, ok := f.Tensor(name)
		if !ok || !slices.Equal(x.Shape, append([]int64{int64(len(ids))}, t.shape...)) {
			return fmt.Errorf("%s does not fit this run", name)
		}
		if parts[name], err = safetensors.Float32s(x); err != nil {
			return err
		}
	}
	for _, id := range ids {
		if id < int64(t.first) || id >= int64(t.rows) {
			return fmt.Errorf("row %d does not fit this run", id)
		}
	}
	t.drop()
	clear(t.touched)
	for _, id := range ids {
		t.ids = append(t.ids, int32(id))
	}
	t.keep(steps, parts["rows.value"], parts["rows.m"], parts["rows.v"])
	t.ids = nil
	return nil
}

func ints(f *safetensors.File, name string) ([]int64, error) {
	x, ok := f.Tensor(name)
	if !ok || x.DType != "I64" || len(x.Shape) != 1 {
		return nil, fmt.Errorf("%s is missing", name)
	}
	out := make([]int64, len(x.Data)/8)
	for i := range out {
		out[i] = int64(binary.LittleEndian.Uint64(x.Data[8*i:]))
	}
	return out, nil
}
