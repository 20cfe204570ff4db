//go:build libtorch

package torch

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// majority makes comparisons of four users on the same prompts; the fourth alone prefers token 6.
func majority(n int) rows {
	out := toy(n, 4)
	for i := range out {
		out[i].Prompt = lmtest.IDs(uint64(100+i/4), 2+i/4%4)
		if out[i].User == 2 {
			slices.Reverse(out[i].Responses)
		}
	}
	return out
}

// trained is a policy that most users of majority agree with.
func trained(t *testing.T, dir string, cfg usermodel.Config) Inputs {
	t.Helper()
	job := dpoJob(t, dir, majority(32))
	job.UserModel, job.Users, job.Objective, job.Steps, job.BatchSize = cfg, 4, dpo, 40, 16
	job.CheckReference = false
	mustTrain(t, job)
	in := job.Inputs
	in.Policy.Policy = job.Out
	return in
}

var dpo = objective.Config{Kind: "dpo", Alpha: 0.5, Beta: 0.3}

// tastes are the comparisons of two new users: 1 prefers token 6, 2 token 5; and rows of both to hold out.
func tastes(t *testing.T, dir string, n int) (fit, heldOut rows) {
	all := withReference(t, dir, toy(2*n+12, 2))
	for i := range all {
		all[i].User = 3 - all[i].User // toy's user 1 prefers token 5
	}
	return all[:2*n], all[2*n:]
}

func adaptJob(t *testing.T, in Inputs, fit rows) AdaptJob {
	return AdaptJob{Inputs: in, Data: fit, Users: 3, Objective: dpo, Steps: 30, LR: 0.1, Out: t.TempDir()}
}

