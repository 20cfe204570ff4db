// The train stage: a policy with one seed. Its artifact is a policy folder (docs/formats.md): model/ when all weights were
// trained, adapter/ for LoRA, user_model.safetensors, policy.json; and beside it users.arrow (who has which index),
// curves.arrow and result.json.
package runner

import (
	"context"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/objective"
	"github.com/prlhf/prlhf/torch/tokenizer"
	"github.com/prlhf/prlhf/torch/usermodel"
)

const (
	kindTrain    = "train"
	trainVersion = 1

	adapterFolder = "adapter"
	curvesFile    = "curves.arrow"
)

type trainStage struct {
	spec   *dsl.Train
	seed   int64
	base   *policy
	data   dataInputs
	device torch.Device
}

// full tells whether all weights are trained.
func (s *trainStage) full() bool { return s.spec.LoRA == nil }

func (s *trainStage) Describe(w io.Writer) {
	t := s.spec
	line(w, "version", trainVersion)
	s.base.describe(w)
	s.data.describe(w, "data", t.Data)
	describeUserModel(w, t.UserModel)
	describeObjective(w, t.Objective)
	if t.Steps > 0 {
		line(w, "steps", t.Steps)
	} else {
		line(w, "epochs", t.Epochs)
	}
	line(w, "batch_size", t.BatchSize)
	o := t.Optimizer
	line(w, "optimizer", fmt.Sprintf("adamw lr %g weight_decay %g max_grad_norm %g user_lr %g user_weight_decay %g", o.LR, o.WeightDecay, o.MaxGradNorm, o.UserLR, o.UserWeightDecay))
	line(w, "schedule", fmt.Sprintf("%s warmup_steps %d", o.Schedule, o.WarmupSteps))
	line(w, "stop_norm", o.StopNorm)
	if s.full() {
		line(w, "lora", "none: all weights")
	} else {
		line(w, "lora", fmt.Sprintf("rank %d alpha %g dropout %g targets %s", t.LoRA.Rank, t.LoRA.Alpha, t.LoRA.Dropout, quoted(t.LoRA.Targets)))
	}
	if t.Evaluate != nil {
		s.data.describe(w, "evaluate", t.Evaluate.Data)
		line(w, "evaluate every", t.Evaluate.Every)
	}
	line(w, "keep", t.Keep)
	line(w, "seed", s.seed)
	describeDevice(w, s.device, s.base.precision())
}

func describeUserModel(w io.Writer, u *dsl.UserModel) {
	if u == nil {
		line(w, "user_model", "none")
		return
	}
	line(w, "user_model", fmt.Sprintf("%s tokens %d clusters %d weights %s shared %v start %s", u.Kind, u.Tokens, u.Clusters, u.Weights, u.Shared, u.Start))
	if u.Start == "text" {
		line(w, "start_text", u.StartText)
	}
}

func describeObjective(w io.Writer, o dsl.Objective) {
	line(w, "objective", fmt.Sprintf("%s alpha %g beta %g label_smoothing %g robust %v", o.Kind, o.Alpha, o.Beta, o.LabelSmoothing, o.Robust))
}

func (s *trainStage) Run(ctx context.Context, e *Env) error {
	world, err := s.data.open(e)
	if err != nil {
		return err
	}
	defer world.Close()
	job, users, err := s.job(e, world)
	if err != nil {
		return err
	}
	result, err := e.jobs.train(ctx, job, func(p torch.Progress) {
		if p.Note != "" {
			e.Say("%s", p.Note)
		}
		e.Progress(int64(p.Done), int64(p.Total), "steps")
	})
	if err != nil {
		return err
	}
	return s.finish(e, job, users, result)
}

