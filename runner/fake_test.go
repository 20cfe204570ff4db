package runner

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/safetensors"
)

// fakes stand for libtorch: arithmetic on ids that depends on everything a real job's result depends on, so that what
// should change a number does. They count their calls.
type fakes struct {
	trains, adapts, scores, texts atomic.Int64
	onTrain                       func(context.Context, torch.TrainJob) error

	mu        sync.Mutex
	generated []torch.GenerateJob
}

func (f *fakes) jobs() jobs {
	return jobs{train: f.train, adapt: f.adapt, logps: f.logps, generate: f.generate, merge: f.merge, writeInit: lm.WriteInit}
}

// adapt notes what it was given, as train does.
func (f *fakes) adapt(_ context.Context, job torch.AdaptJob, progress func(torch.Progress)) error {
	f.adapts.Add(1)
	h := fnv.New64a()
	fmt.Fprint(h, weightsOf(job.Policy), job.Steps, job.LR, job.Objective, job.Users)
	for i := range job.Data.Len() {
		e, err := job.Data.At(i)
		if err != nil {
			return err
		}
		if e.User < 1 || int(e.User) > job.Users {
			return fmt.Errorf("user %d is not one of the %d new ones", e.User, job.Users)
		}
		fmt.Fprint(h, e.User, e.UserText, e.Prompt, e.Responses, e.Reference)
	}
	progress(torch.Progress{Done: job.Steps, Total: job.Steps})
	return os.WriteFile(filepath.Join(job.Out, "policy.json"), fmt.Appendf(nil, "%x", h.Sum(nil)), 0o644)
}

// weightsOf stands for the weights of a policy: a hash of its files.
func weightsOf(p torch.PolicyFiles) uint64 {
	h := fnv.New64a()
	paths := []string{filepath.Join(p.Model, "model.safetensors")}
	for _, a := range p.Adapters {
		paths = append(paths, filepath.Join(a, "adapter_model.safetensors"))
	}
	if p.Policy != "" {
		paths = append(paths, filepath.Join(p.Policy, "policy.json"))
	}
	if p.Users != "" {
		paths = append(paths, filepath.Join(p.Users, "policy.json"))
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			panic(err)
		}
		h.Write(data)
	}
	return h.Sum64()
}

func (f *fakes) train(ctx context.Context, job torch.TrainJob, progress func(torch.Progress)) (torch.TrainResult, error) {
	f.trains.Add(1)
	if f.onTrain != nil {
		if err := f.onTrain(ctx, job); err != nil {
			return torch.TrainResult{}, err
		}
	}
	h := fnv.New64a()
	fmt.Fprint(h, weightsOf(job.Policy), job.Seed, job.Steps, job.BatchSize, job.Objective, job.UserModel, job.Users, job.Optimizer)
	if job.StopNorm > 0 {
		fmt.Fprint(h, job.StopNorm)
	}
	for i := range job.Data.Len() {
		e, err := job.Data.At(i)
		if err != nil {
			return torch.TrainResult{}, err
		}
		fmt.Fprint(h, e.User, e.UserText, e.Prompt, e.Responses, e.Reference)
		if job.RL != nil {
			fmt.Fprint(h, e.Rater, job.RL)
		}
	}
	if job.RL != nil {
		fmt.Fprint(h, weightsOf(job.RL.Reward))
	}
	result := torch.TrainResult{Steps: job.Steps, Kept: job.Steps, UserParameters: job.UserModel.Parameters(job.Users, 8)}
	if job.KeepBest { // as if an earlier evaluation had been the best, for every other seed
		result.Kept -= int(job.Seed%2) * job.Evaluate.Every
	}
	for step := 1; step <= job.Steps; step++ {
		points := []torch.Point{{Step: step, Name: "loss", Value: 1 / float64(step)}, {Step: step, Name: "chosen_logps", Value: -float64(step)}}
		if job.RL != nil {
			for i, name := range []string{"reward", "kl", "entropy", "length", "clipped"} {
				points = append(points, torch.Point{Step: step, Name: name, Value: float64(step) / float64(i+2)})
			}
		}
		result.Points = append(result.Points, points...)
		progress(torch.Progress{Done: step, Total: job.Steps, Points: points})
	}
	sum := fmt.Sprintf("%x", h.Sum(nil))
	if err := writeUserModel(job, h.Sum64()); err != nil {
		return result, err
	}
	if err := os.WriteFile(filepath.Join(job.Out, "policy.json"), []byte(sum), 0o644); err != nil {
		return result, err
	}
	folder, file := "adapter", "adapter_model.safetensors"
	if job.LoRA == nil {
		folder, file = "model", "model.safetensors"
	}
	dir := filepath.Join(job.Out, folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return result, err
	}
	if job.LoRA == nil {
		config, err := os.ReadFile(filepath.Join(job.Policy.Model, "config.json"))
		if err != nil {
			return result, err
		}
		if err := os.WriteFile(filepath.Join(dir, "config.json"), config, 0o644); err != nil {
			return result, err
		}
	}
	return result, os.WriteFile(filepath.Join(dir, file), []byte(sum), 0o644)
}

