package torch

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/usermodel"
)

func askingJob(alpha float64) TrainJob {
	return TrainJob{Objective: objective.Config{Kind: "rloo", Alpha: alpha, Beta: 1}, GenericKeepsText: true,
		UserModel: usermodel.Config{Kind: "individualized", Tokens: 1}, Seed: 8}
}

func asking(n int) []Example {
	var out []Example
	for i := range n {
		out = append(out, Example{User: 3, UserText: []int32{7}, Prompt: []int32{int32(i)}, Rater: RaterUser{User: 5, UserText: []int32{9}}})
	}
	return out
}

// The share of prompts that are answered for their own user is alpha, in every batch anew; the rater is the one who asks.
func TestAskedFollowsAlpha(t *testing.T) {
	for _, alpha := range []float64{0, 0.3, 1} {
		job, own, n := askingJob(alpha), 0, 4000
		for step := range 4 {
			examples, list := job.asked(asking(n/4), step)
			for i, u := range list {
				e := examples[i]
				switch {
				case u.example != i || u.weight != 1 || !slices.Equal(u.text, []int32{7}) || !slices.Equal(e.Rater.UserText, []int32{9}):
					t.Fatalf("prompt %d: %+v, rated by %+v", i, u, e.Rater)
				case u.user == 3 && e.Rater.User == 5:
					own++
				case u.user != 0 || e.Rater.User != 0:
					t.Fatalf("prompt %d is answered for user %d and rated by user %d", i, u.user, e.Rater.User)
				}
			}
		}
		share := float64(own) / float64(n)
		if math.Abs(share-alpha) > 4*math.Sqrt(alpha*(1-alpha)/float64(n)) {
			t.Errorf("alpha %g: %.3f of the prompts are answered for their own user", alpha, share)
		}
	}
}

func TestAskedDependsOnSeedAndStep(t *testing.T) {
	users := func(seed int64, step int) []int32 {
		job := askingJob(0.5)
		job.Seed = seed
		_, list := job.asked(asking(64), step)
		var out []int32
		for _, u := range list {
			out = append(out, u.user)
		}
		return out
	}
	if !slices.Equal(users(1, 1), users(1, 1)) || slices.Equal(users(1, 1), users(2, 1)) || slices.Equal(users(1, 1), users(1, 2)) {
		t.Error("who is asked does not follow from seed and step")
	}
}

// Texts of user 0 follow GenericKeepsText; where both passes are one, alpha has no effect and the rater is the prompt's own.
func TestAskedTexts(t *testing.T) {
	job := askingJob(0)
	job.GenericKeepsText = false
	examples, list := job.asked(asking(1), 0)
	if list[0].text != nil || examples[0].Rater.UserText != nil || examples[0].Rater.User != 0 {
		t.Errorf("without texts: %+v, rated by %+v", list[0], examples[0].Rater)
	}
	job = askingJob(0)
	job.UserModel = usermodel.Config{}
	examples, list = job.asked(asking(1), 0)
	if examples[0].Rater.User != 5 || !slices.Equal(list[0].text, []int32{7}) {
		t.Errorf("without a user model: %+v, rated by %+v", list[0], examples[0].Rater)
	}
}

func TestReferenceUnits(t *testing.T) {
	job := askingJob(1)
	_, list := job.asked(asking(1), 0)
	if u := job.referenceUnits(list)[0]; u.user != NoUser || u.text != nil {
		t.Errorf("the reference has %+v; want neither user nor text", u)
	}
	job.ReferenceUserText = true
	if u := job.referenceUnits(list)[0]; u.user != NoUser || !slices.Equal(u.text, []int32{7}) {
		t.Errorf("the reference has %+v; want no user and the text", u)
	}
}

