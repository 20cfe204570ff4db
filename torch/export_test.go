//go:build libtorch

package torch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// exportable is a trained policy: what an ExportJob says about it, with texts of users 0, 1 and 2.
func exportable(t *testing.T, job TrainJob) ExportJob {
	t.Helper()
	mustTrain(t, job)
	in := job.Inputs
	in.Policy.Policy = job.Out
	texts := slices.Clone(toy(24, 2))
	for i := range texts {
		texts[i].User, texts[i].Reference = int32(i%3), nil
		if job.UserModel.Tokens == 0 {
			texts[i].User = 0
		}
	}
	return ExportJob{Inputs: in, Before: job.Policy, EOS: []int32{lmtest.EOS}, Texts: texts, Limit: 1e-6, Out: t.TempDir()}
}

func mustExport(t *testing.T, job ExportJob) ExportResult {
	t.Helper()
	result, err := Export(context.Background(), job, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// asText are texts whose users are tokens of an exported folder: three ids each, user 0 first.
func asText(texts rows, first, tokens int) rows {
	out := slices.Clone(texts)
	for i := range out {
		var ids []int32
		for k := range tokens {
			ids = append(ids, int32(first+int(out[i].User)*tokens+k))
		}
		out[i].User, out[i].Prompt = NoUser, append(ids, out[i].Prompt...)
	}
	return out
}

// tiedLlama is LLaMA 3.2's shape: tied, with its rotary scaling.
func tiedLlama(t *testing.T) lm.Config {
	c := lmtest.Config(t, "llama")
	c.Tied = true
	return c
}

// A folder with users as tokens gives the policy's log-probs for each user by plain ids, and nearly nothing to the added
// tokens. Each way of keeping them quiet is here, and LoRA on the embedding, which users' vectors do not pass through.
func TestExportUsersAsTokens(t *testing.T) {
	configs := map[string]lm.Config{"llama, tied": tiedLlama(t)}
	for _, family := range lmtest.Families {
		configs[family] = lmtest.Config(t, family)
	}
	kinds := map[string]usermodel.Config{
		"individualized": {Kind: "individualized", Tokens: 3, Shared: true, Start: "vocabulary"},
		"cluster":        {Kind: "cluster", Tokens: 3, Clusters: 2, Weights: "softmax", Start: "vocabulary"},
	}
	for name, config := range configs {
		for kind, users := range kinds {
			t.Run(name+", "+kind, func(t *testing.T) {
				base := lmtest.Write(t, config, 3)
				train := dpoJob(t, base, toy(12, 2))
				train.UserModel = users
				train.LoRA.Targets = []string{"q", "k", "v", "o", "mlp", "embedding"}
				job := exportable(t, train)
				job.Users = []int32{0, 1, 2}
				result := mustExport(t, job)
				if result.Added != 9 || result.FirstToken != lmtest.Vocab {
					t.Errorf("%d tokens from %d; want 9 from %d", result.Added, result.FirstToken, lmtest.Vocab)
				}
				want := scores(t, job.Inputs, job.Texts.(rows))
				got := scores(t, inputs(job.Out), asText(job.Texts.(rows), lmtest.Vocab, 3))
				for i := range want {
					near(t, fmt.Sprintf("text %d of user %d", i, i%3), got[i], want[i], 2e-5)
				}
				if result.Probability > 1e-12 || result.Places == 0 {
					t.Errorf("added tokens take %g at %d places, quiet by %s", result.Probability, result.Places, result.Quiet)
				}
				checkExportedConfig(t, job.Out, config, result)
			})
		}
	}
}

func checkExportedConfig(t *testing.T, dir string, before lm.Config, result ExportResult) {
	t.Helper()
	after, err := lm.ReadConfig(dir)
	if err != nil {
		t.Fatal(err)
	}
	if after.Tied || after.Vocab != before.Vocab+9 || after.Width != result.Width || after.HeadDim != before.HeadDim {
		t.Errorf("config.json: tied %v, %d tokens, width %d, heads of %d", after.Tied, after.Vocab, after.Width, after.HeadDim)
	}
	if (result.Width != before.Width) != (result.Quiet == lm.QuietChannel) {
		t.Errorf("width %d from %d, quiet by %s", result.Width, before.Width, result.Quiet)
	}
	var generation struct {
		Suppress []int `json:"suppress_tokens"`
	}
	data, err := os.ReadFile(filepath.Join(dir, "generation_config.json"))
	if err != nil || json.Unmarshal(data, &generation) != nil {
		t.Fatalf("generation_config.json: %v", err)
	}
	if len(generation.Suppress) != 9 || generation.Suppress[0] != before.Vocab || generation.Suppress[8] != before.Vocab+8 {
		t.Errorf("suppressed are %v", generation.Suppress)
	}
}

// A model whose last norm was never trained has no constant of its own: the norm's bias is shifted, and no log-prob changes.
func TestExportUntrainedNorm(t *testing.T) {
	base := lmtest.Write(t, lmtest.Config(t, "gpt2"), 3)
	rewrite(t, base, func(x *safetensors.Tensor) {
		if x.Name == "transformer.ln_f.bias" {
			x.Data = make([]byte, len(x.Data))
		}
	})
	job := exportable(t, dpoJob(t, base, toy(12, 2)))
	job.Users = []int32{0, 1, 2}
	result := mustExport(t, job)
	want := scores(t, job.Inputs, job.Texts.(rows))
	for i, got := range scores(t, inputs(job.Out), asText(job.Texts.(rows), lmtest.Vocab, 2)) {
		near(t, fmt.Sprint("text ", i), got, want[i], 2e-5)
	}
	if result.Probability > 1e-12 {
		t.Errorf("added tokens take %g", result.Probability)
	}
}

// rewrite changes the tensors of a model folder of one file.
func rewrite(t *testing.T, dir string, change func(*safetensors.Tensor)) {
	t.Helper()
	path := filepath.Join(dir, "model.safetensors")
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var list []safetensors.Tensor
	for _, name := range f.Names() {
		x, _ := f.Tensor(name)
		x.Data = slices.Clone(x.Data)
		change(&x)
		list = append(list, x)
	}
	f.Close()
	if err := safetensors.Write(path, list, nil); err != nil {
		t.Fatal(err)
	}
}

func storeAs(t *testing.T, dir string, dtype tensor.DType, name string) {
	t.Helper()
	rewrite(t, dir, func(x *safetensors.Tensor) {
		err := tensor.Run(func() error {
			s := tensor.NewScope()
			defer s.Close()
			x.Data = s.FromBytes(x.Data, tensor.Float32, x.Shape, tensor.CPU, dtype).Bytes()
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		x.DType = name
	})
}

// Weights keep their dtype, and rounding is all that changes.
func TestExportKeepsDType(t *testing.T) {
	for name, c := range map[string]struct {
		dtype tensor.DType
		share float64 // of a log-prob that rounding may change
	}{"BF16": {tensor.BFloat16, 3e-2}, "F16": {tensor.Float16, 4e-3}} {
		for _, family := range []string{"gptj", "gpt2", "llama"} {
			base := model(t, family)
			storeAs(t, base, c.dtype, name)
			job := exportable(t, dpoJob(t, base, toy(12, 2)))
			job.Users = []int32{0, 1, 2}
			result := mustExport(t, job)
			if result.Probability > 1e-12 {
				t.Errorf("%s, %s: added tokens take %g, quiet by %s", family, name, result.Probability, result.Quiet)
			}
			set, err := safetensors.OpenFolder(job.Out)
			if err != nil {
				t.Fatal(err)
			}
			for _, weight := range set.Names() {
				if x, _ := set.Tensor(weight); x.DType != name {
					t.Errorf("%s: %s is %s; the base has %s", family, weight, x.DType, name)
				}
			}
			set.Close()
			want, largest := scores(t, job.Inputs, job.Texts.(rows)), 0.0
			for i, got := range scores(t, inputs(job.Out), asText(job.Texts.(rows), lmtest.Vocab, 2)) {
				near(t, family+", "+name, got, want[i], c.share)
				for j := range got {
					largest = max(largest, math.Abs(got[j]-want[i][j]))
				}
			}
			if math.Abs(largest-result.Difference) > 1e-4 {
				t.Errorf("%s, %s: the export says that log-probs differ by %g; they differ by %g", family, name, result.Difference, largest)
			}
		}
	}
}

// merged is the folder of a policy without users, and of one whose users stay beside it.
func TestExportMerged(t *testing.T) {
	for _, family := range lmtest.Families {
		first := dpoJob(t, model(t, family), toy(12, 2))
		mustTrain(t, vanilla(first))
		second := dpoJob(t, first.Policy.Model, toy(12, 2)) // on top of an earlier adapter
		second.Policy.Adapters = []string{filepath.Join(first.Out, "adapter")}
		second.CheckReference = false
		job := exportable(t, second)
		result := mustExport(t, job)
		if result.Added != 0 || result.Quiet != "" || !(result.Difference < 1e-3) || result.Responses != 48 {
			t.Errorf("%s: %+v", family, result)
		}
		bare, soft := bareTexts(job), job.Inputs
		soft.Policy = PolicyFiles{Model: job.Out}
		policy := job.Inputs
		want := scores(t, policy, bare)
		for i, got := range scores(t, soft, bare) {
			near(t, family+", without a user", got, want[i], 2e-5)
		}
		job.BaseOnly, job.Out = true, t.TempDir()
		mustExport(t, job)
		soft.Policy = PolicyFiles{Model: job.Out, Policy: second.Out}
		want = scores(t, policy, job.Texts.(rows))
		for i, got := range scores(t, soft, job.Texts.(rows)) {
			near(t, family+", base alone under the adapter", got, want[i], 2e-5)
		}
	}
}

func bareTexts(job ExportJob) rows {
	bare := slices.Clone(job.Texts.(rows))
	for i := range bare {
		bare[i].User = NoUser
	}
	return bare
}

// Reward models: merged, and with users as tokens of the input.
func TestExportRewards(t *testing.T) {
	data := toy(12, 2)
	for _, family := range []string{"llama", "gpt2", "gptj"} {
		for name, train := range ways(t, model(t, family), data) {
			job := exportable(t, train)
			var want []float64
			for _, s := range scores(t, job.Inputs, job.Texts.(rows)) {
				want = append(want, s...)
			}
			result := mustExport(t, job)
			if !(result.Difference < 1e-4) {
				t.Errorf("%s, %s: rewards differ by %g", family, name, result.Difference)
			}
			if cfg, err := lm.ReadConfig(job.Out); err != nil || cfg.Top != lm.TopScore {
				t.Errorf("%s, %s: the folder is no reward model (%v)", family, name, err)
			}
			if !strings.HasPrefix(name, "soft prompts") {
				continue
			}
			job.Users, job.Out = []int32{0, 1, 2}, t.TempDir()
			result = mustExport(t, job)
			var got []float64
			for _, s := range scores(t, inputs(job.Out), asText(job.Texts.(rows), lmtest.Vocab, 2)) {
				got = append(got, s...)
			}
			near(t, family+", "+name, got, want, 2e-5)
			if result.Width != result.WidthBefore {
				t.Errorf("%s: width %d from %d; a reward model writes no tokens", family, result.Width, result.WidthBefore)
			}
		}
	}
}

func TestExportRefuses(t *testing.T) {
	data := toy(12, 2)
	job := exportable(t, dpoJob(t, model(t, "gptj"), data))
	job.Users, job.Limit = []int32{0, 1, 2}, -1
	if _, err := Export(context.Background(), job, quiet); err == nil || !strings.Contains(err.Error(), "more than -1") {
		t.Errorf("a probability above the limit: %v", err)
	}
	untrained := vanilla(dpoJob(t, model(t, "llama"), data))
	untrained.Optimizer.LR = 0
	if _, err := Export(context.Background(), exportable(t, untrained), quiet); !errors.Is(err, ErrSameAsBase) {
		t.Errorf("an adapter that changes nothing: %v", err)
	}
	untrained.LoRA, untrained.Out = nil, t.TempDir()
	if _, err := Export(context.Background(), exportable(t, untrained), quiet); !errors.Is(err, ErrSameAsBase) {
		t.Errorf("all weights as they were: %v", err)
	}
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	job.Limit = 1
	if _, err := Export(stopped, job, quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
