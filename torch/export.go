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

	"github.com/prlhf/prlhf/torch/lm"
	"github.com/prlhf/prlhf/torch/safetensors"
	"github.com/prlhf/prlhf/torch/tensor"
	"github.com/prlhf/prlhf/torch/usermodel"
)

// ErrSameAsBase says that nothing of a policy was trained.
var ErrSameAsBase = errors.New("the export would equal the base model: training changed no weight, and there is no user model")

func export(ctx context.Context, job ExportJob, progress func(Progress)) (result ExportResult, err error) {
	err = run(job.Device, func() error {
		e := &exporting{job: job, progress: progress}
		if err := e.run(ctx); err != nil {
			return err
		}
		result = e.result
		return nil
	})
	return result, err
}

// exporting is one Export.
type exporting struct {
	job      ExportJob
	progress func(Progress)
	dir      string // of the weights
	note     policyNote
	change   lm.Export
	tokens   int       // T_u of the users that become tokens
	ours     []float64 // log-prob or reward of every response under the policy
	result   ExportResult
}

func (e *exporting) run(ctx context.Context) (err error) {
	if e.dir, e.change.Adapters, e.note, err = e.job.Policy.base(); err != nil {
		return err
	}
	if err := e.checkTrained(); err != nil {
		return err
	}
	if e.note.Adapter && !e.job.BaseOnly {
		e.change.Adapters = append(e.change.Adapters[:len(e.change.Adapters):len(e.change.Adapters)], filepath.Join(e.job.Policy.Policy, adapterFolder))
	}
	if e.job.BaseOnly {
		if err := lm.WriteExport(e.dir, e.job.Out, e.change, safetensors.ShardBytes); err != nil {
			return err
		}
		return e.writeGeneration()
	}
	if err := e.readPolicy(ctx); err != nil {
		return err
	}
	if err := lm.WriteExport(e.dir, e.job.Out, e.change, safetensors.ShardBytes); err != nil {
		return err
	}
	if err := e.writeGeneration(); err != nil {
		return err
	}
	return e.measure(ctx)
}

// checkTrained refuses a policy that is the model it was trained from.
func (e *exporting) checkTrained() (err error) {
	trained := e.note.Reward
	switch {
	case trained:
	case e.note.Adapter:
		trained, err = lm.AdapterChanges(filepath.Join(e.job.Policy.Policy, adapterFolder))
	case e.note.Full:
		var same bool
		if len(e.job.Before.Adapters) == 0 {
			same, err = lm.SameWeights(e.job.Before.Model, e.dir)
		}
		trained = !same
	}
	if err == nil && !trained && e.note.UserModel.Tokens == 0 {
		return ErrSameAsBase
	}
	return err
}

// readPolicy looks at the policy: the users' vectors, a reward model's head, and the numbers that the export must give again.
func (e *exporting) readPolicy(ctx context.Context) error {
	p, err := openPolicy(e.job.Inputs)
	if err != nil {
		return err
	}
	defer p.close()
	e.result.WidthBefore, e.result.FirstToken = p.model.Width, p.model.Vocab
	if p.rewards() {
		e.change.Score = p.scoreHead()
	}
	if len(e.job.Users) > 0 {
		if p.soft == 0 {
			return errors.New("the policy's users are no soft prompts and cannot become tokens")
		}
		e.tokens = p.soft
		s := tensor.NewScope()
		tensor.NoGrad(func() { e.change.Tokens = p.users.SoftPrompts(s, e.job.Users).Floats() })
		s.Close()
		e.result.Added = len(e.job.Users) * p.soft
	}
	seen, err := p.look(ctx, e.job.Texts, e.job.Inputs, 0, e.tell("texts of the policy"))
	if err != nil {
		return err
	}
	e.ours = seen.responses
	if e.result.Added > 0 && !p.rewards() {
		e.result.Quiet = p.model.QuietWay()
	}
	return nil
}

// scoreHead is what a reward model's folder has as its head: user 0's, where users are the heads.
func (p *policy) scoreHead() []float32 {
	if p.heads {
		return p.genericHead()
	}
	return p.model.ScoreHead()
}

