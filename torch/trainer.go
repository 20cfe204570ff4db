//go:build libtorch

package torch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// Trainer is a policy with its optimizer: what Train loops over, and what benchmarks and parity checks step by hand. All
// its methods must be called inside tensor.Run; Close frees it.
type Trainer struct {
	job    TrainJob
	policy *policy
	pack   packing
	groups []paramGroup     // weights or adapters, then user parameters
	table  *usermodel.Table // sparse rows of users; nil: none
	scope  *tensor.Scope
	rl     *reinforcement // rloo, grpo, ppo
	worst  *worstGroup    // nil: rows weigh the same
	done   int            // finished steps
	tokens int64
}

// paramGroup shares one learning rate and decay.
type paramGroup struct {
	names     []string
	values    []*tensor.Tensor
	m, v      []*tensor.Tensor // AdamW's moments
	lr, decay float64
}

// NewTrainer loads the base policy and adds what is trained.
func NewTrainer(job TrainJob) (*Trainer, error) { return newTrainer(job, nil) }

// newTrainer is NewTrainer with the scores of texts from rate; nil: from the reward model of job.RL.
func newTrainer(job TrainJob, rate rater) (_ *Trainer, err error) {
	start(job.Device)
	if err := job.Objective.Check(); err != nil {
		return nil, err
	}
	if job.Objective.IsRL() {
		if err := job.checkRL(rate != nil); err != nil {
			return nil, err
		}
	}
	if err := job.UserModel.Check(); err != nil {
		return nil, err
	}
	if job.KeepBest && job.Checkpoints == "" {
		return nil, errors.New("the best step's weights are kept in the folder of checkpoints, and this job has none")
	}
	dir, adapters, note, err := job.Policy.base()
	if err != nil {
		return nil, err
	}
	if note.Adapter {
		adapters = append(append([]string{}, adapters...), filepath.Join(job.Policy.Policy, adapterFolder))
	}
	t := &Trainer{job: job, policy: &policy{}, scope: tensor.NewScope()}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	o := lm.Options{Place: job.place(), DType: job.dtype(), Adapters: adapters, LoRA: job.LoRA, Full: job.LoRA == nil, Seed: job.Seed}
	if job.Objective.Kind == "reward" {
		o.Top = rewardTop(job.UserModel)
	}
	if t.policy.model, err = lm.Load(dir, o); err != nil {
		return nil, err
	}
	if err = job.checkTop(note.Reward || t.policy.rewards()); err != nil {
		return nil, err
	}
	if note.headAlone() && o.Top == lm.TopScore {
		if err = t.policy.model.LoadScore(filepath.Join(job.Policy.Policy, scoreFile)); err != nil {
			return nil, err
		}
	}
	if job.UserModel.Tokens > 0 {
		vocab := usermodel.Vocabulary{Rows: t.policy.model.Embedding(), Width: t.policy.model.Width, Text: job.StartIDs}
		users, err := usermodel.New(job.UserModel, job.Users, job.Clusters, vocab, job.place(), job.Seed)
		if err != nil {
			return nil, err
		}
		t.policy.setUsers(users)
	}
	t.pack = t.policy.packing(job.Inputs)
	t.collect()
	if len(t.groups) == 0 && t.table == nil {
		return nil, fmt.Errorf("nothing is trained: lora has rank 0 and there is no user model")
	}
	if step := job.Objective.GroupStep; step > 0 {
		t.worst = newWorstGroup(step, job.Groups)
	}
	if job.Objective.IsRL() {
		err = t.reinforce(dir, adapters, rate)
	}
	return t, err
}

// collect lists the trained tensors with their optimizer state.
func (t *Trainer) collect() {
	var names []string
	var values []*tensor.Tensor
	for _, p := range t.policy.model.Params() {
		names, values = append(names, p.Name), append(values, p.Value)
	}
	o := t.job.Optimizer
	t.optimise(names, values, o.LR, o.WeightDecay)
	if t.policy.users != nil {
		names, values := t.policy.users.Params()
		t.optimise(names, values, o.UserLR, o.UserWeightDecay)
		t.table = t.policy.users.Table()
	}
}

