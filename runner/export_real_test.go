//go:build libtorch

package runner

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/lm/lmtest"
	"github.com/prlhf/prlhf/torch/tokenizer"
)

// exportSpec trains adapters on a model folder, MODEL, with users of each kind.
const exportSpec = `
synthetic "posts" {
  format      = "tldr"
  users       = 5
  comparisons = 120
  prompts     = 40
}

dataset "posts" {
  format     = "tldr"
  source     = synthetic.posts
  split      = { seen_top = 3 }
  max_tokens = 200
}

model "tiny" { source = "MODEL" }

train "dpo" {
  for_each = {
    vanilla    = null
    uniform    = { kind = "uniform", tokens = 2 }
    individual = { kind = "individualized", tokens = 2 }
    own        = { kind = "individualized", tokens = 1, shared = false }
    cluster    = { kind = "cluster", tokens = 2, clusters = 2 }
  }

  base       = model.tiny
  data       = dataset.posts.train
  user_model = each.value
  objective  = { kind = "dpo", beta = 0.3 }
  lora       = { rank = 4, targets = ["q", "k", "v", "o", "mlp"] }
  steps      = 4
  batch_size = 4
  optimizer  = { lr = 1e-2, user_lr = 5e-2 }
}

train "again" {
  base       = train.dpo["individual"]
  data       = dataset.posts.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "dpo", beta = 0.3 }
  lora       = { rank = 2, targets = ["q", "embedding"] }
  steps      = 4
  batch_size = 4
  optimizer  = { lr = 1e-2, user_lr = 5e-2 }
}

adapt "new" {
  policy      = train.dpo["individual"]
  fit         = of_users(dataset.posts.test, dataset.posts.unseen_users)
  data        = dataset.posts.train
  comparisons = [1, 3]
  steps       = 5
}

train "reward" {
  for_each = {
    soft  = { kind = "individualized", tokens = 2 }
    heads = { kind = "individualized", tokens = 1, as = "linear_head" }
  }

  base       = model.tiny
  data       = dataset.posts.train
  user_model = each.value
  objective  = { kind = "reward" }
  lora       = { rank = 4, targets = ["q", "v"] }
  steps      = 4
  batch_size = 4
  optimizer  = { lr = 1e-2, user_lr = 5e-2 }
}
`

