//go:build libtorch

// Bench measures training and generation on the models and data that ../shared/bench/make_bench.py writes, and prints
// the same JSON lines as the Python peers there: one process per measurement.
//
//	bench [flags] DATA MODEL train|vanilla|generate|limits|samples|batches
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/tokenizer"
	"github.com/prlhf/prlhf/torch/usermodel"
)

const (
	warmupSteps  = 2
	pairsPerStep = 8
	userTokens   = 10
)

var (
	threads = flag.Int("threads", 2, "CPU threads")
	steps   = flag.Int("steps", 8, "optimizer steps, 2 of them not counted")
	budget  = flag.Int("budget", 0, "tokens per micro-batch; 0: the default")
	device  = flag.String("device", "cpu", "cpu or cuda")
	batch   = flag.Int("batch", 64, "limits: texts decoded together")
	prompts = flag.Int("prompts", 64, "limits, samples, batches: number of prompts")
	ids     = flag.String("ids", "", "limits: write the texts' ids to this file, as JSON")
	profile = flag.String("profile", "", "write a CPU profile of the Go side")
)

func main() {
	flag.Parse()
	if flag.NArg() != 3 {
		fmt.Fprintln(os.Stderr, "usage: bench [flags] DATA MODEL train|vanilla|generate|limits|samples|batches")
		os.Exit(1)
	}
	if err := run(flag.Arg(0), flag.Arg(1), flag.Arg(2)); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(data, model, mode string) error {
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	dir := filepath.Join(data, model)
	tok, err := tokenizer.Load(dir)
	if err != nil {
		return err
	}
	eos, _ := tok.EOS()
	bos, ok := tok.BOS()
	if !ok {
		bos = -1
	}
	precision := "fp32"
	if *device == "cuda" {
		precision = "bf16"
	}
	in := torch.Inputs{Policy: torch.PolicyFiles{Model: dir}, Device: torch.Device{Kind: *device, Threads: *threads},
		Precision: precision, BOS: bos, Budget: *budget}
	switch mode {
	case "train":
		return train(data, model, in, tok, eos, usermodel.Config{Kind: "individualized", Tokens: userTokens, Shared: true})
	case "vanilla":
		return train(data, model, in, tok, eos, usermodel.Config{})
	}
	w := &writing{in: in, model: model, tok: tok, eos: eos}
	switch mode {
	case "generate":
		return w.generate(data)
	case "limits":
		return w.limits(data)
	case "samples":
		return w.samples(data)
	case "batches":
		return w.batches(data)
	}
	return fmt.Errorf("mode is %q; it may be train, vanilla, generate, limits, samples or batches", mode)
}

func train(data, model string, in torch.Inputs, tok *tokenizer.Tokenizer, eos int32, users usermodel.Config) error {
	rows, err := readExamples(data, tok, eos)
	if err != nil {
		return err
	}
	rows = rows[:min(len(rows), pairsPerStep**steps)]
	ctx, silent := context.Background(), func(torch.Progress) {}

	begin := time.Now()
	reference := slices.Clone(rows)
	for i := range reference {
		reference[i].User = torch.NoUser
	}
	at := 0
	err = torch.Logps(ctx, torch.LogpsJob{Inputs: in, Data: reference}, silent, func(l torch.Logp) error {
		rows[at].Reference = l.Sums
		at++
		return nil
	})
	if err != nil {
		return err
	}
	referenceSeconds, before := time.Since(begin).Seconds(), peakRSS()

	out, err := os.MkdirTemp("", "prlhf-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(out)
	// The peers' target list names GPT-J's modules, of which a LLaMA has the first three only.
	targets := []string{"q", "k", "v"}
	if strings.Contains(model, "gptj") {
		targets = append(targets, "o", "mlp", "embedding")
	}
	job := torch.TrainJob{Inputs: in, Data: rows, UserModel: users, Users: 10, Objective: objective.Config{Kind: "dpo", Alpha: 0.5, Beta: 0.5},
		GenericKeepsText: true, LoRA: &lm.LoRAConfig{Rank: 8, Alpha: 16, Targets: targets},
		Steps: *steps, BatchSize: pairsPerStep, InOrder: true, Seed: 123, Out: out,
		Optimizer: torch.Optimizer{LR: 5e-5, UserLR: 5e-5, MaxGradNorm: 1, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Schedule: "constant"}}
	var seconds, losses []float64
	var tokens []int64
	mark := time.Now()
	_, err = torch.Train(ctx, job, func(p torch.Progress) {
		seconds, tokens = append(seconds, round(time.Since(mark).Seconds(), 3)), append(tokens, p.Tokens)
		losses = append(losses, round(p.Points[0].Value, 4))
		mark = time.Now()
	})
	if err != nil {
		return err
	}
	name := "prlhf DPO train"
	if users.Kind != "" {
		name = "prlhf P-DPO train"
	}
	timed := slices.Sorted(slices.Values(seconds[min(warmupSteps, len(seconds)-1):]))
	median := timed[len(timed)/2]
	if len(timed)%2 == 0 {
		median = (timed[len(timed)/2-1] + timed[len(timed)/2]) / 2
	}
	return report(map[string]any{"name": name, "model": model, "pairs_per_step": pairsPerStep, "rss_before_training_mib": before,
		"reference_seconds": round(referenceSeconds, 2), "tokens": tokens[len(tokens)-1], "seconds_per_step_median": median,
		"seconds_per_step": seconds, "preference_pairs_per_second": round(pairsPerStep/median, 3), "losses": losses})
}

func report(values map[string]any) error {
	values["torch"], values["threads"], values["peak_rss_mib"], values["load_average"] = torch.Version(), *threads, peakRSS(), loadAverage()
	line, err := json.Marshal(values)
	if err != nil {
		return err
	}
	_, err = fmt.Println(string(line))
	return err
}

// peakRSS is the whole process's highest resident memory so far, in MiB.
func peakRSS() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Maxrss / 1024
}

// cpuSeconds is what the process has computed so far, all its threads together.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// loadAverage is what else ran: processes over 1, 5 and 15 minutes; nil where the system does not tell.
func loadAverage() []float64 {
	line, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return nil
	}
	load := make([]float64, 3)
	if _, err := fmt.Sscan(string(line), &load[0], &load[1], &load[2]); err != nil {
		return nil
	}
	return load
}

func round(x float64, places int) float64 {
	scale := math.Pow(10, float64(places))
	return math.Round(x*scale) / scale
}
