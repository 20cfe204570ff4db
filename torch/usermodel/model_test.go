//go:build libtorch

package usermodel

import (
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/tensor"
)

const (
	width = 3
	users = 4
	tu    = 2
)

func vocabulary(rows int) Vocabulary {
	v := Vocabulary{Width: width, Text: []int32{5, 1, 7}}
	for i := range rows * width {
		v.Rows = append(v.Rows, float32(i)+0.5)
	}
	return v
}

func made(t *testing.T, cfg Config, seed int64) *Model {
	t.Helper()
	cfg.Tokens = tu
	m, err := New(cfg, users, []int{2, 0, 2, 1}, vocabulary(40), here, seed)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// onThread runs body where tensors may be used.
func onThread(t *testing.T, body func(s *tensor.Scope)) {
	t.Helper()
	err := tensor.Run(func() error {
		s := tensor.NewScope()
		defer s.Close()
		body(s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// givenRows are the weights of clusters 2, 0, 2, 1, the generic user's first.
var givenRows = []float64{1. / 3, 1. / 3, 1. / 3, 0, 0, 1, 1, 0, 0, 0, 0, 1, 0, 1, 0}

// randomise overwrites the parameters and returns them by name, beside the weights that are given.
func randomise(s *tensor.Scope, m *Model) map[string][]float64 {
	rng := rand.New(rand.NewPCG(1, 1))
	out := map[string][]float64{"user_weight": givenRows}
	names, values := m.Params()
	for i, p := range values {
		v := make([]float32, p.Len())
		for j := range v {
			v[j] = float32(rng.NormFloat64())
		}
		tensor.CopyInto(p, s.FromFloats(v, here, tensor.Float32, p.Shape()...))
		out[names[i]] = p.Doubles()
	}
	return out
}

// prompt is f_im(u) by the table of design.md section 2.
func prompt(cfg Config, p map[string][]float64, u int) []float64 {
	const row = tu * width
	out := make([]float64, row)
	add := func(weight float64, from []float64) {
		for i := range out {
			out[i] += weight * from[i]
		}
	}
	embedding := p["user_embedding"]
	switch {
	case cfg.Kind == "uniform":
		add(1, embedding)
	case cfg.Kind == "individualized":
		add(1, embedding[u*row:])
		if cfg.Shared && u > 0 {
			add(1, embedding)
		}
	default:
		w := slices.Clone(p["user_weight"][u*cfg.Clusters : (u+1)*cfg.Clusters])
		if cfg.Weights == "softmax" {
			sum := 0.0
			for i := range w {
				w[i] = math.Exp(w[i])
				sum += w[i]
			}
			for i := range w {
				w[i] /= sum
			}
		}
		for k := range cfg.Clusters {
			add(w[k], p["cluster_embedding"][k*row:])
		}
	}
	return out
}

var kinds = []Config{
	{Kind: "uniform"},
	{Kind: "individualized"},
	{Kind: "individualized", Shared: true},
	{Kind: "cluster", Clusters: 3, Weights: "softmax"},
	{Kind: "cluster", Clusters: 3, Weights: "free"},
	{Kind: "cluster", Clusters: 3, Weights: "given"},
}

// Soft prompts against the formula, and their gradients against central differences of it.
func TestSoftPrompts(t *testing.T) {
	who := []int32{2, 0, 4, 2}
	for _, cfg := range kinds {
		onThread(t, func(s *tensor.Scope) {
			m := made(t, cfg, 1)
			defer m.Close()
			p := randomise(s, m)
			all := func() (out []float64) {
				for _, u := range who {
					out = append(out, prompt(cfg, p, int(u))...)
				}
				return out
			}
			y := m.SoftPrompts(s, who)
			if !slices.Equal(y.Shape(), []int64{int64(len(who) * tu), width}) {
				t.Fatalf("%+v: shape %v", cfg, y.Shape())
			}
			near(t, cfg, "soft prompts", y.Doubles(), all())
			c := make([]float32, y.Len())
			for i := range c {
				c[i] = float32(math.Sin(float64(i)))
			}
			tensor.Backward(y, s.FromFloats(c, here, tensor.Float32, y.Shape()...))
			names, values := m.Params()
			for i, name := range names {
				near(t, cfg, "gradient of "+name, s.Gradient(values[i]).Doubles(), slope(p[name], func() (sum float64) {
					for j, v := range all() {
						sum += float64(c[j]) * v
					}
					return sum
				}))
			}
		})
	}
}

// slope is d value / d x by central differences.
func slope(x []float64, value func() float64) []float64 {
	const h = 1e-5
	out := make([]float64, len(x))
	for i, at := range x {
		x[i] = at + h
		above := value()
		x[i] = at - h
		out[i] = (above - value()) / (2 * h)
		x[i] = at
	}
	return out
}

func near(t *testing.T, cfg Config, what string, got, want []float64) {
	t.Helper()
	for i := range want {
		if len(got) != len(want) || !(math.Abs(got[i]-want[i]) <= 1e-5) {
			t.Errorf("%+v: %s is %v; want %v", cfg, what, got, want)
			return
		}
	}
}

func TestStart(t *testing.T) {
	onThread(t, func(s *tensor.Scope) {
		rowsOf := func(start string, seed int64) []float32 {
			m := made(t, Config{Kind: "individualized", Start: start}, seed)
			defer m.Close()
			return m.embedding.Floats()
		}
		rows := rowsOf("vocabulary", 3)
		seen := map[int]bool{}
		for i := range (users + 1) * tu {
			v := int(rows[i*width]-0.5) / width
			if !slices.Equal(rows[i*width:(i+1)*width], vocabulary(40).Rows[v*width:(v+1)*width]) || seen[v] {
				t.Errorf("vector %d is %v; want a row of the vocabulary that no other has", i, rows[i*width:(i+1)*width])
			}
			seen[v] = true
		}
		if !slices.Equal(rows, rowsOf("vocabulary", 3)) || slices.Equal(rows, rowsOf("vocabulary", 4)) {
			t.Error("the start does not follow from the seed")
		}
		for i, v := range rowsOf("uniform", 3) {
			if v < -0.5 || v > 0.5 || v == 0 {
				t.Errorf("uniform: number %d is %g", i, v)
			}
		}
		for i, v := range rowsOf("zeros", 3) {
			if v != 0 {
				t.Errorf("zeros: number %d is %g", i, v)
			}
		}
		text := rowsOf("text", 3) // ids 5 and 1 of the text stand at T_u = 2 places of every row
		for i, v := range text {
			id := []int{5, 1}[i/width%tu]
			if want := float32(id*width+i%width) + 0.5; v != want {
				t.Errorf("text: number %d is %g; want %g", i, v, want)
			}
		}
	})
}

// A sparse table starts as a dense one does and is saved as the same file, and its rows come back one by one.
func TestSparseIsTheSameFile(t *testing.T) {
	onThread(t, func(s *tensor.Scope) {
		for _, cfg := range []Config{
			{Kind: "individualized", Start: "vocabulary"}, {Kind: "individualized", Shared: true, Start: "uniform"},
			{Kind: "individualized", Start: "zeros"}, {Kind: "individualized", Start: "text"},
			{Kind: "cluster", Clusters: 3, Weights: "softmax"}, {Kind: "cluster", Clusters: 3, Weights: "free"},
		} {
			for _, words := range []int{40, 8} { // enough for all ten vectors, and not
				dir := t.TempDir()
				var made [2]*Model
				var bytes [2][]byte
				for i := range made {
					cfg.Tokens, cfg.Sparse = tu, i == 1
					m, err := New(cfg, users, nil, vocabulary(words), here, 5)
					if err != nil {
						t.Fatal(err)
					}
					path := filepath.Join(dir, "user_model.safetensors")
					if err := m.Save(path); err != nil {
						t.Fatal(err)
					}
					bytes[i], _ = os.ReadFile(path)
					m.Close()
					if made[i], err = Load(path, cfg, users, width, here); err != nil {
						t.Fatal(err)
					}
					defer made[i].Close()
				}
				if len(bytes[0]) == 0 || string(bytes[0]) != string(bytes[1]) {
					t.Errorf("%+v, %d words: the files differ", cfg, words)
				}
				tensor.NoGrad(func() {
					who := []int32{4, 0, 3, 4}
					if got, want := made[1].SoftPrompts(s, who).Floats(), made[0].SoftPrompts(s, who).Floats(); !slices.Equal(got, want) {
						t.Errorf("%+v: soft prompts %v; want %v", cfg, got, want)
					}
				})
			}
		}
	})
}

func TestClusterWeightsStart(t *testing.T) {
	onThread(t, func(s *tensor.Scope) {
		for weights, want := range map[string][2]float64{"softmax": {0, 1}, "free": {0.5, 0.02}} {
			m, err := New(Config{Kind: "cluster", Tokens: 1, Clusters: 2, Weights: weights}, 2999, nil, vocabulary(40), here, 1)
			if err != nil {
				t.Fatal(err)
			}
			sum, squares, n := 0.0, 0.0, 6000.0
			for _, v := range m.weights.Doubles() {
				sum, squares = sum+v, squares+v*v
			}
			mean := sum / n
			std := math.Sqrt(squares/n - mean*mean)
			if math.Abs(mean-want[0]) > 0.07*want[1] || math.Abs(std/want[1]-1) > 0.05 {
				t.Errorf("%s weights: mean %.4f, deviation %.4f; want %v", weights, mean, std, want)
			}
			m.Close()
		}
	})
}

func TestNewRefuses(t *testing.T) {
	given := Config{Kind: "cluster", Tokens: 1, Clusters: 3, Weights: "given"}
	for _, c := range []struct {
		cfg      Config
		text     []int32
		clusters []int
		want     string
	}{
		{Config{Kind: "individualized", Tokens: 1, Start: "text"}, nil, nil, "no tokens"},
		{Config{Kind: "individualized", Tokens: 1, Start: "text"}, []int32{40}, nil, "token id 40"},
		{Config{Kind: "cluster", Tokens: 1}, nil, nil, "clusters is 0"},
		{given, nil, nil, "a cluster is given for 0 users; there are 4 known users"},
		{given, nil, []int{0, 1, 3, 0}, "user 3 is in cluster 3; with 3 clusters it must be one of 0 to 2"},
		{given, nil, []int{0, 1, 0, -1}, "user 4 is in cluster -1"},
	} {
		v := vocabulary(40)
		v.Text = c.text
		if m, err := New(c.cfg, users, c.clusters, v, here, 1); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, %v; want %q", c.cfg, m, err, c.want)
		}
	}
	for _, u := range []int32{-1, users + 1} {
		err := tensor.Run(func() error {
			m := made(t, kinds[1], 1)
			defer m.Close()
			s := tensor.NewScope()
			defer s.Close()
			m.SoftPrompts(s, []int32{u})
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "is not one of 0..4") {
			t.Errorf("user %d: %v", u, err)
		}
	}
}

func TestSaveAndLoad(t *testing.T) {
	onThread(t, func(s *tensor.Scope) {
		for _, cfg := range kinds {
			path := filepath.Join(t.TempDir(), "user_model.safetensors")
			m := made(t, cfg, 1)
			randomise(s, m)
			if err := m.Save(path); err != nil {
				t.Fatal(err)
			}
			back, err := Load(path, m.Config, users, width, here)
			if err != nil {
				t.Fatal(err)
			}
			if want, got := m.SoftPrompts(s, []int32{0, 3}).Floats(), back.SoftPrompts(s, []int32{0, 3}).Floats(); !slices.Equal(got, want) {
				t.Errorf("%+v: soft prompts come back as %v; want %v", cfg, got, want)
			}
			if got, _ := back.Params(); cfg.Weights == "given" && !slices.Equal(got, []string{clustersName}) {
				t.Errorf("given weights: %v are trained; want the clusters' embeddings alone", got)
			}
			_, err = Load(path, m.Config, users+1, width, here)
			if cfg.Kind != "uniform" && (err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "of 5 users")) {
				t.Errorf("%+v: a file of fewer users: %v", cfg, err)
			}
			if err := os.Truncate(path, 40); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(path, m.Config, users, width, here); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%+v: a file that is cut off: %v", cfg, err)
			}
			m.Close()
			back.Close()
		}
	})
}
