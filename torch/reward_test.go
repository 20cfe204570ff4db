//go:build libtorch

package torch

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// rewardJob trains adapters, a score head and an individualized soft prompt of two users as a personalised reward model.
func rewardJob(t *testing.T, dir string, data rows) TrainJob {
	job := dpoJob(t, dir, nil)
	job.Data, job.CheckReference, job.GenericKeepsText = data, false, false
	job.Objective = objective.Config{Kind: "reward", Alpha: 0.5}
	return job
}

// asHeads makes the users linear heads.
func asHeads(job TrainJob) TrainJob {
	job.UserModel.Tokens, job.UserModel.Head = 1, true
	return job
}

// ways are a reward model's user models and trained parts.
func ways(t *testing.T, dir string, data rows) map[string]TrainJob {
	out := map[string]TrainJob{}
	for trained, lora := range map[string]*lm.LoRAConfig{"all weights": nil, "adapter": {Rank: 2, Alpha: 4, Targets: []string{"q", "v", "mlp"}}, "rank 0": {}} {
		for users, change := range map[string]func(TrainJob) TrainJob{
			"vanilla": vanilla, "soft prompts": func(j TrainJob) TrainJob { return j }, "linear heads": asHeads} {
			job := change(rewardJob(t, dir, data))
			job.LoRA = lora
			out[users+", "+trained] = job
		}
	}
	return out
}

func withText(data rows) rows {
	out := slices.Clone(data)
	for i := range out {
		out[i].UserText = lmtest.IDs(uint64(i%2), 3)
	}
	return out
}

// The reward is the head times the normalised hidden state of the last token, end token included, of the whole sequence
// [BOS, soft prompt, text, prompt, response] computed by itself.
func TestRewardIsOfTheLastToken(t *testing.T) {
	for _, family := range lmtest.Families {
		for name, change := range map[string]func(TrainJob) TrainJob{"soft prompts": func(j TrainJob) TrainJob { return j }, "linear heads": asHeads} {
			data := withText(toy(6, 2))
			data[3].Responses[0] = []int32{7, lmtest.EOS, 9} // an end token that is not the last one
			job := change(rewardJob(t, model(t, family), data))
			withTrainer(t, job, func(trainer *Trainer) error {
				var got, want []float64
				if err := trainer.Score(data, func(l Logp) { got = append(got, l.Sums...) }); err != nil {
					return err
				}
				for _, e := range data {
					for _, r := range e.Responses {
						want = append(want, plainReward(trainer.policy, e, r))
					}
				}
				near(t, family+", "+name, got, want, 1e-5)
				return nil
			})
		}
	}
}

// plainReward is the definition on the host.
func plainReward(p *policy, e Example, response []int32) (sum float64) {
	s := tensor.NewScope()
	defer s.Close()
	g := lm.Group{BOS: lmtest.BOS, Soft: p.soft, UserText: e.UserText, Prompt: slices.Concat(e.Prompt, response)}
	var b lm.Batch
	b.Add(g)
	var soft *tensor.Tensor
	user := p.users.SoftPrompts(s, []int32{e.User})
	if p.soft > 0 {
		soft = user
	}
	head := user.Doubles()
	if !p.heads {
		for _, param := range p.model.Params() {
			if strings.HasSuffix(param.Name, "score.weight") {
				head = param.Value.Doubles()
			}
		}
	}
	for i, h := range p.model.Hidden(s, &b, soft, lm.Mode{}, nil).Doubles() {
		sum += h * head[i]
	}
	return sum
}