// logps likes short responses of odd users and long ones of even users, in a way that depends on the weights.
func (f *fakes) logps(ctx context.Context, job torch.LogpsJob, progress func(torch.Progress), yield func(torch.Logp) error) error {
	weights := weightsOf(job.Policy)
	for i := range job.Data.Len() {
		if err := ctx.Err(); err != nil {
			return err
		}
		e, err := job.Data.At(i)
		if err != nil {
			return err
		}
		out := torch.Logp{Row: e.Row}
		for _, r := range e.Responses {
			f.scores.Add(1)
			h := fnv.New64a()
			binary.Write(h, binary.LittleEndian, weights)
			fmt.Fprint(h, e.UserText, e.Prompt, r)
			sign := float64(1 - 2*(e.User%2))
			out.Sums = append(out.Sums, -100+sign*float64(len(r))+float64(h.Sum64()%1000)/1000)
			out.Tokens = append(out.Tokens, len(r))
		}
		if err := yield(out); err != nil {
			return err
		}
		progress(torch.Progress{Done: i + 1, Total: job.Data.Len()})
	}
	return nil
}

func (f *fakes) generate(_ context.Context, job torch.GenerateJob, progress func(torch.Progress)) ([]torch.Generated, error) {
	f.mu.Lock()
	f.generated = append(f.generated, job)
	f.mu.Unlock()
	var out []torch.Generated
	for i, p := range job.Prompts {
		for k := range job.Samples {
			f.texts.Add(1)
			ids := p.Prompt[:min(len(p.Prompt), 3+int(p.User)+k)]
			for n := range ids {
				if job.Ends != nil && job.Ends(ids[:n+1]) {
					ids = ids[:n+1]
					break
				}
			}
			out = append(out, torch.Generated{Prompt: i, Sample: k, IDs: ids, Finished: true})
		}
	}
	return out, nil
}

// writeUserModel writes user parameters of width 4, if the job has users: by chance, but for the second number, which tells
// odd users from even ones, as the fake log-probs do.
func writeUserModel(job torch.TrainJob, seed uint64) error {
	if !job.UserModel.Personal() {
		return nil
	}
	random := rand.New(rand.NewPCG(seed, 0))
	filled := func(name string, set func(row, column int, x float64) float64, shape ...int64) safetensors.Tensor {
		width := int(shape[len(shape)-1])
		if len(shape) == 3 {
			width *= int(shape[1])
		}
		numbers := make([]float32, int(shape[0])*width)
		for i := range numbers {
			numbers[i] = float32(set(i/width, i%width, random.NormFloat64()))
		}
		return safetensors.FromFloat32s(name, shape, numbers)
	}
	rows, t, k := int64(job.Users)+1, int64(job.UserModel.Tokens), int64(job.UserModel.Clusters)
	tensors := []safetensors.Tensor{filled("user_embedding", func(row, column int, x float64) float64 {
		if column == 1 && row > 0 {
			return 10*float64(row%2) + 0.1*x
		}
		return x
	}, rows, t, 4)}
	if job.UserModel.Kind == "cluster" {
		tensors = []safetensors.Tensor{
			filled("cluster_embedding", func(_, _ int, x float64) float64 { return x }, k, t, 4),
			filled("user_weight", func(row, column int, x float64) float64 {
				if row > 0 && column == row%2 {
					return 3 + 0.1*x
				}
				return 0.1 * x
			}, rows, k),
		}
	}
	return safetensors.Write(filepath.Join(job.Out, userModelFile), tensors, nil)
}

// merge leaves the hash of its members where a model would be.
func (f *fakes) merge(_ context.Context, job torch.MergeJob) error {
	h := fnv.New64a()
	for _, m := range job.Members {
		fmt.Fprintln(h, weightsOf(m))
	}
	config, err := os.ReadFile(filepath.Join(job.Members[0].Model, "config.json"))
	if err == nil {
		err = os.WriteFile(filepath.Join(job.Out, "config.json"), config, 0o644)
	}
	return errors.Join(err, os.WriteFile(filepath.Join(job.Out, "model.safetensors"), fmt.Appendf(nil, "%x", h.Sum64()), 0o644))
}