// measure runs the texts through the written folder, users as tokens, and compares.
func (e *exporting) measure(ctx context.Context) error {
	in := e.job.Inputs
	in.Policy = PolicyFiles{Model: e.job.Out}
	exported := &policy{}
	defer exported.close()
	var err error
	if exported.model, err = lm.Load(e.job.Out, lm.Options{Place: in.place(), DType: in.dtype()}); err != nil {
		return err
	}
	e.result.Width = exported.model.Width
	texts := e.job.Texts
	if e.tokens > 0 {
		texts = e.asTokens(texts)
	} else if e.note.UserModel.Tokens > 0 {
		users, err := e.openUsers(exported.model.Width)
		if err != nil {
			return err
		}
		exported.setUsers(users)
	}
	seen, err := exported.look(ctx, texts, in, e.result.Added, e.tell("texts of the export"))
	if err != nil {
		return err
	}
	e.result.Probability, e.result.Places, e.result.Responses = seen.added, seen.places, len(seen.responses)
	for i, got := range seen.responses {
		if d := math.Abs(got - e.ours[i]); !(d <= e.result.Difference) {
			e.result.Difference = d // NaN too
		}
	}
	switch {
	case math.IsNaN(e.result.Difference):
		return errors.New("the written folder gives numbers that are not finite")
	case !(e.result.Probability <= e.job.Limit):
		return fmt.Errorf("the added tokens take a probability of up to %.3g on %d texts, more than %g; other engines would write them. Export with -format merged and send users' vectors as inputs_embeds",
			e.result.Probability, e.job.Texts.Len(), e.job.Limit)
	}
	return nil
}

// openUsers reads the policy's user model, which stays beside a merged model.
func (e *exporting) openUsers(width int) (*usermodel.Model, error) {
	dir, note, err := e.job.Policy.userModel(e.note)
	if err != nil {
		return nil, err
	}
	return usermodel.Load(filepath.Join(dir, "user_model.safetensors"), note.UserModel, note.Users, width, e.job.place())
}

func (e *exporting) tell(what string) func(Progress) {
	return func(p Progress) {
		p.Note = what
		e.progress(p)
	}
}

// asTokens are the texts with each user's tokens where their soft prompt stood.
func (e *exporting) asTokens(texts Examples) Examples {
	place := map[int32]int{}
	for i, u := range e.job.Users {
		place[u] = i
	}
	return tokenExamples{Examples: texts, first: e.result.FirstToken, tokens: e.tokens, place: place}
}

type tokenExamples struct {
	Examples
	first, tokens int
	place         map[int32]int
}

func (x tokenExamples) At(i int) (Example, error) {
	e, err := x.Examples.At(i)
	if err != nil {
		return e, err
	}
	at, ok := x.place[e.User]
	if !ok {
		return e, fmt.Errorf("text %d is user %d's, who is not exported", i, e.User)
	}
	ids := make([]int32, 0, x.tokens+len(e.UserText))
	for k := range x.tokens {
		ids = append(ids, int32(x.first+at*x.tokens+k))
	}
	e.User, e.UserText = NoUser, append(ids, e.UserText...)
	return e, nil
}

// writeGeneration writes generation_config.json: the folder's own, or the end tokens; and the added tokens as suppressed.
func (e *exporting) writeGeneration() error {
	if e.note.Reward && !e.job.BaseOnly {
		return nil
	}
	fields := map[string]any{}
	data, err := os.ReadFile(filepath.Join(e.dir, "generation_config.json"))
	switch {
	case err == nil:
		if err := json.Unmarshal(data, &fields); err != nil {
			return fmt.Errorf("%s: generation_config.json: %w", e.dir, err)
		}
	case !os.IsNotExist(err):
		return err
	default:
		if e.job.BOS >= 0 {
			fields["bos_token_id"] = e.job.BOS
		}
		fields["eos_token_id"] = e.job.EOS
	}
	if e.result.Added > 0 {
		suppressed, _ := fields["suppress_tokens"].([]any)
		for i := range e.result.Added {
			suppressed = append(suppressed, e.result.FirstToken+i)
		}
		fields["suppress_tokens"] = suppressed
	}
	if data, err = json.MarshalIndent(fields, "", "  "); err != nil {
		return err
	}
	return writeSynced(filepath.Join(e.job.Out, "generation_config.json"), append(data, '\n'))
}
