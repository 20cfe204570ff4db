//go:build libtorch && interop

package torch

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
)

// A reward model's folder or adapter gives transformers the rewards that we give: without a soft prompt, or of user 0 where
// users are linear heads.
func TestInteropRewardModels(t *testing.T) {
	data := toy(8, 2)
	data[2].Responses[0] = []int32{7, lmtest.EOS, 9} // an end token that is not the last one
	for _, family := range lmtest.Families {
		base := model(t, family)
		var models []map[string]any
		var names []string
		var want [][]float64
		for _, trained := range []string{"adapter", "all weights"} {
			for name, change := range map[string]func(TrainJob) TrainJob{"vanilla": vanilla, "soft prompts": func(j TrainJob) TrainJob { return j }, "linear heads": asHeads} {
				job := change(rewardJob(t, base, data))
				job.LoRA = &lm.LoRAConfig{Rank: 4, Alpha: 8, Targets: []string{"q", "k", "v", "o", "mlp"}}
				files := map[string]any{"model": base, "adapter": filepath.Join(job.Out, "adapter")}
				if trained == "all weights" {
					job.LoRA = nil
					files = map[string]any{"model": filepath.Join(job.Out, "model"), "adapter": ""}
				}
				mustTrain(t, job)
				models, names, want = append(models, files), append(names, family+", "+name+", "+trained), append(want, genericRewards(t, base, job.Out, data))
			}
		}
		var asked []pythonRow
		for _, e := range data {
			for _, r := range e.Responses {
				asked = append(asked, pythonRow{Prompt: e.Prompt, Response: r})
			}
		}
		var got [][]float64
		runPython(t, "reward.py", map[string]any{"models": models, "bos": lmtest.BOS, "rows": asked}, &got)
		for i, name := range names {
			near(t, name, got[i], want[i], 1e-5)
			if spread := slices.Max(want[i]) - slices.Min(want[i]); math.IsNaN(spread) || spread < 0.1 {
				t.Errorf("%s: rewards differ by %g; the test needs more", name, spread)
			}
		}
	}
}

func genericRewards(t *testing.T, base, policy string, data rows) (all []float64) {
	t.Helper()
	bare := slices.Clone(data)
	for i := range bare {
		bare[i].User = NoUser
	}
	in := inputs(base)
	in.Policy.Policy = policy
	for _, rewards := range scores(t, in, bare) {
		all = append(all, rewards...)
	}
	return all
}
