//go:build libtorch

package lm_test

// What the tests of the network share: models of all families, packed batches, log-probs and gradients on the host.

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/tensor"
)

// shapes are the models under test: every family, and those with attention windows once more.
func shapes(t *testing.T) map[string]lm.Config {
	all := map[string]lm.Config{}
	for _, family := range lmtest.Families {
		all[family] = lmtest.Config(t, family)
	}
	for family, windows := range map[string][]int{"mistral": {4, 4}, "qwen2": {0, 4}, "gpt_neo": {0, 4}} {
		c := lmtest.Config(t, family)
		c.Windows = windows
		all[family+" with windows"] = c
	}
	return all
}

// eachShape runs body with a folder of every shape.
func eachShape(t *testing.T, body func(t *testing.T, dir string)) {
	for name, c := range shapes(t) {
		t.Run(name, func(t *testing.T) { body(t, lmtest.Write(t, c, 7)) })
	}
}

// withModel loads a model and runs body on it.
func withModel(t *testing.T, dir string, o lm.Options, body func(s *tensor.Scope, m *lm.Model)) {
	t.Helper()
	o.Place = lmtest.Here
	if o.DType == 0 {
		o.DType = tensor.Float32
	}
	err := tensor.Run(func() error {
		m, err := lm.Load(dir, o)
		if err != nil {
			return err
		}
		defer m.Close()
		s := tensor.NewScope()
		defer s.Close()
		body(s, m)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

const soft = 2 // vectors per soft prompt in the tests' groups

// groups are three comparisons of different lengths; the second has no soft prompt.
func groups() []lm.Group {
	return []lm.Group{
		{BOS: lmtest.BOS, Soft: soft, UserText: lmtest.IDs(1, 2), Prompt: lmtest.IDs(2, 4), Responses: [][]int32{lmtest.IDs(3, 6), lmtest.IDs(4, 1)}},
		{BOS: lmtest.BOS, Prompt: lmtest.IDs(5, 3), Responses: [][]int32{lmtest.IDs(6, 2), lmtest.IDs(7, 7)}},
		{BOS: -1, Soft: soft, Prompt: lmtest.IDs(8, 5), Responses: [][]int32{lmtest.IDs(9, 4), lmtest.IDs(10, 4)}},
	}
}

// softRows are the soft prompts of groups, [n * soft, width]; group i always has the same vectors.
func softRows(all []lm.Group, width int) []float32 {
	var rows []float32
	for _, g := range all {
		if g.Soft == 0 {
			continue
		}
		rng := rand.New(rand.NewPCG(uint64(g.Prompt[0]), 77))
		for range g.Soft * width {
			rows = append(rows, float32(rng.NormFloat64()))
		}
	}
	return rows
}

// result is what a forward and backward pass over groups gives.
type result struct {
	logps []float64
	grads map[string][]float64 // of trained weights, and of "soft"
}

// forward packs the groups and returns the log-prob of every target.
func forward(s *tensor.Scope, m *lm.Model, mode lm.Mode, all ...lm.Group) (y, softParam *tensor.Tensor) {
	var b lm.Batch
	for _, g := range all {
		b.Add(g)
	}
	if rows := softRows(all, m.Width); len(rows) > 0 {
		softParam = s.Parameter(s.FromFloats(rows, lmtest.Here, tensor.Float32, int64(len(rows)/m.Width), int64(m.Width)))
	}
	return m.ResponseLogps(s, &b, m.Hidden(s, &b, softParam, mode, nil)), softParam
}

func logps(m *lm.Model, mode lm.Mode, all ...lm.Group) []float64 {
	s := tensor.NewScope()
	defer s.Close()
	var out []float64
	tensor.NoGrad(func() {
		y, _ := forward(s, m, mode, all...)
		out = y.Doubles()
	})
	return out
}

// run is forward and backward of sum over targets of coefficient * log-prob; the coefficients follow from the target's
// place in its response and the group's prompt, so that they do not depend on the packing.
func run(m *lm.Model, all ...lm.Group) result {
	s := tensor.NewScope()
	defer s.Close()
	var values []*tensor.Tensor
	for _, p := range m.Params() {
		values = append(values, p.Value)
	}
	tensor.ZeroGrads(values)
	y, softParam := forward(s, m, lm.Mode{}, all...)
	var c []float32
	for _, g := range all {
		for _, r := range g.Responses {
			for j, id := range r {
				c = append(c, float32(math.Sin(float64(3*j+int(id)+int(g.Prompt[0])))))
			}
		}
	}
	tensor.Backward(y, s.FromFloats(c, lmtest.Here, tensor.Float32, int64(len(c))))
	out := result{logps: y.Doubles(), grads: map[string][]float64{}}
	for _, p := range m.Params() {
		out.grads[p.Name] = s.Gradient(p.Value).Doubles()
	}
	if softParam != nil {
		out.grads["soft"] = s.Gradient(softParam).Doubles()
	}
	return out
}

// near fails when two vectors differ by more than tol of the largest number wanted (at least 1).
func near(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers; want %d", what, len(got), len(want))
	}
	if d := distance(got, want); !(d <= tol) {
		t.Errorf("%s: differs by %.2g of the largest number; allowed %.2g", what, d, tol)
	}
}

func distance(got, want []float64) float64 {
	largest, worst := 1.0, 0.0
	for i := range want {
		largest = max(largest, math.Abs(want[i]))
		worst = max(worst, math.Abs(got[i]-want[i])) // max keeps NaN
	}
	return worst / largest
}

// nearGrads compares the gradients of all weights; none of them may be zero throughout, or the test would show nothing.
func nearGrads(t *testing.T, got, want map[string][]float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d gradients; want %d", len(got), len(want))
	}
	for name, w := range want {
		near(t, "gradient of "+name, got[name], w, tol)
		if !slices.ContainsFunc(w, func(v float64) bool { return math.Abs(v) > 1e-3 }) && !strings.HasSuffix(name, "k_proj.bias") {
			t.Errorf("the gradient of %s is zero", name) // a key's bias adds the same to every score of a query
		}
	}
}

func addInto(sum, grads map[string][]float64) {
	for name, g := range grads {
		if sum[name] == nil {
			sum[name] = make([]float64, len(g))
		}
		for i, v := range g {
			sum[name][i] += v
		}
	}
}

// randomise overwrites trained parameters with N(0, std^2) by seed.
func randomise(s *tensor.Scope, m *lm.Model, std float64, seed uint64) {
	for i, p := range m.Params() {
		rng := rand.New(rand.NewPCG(seed, uint64(i)))
		values := make([]float32, p.Value.Len())
		for j := range values {
			values[j] = float32(std * rng.NormFloat64())
		}
		tensor.CopyInto(p.Value, s.FromFloats(values, lmtest.Here, tensor.Float32, p.Value.Shape()...))
	}
}

func values(m *lm.Model) map[string][]float64 {
	out := map[string][]float64{}
	for _, p := range m.Params() {
		out[p.Name] = p.Value.Doubles()
	}
	return out
}

func sameValues(t *testing.T, got, want map[string][]float64) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%d parameters; want %d", len(got), len(want))
	}
	for name, w := range want {
		if !slices.Equal(got[name], w) {
			t.Errorf("%s came back with other values", name)
		}
	}
}

func mustDiffer(t *testing.T, what string, a, b []float64) {
	t.Helper()
	if distance(a, b) < 1e-3 {
		t.Errorf("%s makes no difference", what)
	}
}