// exact fails unless two jobs' losses and gradients are the same numbers; renamed is another name for the score head. What
// has no gradient here is a fresh adapter's A, and the last norm's bias, which adds the same to both rewards.
func exact(t *testing.T, what string, loss, want StepStats, grads, wanted map[string][]float64, renamed string) {
	t.Helper()
	if loss.Loss != want.Loss || len(grads) != len(wanted) {
		t.Errorf("%s: loss %v and %d gradients; want %v and %d", what, loss.Loss, len(grads), want.Loss, len(wanted))
	}
	for name, w := range wanted {
		if renamed != "" && strings.HasSuffix(name, "score.weight") {
			name = renamed
		}
		if !slices.Equal(grads[name], w) {
			t.Errorf("%s: the gradient of %s differs", what, name)
		}
		if slices.Max(w) == 0 && slices.Min(w) == 0 && !strings.Contains(name, "lora_A") && name != "transformer.ln_f.bias" {
			t.Errorf("%s: %s has no gradient", what, name)
		}
	}
}

// The paper's Remark F.1: at alpha = 0 a personalised reward model with a uniform user model is vanilla reward modelling, be
// the user an empty soft prompt or a linear head. The users' texts are dropped, since the generic pass has none.
func TestRemarkF1(t *testing.T) {
	for _, family := range lmtest.Families {
		dir := model(t, family)
		for _, lora := range []*lm.LoRAConfig{nil, {Rank: 2, Alpha: 4, Targets: []string{"q", "v", "mlp"}}} {
			plain := vanilla(rewardJob(t, dir, toy(8, 2)))
			plain.LoRA = lora
			want, wanted := gradients(t, plain)

			empty := rewardJob(t, dir, withText(toy(8, 2)))
			empty.UserModel, empty.Objective.Alpha, empty.LoRA = usermodel.Config{Kind: "uniform"}, 0, lora
			stats, grads := gradients(t, empty)
			exact(t, family+", empty soft prompt", stats, want, grads, wanted, "")

			var start []float32
			withTrainer(t, plain, func(trainer *Trainer) error {
				start = trainer.Values("base_model.model.score.weight")
				if lora == nil {
					start = trainer.Values("score.weight")
				}
				return nil
			})
			head := empty
			head.UserModel = usermodel.Config{Kind: "uniform", Tokens: 1, Head: true}
			grads = map[string][]float64{}
			withTrainer(t, head, func(trainer *Trainer) (err error) {
				if err := trainer.SetValues("user_embedding", start); err != nil {
					return err
				}
				stats, err = trainer.Gradients(head.Data.(rows))
				for name := range trainer.GradientNorms() {
					grads[name] = wide(trainer.Gradient(name))
				}
				return err
			})
			exact(t, family+", linear head", stats, want, grads, wanted, "user_embedding")
		}
	}
}

// The loss against its formula on rewards, the generic pass without text; the gradient against differences of the loss
// along itself, parameter by parameter.
func TestRewardGradient(t *testing.T) {
	dir := model(t, "llama")
	for name, job := range ways(t, dir, withText(toy(5, 2))) {
		if strings.HasSuffix(name, "adapter") { // of new adapters A has no gradient
			continue
		}
		withTrainer(t, job, func(trainer *Trainer) error {
			data := job.Data.(rows)
			stats, err := trainer.Gradients(data)
			if err != nil {
				return err
			}
			near(t, name+": loss", []float64{stats.Loss}, []float64{rewardLoss(t, trainer, data)}, 1e-6)
			for _, g := range trainer.groups {
				for _, parameter := range g.names {
					checkSlope(t, name, trainer, parameter)
				}
			}
			return nil
		})
	}
}

// rewardLoss is mean -log sigmoid(r_w - r_l), half of it as user 0 without text.
func rewardLoss(t *testing.T, trainer *Trainer, data rows) (loss float64) {
	generic := slices.Clone(data)
	for i := range generic {
		generic[i].User, generic[i].UserText = 0, nil
	}
	for _, pass := range []rows{data, generic} {
		if err := trainer.Score(pass, func(l Logp) {
			loss += math.Log1p(math.Exp(l.Sums[1]-l.Sums[0])) / float64(2*len(data))
		}); err != nil {
			t.Fatal(err)
		}
	}
	return loss
}

