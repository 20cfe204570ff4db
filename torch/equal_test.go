//go:build libtorch

package torch

// Jobs that must give the same numbers.

import (
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/usermodel"
)

func sameGrads(t *testing.T, what string, got, want map[string][]float64) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%s: %d gradients; want %d", what, len(got), len(want))
	}
	for name := range want {
		near(t, what+": gradient of "+name, got[name], want[name], 1e-5)
	}
}

func TestMicroBatchesDoNotChangeTheGradient(t *testing.T) {
	for _, family := range lmtest.Families {
		job := dpoJob(t, model(t, family), toy(8, 2))
		job.LoRA = nil
		job.Budget = 1 << 20
		whole, grads := gradients(t, job)
		for _, budget := range []int{1, 20, 50} {
			job.Budget = budget
			parts, other := gradients(t, job)
			near(t, family+": loss, norm", []float64{parts.Loss, parts.GradNorm, parts.Margin}, []float64{whole.Loss, whole.GradNorm, whole.Margin}, 1e-5)
			sameGrads(t, family, other, grads)
		}
	}
}

// design.md section 2: T_u = 0 is vanilla, at any alpha.
func TestNoUserTokensIsVanilla(t *testing.T) {
	dir := model(t, "llama")
	plain := vanilla(dpoJob(t, dir, toy(8, 2)))
	mustTrain(t, plain)
	for _, alpha := range []float64{0, 0.5, 1} {
		job := dpoJob(t, dir, toy(8, 2))
		job.UserModel.Tokens, job.Objective.Alpha = 0, alpha
		mustTrain(t, job)
		if a, b := files(t, job.Out), files(t, plain.Out); a["adapter/adapter_model.safetensors"] != b["adapter/adapter_model.safetensors"] {
			t.Errorf("alpha %g: other weights than vanilla", alpha)
		}
	}
}

// One cluster, whose softmax weight is 1, is the uniform model.
func TestOneClusterIsUniform(t *testing.T) {
	dir := model(t, "llama")
	uniform, cluster := dpoJob(t, dir, toy(8, 2)), dpoJob(t, dir, toy(8, 2))
	uniform.UserModel = usermodel.Config{Kind: "uniform", Tokens: 2}
	cluster.UserModel = usermodel.Config{Kind: "cluster", Tokens: 2, Clusters: 1, Weights: "softmax"}
	a, want := gradients(t, uniform)
	b, got := gradients(t, cluster)
	near(t, "loss", []float64{b.Loss}, []float64{a.Loss}, 1e-6)
	want["cluster_embedding"] = want["user_embedding"]
	delete(want, "user_embedding")
	for _, v := range got["user_weight"] {
		if v != 0 {
			t.Errorf("the gradient of the only weight is %g; want 0", v)
		}
	}
	delete(got, "user_weight")
	sameGrads(t, "one cluster", got, want)
}

// Other numbers for the same users give the same step, with the rows of the table in another order.
func TestUserNumbersDoNotMatter(t *testing.T) {
	dir := model(t, "llama")
	for _, shared := range []bool{true, false} {
		job := dpoJob(t, dir, toy(9, 3))
		job.Users, job.UserModel.Shared = 3, shared
		permuted := []int32{0, 3, 1, 2} // 1 becomes 3 and so on
		other := job
		data := slices.Clone(job.Data.(rows))
		for i := range data {
			data[i].User = permuted[data[i].User]
		}
		other.Data = data
		width := 2 * 16
		move := func(table []float64) []float64 {
			out := make([]float64, len(table))
			for u, v := range permuted {
				copy(out[int(v)*width:int(v+1)*width], table[u*width:(u+1)*width])
			}
			return out
		}
		var loss, table, grad []float64
		withTrainer(t, job, func(trainer *Trainer) error {
			stats, err := trainer.Gradients(job.Data.(rows))
			loss, table, grad = []float64{stats.Loss}, wide(trainer.Values("user_embedding")), wide(trainer.Gradient("user_embedding"))
			return err
		})
		withTrainer(t, other, func(trainer *Trainer) error {
			start := make([]float32, len(table))
			for i, v := range move(table) {
				start[i] = float32(v)
			}
			if err := trainer.SetValues("user_embedding", start); err != nil {
				return err
			}
			stats, err := trainer.Gradients(data)
			near(t, "loss", []float64{stats.Loss}, loss, 1e-6)
			near(t, "gradient", wide(trainer.Gradient("user_embedding")), move(grad), 1e-5)
			return err
		})
	}
}

// A user model alone leaves the base model as it was for examples without a user.
func TestNoUserIsTheBaseModel(t *testing.T) {
	dir := model(t, "llama")
	job := dpoJob(t, dir, toy(6, 2))
	job.LoRA.Rank = 0
	mustTrain(t, job)
	in := inputs(dir)
	in.Policy.Policy = job.Out
	bare := toy(6, 2)
	for i := range bare {
		bare[i].User = NoUser
	}
	base, none, personal := scores(t, inputs(dir), bare), scores(t, in, bare), scores(t, in, toy(6, 2))
	for i := range base {
		near(t, "log-probs", none[i], base[i], 1e-6)
		if slices.Equal(personal[i], base[i]) {
			t.Errorf("row %d: the user's soft prompt makes no difference", i)
		}
	}
}

// A policy as the base of another job stands for its weights: merged, without its user model.
func TestPolicyAsBase(t *testing.T) {
	for _, full := range []bool{false, true} {
		dir := model(t, "gpt2")
		first := dpoJob(t, dir, toy(6, 2))
		if full {
			first.LoRA = nil
		}
		mustTrain(t, first)
		in := inputs(dir)
		in.Policy.Policy = first.Out
		bare := toy(6, 2)
		for i := range bare {
			bare[i].User = NoUser
		}
		trained := scores(t, in, bare)
		second := dpoJob(t, dir, toy(6, 2))
		second.Policy = in.Policy
		for i, s := range trained {
			second.Data.(rows)[i].Reference = s
		}
		// The check before step 1 compares the reference with the loaded base.
		result := mustTrain(t, vanilla(second))
		near(t, "first loss", curve(result.Points, "loss")[:1], []float64{0.693147}, 1e-5)
	}
}

func TestLogps(t *testing.T) {
	dir := model(t, "llama")
	data := toy(300, 1) // more than one window
	for i := range data {
		data[i].User = NoUser
	}
	all := scores(t, inputs(dir), data)
	small := inputs(dir)
	small.Budget = 1
	for i, s := range scores(t, small, data[250:270]) {
		near(t, "alone", s, all[250+i], 1e-5)
	}
	if len(all) != 300 {
		t.Errorf("%d scores of 300 rows", len(all))
	}
}