func mustAdapt(t *testing.T, job AdaptJob) (losses []float64) {
	t.Helper()
	err := Adapt(context.Background(), job, func(p Progress) {
		losses = append(losses, p.Points[0].Value)
		if p.Done != len(losses) || p.Total != job.Steps || p.Tokens == 0 {
			t.Errorf("progress %+v after %d steps", p, len(losses))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return losses
}

// ranked is the share of rows whose chosen response has the higher reward, with each row's user as given.
func ranked(t *testing.T, in Inputs, o objective.Config, data rows) float64 {
	right := 0.0
	for i, s := range scores(t, in, data) {
		if chosen, rejected := o.Rewards(objectivePair(s, data[i])); chosen > rejected {
			right++
		}
	}
	return right / float64(len(data))
}

func ofUser(data rows, from, to int32) (out rows) {
	for _, e := range data {
		if e.User == from {
			e.User = to
			out = append(out, e)
		}
	}
	return out
}

// A user of the opposite taste is ranked like the generic user, wrongly, before a few comparisons, and rightly after; the
// generic user and who has no comparisons stay as they were, to the bit, and so does the policy's folder.
func TestAdapt(t *testing.T) {
	dir := model(t, "llama")
	fit, heldOut := tastes(t, dir, 4)
	for name, cfg := range personal {
		for _, sparse := range []bool{false, true} {
			if cfg.Sparse = sparse; sparse && cfg.Shared {
				continue // as without
			}
			in := trained(t, dir, cfg)
			before := files(t, in.Policy.Policy)
			generic := scores(t, in, ofUser(heldOut, 1, 0))
			job := adaptJob(t, in, fit)
			losses := mustAdapt(t, job)
			if !(losses[29] < 0.5*losses[0]) {
				t.Errorf("%s: losses %v", name, losses)
			}
			adapted := in
			adapted.Policy.Users = job.Out
			minority, agrees := ofUser(heldOut, 1, 1), ofUser(heldOut, 2, 2)
			if was, is := ranked(t, in, dpo, ofUser(heldOut, 1, 0)), ranked(t, adapted, dpo, minority); was > 0.2 || is < 0.9 {
				t.Errorf("%s: the new user's held-out accuracy is %g with user 0 and %g after adapting", name, was, is)
			}
			if is := ranked(t, adapted, dpo, agrees); is < 0.9 {
				t.Errorf("%s: the accuracy of the user who agrees is %g after adapting", name, is)
			}
			for _, u := range []int32{0, 3} { // the generic user, and one without comparisons
				if got := scores(t, adapted, ofUser(heldOut, 1, u)); !reflect.DeepEqual(got, generic) {
					t.Errorf("%s: user %d scores %v; want those of user 0 before, %v", name, u, got, generic)
				}
			}
			if !reflect.DeepEqual(files(t, in.Policy.Policy), before) {
				t.Errorf("%s: the policy's folder has changed", name)
			}
			checkAdaptedFiles(t, name, job, in.Policy.Policy)
		}
	}
}

// checkAdaptedFiles looks at the folder that Adapt filled: the policy's user model with other rows, and nothing else.
func checkAdaptedFiles(t *testing.T, name string, job AdaptJob, policy string) {
	t.Helper()
	note, err := readNote(job.Out)
	was, err2 := readNote(policy)
	if err != nil || err2 != nil || note.Users != 3 || note.UserModel != was.UserModel || note.Full || note.Adapter {
		t.Errorf("%s: policy.json says %+v; of the policy it says %+v (%v, %v)", name, note, was, err, err2)
	}
	if got := files(t, job.Out); len(got) != 2 {
		t.Errorf("%s: %d files", name, len(got))
	}
	if is, was := stored(t, job.Out, "cluster_embedding"), stored(t, policy, "cluster_embedding"); !slices.Equal(is, was) {
		t.Errorf("%s: the clusters' embeddings have moved", name)
	}
}

// stored is a tensor of a folder's user model; nil when there is none of that name.
func stored(t *testing.T, dir, name string) []float32 {
	t.Helper()
	f, err := safetensors.Open(filepath.Join(dir, "user_model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	x, ok := f.Tensor(name)
	if !ok {
		return nil
	}
	values, err := safetensors.Float32s(x)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// All weights trained: the folder's model/ is what is adapted to.
func TestAdaptToAFullPolicy(t *testing.T) {
	dir := model(t, "gpt2")
	fit, heldOut := tastes(t, dir, 4)
	job := dpoJob(t, dir, majority(32))
	job.Users, job.LoRA, job.Steps, job.BatchSize = 4, nil, 40, 16
	mustTrain(t, job)
	in := inputs("not read")
	in.Policy.Policy = job.Out
	fitted := adaptJob(t, in, fit)
	mustAdapt(t, fitted)
	was := ranked(t, in, dpo, ofUser(heldOut, 1, 0))
	in.Policy.Users = fitted.Out
	if is := ranked(t, in, dpo, ofUser(heldOut, 1, 1)); was > 0.2 || is < 0.9 {
		t.Errorf("held-out accuracy %g with user 0 and %g after adapting", was, is)
	}
}

// Users do not change one another: adapted together, and with a third, each has the row that they get alone.
func TestAdaptedUsersAreIndependent(t *testing.T) {
	dir := model(t, "llama")
	fit, _ := tastes(t, dir, 3)
	fit = fit[:5] // three comparisons of one, two of the other
	for name, cfg := range personal {
		table := "user_embedding"
		if cfg.Kind == "cluster" {
			table = "user_weight"
		}
		in := trained(t, dir, cfg)
		together := adaptJob(t, in, fit)
		mustAdapt(t, together)
		all := stored(t, together.Out, table)
		for u := 1; u <= 2; u++ {
			alone := adaptJob(t, in, ofUser(fit, int32(u), int32(u)))
			mustAdapt(t, alone)
			one, row := stored(t, alone.Out, table), len(all)/4
			near(t, name, wide(all[u*row:(u+1)*row]), wide(one[u*row:(u+1)*row]), 1e-4)
			if slices.Equal(all[u*row:(u+1)*row], all[3*row:]) {
				t.Errorf("%s: user %d was not adapted", name, u)
			}
		}
	}
}

// The first loss is the mean over users of the mean over each one's own comparisons, at the generic user's soft prompt; the
// gradient is that of the sum over users, by central differences.
func TestAdaptLoss(t *testing.T) {
	dir := model(t, "llama")
	fit, _ := tastes(t, dir, 3)
	fit = fit[:5]
	in := trained(t, dir, personal["individualized"])
	job := adaptJob(t, in, fit)
	generic := slices.Clone(fit)
	for i := range generic {
		generic[i].User = 0
	}
	perUser := func(sums [][]float64) (loss [3]float64) {
		count := [3]float64{}
		for i, s := range sums {
			u, e := fit[i].User, fit[i]
			loss[u] += math.Log1p(math.Exp(-0.3 * (s[0] - e.Reference[0] - s[1] + e.Reference[1])))
			count[u]++
		}
		return [3]float64{0, loss[1] / count[1], loss[2] / count[2]}
	}
	want := perUser(scores(t, in, generic))
	near(t, "first loss", mustAdapt(t, job)[:1], []float64{(want[1] + want[2]) / 2}, 1e-5)

	inTrainer(t, job.trainer, func(trainer *Trainer) error {
		batches, _, err := job.batches()
		if err != nil {
			return err
		}
		if _, err := trainer.GradientsByRow(batches[0].examples, batches[0].weights); err != nil {
			return err
		}
		got, at := wide(trainer.Gradient("user_embedding")), trainer.Values("user_embedding")
		loss := func() float64 {
			var sums [][]float64
			if err := errors.Join(trainer.SetValues("user_embedding", at), trainer.Score(fit, func(l Logp) { sums = append(sums, l.Sums) })); err != nil {
				t.Fatal(err)
			}
			l := perUser(sums)
			return l[1] + l[2]
		}
		slopes := make([]float64, len(at))
		for i := 32; i < 3*32; i++ { // rows 1 and 2; row 0 is not trained, row 3 is in no comparison
			const h = 0.02
			x := at[i]
			at[i] = x + h
			above := loss()
			at[i] = x - h
			slopes[i] = (above - loss()) / (2 * h)
			at[i] = x
		}
		near(t, "gradient", got, slopes, 5e-3)
		return nil
	})
}

// Every objective on comparisons, and sft, fits; those without a reference need none.
func TestAdaptObjectives(t *testing.T) {
	dir := model(t, "llama")
	fit, _ := tastes(t, dir, 3)
	in := trained(t, dir, personal["individualized"])
	for _, o := range []objective.Config{
		{Kind: "ipo", Beta: 0.3, Normalize: "length"}, {Kind: "hinge", Beta: 0.3}, {Kind: "simpo", Beta: 2, Gamma: 0.5},
		{Kind: "cpo", Beta: 0.3, Lambda: 0.1}, {Kind: "orpo", Lambda: 1}, {Kind: "sft"},
	} {
		o.Alpha = 1
		data := slices.Clone(fit)
		for i := range data {
			if !o.NeedsReference() {
				data[i].Reference = nil
			}
			data[i].Responses = data[i].Responses[:o.Responses()]
		}
		job := adaptJob(t, in, data)
		job.Objective = o
		if losses := mustAdapt(t, job); !(losses[29] < losses[0]-0.05) {
			t.Errorf("%s: losses %v", o.Kind, losses)
		}
	}
}

// Weights make a batch's mean the sum of the users' means; kto's users are batches of their own.
func TestAdaptBatches(t *testing.T) {
	var data rows
	for i, u := range []int32{2, 1, 2, 2} {
		data = append(data, Example{Row: int64(i), User: u, Responses: [][]int32{make([]int32, i+1)}})
	}
	type batch struct {
		rows    []int64
		weights []float64
	}
	for kind, want := range map[string][]batch{
		"dpo": {{[]int64{0, 1, 2, 3}, []float64{4. / 3, 4, 4. / 3, 4. / 3}}},
		"sft": {{[]int64{0, 1, 2, 3}, []float64{10. / 8, 10. / 2, 10. / 8, 10. / 8}}}, // tokens: 1 + 3 + 4 and 2
		"kto": {{[]int64{0, 2, 3}, []float64{1, 1, 1}}, {[]int64{1}, []float64{1}}},
	} {
		job := AdaptJob{Data: data, Users: 2, Objective: objective.Config{Kind: kind}}
		batches, users, err := job.batches()
		if err != nil || users != 2 {
			t.Fatal(users, err)
		}
		var got []batch
		for _, b := range batches {
			var ids []int64
			for _, e := range b.examples {
				ids = append(ids, e.Row)
			}
			got = append(got, batch{ids, b.weights})
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v; want %v", kind, got, want)
		}
	}
}

// Without comparisons, or without steps, everybody is the generic user.
func TestAdaptWithoutComparisons(t *testing.T) {
	dir := model(t, "llama")
	_, heldOut := tastes(t, dir, 0)
	in := trained(t, dir, personal["softmax weights"])
	want := scores(t, in, ofUser(heldOut, 1, 0))
	for _, steps := range []int{0, 5} {
		job := adaptJob(t, in, rows{})
		job.Steps = steps
		if err := Adapt(context.Background(), job, quiet); err != nil {
			t.Fatal(err)
		}
		adapted := in
		adapted.Policy.Users = job.Out
		if got := scores(t, adapted, ofUser(heldOut, 1, 2)); !reflect.DeepEqual(got, want) {
			t.Errorf("%d steps: %v; want %v", steps, got, want)
		}
	}
}

func TestAdaptRefuses(t *testing.T) {
	dir := model(t, "llama")
	fit, _ := tastes(t, dir, 1)
	in := trained(t, dir, personal["individualized"])
	short := func(cfg usermodel.Config) Inputs {
		job := dpoJob(t, dir, toy(6, 2))
		job.UserModel, job.Clusters, job.Steps = cfg, []int{0, 1}, 1
		mustTrain(t, job)
		in := job.Inputs
		in.Policy.Policy = job.Out
		return in
	}
	for _, c := range []struct {
		name   string
		change func(*AdaptJob)
		want   string
	}{
		{"a user above those asked for", func(j *AdaptJob) { j.Users = 1 }, "row 1000 is of user 2; adapt fits users 1 to 1"},
		{"user 0", func(j *AdaptJob) { j.Data.(rows)[0].User = 0 }, "row 1000 is of user 0"},
		{"no users", func(j *AdaptJob) { j.Users = 0 }, "adapt is for 0 users"},
		{"a rate of 0", func(j *AdaptJob) { j.LR = 0 }, "the learning rate of adapt is 0"},
		{"steps below 0", func(j *AdaptJob) { j.Steps = -1 }, "adapt has -1 steps"},
		{"an objective out of range", func(j *AdaptJob) { j.Objective.Beta = 0 }, "beta is 0"},
		{"no reference", func(j *AdaptJob) { j.Data.(rows)[0].Reference = nil }, "row 1000 has 0 reference log-probs"},
		{"a rate that is too high", func(j *AdaptJob) { j.LR = 1e38 }, "not finite"},
		{"a bare model", func(j *AdaptJob) { j.Policy.Policy = "" }, "the policy has no user model"},
		{"a vanilla policy", func(j *AdaptJob) { j.Inputs = short(usermodel.Config{}) }, "the policy has no user model"},
		{"a uniform user model", func(j *AdaptJob) { j.Inputs = short(usermodel.Config{Kind: "uniform", Tokens: 1}) }, "the policy's user model is uniform"},
		{"given weights", func(j *AdaptJob) {
			j.Inputs = short(usermodel.Config{Kind: "cluster", Tokens: 1, Clusters: 2, Weights: "given"})
		}, "the policy's cluster weights are given"},
		{"no policy there", func(j *AdaptJob) { j.Policy.Policy = dir }, "policy.json"},
		{"no users there", func(j *AdaptJob) { j.Policy.Users = dir }, "policy.json"},
	} {
		job := adaptJob(t, in, slices.Clone(fit))
		c.change(&job)
		err := Adapt(context.Background(), job, quiet)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
		if left, _ := os.ReadDir(job.Out); len(left) != 0 {
			t.Errorf("%s: %d files were written", c.name, len(left))
		}
	}
}

func TestAdaptIsStopped(t *testing.T) {
	dir := model(t, "llama")
	fit, _ := tastes(t, dir, 1)
	job := adaptJob(t, trained(t, dir, personal["free weights"]), fit)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	steps := 0
	err := Adapt(ctx, job, func(Progress) {
		if steps++; steps == 3 {
			cancel()
		}
	})
	if left, _ := os.ReadDir(job.Out); !errors.Is(err, context.Canceled) || steps != 3 || len(left) != 0 {
		t.Errorf("%v after %d steps, %d files", err, steps, len(left))
	}
}

// kto's reference point is that of each user's own comparisons: beside others a user gets the same row, to the bit.
func TestAdaptByKTO(t *testing.T) {
	dir := model(t, "llama")
	fit, _ := tastes(t, dir, 3)
	fit = ktoJob(t, dir, fit).Data.(rows)
	in := trained(t, dir, personal["individualized"])
	run := func(data rows) []float32 {
		job := adaptJob(t, in, data)
		job.Objective = objective.Config{Kind: "kto", Alpha: 1, Beta: 0.3, LambdaChosen: 1, LambdaRejected: 1}
		if losses := mustAdapt(t, job); !(losses[29] < losses[0]-0.05) {
			t.Errorf("losses %v", losses)
		}
		return stored(t, job.Out, "user_embedding")
	}
	all, row := run(fit), 2*16
	for u := 1; u <= 2; u++ {
		if one := run(ofUser(fit, int32(u), int32(u))); !slices.Equal(all[u*row:(u+1)*row], one[u*row:(u+1)*row]) {
			t.Errorf("user %d has another row beside the other user than alone", u)
		}
	}
}