// job puts the spec into the words of package torch.
func (s *trainStage) job(e *Env, w *world) (torch.TrainJob, []arrowio.User, error) {
	t := s.spec
	special, err := s.base.special(e)
	if err != nil {
		return torch.TrainJob{}, nil, err
	}
	items, users, err := s.items(e, w)
	if err != nil {
		return torch.TrainJob{}, nil, err
	}
	job := torch.TrainJob{
		Inputs:    torch.Inputs{Policy: s.base.base(e), Device: s.device, Precision: s.base.precision(), BOS: special.bos},
		UserModel: userModelConfig(t.UserModel), Users: len(users),
		Objective: objectiveConfig(t.Objective), GenericKeepsText: t.Objective.GenericKeepsText,
		Optimizer: optimizerConfig(t.Optimizer),
		Steps:     s.steps(len(items)), BatchSize: t.BatchSize, KeepBest: t.Keep == "best", Seed: s.seed,
		Out: e.Dir, Checkpoints: filepath.Join(e.Scratch, "checkpoints"),
	}
	job.CheckpointEvery = min(max(job.Steps/10, 1), 200)
	job.CheckReference = job.Objective.NeedsReference()
	if !s.full() {
		job.LoRA = &lm.LoRAConfig{Rank: t.LoRA.Rank, Alpha: t.LoRA.Alpha, Dropout: t.LoRA.Dropout, Targets: t.LoRA.Targets}
	}
	if t.UserModel != nil && t.UserModel.Start == "text" {
		if job.StartIDs, err = s.startIDs(e); err != nil {
			return job, nil, err
		}
	}
	of := func(items []item) torch.Examples {
		return &examples{world: w, items: items, end: special.end, reference: job.CheckReference}
	}
	job.Data = of(items)
	if t.Evaluate != nil {
		rows, err := s.evaluated(w, users)
		if err != nil {
			return job, nil, err
		}
		job.Evaluate = &torch.Evaluation{Data: of(rows), Every: t.Evaluate.Every}
	}
	return job, users, nil
}

// steps is the number of optimizer steps: as given, or so many that every example is used `epochs` times.
func (s *trainStage) steps(examples int) int { return stepsOf(s.spec, int64(examples)) }

func stepsOf(t *dsl.Train, examples int64) int {
	if t.Steps > 0 {
		return t.Steps
	}
	return int(math.Ceil(t.Epochs * float64(examples) / float64(t.BatchSize)))
}

func (s *trainStage) startIDs(e *Env) ([]int32, error) {
	tok, err := tokenizer.Load(s.base.origin.tokenizer.dir(e))
	if err != nil {
		return nil, err
	}
	return tok.EncodePlain(s.spec.UserModel.StartText), nil
}

// items lists the examples and the users whom the policy has seen, indexed 1..m in the data set's order.
func (s *trainStage) items(e *Env, w *world) ([]item, []arrowio.User, error) {
	if s.spec.Data.Kind == dsl.ResponseSet {
		return s.responseItems(e, w)
	}
	rows, err := w.rows(s.spec.Data)
	if err != nil {
		return nil, nil, err
	}
	users := w.seen(rows)
	rows, err = s.keep(e, w, rows)
	side := -1
	if s.spec.Objective.Kind == "sft" {
		side = 0 // the chosen response
	}
	index := indexOf(users)
	items := make([]item, len(rows))
	for i, r := range rows {
		items[i] = item{r, side, index[w.user(r)]}
	}
	return items, users, err
}

// responseItems are those of sft on responses: each distinct prompt with a response once, and once per user where there
// is a user model.
func (s *trainStage) responseItems(e *Env, w *world) ([]item, []arrowio.User, error) {
	personal := s.spec.UserModel != nil
	responses, err := w.responses(s.spec.Data, personal)
	if err != nil {
		return nil, nil, err
	}
	rows, err := w.rowsBehind(s.spec.Data)
	if err != nil {
		return nil, nil, err
	}
	users := w.seen(rows)
	index := indexOf(users)
	var items []item
	for _, r := range responses {
		if w.tables[r.data].tokenRow[r.row] < 0 {
			continue
		}
		user := int32(0)
		if personal {
			user = index[w.user(r.rowRef)]
		}
		items = append(items, item{r.rowRef, r.side, user})
	}
	if len(items) == 0 {
		return nil, nil, fmt.Errorf("%s has nothing to train on: all of its %d responses are too long", s.spec.Addr, len(responses))
	}
	return items, users, nil
}

