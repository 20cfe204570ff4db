//go:build libtorch

package torch

import (
	"reflect"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/objective"
)

// New users of a reward model, as soft prompts and as linear heads, over every way in which its weights are kept.
func TestAdaptToARewardModel(t *testing.T) {
	dir := model(t, "llama")
	fit, heldOut := tastes(t, dir, 6)
	for i := range fit {
		fit[i].Reference = nil
	}
	reward := objective.Config{Kind: "reward", Alpha: 0.5}
	for name, job := range ways(t, dir, majority(32)) {
		if job.UserModel.Kind == "" {
			continue
		}
		for _, sparse := range []bool{false, true} {
			job.UserModel.Sparse, job.Users, job.Steps, job.BatchSize, job.Out = sparse, 4, 40, 16, t.TempDir()
			mustTrain(t, job)
			in := job.Inputs
			in.Policy.Policy = job.Out
			generic := scores(t, in, ofUser(heldOut, 1, 0))
			fitted := adaptJob(t, in, slices.Clone(fit))
			fitted.Objective, fitted.Steps = reward, 100
			losses := mustAdapt(t, fitted)
			adapted := in
			adapted.Policy.Users = fitted.Out
			was, is := ranked(t, in, reward, ofUser(heldOut, 1, 0)), ranked(t, adapted, reward, ofUser(heldOut, 1, 1))
			if fits := ranked(t, adapted, reward, fit); fits < 0.9 || is <= was || !(losses[99] < 0.5*losses[0]) {
				t.Errorf("%s: accuracy %g on the rows fitted to, %g held out, %g with user 0; losses %v", name, fits, is, was, losses)
			}
			if got := scores(t, adapted, ofUser(heldOut, 1, 3)); !reflect.DeepEqual(got, generic) {
				t.Errorf("%s: a user without comparisons scores %v; want %v", name, got, generic)
			}
		}
	}
}