// checkSlope compares a gradient's norm with the loss's slope along it.
func checkSlope(t *testing.T, what string, trainer *Trainer, name string) {
	t.Helper()
	data := trainer.job.Data.(rows)
	lossAt := func(values []float32) float64 {
		if err := trainer.SetValues(name, values); err != nil {
			t.Fatal(err)
		}
		stats, err := trainer.Gradients(data)
		if err != nil {
			t.Fatal(err)
		}
		return stats.Loss
	}
	at := trainer.Values(name)
	lossAt(at)
	grad, norm := trainer.Gradient(name), 0.0
	for _, g := range grad {
		norm += float64(g) * float64(g)
	}
	norm = math.Sqrt(norm)
	if norm < 1e-5 { // too little for differences in fp32: the loss moves by 1e-8
		return
	}
	moved := func(h float64) []float32 {
		out := slices.Clone(at)
		for i, g := range grad {
			out[i] += float32(h * float64(g) / norm)
		}
		return out
	}
	h := min(5e-3, 2e-3/norm)
	slope := (lossAt(moved(h)) - lossAt(moved(-h))) / (2 * h)
	lossAt(at)
	if !(math.Abs(slope-norm) <= 0.02*norm+2e-5) {
		t.Errorf("%s: along the gradient of %s the loss rises by %g; the gradient says %g", what, name, slope, norm)
	}
}

func TestRewardBatches(t *testing.T) {
	for _, family := range lmtest.Families {
		for name, job := range ways(t, model(t, family), withText(toy(8, 2))) {
			if family != "llama" && !strings.HasSuffix(name, "all weights") {
				continue
			}
			job.Budget = 1 << 20
			whole, grads := gradients(t, job)
			for _, budget := range []int{1, 40} {
				job.Budget = budget
				parts, other := gradients(t, job)
				near(t, name+": loss, norm, margin", []float64{parts.Loss, parts.GradNorm, parts.Margin}, []float64{whole.Loss, whole.GradNorm, whole.Margin}, 1e-5)
				sameGrads(t, name+", unpacked", other, grads)
			}
			loss, sum := 0.0, map[string][]float64{}
			for i := range 8 {
				one := job
				one.Data = job.Data.(rows)[i : i+1]
				stats, g := gradients(t, one)
				loss += stats.Loss / 8
				for key, values := range g {
					if sum[key] == nil {
						sum[key] = make([]float64, len(values))
					}
					for j, v := range values {
						sum[key][j] += v / 8
					}
				}
			}
			near(t, name+": loss of eight batches", []float64{loss}, []float64{whole.Loss}, 1e-6)
			sameGrads(t, name+", eight batches of one", sum, grads)
		}
	}
}

// What is saved is what was trained: a job on the folder gives the trainer's own rewards, bit by bit.
func TestRewardPolicyFolder(t *testing.T) {
	dir := model(t, "gpt2")
	for name, job := range ways(t, dir, toy(12, 2)) {
		t.Run(name, func(t *testing.T) {
			job.Steps, job.Optimizer.LR, job.Optimizer.UserLR, job.Objective.Alpha = 40, 0.03, 0.1, 1
			if job.UserModel.Kind == "" {
				job.Data = toy(12, 1) // users who agree
			}
			job.Evaluate = &Evaluation{Data: job.Data, Every: 20}
			job.KeepBest, job.Checkpoints = true, t.TempDir()
			asked := append(toy(6, 2), Example{Prompt: []int32{4}, Responses: [][]int32{{5}}}, Example{User: NoUser, Prompt: []int32{4}, Responses: [][]int32{{5}}})
			var want [][]float64
			var result TrainResult
			withTrainer(t, job, func(trainer *Trainer) (err error) {
				if result, err = trainer.run(context.Background(), quiet); err != nil {
					return err
				}
				return trainer.Score(asked, func(l Logp) { want = append(want, l.Sums) })
			})
			in := inputs(dir)
			in.Policy.Policy = job.Out
			got := scores(t, in, asked)
			for i := range want {
				if !slices.Equal(got[i], want[i]) {
					t.Errorf("row %d: rewards %v from the folder; the trainer's are %v", i, got[i], want[i])
				}
			}
			loss, top := curve(result.Points, "loss"), curve(result.Points, "top")
			if !(loss[39] < 0.6*loss[0]) || result.Kept == 40 && top[1] < 0.9 {
				t.Errorf("loss from %.3f to %.3f, accuracies %v", loss[0], loss[39], top)
			}
			if len(curve(result.Points, "chosen_reward")) != 40 || len(curve(result.Points, "chosen_logps")) != 0 {
				t.Error("curves of log-probs instead of rewards")
			}
			if users := job.UserModel.Parameters(2, 16); result.UserParameters != users {
				t.Errorf("%d user parameters; want %d", result.UserParameters, users)
			}
			goOnFrom(t, job, in)
		})
	}
}