// PPO whitens by all that is known of a rater, and by nothing of the others; one text of the rater is compared with earlier
// ones.
func TestWeighWhitensByRater(t *testing.T) {
	state := rlState{Scores: map[int32]objective.Moments{}}
	one := func() []objective.Text {
		return []objective.Text{{Old: []float64{-1}, Reference: []float64{-1}, Values: []float64{0}}}
	}
	for _, batch := range [][2]float64{{4, 100}, {8, 700}} {
		r := &rollout{examples: []Example{{Rater: RaterUser{User: 2}}, {Rater: RaterUser{User: 1}}},
			texts: [][]objective.Text{one(), one()}, scores: [][]float64{batch[:1], batch[1:]}}
		r.weigh(objective.Config{Kind: "ppo", Beta: 1}, &state)
		for i, of := range r.texts {
			want := 0.0 // the first text of a rater has nothing to be compared with
			if batch[0] == 8 {
				want = math.Sqrt2 / 2 // the second of two is half their distance above the mean, the deviation is distance / sqrt 2
			}
			if got := of[0].Advantages[0]; math.Abs(got-want) > 1e-12 {
				t.Errorf("batch %v: the advantage of text %d is %g; want %g", batch, i, got, want)
			}
		}
	}
}

func TestCheckRL(t *testing.T) {
	for _, c := range []struct {
		want   string // "": none
		change func(*TrainJob)
	}{
		{"", func(j *TrainJob) {}},
		{"", func(j *TrainJob) { j.Objective.Kind, j.RL.Samples = "ppo", 1 }},
		{"", func(j *TrainJob) { j.RL.Sampling.TopP, j.RL.Sampling.RepetitionPenalty = 1, 1 }},
		{"rloo has no reward model", func(j *TrainJob) { j.RL = nil }},
		{"grpo has no reward model", func(j *TrainJob) { j.Objective.Kind, j.RL.Reward = "grpo", PolicyFiles{} }},
		{"rloo has no end token", func(j *TrainJob) { j.RL.EOS = nil }},
		{"samples is 1; rloo compares", func(j *TrainJob) { j.RL.Samples = 1 }},
		{"samples is 1; grpo compares", func(j *TrainJob) { j.Objective.Kind, j.RL.Samples = "grpo", 1 }},
		{"samples is 0; ppo compares", func(j *TrainJob) { j.Objective.Kind, j.RL.Samples = "ppo", 0 }},
		{"passes is 0", func(j *TrainJob) { j.RL.Passes = 0 }},
		{"clip is 0", func(j *TrainJob) { j.RL.Clip = 0 }},
		{"clip is NaN", func(j *TrainJob) { j.RL.Clip = math.NaN() }},
		{"kl_target is -1", func(j *TrainJob) { j.RL.KLTarget = -1 }},
		{"stop_norm is 0.1", func(j *TrainJob) { j.StopNorm = 0.1 }},
		{"lora has dropout 0.1", func(j *TrainJob) { j.LoRA = &lm.LoRAConfig{Rank: 1, Dropout: 0.1} }},
		{"sampling has temperature 0; rloo draws from the policy itself", func(j *TrainJob) { j.RL.Sampling.Temperature = 0 }},
		{"sampling has top_p 0.9", func(j *TrainJob) { j.RL.Sampling.TopP = 0.9 }},
		{"sampling has top_k 5", func(j *TrainJob) { j.RL.Sampling.TopK = 5 }},
		{"sampling has min_p 0.1", func(j *TrainJob) { j.RL.Sampling.MinP = 0.1 }},
		{"sampling has min_new_tokens 2", func(j *TrainJob) { j.RL.Sampling.MinNewTokens = 2 }},
		{"sampling has repetition_penalty 1.1", func(j *TrainJob) { j.RL.Sampling.RepetitionPenalty = 1.1 }},
		{"sampling has no_repeat_ngram 3", func(j *TrainJob) { j.RL.Sampling.NoRepeatNgram = 3 }},
		{"max_new_tokens is 0", func(j *TrainJob) { j.RL.Sampling.MaxNewTokens = 0 }},
	} {
		job := askingJob(0.5)
		job.RL = &RL{Reward: PolicyFiles{Policy: "reward"}, EOS: []int32{1}, Samples: 2, Sampling: Sampling{Temperature: 1, MaxNewTokens: 4}, Clip: 0.2, Passes: 1}
		c.change(&job)
		err := job.checkRL(false)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasPrefix(err.Error(), c.want)) {
			t.Errorf("%v; want %q", err, c.want)
		}
	}
}
