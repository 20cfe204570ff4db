//go:build libtorch

package torch

import (
	"context"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/lm/lmtest"
)

// opposites are n comparisons of random texts by two users of opposite tastes.
func opposites(n, from int) rows {
	var out rows
	for i := from; i < from+n; i++ {
		texts := [][]int32{append(lmtest.IDs(uint64(10000+i), 1+i%4), lmtest.EOS), append(lmtest.IDs(uint64(20000+i), 1+i%5), lmtest.EOS)}
		user := int32(i%2 + 1)
		if likes(user, texts[0]) < likes(user, texts[1]) {
			slices.Reverse(texts)
		}
		out = append(out, Example{Row: int64(i), User: user, Prompt: lmtest.IDs(uint64(i), 2+i%4), Responses: texts})
	}
	return out
}

// A personalised reward model that is trained on two groups with opposite tastes, and policies that are trained against it:
// every kind raises each group's own reward, above what the other group's texts earn. Rewards are from -6 to 6 here.
func TestRLRaisesEachUsersReward(t *testing.T) {
	dir := model(t, "llama")
	reward := asHeads(rewardJob(t, dir, opposites(1600, 0)))
	reward.Steps, reward.BatchSize, reward.LoRA, reward.Objective.Alpha = 150, 32, nil, 1
	reward.Optimizer.LR, reward.Optimizer.UserLR, reward.Optimizer.Schedule = 0.01, 0.02, "linear"
	mustTrain(t, reward)
	in, right := reward.Inputs, 0
	in.Policy.Policy = reward.Out
	for _, r := range scores(t, in, opposites(100, 1600)) {
		if r[0] > r[1] {
			right++
		}
	}
	if right < 80 {
		t.Fatalf("the reward model is right on %d of 100 fresh comparisons", right)
	}
	for _, kind := range rlKinds {
		job := rlJob(t, dir, kind)
		job.RL.Reward = PolicyFiles{Policy: reward.Out}
		job.Steps, job.BatchSize, job.RL.Samples, job.Objective.Alpha = 60, 6, 8, 0.8
		job.LoRA, job.Optimizer.Schedule = nil, "linear"
		for i := range job.Data.(rows) { // the policy knows its users by other numbers than the reward model
			e := &job.Data.(rows)[i]
			e.Rater.User = 3 - e.User
		}
		mustTrain(t, job)
		base, own := job.Inputs, job.Inputs
		own.Policy.Policy = job.Out
		for user := int32(1); user <= 2; user++ {
			rater := 3 - user
			before, after, others := job.earned(t, base, NoUser, rater), job.earned(t, own, user, rater), job.earned(t, own, 3-user, rater)
			t.Logf("%s, user %d: reward %.3f before, %.3f after; the other user's texts %.3f", kind, user, before, after, others)
			if !(after > before+1) || !(after > others+1) {
				t.Errorf("%s, user %d: reward %.3f before, %.3f after; the other user's texts %.3f", kind, user, before, after, others)
			}
		}
	}
}

// earned is the mean reward that rater gives to the texts which a policy writes for user.
func (j TrainJob) earned(t *testing.T, in Inputs, user, rater int32) float64 {
	t.Helper()
	job := GenerateJob{Inputs: in, EOS: j.RL.EOS, Samples: 16, Seed: 77, Sample: j.RL.Sampling}
	var data rows
	for i, e := range j.Data.(rows) {
		job.Prompts = append(job.Prompts, GeneratePrompt{Key: int64(i), User: user, Prompt: e.Prompt})
		data = append(data, Example{User: rater, Prompt: e.Prompt})
	}
	for _, g := range generated(t, job) {
		ids := g.IDs
		if g.Finished {
			ids = append(ids, lmtest.EOS)
		}
		data[g.Prompt].Responses = append(data[g.Prompt].Responses, ids)
	}
	in.Policy = j.RL.Reward
	total, n := 0.0, 0.0
	for _, rewards := range scores(t, in, data) {
		for _, r := range rewards {
			total, n = total+r, n+1
		}
	}
	return total / n
}

func TestRLRefusesRewardModels(t *testing.T) {
	dir := model(t, "llama")
	for want, files := range map[string]PolicyFiles{
		"the reward model is a language model, which gives log-probs; expected a model that was trained by reward": {Model: dir},
		"rloo has no reward model; expected one that scores the texts":                                             {},
	} {
		job := rlJob(t, dir, "rloo")
		job.RL.Reward = files
		if _, err := Train(context.Background(), job, quiet); err == nil || err.Error() != want {
			t.Errorf("%+v: %v; want %s", files, err, want)
		}
	}
}
