//go:build libtorch

package torch

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// agreement is how far a number of a GPU may be from the CPU's, relative to the largest of its list: fp32 differs by the order
// of sums, bf16 by its 8 bits as well, which the CPU rounds to at other places.
var agreement = map[string]float64{"fp32": 2e-4, "bf16": 0.08}

// onCPU is the same job on the CPU.
func onCPU(in Inputs) Inputs {
	in.Device.Kind = "cpu"
	return in
}

// eachAgreement runs body for each precision, if there is a GPU.
func eachAgreement(t *testing.T, body func(t *testing.T, precision string, tol float64)) {
	if lmtest.Device() == "cpu" {
		t.Skip("PRLHF_TEST_DEVICE is not cuda")
	}
	for precision, tol := range agreement {
		t.Run(precision, func(t *testing.T) { body(t, precision, tol) })
	}
}

// TestTrainingOnBothDevices: every point of every curve, the evaluation's too, and then the scores of the trained policy.
func TestTrainingOnBothDevices(t *testing.T) {
	eachAgreement(t, func(t *testing.T, precision string, tol float64) {
		for name, job := range trainings(t) {
			t.Run(name, func(t *testing.T) {
				job.Precision = precision
				other := job
				other.Inputs, other.Out = onCPU(job.Inputs), t.TempDir()
				got, want := points(t, referenced(t, job)), points(t, referenced(t, other))
				if job.RL != nil && precision == "bf16" {
					return // other texts were drawn
				}
				for _, name := range names(want) {
					if !counts[name] {
						agree(t, name, curve(got, name), curve(want, name), tol)
					}
				}
				in, own := onCPU(job.Inputs), job.Inputs
				in.Policy.Policy, own.Policy.Policy = job.Out, job.Out // the GPU's policy, scored on both
				if job.RL != nil {
					return
				}
				data := job.Data.(rows)
				a, b := scores(t, own, data), scores(t, in, data)
				for i := range a {
					agree(t, "scores", a[i], b[i], tol)
				}
			})
		}
	})
}

// referenced is a job whose reference log-probs are computed where it is trained, as stages do.
func referenced(t *testing.T, job TrainJob) TrainJob {
	data := slices.Clone(job.Data.(rows))
	if !job.CheckReference || len(data) == 0 {
		return job
	}
	bare := slices.Clone(data)
	for i := range bare {
		bare[i].User = NoUser
	}
	for i, s := range scores(t, job.Inputs, bare) {
		data[i].Reference = s
	}
	job.Data = data
	return job
}

// counts are curves of shares, where one row more or less is a step that no tolerance is for.
var counts = map[string]bool{"accuracy": true, "top": true, "generic": true, "average": true}

func names(points []Point) (out []string) {
	seen := map[string]bool{}
	for _, p := range points {
		if !seen[p.Name] {
			seen[p.Name] = true
			out = append(out, p.Name)
		}
	}
	return out
}

// points trains and returns the curves.
func points(t *testing.T, job TrainJob) (out []Point) {
	t.Helper()
	if _, err := Train(context.Background(), job, func(p Progress) { out = append(out, p.Points...) }); err != nil {
		t.Fatal(err)
	}
	return out
}

// agree compares numbers, relative to the largest or, where all are small, to 1.
func agree(t *testing.T, what string, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers; the CPU has %d", what, len(got), len(want))
	}
	largest := 1.0
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i := range want {
		if !(math.Abs(got[i]-want[i]) <= tol*largest) {
			t.Errorf("%s: %.6g; the CPU has %.6g", what, got, want)
			return
		}
	}
}