// shapes are model folders with a tokenizer of their own, which has fewer tokens than the model has rows.
var shapes = map[string]func(c *lm.Config, config map[string]any){
	"llama": func(*lm.Config, map[string]any) {},
	"llama 3.2": func(c *lm.Config, config map[string]any) {
		c.Tied = true
		config["rope_scaling"] = map[string]any{"rope_type": "llama3", "factor": 4.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
	},
	"gptj":  func(*lm.Config, map[string]any) {},
	"gpt2":  func(*lm.Config, map[string]any) {},
	"qwen2": func(*lm.Config, map[string]any) {},
}

func newExportLab(t *testing.T, shape string) *lab {
	t.Helper()
	text, err := os.ReadFile("../docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.TrainBPE(slices.Values(strings.Split(string(text), "\n")), 320, initTokens)
	if err != nil {
		t.Fatal(err)
	}
	family, _, _ := strings.Cut(shape, " ")
	cfg := lmtest.Config(t, family)
	cfg.Vocab, cfg.Context = tok.VocabSize()+5, 320
	bos, _ := tok.BOS()
	eos, _ := tok.EOS()
	cfg.BOS, cfg.EOS = bos, []int32{eos}
	more := map[string]any{}
	shapes[shape](&cfg, more)
	dir := lmtest.Write(t, cfg, 3)
	if err := tok.Save(dir); err != nil {
		t.Fatal(err)
	}
	leaveOutBOS(t, dir, shape)
	path := filepath.Join(dir, "config.json")
	config := map[string]any{}
	readJSON(t, path, &config)
	for k, v := range more {
		config[k] = v
	}
	if err := writeJSONFile(path, config); err != nil {
		t.Fatal(err)
	}
	return newLab(t, strings.Replace(exportSpec, "MODEL", dir, 1))
}

// leaveOutBOS makes tokenizers like those of the families: GPT-2's does not put its BOS in front, Qwen2's has none.
func leaveOutBOS(t *testing.T, dir, shape string) {
	t.Helper()
	if shape != "gpt2" && shape != "qwen2" {
		return
	}
	edit := func(name string, change func(map[string]any)) {
		fields := map[string]any{}
		readJSON(t, filepath.Join(dir, name), &fields)
		change(fields)
		if err := writeJSONFile(filepath.Join(dir, name), fields); err != nil {
			t.Fatal(err)
		}
	}
	edit("tokenizer.json", func(f map[string]any) {
		f["post_processor"] = f["post_processor"].(map[string]any)["processors"].([]any)[0]
	})
	if shape == "qwen2" {
		edit("tokenizer_config.json", func(f map[string]any) { delete(f, "bos_token") })
		edit("special_tokens_map.json", func(f map[string]any) { delete(f, "bos_token") })
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// realApply runs targets of the lab's spec with libtorch.
func (l *lab) realApply(targets ...string) {
	l.t.Helper()
	st := l.store()
	l.opts.Targets = targets
	defer func() { l.opts.Targets = nil }()
	if _, err := Apply(context.Background(), l.plan(st), st, l.opts); err != nil {
		l.t.Fatal(err)
	}
}

// opened is a trained policy of the lab, to compare an export with.
type opened struct {
	*export
	in  torch.Inputs
	end int32
	eos []int32
	tok *tokenizer.Tokenizer
}

func (l *lab) openPolicy(addr string) opened {
	l.t.Helper()
	st := l.store()
	x, err := newExport(l.plan(st), st, addr, ExportOptions{Format: FormatMerged})
	if err != nil {
		l.t.Fatal(err)
	}
	special, err := x.policy.special(x.env)
	if err != nil {
		l.t.Fatal(err)
	}
	tok, err := x.policy.origin.tokenizer.load(x.env)
	if err != nil {
		l.t.Fatal(err)
	}
	in := torch.Inputs{Policy: x.policy.files(x.env), Device: l.opts.Device, Precision: "fp32", BOS: special.bos}
	return opened{x, in, special.end, special.ends, tok}
}

// servedCase is a prompt as a user, with a response.
type servedCase struct {
	User             string
	Prompt, Response string
}

func (p opened) questions() []servedCase {
	prompts := []string{"SUBREDDIT: r/pets\nTITLE: my dog\nTL;DR:", "Why <s> not?", "été"}
	if p.policy.origin.how.template != nil { // serve.py refuses a prompt that names a token
		prompts[1] = "Why not?"
	}
	responses := []string{" A dog.", " It ran away </s> again", ""}
	var out []servedCase
	for i, id := range append([]string{"", "nobody"}, p.ids()...) {
		out = append(out, servedCase{id, prompts[i%3], responses[(i+1)%3]})
	}
	return out
}

func (p opened) ids() []string {
	var ids []string
	for _, u := range p.users {
		ids = append(ids, u.ID)
	}
	return ids
}

type exampleList []torch.Example

func (l exampleList) Len() int                        { return len(l) }
func (l exampleList) At(i int) (torch.Example, error) { return l[i], nil }

func (p opened) example(q servedCase) torch.Example {
	prompt, err := p.policy.origin.how.encode(p.tok, arrowio.Comparison{Prompt: q.Prompt}, nil)
	if err != nil {
		panic(err)
	}
	return torch.Example{User: indexOf(p.users)[q.User], Prompt: prompt,
		Responses: [][]int32{append(p.tok.EncodePlain(q.Response), p.end)}}
}

func logps(t *testing.T, in torch.Inputs, list exampleList) []float64 {
	t.Helper()
	var out []float64
	err := torch.Logps(context.Background(), torch.LogpsJob{Inputs: in, Data: list}, func(torch.Progress) {}, func(l torch.Logp) error {
		out = append(out, l.Sums[0])
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// ours are the policy's log-probs, or rewards, and greedy ids.
func (p opened) ours(t *testing.T, questions []servedCase, greedy bool) (sums []float64, texts [][]int32) {
	t.Helper()
	var list exampleList
	var prompts []torch.GeneratePrompt
	for _, q := range questions {
		e := p.example(q)
		list = append(list, e)
		prompts = append(prompts, torch.GeneratePrompt{User: e.User, Prompt: e.Prompt})
	}
	sums = logps(t, p.in, list)
	if !greedy {
		return sums, nil
	}
	written, err := torch.Generate(context.Background(), torch.GenerateJob{Inputs: p.in, Prompts: prompts, EOS: p.eos, Samples: 1,
		Sample: torch.Sampling{MaxNewTokens: 12}}, func(torch.Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range written {
		texts = append(texts, w.IDs)
	}
	return sums, texts
}

func (l *lab) mustExport(addr, format string, users ...string) (Exported, string) {
	l.t.Helper()
	out := filepath.Join(l.t.TempDir(), "out")
	x, err := l.export(addr, ExportOptions{Format: format, Out: out, Users: users})
	if err != nil {
		l.t.Fatal(err)
	}
	return x, out
}

func namesOf(x Exported) string {
	var names []string
	for _, f := range x.Files {
		names = append(names, f.Name)
	}
	return strings.Join(names, " ")
}

// A folder with users as tokens, read by our own tokenizer and forward pass as plain text, is the policy.
func TestRealExport(t *testing.T) {
	for _, shape := range []string{"gpt2", "llama 3.2", "qwen2"} {
		l := newExportLab(t, shape)
		l.realApply(`train.dpo["cluster"]`, "adapt.new")
		for addr, users := range map[string]int{`train.dpo["individual"]`: 3, `train.dpo["cluster"]`: 3, "adapt.new": 2} {
			policy := l.openPolicy(addr)
			done, out := l.mustExport(addr, FormatHuggingFace)
			if got := namesOf(done); got != "README.md config.json generation_config.json model.safetensors serve.py special_tokens_map.json tokenizer.json tokenizer_config.json users.json" {
				t.Errorf("files are %s", got)
			}
			if done.SameText == nil || done.SameText.Same != done.SameText.Prompts || done.SameText.Prompts < 32 || done.Users != users {
				t.Errorf("%s: %+v, %+v", shape, done, done.SameText)
			}
			tok, err := tokenizer.Load(out)
			if err != nil {
				t.Fatal(err)
			}
			questions := policy.questions()
			want, _ := policy.ours(t, questions, false)
			var list exampleList
			for _, q := range questions {
				name := policy.names[indexOf(policy.users)[q.User]]
				text := fmt.Sprintf("<|user_%s_0|><|user_%[1]s_1|>", name)
				ids := append(tok.Encode(text, false), tok.EncodePlain(q.Prompt)...)
				list = append(list, torch.Example{User: torch.NoUser, Prompt: ids, Responses: policy.example(q).Responses})
			}
			in := policy.in
			in.Policy = torch.PolicyFiles{Model: out}
			for i, got := range logps(t, in, list) {
				if math.Abs(got-want[i]) > 2e-5*math.Abs(want[i]) {
					t.Errorf("%s, %s, %+v: log-prob %.6f; the policy's %.6f", shape, addr, questions[i], got, want[i])
				}
			}
		}
	}
}

// -users chooses whose vectors are written; the others are not in any file.
func TestRealExportOfUsers(t *testing.T) {
	l := newExportLab(t, "gptj")
	l.realApply(`train.dpo["individual"]`, "train.again", `train.dpo["uniform"]`)
	policy := l.openPolicy("train.again")
	ids := policy.ids()
	done, out := l.mustExport("train.again", FormatHuggingFace, ids[2])
	var users []exportedUser
	readJSON(t, filepath.Join(out, "users.json"), &users)
	if len(users) != 2 || users[0].ID != nil || *users[1].ID != ids[2] || users[1].Index != 3 || done.Model.Added != 4 || done.Users != 1 {
		t.Errorf("users are %+v of %d tokens", users, done.Model.Added)
	}
	for _, name := range []string{"users.json", "tokenizer.json", "README.md", "tokenizer_config.json"} {
		text, err := os.ReadFile(filepath.Join(out, name))
		if err != nil || strings.Contains(string(text), ids[0]) {
			t.Errorf("%s has the user who was not chosen (%v)", name, err)
		}
	}
	done, out = l.mustExport("train.again", FormatPEFT, ids[2]+","+ids[0])
	if got := namesOf(done); got != "README.md adapter_config.json adapter_model.safetensors base/config.json base/generation_config.json base/model.safetensors "+
		"base/special_tokens_map.json base/tokenizer.json base/tokenizer_config.json serve.py special_tokens_map.json tokenizer.json tokenizer_config.json user_model.json user_model.safetensors" {
		t.Errorf("files are %s", got)
	}
	var note userNote
	readJSON(t, filepath.Join(out, "user_model.json"), &note)
	if len(note.Users) != 3 || *note.Users[1] != ids[0] || *note.Users[2] != ids[2] || note.Base != "base" {
		t.Errorf("user_model.json has %+v", note)
	}
	if _, out = l.mustExport(`train.dpo["individual"]`, FormatPEFT); true {
		readJSON(t, filepath.Join(out, "user_model.json"), &note)
		if !filepath.IsAbs(note.Base) {
			t.Errorf("the model below is %q; it is a folder of the user's", note.Base)
		}
	}
	if done, _ = l.mustExport(`train.dpo["uniform"]`, FormatHuggingFace); done.Model.Added != 2 || done.Users != 0 {
		t.Errorf("one soft prompt for everybody became %d tokens, %d users", done.Model.Added, done.Users)
	}
}

// A refused export leaves nothing, also when it was found out at the end.
func TestRealExportRefusals(t *testing.T) {
	l := newExportLab(t, "gptj")
	l.spec = strings.Replace(l.spec, "optimizer  = { lr = 1e-2, user_lr = 5e-2 }", "optimizer  = { lr = 1e-300 }", 1) // nothing moves in fp32
	l.realApply(`train.dpo["vanilla"]`, `train.reward["heads"]`)
	out := filepath.Join(t.TempDir(), "out")
	for addr, want := range map[string]string{
		`train.dpo["vanilla"]`:  "the export would equal the base model",
		`train.reward["heads"]`: "linear heads of a reward model",
	} {
		if _, err := l.export(addr, ExportOptions{Format: FormatHuggingFace, Out: out}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %q", addr, err, want)
		}
		if entries, _ := os.ReadDir(filepath.Dir(out)); len(entries) > 0 {
			t.Errorf("%s left %v", addr, entries)
		}
	}
}