// goOnFrom trains a vanilla reward model from the policy: it begins with the policy's weights and head.
func goOnFrom(t *testing.T, job TrainJob, in Inputs) {
	t.Helper()
	next := vanilla(rewardJob(t, in.Policy.Model, toy(4, 2)))
	next.Policy = in.Policy
	generic := toy(4, 2)
	for i := range generic {
		generic[i].User = NoUser
	}
	want := scores(t, in, generic)
	if job.UserModel.Head && job.LoRA != nil && job.LoRA.Rank == 0 { // nothing but users was trained, and a base has none
		return
	}
	withTrainer(t, next, func(trainer *Trainer) error {
		i := 0
		return trainer.Score(generic, func(l Logp) {
			near(t, "rewards of the next job", l.Sums, want[i], 1e-4)
			i++
		})
	})
}

func TestRewardResume(t *testing.T) {
	dir := model(t, "gpt2")
	for name, job := range ways(t, dir, toy(10, 2)) {
		job.BatchSize = 4
		job.Evaluate, job.KeepBest = &Evaluation{Data: job.Data, Every: 3}, true
		job.CheckpointEvery = 4
		if job.LoRA != nil && job.LoRA.Rank > 0 {
			job.LoRA.Dropout = 0.2
		}
		straight := job
		straight.Checkpoints, straight.Out = t.TempDir(), t.TempDir()
		mustTrain(t, straight)
		job.Checkpoints = t.TempDir()
		kill(t, job, 7, t.TempDir())
		mustTrain(t, job)
		sameFiles(t, name, job.Out, straight.Out)
	}
}

func TestRewardRefuses(t *testing.T) {
	dir := model(t, "llama")
	trained := rewardJob(t, dir, toy(4, 2))
	trained.Steps = 1
	mustTrain(t, trained)
	full := trained
	full.LoRA, full.Out = nil, t.TempDir()
	mustTrain(t, full)
	from := func(out string) func(*TrainJob) {
		return func(j *TrainJob) { j.Policy.Policy, j.CheckReference = out, false }
	}
	for want, change := range map[string]func(*TrainJob){
		"the user model is a linear head and the objective is dpo": func(j *TrainJob) { *j = asHeads(*j) },
		"the base is a reward model and the objective is dpo":      from(trained.Out),
		"the base is a reward model and the objective is dpo; exp": from(full.Out),
		"tokens is 2; a linear head is one vector per user":        func(j *TrainJob) { j.UserModel.Head = true },
		"row 1000 has 1 responses; reward needs 2": func(j *TrainJob) {
			j.Objective = objective.Config{Kind: "reward", Alpha: 1}
			j.Data.(rows)[0].Responses = j.Data.(rows)[0].Responses[:1]
		},
	} {
		job := dpoJob(t, dir, toy(4, 2))
		change(&job)
		if _, err := Train(context.Background(), job, quiet); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
	for _, out := range []string{trained.Out, full.Out} {
		in := inputs(dir)
		in.Policy.Policy = out
		_, err := Generate(context.Background(), GenerateJob{Inputs: in, Prompts: []GeneratePrompt{{Prompt: []int32{3}}}, Samples: 1, Sample: Sampling{MaxNewTokens: 2}}, quiet)
		if err == nil || !strings.Contains(err.Error(), "the policy is a reward model") {
			t.Errorf("texts of a reward model: %v", err)
		}
	}
}