// optimise adds a group of trained tensors.
func (t *Trainer) optimise(names []string, values []*tensor.Tensor, lr, decay float64) {
	if len(values) == 0 {
		return
	}
	g := paramGroup{names: names, values: values, lr: lr, decay: decay}
	for _, p := range values {
		g.m = append(g.m, t.scope.Zeros(t.job.place(), tensor.Float32, p.Shape()...))
		g.v = append(g.v, t.scope.Zeros(t.job.place(), tensor.Float32, p.Shape()...))
	}
	t.groups = append(t.groups, g)
}

// Close frees everything.
func (t *Trainer) Close() {
	t.rl.close()
	t.policy.close()
	t.scope.Close()
}

// params are what gets gradients in the step under way.
func (t *Trainer) params() []*tensor.Tensor {
	var all []*tensor.Tensor
	for _, g := range t.groups {
		all = append(all, g.values...)
	}
	if t.table != nil && t.table.Leaf() != nil {
		all = append(all, t.table.Leaf())
	}
	return all
}

// begin drops the gradients of the step before; of a sparse table it takes the rows of the new step's users.
func (t *Trainer) begin(list []unit) {
	if t.table != nil {
		t.table.Touch(usersOf(list))
	}
	tensor.ZeroGrads(t.params())
}

// Gradients runs forward and backward over the examples and leaves the gradient of the step's loss in the parameters. The
// loss is the mean over examples of alpha l(u) + (1 - alpha) l(u_0), whatever the micro-batches (paper, Section 4.3).
func (t *Trainer) Gradients(examples []Example) (StepStats, error) {
	return t.gradients(examples, t.units(examples))
}

// units are the passes of some rows.
func (t *Trainer) units(examples []Example) []unit {
	return units(examples, t.job.Objective.Alpha, t.job.UserModel.Personal(), t.job.GenericKeepsText)
}

// GradientsByRow is Gradients where every example is one pass, that of its own user: the loss is the mean over examples of
// weight times l(u). It reproduces batches whose user-0 copies are rows of their own, as in the authors' code.
func (t *Trainer) GradientsByRow(examples []Example, weights []float64) (StepStats, error) {
	list := make([]unit, len(examples))
	for i, e := range examples {
		list[i] = unit{example: i, user: e.User, text: e.UserText, weight: weights[i]}
	}
	return t.gradients(examples, list)
}

func (t *Trainer) gradients(examples []Example, list []unit) (StepStats, error) {
	if err := checkExamples(examples, t.job.Objective); err != nil {
		return StepStats{}, err
	}
	t.begin(list)
	c, micros, err := t.prepare(examples, list)
	if err != nil {
		return StepStats{}, err
	}
	if t.worst != nil {
		if c.factors, err = t.worst.factors(examples); err != nil {
			return StepStats{}, err
		}
	}
	if t.job.Objective.Kind == "kto" {
		if c.z0, err = t.zeroPoints(list, examples); err != nil {
			return StepStats{}, err
		}
	}
	for i := range micros {
		t.tokens += int64(len(micros[i].batch.IDs))
		pass := uint64(t.done)<<20 | uint64(i) + 1
		t.backward(&micros[i], c, lm.Mode{Dropout: pass ^ uint64(t.job.Seed)<<40})
	}
	stats := c.stats()
	stats.GradNorm = tensor.GradNorm(t.params())
	stats.losses = c.losses
	return stats, nil
}

// zeroPoints is kto's z0 of each pass.
func (t *Trainer) zeroPoints(list []unit, examples []Example) ([2]float64, error) {
	var others mismatches
	err := t.mismatches(context.Background(), list, examples, &others)
	return others.z0(), err
}

