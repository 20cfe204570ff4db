//go:build libtorch

package torch

import (
	"context"
	"fmt"
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

var rlKinds = []string{"rloo", "grpo", "ppo"}

// withRater is withTrainer for texts that a function scores.
func withRater(t *testing.T, job TrainJob, rate rater, body func(*Trainer) error) {
	t.Helper()
	err := tensor.Run(func() error {
		trainer, err := newTrainer(job, rate)
		if err != nil {
			return err
		}
		defer trainer.Close()
		return body(trainer)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// likes is a taste: users with odd numbers like tokens with high numbers, the others (user 0 too) those with low ones. From -2
// to 2.
func likes(user int32, text []int32) (mean float64) {
	for _, id := range text {
		mean += float64(id-18) / 9 / float64(len(text))
	}
	if user%2 == 0 {
		return -mean
	}
	return mean
}

func rateByLikes(_ context.Context, examples []Example) (out [][]float64, tokens int64, err error) {
	for _, e := range examples {
		var scores []float64
		for _, r := range e.Responses {
			scores = append(scores, likes(e.Rater.User, r))
		}
		out = append(out, scores)
	}
	return out, 0, nil
}

// toyPrompts are the prompts of the toy task, each with the rater that is their user.
func toyPrompts(n, users int) rows {
	data := toy(n, users)
	for i := range data {
		data[i].Responses, data[i].Rater = nil, RaterUser{User: data[i].User}
	}
	return data
}

func rlJob(t *testing.T, dir, kind string) TrainJob {
	job := dpoJob(t, dir, nil)
	job.Data, job.CheckReference = toyPrompts(6, 2), false
	job.Objective = objective.Config{Kind: kind, Alpha: 0.5, Beta: 0.05}
	job.Steps, job.BatchSize = 6, 4
	job.RL = &RL{EOS: []int32{lmtest.EOS}, Samples: 3, Sampling: Sampling{Temperature: 1, MaxNewTokens: 5}, Clip: 0.2, Passes: 2}
	return job
}

// aRollout is the first batch of texts of a job, on a policy that training has moved away from the reference.
func aRollout(t *testing.T, job TrainJob, body func(*Trainer, *rollout) error) {
	t.Helper()
	withRater(t, job, rateByLikes, func(trainer *Trainer) error {
		if _, err := trainer.nextTexts(context.Background(), job.Data.(rows)[:4], &trainState{}); err != nil {
			return err
		}
		r, err := trainer.rollout(context.Background(), job.Data.(rows)[:4])
		if err != nil {
			return err
		}
		return body(trainer, r)
	})
}

// What a rollout says about its texts, against a score of each text by itself; the reference against the bare base model.
func TestRolloutMeasuresItsTexts(t *testing.T) {
	ended, cut := 0, 0
	for _, family := range lmtest.Families {
		for trained, lora := range map[string]*lm.LoRAConfig{"adapter": {Rank: 2, Alpha: 4, Targets: []string{"q", "mlp"}}, "all weights": nil, "users": {}} {
			dir := model(t, family)
			job := rlJob(t, dir, "ppo")
			job.LoRA, job.RL.Sampling.MaxNewTokens = lora, 20
			aRollout(t, job, func(trainer *Trainer, r *rollout) error {
				for i, e := range r.examples {
					if len(e.Responses) != 3 {
						t.Fatalf("%s: %d texts of a prompt; want 3", family, len(e.Responses))
					}
					for j, y := range e.Responses {
						end := slices.Index(y, lmtest.EOS)
						switch {
						case end < 0 && len(y) == 20:
							cut++
						case end == len(y)-1:
							ended++
						default:
							t.Errorf("%s: a text %v of %d tokens; want 20, or the end token at the end", family, y, len(y))
						}
						one := []Example{{User: r.list[i].user, Prompt: e.Prompt, Responses: [][]int32{y}}}
						text, what := r.texts[i][j], fmt.Sprintf("%s, %s: text %d.%d", family, trained, i, j)
						if err := trainer.Score(one, func(l Logp) { near(t, what, []float64{sum(text.Old)}, l.Sums, 1e-5) }); err != nil {
							return err
						}
						one[0].User = NoUser
						near(t, what+" under the reference", []float64{sum(text.Reference)}, scores(t, inputs(dir), one)[0], 1e-5)
						near(t, what+": score", r.scores[i][j:j+1], []float64{likes(e.Rater.User, y)}, 0)
						if len(text.Values) != len(y) || slices.Max(text.Values) == 0 && slices.Min(text.Values) == 0 {
							t.Errorf("%s: values %v of %d tokens after a step", what, text.Values, len(y))
						}
					}
				}
				return nil
			})
		}
	}
	if ended < 20 || cut < 20 {
		t.Errorf("%d texts ended and %d were cut; the test needs both", ended, cut)
	}
}

func sum(x []float64) (total float64) {
	for _, v := range x {
		total += v
	}
	return total
}

// Texts do not depend on what is decoded beside them, and are drawn anew in every step, place and seed.
func TestRolloutTexts(t *testing.T) {
	dir := model(t, "llama")
	texts := func(seed int64, step, budget int) (out []string) {
		job := rlJob(t, dir, "rloo")
		job.Seed, job.Budget = seed, budget
		job.Objective.Alpha = 1
		withRater(t, job, rateByLikes, func(trainer *Trainer) error {
			trainer.done = step
			e := job.Data.(rows)[0]
			r, err := trainer.rollout(context.Background(), []Example{e, e, job.Data.(rows)[1]})
			for _, e := range r.examples {
				out = append(out, fmt.Sprint(e.Responses))
			}
			return err
		})
		return out
	}
	first := texts(1, 0, 0)
	if first[0] == first[1] {
		t.Errorf("one prompt twice in a batch gives the same texts %s", first[0])
	}
	if again := texts(1, 0, 1); !slices.Equal(again, first) {
		t.Errorf("with another budget the texts are %v; want %v", again, first)
	}
	for _, other := range [][]string{texts(1, 1, 0), texts(2, 0, 0)} {
		if slices.Equal(other, first) {
			t.Errorf("another step or seed gives the same texts %v", first)
		}
	}
}

// The gradient of RLOO's first pass is that of -A log pi, each text a row by itself: packing, prefix sharing and the way
// back to tokens are those of sft's rows, weighted by their advantages.
func TestRLOOGradientIsOfWeightedLogProbs(t *testing.T) {
	for _, family := range []string{"llama", "gpt2"} {
		job := rlJob(t, model(t, family), "rloo")
		aRollout(t, job, func(trainer *Trainer, r *rollout) error {
			o := job.Objective
			r.weigh(o, &trainer.rl.state)
			var alone []Example
			var weights []float64
			_, tokens := r.count()
			for i, e := range r.examples {
				for j, y := range e.Responses {
					var others float64
					for k := range e.Responses {
						if k != j {
							others += (r.scores[i][k] - o.Beta*(sum(r.texts[i][k].Old)-sum(r.texts[i][k].Reference))) / 2
						}
					}
					worth := r.scores[i][j] - o.Beta*(sum(r.texts[i][j].Old)-sum(r.texts[i][j].Reference)) - others
					alone = append(alone, Example{User: r.list[i].user, Prompt: e.Prompt, Responses: [][]int32{y}})
					weights = append(weights, worth*float64(tokens)/12) // sft divides by tokens, rloo by its 12 texts
				}
			}
			got := rlGradients(trainer, r, o)
			trainer.job.Objective = objective.Config{Kind: "sft", Alpha: 1}
			if _, err := trainer.GradientsByRow(alone, weights); err != nil {
				return err
			}
			for name, g := range got {
				near(t, family+": gradient of "+name, g, wide(trainer.Gradient(name)), 2e-4)
			}
			return nil
		})
	}
}

func rlGradients(trainer *Trainer, r *rollout, o objective.Config) map[string][]float64 {
	tensor.ZeroGrads(trainer.params())
	l := newRolloutLoss(r, o, trainer.job.RL.Clip)
	for i := range r.micros {
		trainer.learnMicro(&r.micros[i], l)
	}
	out := map[string][]float64{}
	for name := range trainer.GradientNorms() {
		out[name] = wide(trainer.Gradient(name))
	}
	return out
}

// The gradient of every kind's second pass, when ratios have moved and some are held, against differences of the loss along
// the gradient itself, parameter by parameter; the value head among them.
func TestRLGradientIsTheFiniteDifference(t *testing.T) {
	for _, kind := range rlKinds {
		job := rlJob(t, model(t, "llama"), kind)
		job.Objective.Beta, job.RL.Samples = 0.3, 6
		job.Optimizer.LR, job.Optimizer.UserLR = 0.004, 0.004
		aRollout(t, job, func(trainer *Trainer, r *rollout) error {
			o := job.Objective
			r.weigh(o, &trainer.rl.state)
			rlGradients(trainer, r, o)
			if _, err := trainer.descend(StepStats{}, 3); err != nil { // away from the policy that wrote the texts
				return err
			}
			loss := func() *rolloutLoss {
				l := newRolloutLoss(r, o, job.RL.Clip)
				for i := range r.micros {
					s := tensor.NewScope()
					tensor.NoGrad(func() { l.add(&r.micros[i], trainer.forward(s, &r.micros[i]).Doubles()) })
					s.Close()
				}
				return l
			}
			grads := rlGradients(trainer, r, o)
			if kind == "ppo" && grads["value_head.bias"] == nil {
				t.Error("the value head is not trained")
			}
			for name, g := range grads {
				norm := math.Sqrt(sumOf(g, func(v float64) float64 { return v * v }))
				if norm < 1e-5 {
					t.Errorf("%s: %s has a gradient of %g", kind, name, norm)
					continue
				}
				at := trainer.Values(name)
				move := func(h float64) *rolloutLoss {
					moved := slices.Clone(at)
					for i := range moved {
						moved[i] += float32(h * g[i] / norm)
					}
					if err := trainer.SetValues(name, moved); err != nil {
						t.Fatal(err)
					}
					return loss()
				}
				step, now := 2e-3, move(0)
				above, below := move(step), move(-step)
				for above.clipped != now.clipped || below.clipped != now.clipped { // a ratio between them is on the edge
					step /= 2
					above, below = move(step), move(-step)
				}
				slope := (above.loss - below.loss) / (2 * step)
				move(0)
				if step < 2e-5 {
					t.Errorf("%s: %s: the differences cross an edge down to a step of %g", kind, name, step)
				}
				if math.Abs(slope-norm) > 0.02*norm+2e-4 {
					t.Errorf("%s: along the gradient of %s the loss rises by %.6f; the gradient's norm is %.6f", kind, name, slope, norm)
				}
			}
			return nil
		})
	}
}

func sumOf(x []float64, f func(float64) float64) (total float64) {
	for _, v := range x {
		total += f(v)
	}
	return total
}

// The loss of the first pass, where all ratios are 1, by its definition.
func TestRLLossOfTheFirstPass(t *testing.T) {
	for _, kind := range rlKinds {
		job := rlJob(t, model(t, "llama"), kind)
		job.Objective.Beta = 0.3
		aRollout(t, job, func(trainer *Trainer, r *rollout) error {
			r.weigh(job.Objective, &trainer.rl.state)
			l := newRolloutLoss(r, job.Objective, job.RL.Clip)
			for i := range r.micros {
				trainer.learnMicro(&r.micros[i], l)
			}
			var perText, perToken, tokens float64
			for _, of := range r.texts {
				for _, text := range of {
					n := float64(len(text.Old))
					tokens += n
					for i, a := range text.Advantages {
						d := text.Reference[i] - text.Old[i]
						switch kind {
						case "rloo":
							perText -= a / n / 12
						case "grpo":
							perText += (0.3*(math.Exp(d)-d-1) - a) / n / 12
						case "ppo":
							perToken += 0.1*math.Pow(text.Values[i]-text.Returns[i], 2)/2 - a
						}
					}
				}
			}
			if want := perText + perToken/tokens; math.Abs(l.loss-want) > 1e-5 {
				t.Errorf("%s: loss %.7f; want %.7f", kind, l.loss, want)
			}
			return nil
		})
	}
}

// Two steps of two passes are four AdamW steps at two learning rates.
func TestRLStepsByHand(t *testing.T) {
	job := rlJob(t, model(t, "llama"), "ppo")
	job.Optimizer.Schedule, job.Steps = "linear", 2
	batches := [][]Example{job.Data.(rows)[:4], job.Data.(rows)[2:6]}
	var got, want []float32
	withRater(t, job, rateByLikes, func(trainer *Trainer) error {
		for step, rate := range []float64{0.01, 0.005} {
			points, err := trainer.nextTexts(context.Background(), batches[step], &trainState{})
			if err != nil {
				return err
			}
			near(t, "learning rate", curve(points, "lr"), []float64{rate}, 1e-12)
		}
		got = trainer.Values("user_embedding")
		return nil
	})
	withRater(t, job, rateByLikes, func(trainer *Trainer) error {
		n := 0
		for step, batch := range batches {
			trainer.done = step
			r, err := trainer.rollout(context.Background(), batch)
			if err != nil {
				return err
			}
			r.weigh(job.Objective, &trainer.rl.state)
			for range 2 {
				rlGradients(trainer, r, job.Objective)
				n++
				if _, err := trainer.descend(StepStats{GradNorm: tensor.GradNorm(trainer.params())}, n); err != nil {
					return err
				}
			}
		}
		want = trainer.Values("user_embedding")
		return nil
	})
	if !slices.Equal(got, want) {
		t.Error("two steps of two passes are not four AdamW steps")
	}
}

// The curves of the first step, from the texts themselves.
func TestRLCurves(t *testing.T) {
	for _, kind := range rlKinds {
		job := rlJob(t, model(t, "llama"), kind)
		job.RL.KLTarget, job.RL.Passes = 3, 3
		withRater(t, job, rateByLikes, func(trainer *Trainer) error {
			prompts := job.Data.(rows)[:4]
			r, err := trainer.rollout(context.Background(), prompts)
			if err != nil {
				return err
			}
			points, err := trainer.nextTexts(context.Background(), prompts, &trainState{})
			if err != nil {
				return err
			}
			var reward, kl, minus, tokens float64
			for i, e := range r.examples {
				for j, y := range e.Responses {
					reward += likes(e.Rater.User, y) / 12
					kl += (sum(r.texts[i][j].Old) - sum(r.texts[i][j].Reference)) / 12
					minus -= sum(r.texts[i][j].Old)
					tokens += float64(len(y))
				}
			}
			want := map[string]float64{"reward": reward, "kl": kl, "entropy": minus / tokens, "length": tokens / 12, "lr": 0.01, "beta": 0.05}
			seen := 0
			for _, p := range points {
				if v, ok := want[p.Name]; ok {
					near(t, kind+": "+p.Name, []float64{p.Value}, []float64{v}, 1e-12)
					seen++
				}
				if p.Name == "clipped" && (p.Value <= 0 || p.Value >= 1) { // three passes at this rate move ratios far
					t.Errorf("%s: clipped is %g", kind, p.Value)
				}
				if p.Step != 1 {
					t.Errorf("%s: %s is of step %d", kind, p.Name, p.Step)
				}
			}
			if seen != len(want) || len(points) != 9 {
				t.Errorf("%s: curves %+v", kind, points)
			}
			near(t, kind+": next beta", []float64{trainer.rl.state.Beta}, []float64{0.05 * (1 + 0.1*min(max(kl/3-1, -0.2), 0.2))}, 1e-12)
			return nil
		})
	}
}

// A KL target holds the KL where it is asked to be, within the swing of a controller that moves beta by 2 % a step; with a
// fixed beta it ends elsewhere.
func TestKLTarget(t *testing.T) {
	ends := func(target float64) float64 {
		job := rlJob(t, model(t, "llama"), "rloo")
		job.Steps, job.BatchSize, job.RL.Samples, job.RL.Passes = 120, 6, 8, 1
		job.Optimizer.LR, job.RL.KLTarget, job.Objective.Beta = 0.01, target, 0.2
		job.RL.Sampling.MaxNewTokens = 3
		kl := 0.0
		withRater(t, job, rateByLikes, func(trainer *Trainer) error {
			result, err := trainer.run(context.Background(), quiet)
			for _, v := range curve(result.Points, "kl")[90:] {
				kl += v / 30
			}
			return err
		})
		return kl
	}
	free, held := ends(0), ends(1)
	t.Logf("KL %.3f with a fixed beta, %.3f with target 1", free, held)
	if math.Abs(held-1) > 0.35 || free < 2 {
		t.Errorf("KL %.3f with a fixed beta, %.3f with target 1", free, held)
	}
}

func TestRLRefuses(t *testing.T) {
	dir := model(t, "llama")
	bad := func(v float64) rater {
		return func(ctx context.Context, e []Example) ([][]float64, int64, error) {
			out, n, err := rateByLikes(ctx, e)
			out[1][2] = v
			return out, n, err
		}
	}
	for _, c := range []struct {
		name   string
		rate   rater
		change func(*TrainJob)
		want   string
	}{
		{"a reward that is no number", bad(math.NaN()), func(j *TrainJob) { j.InOrder = true }, "the reward of text 3 of row 1001 is NaN"},
		{"an endless reward", bad(math.Inf(1)), func(j *TrainJob) { j.InOrder = true }, "the reward of text 3 of row 1001 is +Inf"},
		{"a prompt that is too long", nil, func(j *TrainJob) { j.Data.(rows)[5].Prompt = make([]int32, 57) }, "row 1005 needs 65 positions for its prompt and 5 new tokens; the model has 64"},
		{"an empty prompt", nil, func(j *TrainJob) {
			j.BOS, j.UserModel = -1, usermodel.Config{}
			j.Data.(rows)[2].Prompt = nil
		}, "row 1002 has an empty prompt"},
		{"responses", nil, func(j *TrainJob) { j.Data = toy(3, 1) }, "row 1000 has 2 responses; rloo needs 0"},
		{"an end token outside the vocabulary", nil, func(j *TrainJob) { j.RL.EOS = []int32{99} }, "end token 99"},
		{"a user outside the table", nil, func(j *TrainJob) { j.Users = 1; j.Objective.Alpha = 1 }, "user 2 is not one of 0..1"},
		{"no rows", nil, func(j *TrainJob) { j.Data = rows{} }, "no rows to train on"},
		{"one sample", nil, func(j *TrainJob) { j.RL.Samples = 1 }, "samples is 1"},
		{"weights that run away", nil, func(j *TrainJob) { j.LoRA, j.Optimizer.LR, j.InOrder = nil, 1e30, true }, "step 1: loss"},
	} {
		job := rlJob(t, dir, "rloo")
		c.change(&job)
		rate := c.rate
		if rate == nil {
			rate = rateByLikes
		}
		err := tensor.Run(func() error {
			trainer, err := newTrainer(job, rate)
			if err != nil {
				return err
			}
			defer trainer.Close()
			_, err = trainer.run(context.Background(), quiet)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
		if len(files(t, job.Out)) != 0 {
			t.Errorf("%s: the policy folder was written to", c.name)
		}
	}
}
