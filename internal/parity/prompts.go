//go:build libtorch

package main

import (
	"path/filepath"

	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// checkPrompts compares the soft prompts of all users, 0 included.
func (x *experiment) checkPrompts(c *comparison) error {
	recorded, err := safetensors.Open(filepath.Join(x.dir, "tensors.safetensors"))
	if err != nil {
		return err
	}
	defer recorded.Close()
	want, err := tensorOf(recorded, "user_prompts")
	if err != nil {
		return err
	}
	return tensor.Run(func() error {
		m, err := usermodel.Load(filepath.Join(x.policy, "user_model.safetensors"), x.userModel(), x.Users, x.shape.Width, x.place.place)
		if err != nil {
			return err
		}
		defer m.Close()
		s := tensor.NewScope()
		defer s.Close()
		var users []int32
		for u := range x.Users + 1 {
			users = append(users, int32(u))
		}
		got := m.SoftPrompts(s, users).Floats()
		if len(got) != len(want) {
			c.problem("%d numbers, expected %d", len(got), len(want))
			return nil
		}
		c.measure("soft prompts of all users", 1e-6, worstOf(got, want), "all users")
		return nil
	})
}
