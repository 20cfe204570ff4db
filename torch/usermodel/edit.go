package usermodel

import (
	"fmt"

	"github.com/prlhf/prlhf/torch/safetensors"
)

// Names of the tensors in user_model.safetensors.
const (
	embeddingName = "user_embedding"    // [rows, T_u, d]; rows: 1 (uniform) or 1 + m
	clustersName  = "cluster_embedding" // [K, T_u, d]
	weightsName   = "user_weight"       // [1 + m, K]
)

// Erase copies user_model.safetensors with the rows of some users (1..m) overwritten, so that they are user 0 from then on: an
// offset becomes zero, and a vector of their own or cluster weights become those of user 0.
func Erase(from, to string, cfg Config, users []int32) error {
	return edit(from, to, cfg, func(t safetensors.Tensor) (safetensors.Tensor, error) {
		data, per := append([]byte{}, t.Data...), len(t.Data)/int(t.Shape[0])
		for _, u := range users {
			if u < 1 || int64(u) >= t.Shape[0] {
				return t, fmt.Errorf("user %d is not one of 1..%d", u, t.Shape[0]-1)
			}
			row := data[int(u)*per : (int(u)+1)*per]
			copy(row, data[:per])
			if cfg.Kind == "individualized" && cfg.Shared {
				clear(row)
			}
		}
		t.Data = data
		return t, nil
	})
}

// Select copies user_model.safetensors with the rows of user 0 and of some users (1..m), who become users 1, 2, ...
func Select(from, to string, cfg Config, users []int32) error {
	return edit(from, to, cfg, func(t safetensors.Tensor) (safetensors.Tensor, error) {
		per := len(t.Data) / int(t.Shape[0])
		data := append([]byte{}, t.Data[:per]...)
		for _, u := range users {
			if u < 1 || int64(u) >= t.Shape[0] {
				return t, fmt.Errorf("user %d is not one of 1..%d", u, t.Shape[0]-1)
			}
			data = append(data, t.Data[int(u)*per:(int(u)+1)*per]...)
		}
		t.Shape, t.Data = append([]int64{int64(len(users)) + 1}, t.Shape[1:]...), data
		return t, nil
	})
}

// edit changes the tensor that has a row per user, of a user model that has one.
func edit(from, to string, cfg Config, change func(safetensors.Tensor) (safetensors.Tensor, error)) error {
	f, err := safetensors.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	perUser := map[string]string{"individualized": embeddingName, "cluster": weightsName}[cfg.Kind]
	var tensors []safetensors.Tensor
	for _, name := range f.Names() {
		t, _ := f.Tensor(name)
		if name == perUser {
			if len(t.Shape) < 2 || t.Shape[0] < 1 {
				return fmt.Errorf("%s: %s has shape %v; a row per user is expected", from, name, t.Shape)
			}
			if t, err = change(t); err != nil {
				return fmt.Errorf("%s: %w", from, err)
			}
		}
		tensors = append(tensors, t)
	}
	return safetensors.Write(to, tensors, f.Metadata())
}