// keep leaves out the rows that are too long, and says how many.
func (s *trainStage) keep(e *Env, w *world, rows []rowRef) ([]rowRef, error) {
	kept, left := w.kept(rows)
	if len(kept) == 0 {
		return nil, fmt.Errorf("%s has nothing to train on: %d rows, of which %d are too long", s.spec.Addr, len(rows), left)
	}
	if left > 0 {
		e.Say("%d of %d rows are over the limits of length and are not trained on", left, len(rows))
	}
	return kept, nil
}

// evaluated lists the rows of the curves, users indexed as in training and 0 where unseen.
func (s *trainStage) evaluated(w *world, users []arrowio.User) ([]item, error) {
	rows, err := w.rows(s.spec.Evaluate.Data)
	if err != nil {
		return nil, err
	}
	rows, _ = w.kept(rows)
	index := indexOf(users)
	items := make([]item, len(rows))
	for i, r := range rows {
		items[i] = item{r, -1, index[w.user(r)]}
	}
	return items, nil
}

// finish completes the policy folder and writes what the run found.
func (s *trainStage) finish(e *Env, job torch.TrainJob, users []arrowio.User, r torch.TrainResult) error {
	if s.full() {
		if err := copyTokenizer(s.base.origin.tokenizer.dir(e), e.File(modelFolder)); err != nil {
			return err
		}
	}
	points := curveRows(r.Points)
	if err := arrowio.Write(e.File(curvesFile), points); err != nil {
		return err
	}
	for i := range users {
		users[i].Index, users[i].Seen = int32(i)+1, true
	}
	if err := arrowio.Write(e.File(usersFile), users); err != nil {
		return err
	}
	adapter, base := r.AdapterParameters, int64(0)
	if s.full() {
		adapter, base = 0, r.AdapterParameters
	}
	run := map[string]dsl.Value{"steps": float64(r.Steps), "kept": float64(r.Kept), "examples": float64(job.Data.Len()), "prompt_shift": math.NaN()}
	if job.UserModel.Tokens > 0 {
		run["prompt_shift"] = r.PromptShift
		e.Say("the untrained soft prompt changed the log-prob of a response by %.3f on average", r.PromptShift)
	}
	return writeResult(e.File(resultFile), map[string]dsl.Value{
		"parameters": map[string]dsl.Value{"user_model": float64(r.UserParameters), "adapter": float64(adapter), "base": float64(base)},
		"curves":     curveValues(points, job.Evaluate != nil),
		"run":        run,
	})
}

func userModelConfig(u *dsl.UserModel) usermodel.Config {
	if u == nil {
		return usermodel.Config{}
	}
	return usermodel.Config{Kind: u.Kind, Tokens: u.Tokens, Clusters: u.Clusters, Weights: u.Weights, Shared: u.Shared, Start: u.Start}
}

func objectiveConfig(o dsl.Objective) objective.Config {
	return objective.Config{Kind: o.Kind, Alpha: o.Alpha, Beta: o.Beta, LabelSmoothing: o.LabelSmoothing, Robust: o.Robust}
}

// optimizerConfig adds AdamW's usual constants, which the language does not set.
func optimizerConfig(o dsl.Optimizer) torch.Optimizer {
	return torch.Optimizer{LR: o.LR, WeightDecay: o.WeightDecay, MaxGradNorm: o.MaxGradNorm, UserLR: o.UserLR,
		UserWeightDecay: o.UserWeightDecay, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Schedule: o.Schedule,
		WarmupSteps: o.WarmupSteps, StopNorm: o.StopNorm}
}