// mismatches adds what the policy gives the mismatched pairs of some rows, without gradient and dropout.
func (t *Trainer) mismatches(ctx context.Context, list []unit, examples []Example, into *mismatches) error {
	others := mismatched(examples)
	micros, err := packEqual(list, others, t.pack)
	if err != nil {
		return err
	}
	for i := range micros {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, k := &micros[i], 0
		err := t.policy.scoreMicro(m, others, func(l Logp) error {
			u := m.units[k]
			into.add(u.kind, l.Sums[0]-others[u.example].Reference[0])
			k++
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// prepare packs the passes of some rows, for a loss that is the mean over them.
func (t *Trainer) prepare(examples []Example, list []unit) (*collector, []micro, error) {
	micros, err := packEqual(list, examples, t.pack)
	return newCollector(t.job, examples, list), micros, err
}

// backward adds the gradient of a micro-batch.
func (t *Trainer) backward(m *micro, c *collector, mode lm.Mode) {
	s := tensor.NewScope()
	defer s.Close()
	logps := t.policy.outputs(s, m, mode)
	grads := c.add(m, logps.Floats())
	tensor.Backward(logps, s.FromFloats(grads, t.job.place(), tensor.Float32, int64(len(grads))))
}

// Step is Gradients, clipping and one AdamW step.
func (t *Trainer) Step(examples []Example) (StepStats, error) {
	stats, err := t.Gradients(examples)
	if err != nil {
		return stats, err
	}
	if stats, err = t.Update(stats); err == nil && t.worst != nil {
		t.worst.update(examples, stats.losses)
	}
	return stats, err
}

// Update clips the gradients that are in the parameters and takes one AdamW step with them.
func (t *Trainer) Update(stats StepStats) (StepStats, error) {
	stats, err := t.descend(stats, t.done+1)
	if err == nil {
		t.done++
	}
	return stats, err
}

// descend is Update as the nth AdamW step, counted from 1, at the learning rate of the step that is under way.
func (t *Trainer) descend(stats StepStats, n int) (StepStats, error) {
	if math.IsNaN(stats.Loss) || math.IsInf(stats.Loss, 0) || math.IsNaN(stats.GradNorm) || math.IsInf(stats.GradNorm, 0) {
		return stats, errNotFinite
	}
	o := t.job.Optimizer
	if o.MaxGradNorm > 0 && stats.GradNorm > o.MaxGradNorm {
		tensor.ScaleGrads(t.params(), o.MaxGradNorm/(stats.GradNorm+1e-6)) // torch's clip_grad_norm_ adds the same 1e-6
	}
	factor := o.factor(t.done, t.job.Steps)
	for _, g := range t.groups {
		tensor.AdamW(g.values, g.m, g.v, n, g.lr*factor, o.Beta1, o.Beta2, o.Eps, g.decay)
	}
	if t.table != nil {
		t.table.Update(func(rows, m, v *tensor.Tensor, steps []int64) {
			tensor.AdamWRows(rows, m, v, steps, o.UserLR*factor, o.Beta1, o.Beta2, o.Eps, o.UserWeightDecay)
		})
	}
	stats.LR = o.LR * factor
	return stats, nil
}

// Score calls yield with the log-probs of examples under the policy as it stands.
func (t *Trainer) Score(examples []Example, yield func(Logp)) error {
	return t.score(context.Background(), examples, yield)
}

func (t *Trainer) score(ctx context.Context, examples []Example, yield func(Logp)) error {
	list := make([]unit, len(examples))
	for i, e := range examples {
		list[i] = unit{example: i, user: e.User, text: e.UserText, weight: 1}
	}
	micros, err := packMicros(list, examples, t.pack)
	if err != nil {
		return err
	}
	for i := range micros {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.policy.scoreMicro(&micros[i], examples, func(l Logp) error { yield(l); return nil }); err != nil {
			return err
		}
	}
	return nil
}
