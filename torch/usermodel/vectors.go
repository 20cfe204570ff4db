package usermodel

import (
	"fmt"
	"math"
	"slices"

	"github.com/prlhf/prlhf/torch/safetensors"
)

// Vectors is f_im of a trained policy's users as plain numbers, read by memory map from user_model.safetensors
// (docs/formats.md) without libtorch: user 0 is the generic user, users 1..Users the known ones. Close unmaps the file.
type Vectors struct {
	Config
	Users int // m
	Width int // T_u * d, the length of a user's vectors one after the other

	file      *safetensors.File
	embedding safetensors.Tensor // individualized: [1 + m, T_u, d]
	weights   safetensors.Tensor // cluster: [1 + m, K]
	clusters  [][]float32        // cluster: K of [T_u * d]
}

// OpenVectors opens the user model of m users that cfg describes. Uniform ones have no users to tell apart.
func OpenVectors(path string, cfg Config, users int) (*Vectors, error) {
	if !cfg.Personal() {
		return nil, fmt.Errorf("%s: a user model of kind %q with %d tokens has one soft prompt for everybody", path, cfg.Kind, cfg.Tokens)
	}
	file, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	v := &Vectors{Config: cfg, Users: users, file: file}
	if err := v.read(); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return v, nil
}

// Close unmaps the file.
func (v *Vectors) Close() error { return v.file.Close() }

func (v *Vectors) read() (err error) {
	rows, t := int64(v.Users)+1, int64(v.Tokens)
	if v.Kind == "individualized" {
		v.embedding, err = v.tensor("user_embedding", rows, t, -1)
		if err == nil {
			v.Width = int(t * v.embedding.Shape[2])
		}
		return err
	}
	if v.weights, err = v.tensor("user_weight", rows, int64(v.Clusters)); err != nil {
		return err
	}
	clusters, err := v.tensor("cluster_embedding", int64(v.Clusters), t, -1)
	if err != nil {
		return err
	}
	v.Width = int(t * clusters.Shape[2])
	for k := range v.Clusters {
		v.clusters = append(v.clusters, numbersOf(clusters, k, 0, v.Width))
	}
	return nil
}

// tensor returns an F32 tensor of this shape; -1 stands for any length above 0.
func (v *Vectors) tensor(name string, shape ...int64) (safetensors.Tensor, error) {
	t, ok := v.file.Tensor(name)
	if !ok {
		return t, fmt.Errorf("%s is missing; a user model of kind %q has it", name, v.Kind)
	}
	same := slices.EqualFunc(t.Shape, shape, func(got, want int64) bool { return got == want || want < 0 && got > 0 })
	if !same || t.DType != "F32" {
		return t, fmt.Errorf("%s is %s of shape %v; F32 of shape %v is expected (-1: any)", name, t.DType, t.Shape, shape)
	}
	return t, nil
}

// numbersOf reads numbers from..to of row i of an F32 tensor.
func numbersOf(t safetensors.Tensor, i, from, to int) []float32 {
	const size = 4
	row := t.Data[i*len(t.Data)/int(t.Shape[0]):]
	numbers, err := safetensors.Float32s(safetensors.Tensor{Name: t.Name, DType: t.DType, Data: row[from*size : to*size]})
	if err != nil {
		panic(err) // the type was checked when the file was opened
	}
	return numbers
}

// Weights are the shares that the clusters have in a user's vector, [K]: a softmax, or the free or given weights as they
// are. nil where the user model has no clusters.
func (v *Vectors) Weights(user int32) []float64 {
	if v.Kind != "cluster" {
		return nil
	}
	row := numbersOf(v.weights, int(user), 0, v.Clusters)
	weights := make([]float64, len(row))
	if v.Config.Weights == "free" || v.Config.Weights == "given" {
		for k, w := range row {
			weights[k] = float64(w)
		}
		return weights
	}
	largest, sum := float64(slices.Max(row)), 0.0
	for k, w := range row {
		weights[k] = math.Exp(float64(w) - largest)
		sum += weights[k]
	}
	for k := range weights {
		weights[k] /= sum
	}
	return weights
}

// Offset is f_im(user) - f_im(0), the T_u vectors one after the other: [Width].
func (v *Vectors) Offset(user int32) []float64 {
	offset := make([]float64, v.Width)
	v.offset(user, 0, offset)
	return offset
}

// offset fills a stretch of a user's offset that begins at from.
func (v *Vectors) offset(user int32, from int, offset []float64) {
	clear(offset)
	to := from + len(offset)
	if user == 0 {
		return
	}
	if v.Kind == "cluster" {
		own, generic := v.Weights(user), v.Weights(0)
		for k, vector := range v.clusters {
			share := own[k] - generic[k]
			for j, x := range vector[from:to] {
				offset[j] += share * float64(x)
			}
		}
		return
	}
	for j, x := range numbersOf(v.embedding, int(user), from, to) {
		offset[j] = float64(x)
	}
	if !v.Shared { // e_u - e_0; where e_0 is shared, the row is the offset itself
		for j, x := range numbersOf(v.embedding, 0, from, to) {
			offset[j] -= float64(x)
		}
	}
}
