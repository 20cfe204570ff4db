package runner

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/lm"
)

func TestSmallModelsTakeOneThread(t *testing.T) {
	t.Parallel()
	of := func(width int, known bool) *policy {
		cfg, err := lm.InitConfig("llama", 2, width, 4, 512, 128, 0, 512)
		if err != nil {
			t.Fatal(err)
		}
		return &policy{origin: &origin{config: cfg, known: known}}
	}
	small, large, unknown := of(64, true), of(512, true), of(64, false)
	for name, c := range map[string]struct {
		kind     string
		policies []*policy
		want     int
	}{
		"small":                      {"cpu", []*policy{small, small}, 1},
		"large":                      {"cpu", []*policy{large}, 8},
		"a large one among them":     {"cpu", []*policy{small, large}, 8},
		"one that is not there yet":  {"cpu", []*policy{unknown}, 8},
		"small, and a GPU to run on": {"cuda", []*policy{small}, 8},
	} {
		c8 := &compiler{opts: Options{Device: torch.Device{Kind: c.kind, Threads: 8}}}
		if got := c8.deviceFor(c.policies...); got.Threads != c.want || got.Kind != c.kind {
			t.Errorf("%s: %+v; want %d threads", name, got, c.want)
		}
	}
}

// TestTrainingWithALargeRewardModel takes all threads, however small the policy that it trains is.
func TestTrainingWithALargeRewardModel(t *testing.T) {
	t.Parallel()
	for width, want := range map[int]int{8: 1, 400: 8} {
		l := newFileLab(t)
		l.opts.Device = torch.Device{Kind: "cpu", Threads: 8}
		large := filepath.Join(l.dir, "large")
		if err := os.CopyFS(large, os.DirFS(filepath.Join(l.dir, "base"))); err != nil {
			t.Fatal(err)
		}
		cfg, err := lm.InitConfig("llama", 1, width, 2, 300, 128, 0, 1)
		if err == nil {
			err = lm.WriteInit(large, cfg, 7)
		}
		if err != nil {
			t.Fatal(err)
		}
		const lora = "  steps = 1\n  lora = { rank = 2, alpha = 4, targets = [\"q\"] }\n  data = dataset.people.train\n}\n"
		l.spec += "\nmodel \"large\" { source = \"large\" }\ntrain \"reward\" {\n  base = model.large\n  objective = { kind = \"reward\" }\n" + lora +
			"\ntrain \"rl\" {\n  base = model.base\n  objective = { kind = \"rloo\", reward = train.reward, samples = 2 }\n" + lora
		plan, diags := Compile(l.load(), nil, l.opts)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		for _, n := range plan.Nodes {
			if s, ok := n.Stage.(*trainStage); ok && n.Addr == "train.rl" && s.device.Threads != want {
				t.Errorf("%d threads beside a reward model of width %d; want %d", s.device.Threads, width, want)
			}
		}
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	cpu := Options{Device: torch.Device{Kind: "cpu", Threads: 4}, Parallel: 3, Memory: 100}
	gpu := Options{Device: torch.Device{Kind: "cuda", Threads: 4}, Parallel: 3, Memory: 100}
	for name, c := range map[string]struct {
		o          Options
		n, running load
		want       bool
	}{
		"alone, whatever it takes":    {cpu, load{1, 9, 900}, load{}, true},
		"beside others":               {cpu, load{1, 1, 20}, load{2, 2, 80}, true},
		"more stages than -parallel":  {cpu, load{1, 1, 20}, load{3, 3, 30}, false},
		"more threads than there are": {cpu, load{1, 3, 20}, load{1, 2, 30}, false},
		"more memory than is free":    {cpu, load{1, 1, 30}, load{2, 2, 80}, false},
		"a second one on the GPU":     {gpu, load{1, 1, 20}, load{1, 1, 20}, false},
	} {
		if got := c.o.fits(c.n, c.running); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
