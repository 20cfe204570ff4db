package usermodel

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/safetensors"
)

// written is a file of user parameters; numbers are the tensors' in the order of names.
func written(t testing.TB, tensors ...safetensors.Tensor) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "user_model.safetensors")
	if err := safetensors.Write(path, tensors, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

func opened(t testing.TB, path string, cfg Config, users int) *Vectors {
	t.Helper()
	v, err := OpenVectors(path, cfg, users)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { v.Close() })
	return v
}

func embedding(rows int64, numbers ...float32) safetensors.Tensor {
	return safetensors.FromFloat32s("user_embedding", []int64{rows, 2, int64(len(numbers)) / rows / 2}, numbers)
}

func clusterTensors(weights []float32) []safetensors.Tensor {
	return []safetensors.Tensor{
		safetensors.FromFloat32s("cluster_embedding", []int64{2, 2, 1}, []float32{1, 2, 10, 20}),
		safetensors.FromFloat32s("user_weight", []int64{3, 2}, weights),
	}
}

// Two users, T_u = 2: offsets from user 0 by hand.
func TestOffsets(t *testing.T) {
	log := float32(math.Log(3)) // softmax of (log 3, 0) is (3/4, 1/4)
	for _, test := range []struct {
		name    string
		cfg     Config
		tensors []safetensors.Tensor
		want    [3][]float64
		weights []float64 // of user 2
	}{
		{"shared: the row is the offset", Config{Kind: "individualized", Tokens: 2, Shared: true},
			[]safetensors.Tensor{embedding(3, 5, 6, 1, 2, -3, 4)}, [3][]float64{{0, 0}, {1, 2}, {-3, 4}}, nil},
		{"not shared: the row is the vector", Config{Kind: "individualized", Tokens: 2},
			[]safetensors.Tensor{embedding(3, 5, 6, 1, 2, -3, 4)}, [3][]float64{{0, 0}, {-4, -4}, {-8, -2}}, nil},
		{"softmax", Config{Kind: "cluster", Tokens: 2, Clusters: 2, Weights: "softmax"},
			clusterTensors([]float32{0, 0, log, 0, 0, log}), [3][]float64{{0, 0}, {-2.25, -4.5}, {2.25, 4.5}}, []float64{0.25, 0.75}},
		{"softmax by default", Config{Kind: "cluster", Tokens: 2, Clusters: 2},
			clusterTensors([]float32{0, 0, log, 0, 0, log}), [3][]float64{{0, 0}, {-2.25, -4.5}, {2.25, 4.5}}, []float64{0.25, 0.75}},
		{"free", Config{Kind: "cluster", Tokens: 2, Clusters: 2, Weights: "free"},
			clusterTensors([]float32{0.5, 0.5, 1, 0, -1, 2}), [3][]float64{{0, 0}, {-4.5, -9}, {13.5, 27}}, []float64{-1, 2}},
		{"given", Config{Kind: "cluster", Tokens: 2, Clusters: 2, Weights: "given"},
			clusterTensors([]float32{0.5, 0.5, 1, 0, 0, 1}), [3][]float64{{0, 0}, {-4.5, -9}, {4.5, 9}}, []float64{0, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := opened(t, written(t, test.tensors...), test.cfg, 2)
			for user, want := range test.want {
				for j, x := range v.Offset(int32(user)) {
					if math.Abs(x-want[j]) > 1e-6 {
						t.Errorf("user %d is %v from user 0; want %v", user, v.Offset(int32(user)), want)
					}
				}
			}
			got := v.Weights(2)
			if !slices.EqualFunc(got, test.weights, func(a, b float64) bool { return math.Abs(a-b) < 1e-7 }) {
				t.Errorf("weights %v; want %v", got, test.weights)
			}
		})
	}
}

func TestOpenVectorsRefuses(t *testing.T) {
	individual, cluster := Config{Kind: "individualized", Tokens: 2}, Config{Kind: "cluster", Tokens: 2, Clusters: 2}
	half := embedding(3, 1, 2, 3, 4, 5, 6)
	half.DType, half.Data = "F16", half.Data[:len(half.Data)/2]
	for _, test := range []struct {
		name    string
		cfg     Config
		tensors []safetensors.Tensor
		says    string
	}{
		{"uniform", Config{Kind: "uniform", Tokens: 2}, []safetensors.Tensor{embedding(1, 1, 2)}, "one soft prompt for everybody"},
		{"no tokens", Config{Kind: "individualized"}, []safetensors.Tensor{embedding(3, 1, 2, 3, 4, 5, 6)}, "one soft prompt for everybody"},
		{"another kind", individual, clusterTensors([]float32{0, 0, 0, 0, 0, 0}), "user_embedding is missing"},
		{"other users", individual, []safetensors.Tensor{embedding(2, 1, 2, 3, 4)}, "user_embedding is F32 of shape [2 2 1]; F32 of shape [3 2 -1]"},
		{"other clusters", Config{Kind: "cluster", Tokens: 2, Clusters: 3}, clusterTensors([]float32{0, 0, 0, 0, 0, 0}), "user_weight is F32 of shape [3 2]"},
		{"no clusters", cluster, clusterTensors([]float32{0, 0, 0, 0, 0, 0})[1:], "cluster_embedding is missing"},
		{"another type", individual, []safetensors.Tensor{half}, "user_embedding is F16"},
	} {
		path := written(t, test.tensors...)
		if _, err := OpenVectors(path, test.cfg, 2); err == nil || !strings.Contains(err.Error(), test.says) || !strings.HasPrefix(err.Error(), path) {
			t.Errorf("%s: %v; want it to say %s", test.name, err, test.says)
		}
	}
	if _, err := OpenVectors(filepath.Join(t.TempDir(), "absent"), individual, 2); err == nil {
		t.Error("an absent file gives no error")
	}
}
