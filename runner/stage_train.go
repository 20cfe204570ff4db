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
)

const (
	kindTrain    = "train"
	trainVersion = 2
	maskVersion  = 2 // of dropout masks: only trainings that draw them are made again where these change

	adapterFolder = "adapter"
	curvesFile    = "curves.arrow"
)

type trainStage struct {
	spec   *dsl.Train
	seed   int64
	base   *policy
	reward *policy // rloo, grpo, ppo: what is maximised
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
	if s.reward != nil {
		s.reward.describe(w)
	}
	if explicit(t.UserModel) {
		line(w, "user text", fmt.Sprintf("reference %v generic pass %v", t.Objective.ReferenceUserText, t.Objective.GenericKeepsText))
	}
	if t.Steps > 0 {
		line(w, "steps", t.Steps)
	} else {
		line(w, "epochs", t.Epochs)
	}
	line(w, "batch_size", t.BatchSize)
	o := t.Optimizer
	line(w, "optimizer", fmt.Sprintf("adamw lr %g weight_decay %g max_grad_norm %g user_lr %g user_weight_decay %g", o.LR, o.WeightDecay, o.MaxGradNorm, o.UserLR, o.UserWeightDecay))
	line(w, "schedule", fmt.Sprintf("%s warmup_steps %d", o.Schedule, o.WarmupSteps))
	if o.StopNorm > 0 {
		line(w, "stop_norm", o.StopNorm)
	}
	if s.full() {
		line(w, "lora", "none: all weights")
	} else {
		line(w, "lora", fmt.Sprintf("rank %d alpha %g dropout %g targets %s", t.LoRA.Rank, t.LoRA.Alpha, t.LoRA.Dropout, quoted(t.LoRA.Targets)))
		if t.LoRA.Dropout > 0 {
			line(w, "dropout masks", maskVersion)
		}
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
	for _, set := range []struct {
		name string
		on   bool
	}{{"explicit", u.Explicit}, {"as linear_head", u.As == "linear_head"}, {"sparse", u.Sparse}} {
		if set.on {
			line(w, "user_model "+set.name, true)
		}
	}
}

func describeObjective(w io.Writer, o dsl.Objective) {
	line(w, "objective", fmt.Sprintf("%s alpha %g beta %g label_smoothing %g robust %v", o.Kind, o.Alpha, o.Beta, o.LabelSmoothing, o.Robust))
	switch o.Kind {
	case "ipo":
		line(w, "normalize", o.Normalize)
	case "simpo":
		line(w, "gamma", o.Gamma)
	case "cpo", "orpo":
		line(w, "lambda", o.Lambda)
	case "kto":
		line(w, "lambda", fmt.Sprintf("chosen %g rejected %g", o.LambdaChosen, o.LambdaRejected))
	}
	if o.WorstGroup > 0 {
		line(w, "worst_group", o.WorstGroup)
	}
	if rl := o.RL; rl != nil {
		line(w, "policy optimisation", fmt.Sprintf("samples %d clip %g passes %d kl_target %g", rl.Samples, rl.Clip, rl.Passes, rl.KLTarget))
		describeSampling(w, rl.Sampling)
	}
}

func (s *trainStage) leaves() []leaf {
	if s.reward != nil {
		return append(s.base.leaves(), s.reward.leaves()...)
	}
	return s.base.leaves()
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
		Optimizer: optimizerConfig(t.Optimizer), StopNorm: t.Optimizer.StopNorm,
		Steps: s.steps(len(items)), BatchSize: t.BatchSize, KeepBest: t.Keep == "best", Seed: s.seed,
		Out: e.Dir, Checkpoints: filepath.Join(e.Scratch, "checkpoints"),
	}
	job.CheckpointEvery = min(max(job.Steps/10, 1), 200)
	job.CheckReference = job.Objective.NeedsReference() && s.reward == nil
	if !s.full() {
		job.LoRA = &lm.LoRAConfig{Rank: t.LoRA.Rank, Alpha: t.LoRA.Alpha, Dropout: t.LoRA.Dropout, Targets: t.LoRA.Targets}
	}
	if t.UserModel != nil && t.UserModel.Start == "text" {
		if job.StartIDs, err = s.startIDs(e); err != nil {
			return job, nil, err
		}
	}
	if explicit(t.UserModel) || s.reward != nil && s.reward.explicit() {
		if err := w.readTexts(e, s.base.origin.tokenizer); err != nil {
			return job, nil, err
		}
		job.ReferenceUserText = t.Objective.ReferenceUserText
	}
	if t.UserModel != nil && t.UserModel.Weights == "given" {
		if job.Clusters, err = s.clusters(w, users); err != nil {
			return job, nil, err
		}
	}
	raters, err := s.optimise(e, &job, special)
	if err != nil {
		return job, nil, err
	}
	of := func(items []item) torch.Examples {
		return &examples{world: w, items: items, end: special.end, reference: job.CheckReference, texts: explicit(t.UserModel), raters: raters}
	}
	job.Data = of(items)
	job.Data.(*examples).mismatched = t.Objective.Kind == "kto"
	if t.Objective.WorstGroup > 0 {
		if job.Data.(*examples).groups, job.Groups, err = s.groups(users); err != nil {
			return job, nil, err
		}
	}
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
	tok, err := s.base.origin.tokenizer.load(e)
	if err != nil {
		return nil, err
	}
	return tok.EncodePlain(s.spec.UserModel.StartText), nil
}

// finish completes the policy folder and writes what the run found.
func (s *trainStage) finish(e *Env, job torch.TrainJob, users []arrowio.User, r torch.TrainResult) error {
	if s.full() {
		if err := copyTokenizer(s.base.origin.tokenizer.dir(e), e.File(modelFolder)); err != nil {
			return err
		}
	}
	if job.StopNorm > 0 {
		e.Say("%d of at most %d steps until the gradient's norm is %g", r.Steps, job.Steps, job.StopNorm)
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
		"curves":     curveValues(points, job.Evaluate != nil, job.RL != nil),
		"run":        run,
	})
}