// trainings are small jobs of every kind.
func trainings(t *testing.T) map[string]TrainJob {
	out := map[string]TrainJob{}
	for _, family := range lmtest.Families {
		dir := model(t, family)
		out["dpo/"+family] = dpoJob(t, dir, toy(8, 2))
		full := dpoJob(t, dir, toy(8, 2))
		full.LoRA, full.Optimizer.LR = nil, 1e-3
		out["all weights/"+family] = full
	}
	dir := model(t, "llama")
	out["vanilla"] = vanilla(dpoJob(t, dir, toy(8, 2)))
	cluster := dpoJob(t, dir, toy(8, 2))
	cluster.UserModel = usermodel.Config{Kind: "cluster", Tokens: 2, Clusters: 2, Start: "vocabulary"}
	out["cluster"] = cluster
	users := dpoJob(t, dir, toy(8, 2))
	users.LoRA = &lm.LoRAConfig{}
	out["users alone"] = users
	dropout := dpoJob(t, dir, toy(8, 2))
	dropout.LoRA.Dropout = 0.2
	out["dropout"] = dropout
	out["kto"] = ktoJob(t, dir, toy(8, 2))
	out["reward"] = rewardJob(t, dir, toy(8, 2))
	out["reward heads"] = asHeads(rewardJob(t, dir, toy(8, 2)))
	out["sparse"] = sparseJob(t, dir)
	out["sparse clusters"] = sparseJob(t, dir)
	clusters := sparseJob(t, dir)
	clusters.UserModel = usermodel.Config{Kind: "cluster", Tokens: 2, Clusters: 3, Sparse: true}
	out["sparse clusters"] = clusters
	out["worst group"] = worstGroupJob(t, dir)
	stop := vanilla(dpoJob(t, dir, toy(8, 2)))
	stop.StopNorm = 1e-9
	out["stop"] = stop
	odd := dpoJob(t, oddHeads(t), toy(8, 2))
	out["heads of 6 numbers"] = odd
	for name, job := range out {
		job.Steps, job.CheckReference = 4, name != "kto" && job.CheckReference
		out[name] = job
	}
	judge := rewardJob(t, dir, toy(8, 2))
	judge.Steps = 3
	mustTrain(t, judge)
	for _, kind := range rlKinds {
		job := rlJob(t, dir, kind)
		job.RL.Reward, job.Steps, job.Optimizer.LR = PolicyFiles{Model: dir, Policy: judge.Out}, 2, 1e-3
		out[kind] = job
	}
	return out
}

// oddHeads is a model whose heads are no multiple of 8 numbers.
func oddHeads(t *testing.T) string {
	c, err := lm.InitConfig("llama", 2, 12, 2, lmtest.Vocab, 64, lmtest.BOS, lmtest.EOS)
	if err != nil {
		t.Fatal(err)
	}
	return lmtest.Write(t, c, 3)
}

// TestAdaptingOnBothDevices: the losses of new users, and of new users under a reward model.
func TestAdaptingOnBothDevices(t *testing.T) {
	eachAgreement(t, func(t *testing.T, precision string, tol float64) {
		dir := model(t, "gptj")
		fit, _ := tastes(t, dir, 6)
		for name, cfg := range map[string]usermodel.Config{
			"individualized": {Kind: "individualized", Tokens: 2, Shared: true},
			"cluster":        {Kind: "cluster", Tokens: 2, Clusters: 3},
		} {
			t.Run(name, func(t *testing.T) {
				in := trained(t, dir, cfg)
				in.Precision = precision
				job := adaptJob(t, in, fit)
				job.Steps = 5
				other := job
				other.Inputs, other.Out = onCPU(in), t.TempDir()
				got, want := mustAdapt(t, job), mustAdapt(t, other)
				agree(t, "losses", got, want, tol)
			})
		}
	})
}

// TestGeneratingOnBothDevices: the same texts, greedy and drawn, in fp32; in bf16 texts of which the policy thinks the same.
func TestGeneratingOnBothDevices(t *testing.T) {
	eachAgreement(t, func(t *testing.T, precision string, tol float64) {
		for _, family := range lmtest.Families {
			for _, temperature := range []float64{0, 1} {
				job := writing(t, family)
				job.Precision, job.Sample.Temperature, job.Sample.TopP = precision, temperature, 1
				other := job
				other.Inputs = onCPU(job.Inputs)
				got, want := generated(t, job), generated(t, other)
				same := 0
				for i := range want {
					if slices.Equal(got[i].IDs, want[i].IDs) {
						same++
					}
				}
				if precision == "fp32" && same < len(want) {
					t.Errorf("%s at temperature %g: %d of %d texts are the CPU's", family, temperature, same, len(want))
				}
				if precision == "bf16" && 2*same < len(want) {
					t.Errorf("%s at temperature %g: only %d of %d texts are the CPU's", family, temperature, same, len(want))
				}
			}
		}
	})
}
