// What a plan costs, before anything is paid: rows and tokens (counted where the artifacts are in the store, else as
// `expect` says, else guessed and marked), trainable parameters, arithmetic, and peak memory.
//
// Arithmetic: a weight costs 2 FLOPs per token forward, 2 backward for the gradient of the input and, if it is trained,
// 2 for its own: 6 N per token in full fine-tuning, 4 N for frozen weights under LoRA (6 for the adapter), 2 N for scoring.
// A comparison's prompt is computed once for both responses and both passes of alpha are counted. The output layer runs on
// response tokens only. Attention is left out: a few percent at these lengths.
package runner

import (
	"fmt"
	"math"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/lm"
)

func (c *compiler) estimate(plan *Plan) {
	c.calls = map[*dsl.Judge]Calls{}
	for _, n := range plan.Nodes {
		switch s := n.Stage.(type) {
		case *importStage:
			n.Estimate = c.importEstimate(s, n)
		case *tokenizeStage:
			v := c.wholeVolume(s.spec, n)
			n.Estimate = Estimate{Rows: round(v.rows), Tokens: round(v.tokens()), Exact: v.exact, Note: v.note}
		case *referenceStage:
			v := c.wholeVolume(s.tokens.Stage.(*tokenizeStage).spec, s.tokens)
			n.Estimate = c.passEstimate(s.model, v, 1)
		case *mismatchStage:
			v := c.wholeVolume(s.spec, s.tokens)
			n.Estimate = Estimate{Rows: round(v.rows), Exact: v.exact, Note: v.note}
		case *mismatchReferenceStage:
			v := c.wholeVolume(s.tokens.Stage.(*tokenizeStage).spec, s.tokens)
			v.sides, v.exact, v.once = 1, false, distinctTexts{}
			n.Estimate = c.passEstimate(s.model, v, 1)
		case *trainStage:
			n.Estimate = c.trainEstimate(s)
			if s.reward != nil {
				c.addTexts(&n.Estimate, s)
			}
		case *scoreStage:
			passes := 1.0
			if s.policy.personal() {
				passes = 4 // own user, another, shuffled, user 0
			}
			n.Estimate = c.passEstimate(s.policy, c.setVolume(s.data, s.rows), passes)
		case *generateStage:
			n.Estimate = c.generateEstimate(s)
		case *rankStage:
			n.Estimate = c.rankEstimate(s)
		case *adaptStage:
			n.Estimate = c.adaptEstimate(s)
		case *judgeStage:
			n.Estimate = c.judgeEstimate(s, n)
		case *initStage:
			if cfg, err := initConfig(s.spec.Init, 0, 1); err == nil {
				n.Estimate = Estimate{Base: cfg.Parameters(), PeakBytes: 4 * cfg.Parameters(), Exact: true}
			}
		}
	}
	warned := map[*dsl.Judge]bool{}
	for _, n := range plan.Nodes {
		if s, ok := n.Stage.(*judgeStage); ok {
			for _, j := range servers(s.spec) {
				if !warned[j] {
					c.checkBudget(j)
				}
				warned[j] = true
			}
		}
	}
}

func round(f float64) int64 { return int64(math.Round(f)) }

func (c *compiler) importEstimate(s *importStage, n *Node) Estimate {
	if rows, ok := c.countRows(n, comparisonsFile); ok {
		return Estimate{Rows: rows, Exact: true}
	}
	v := c.wholeVolume(s.spec, nil)
	return Estimate{Rows: round(v.rows), Note: join(v.note, badNote(s.spec, c.samples[s.spec]))}
}

// passEstimate is that of scoring: each distinct text once where no user tells equal texts apart, else at most.
func (c *compiler) passEstimate(p *policy, v volume, passes float64) Estimate {
	prompts, responses := v.rows*v.prompt, v.sides*v.rows*v.response
	if passes == 1 && v.once.responses > 0 {
		prompts, responses = v.once.promptTokens, v.once.responseTokens
	}
	e := Estimate{Rows: round(v.rows), Tokens: round(passes * (prompts + responses)), Exact: v.exact && passes == 1, Note: v.note}
	if passes > 1 {
		e.Note = join(e.Note, "at most: equal texts for one user are scored once")
	}
	if !p.origin.known {
		return e
	}
	layers, head := p.origin.config.MatrixParameters()
	e.FLOPs = passes * (2*float64(layers)*(prompts+responses) + 2*float64(head)*responses)
	c.memory(&e, weightBytes(p.origin.config, p.precision()), p, false)
	return e
}

func (c *compiler) trainEstimate(s *trainStage) Estimate { return c.trainCost(s, took{}) }

// took is what a training run found that its spec does not say. Zero: not known yet, and reckoned with the most.
type took struct {
	steps  float64 // optimizer steps
	length float64 // rloo, grpo, ppo: mean tokens of a text
}

// trainCost is what a training run takes, or took.
func (c *compiler) trainCost(s *trainStage, run took) Estimate {
	t := s.spec
	v := c.setVolume(s.data, t.Data)
	examples := v.rows
	perRow, responses := v.prompt+v.sides*v.response, v.sides
	if rl := t.Objective.RL; rl != nil { // samples share their prompt; each step goes through them `passes` times
		responses, perRow = float64(rl.Samples), v.prompt
		if v.response = run.length; v.response == 0 {
			v.response = float64(rl.Sampling.MaxNewTokens)
		}
		perRow += responses * v.response
	}
	if t.Objective.Kind == "kto" { // and a response of another row
		responses, perRow = responses+1, perRow+v.response
	}
	if t.Objective.Kind == "sft" {
		responses, perRow = 1, v.prompt+v.response
		if t.Data.Kind == dsl.ResponseSet {
			examples = v.sides * v.rows
			if v.texts > 0 {
				examples = v.texts
			}
		}
	}
	steps := run.steps
	if steps == 0 {
		steps = float64(stepsOf(t, round(examples)))
	}
	um := userModelConfig(t.UserModel)
	passes, withText := passesPerRow(t)
	seen := steps * float64(t.BatchSize)
	perRow = passes*(perRow+float64(um.Tokens)) + withText*c.userTextTokens(s)
	e := Estimate{Rows: round(examples), Tokens: round(seen * perRow), Exact: v.exact, Note: v.note}
	e.Note = join(e.Note, fmt.Sprintf("%s%.0f steps of %d", map[bool]string{true: "at most "}[t.Optimizer.StopNorm > 0], steps, t.BatchSize))
	if !s.base.origin.known {
		return e
	}
	cfg := s.base.origin.config
	if t.Objective.Kind == "reward" {
		cfg.Top = rewardTop(um)
	}
	e.UserModel = um.Parameters(c.users(s), cfg.Width)
	layers, head := cfg.MatrixParameters()
	perWeight := 4.0
	if s.full() {
		perWeight, e.Base = 6, cfg.Parameters()
	} else if n, err := cfg.LoRAParameters(lm.LoRAConfig{Rank: t.LoRA.Rank, Targets: t.LoRA.Targets}); err == nil {
		e.Adapter = n
		if modules, err := cfg.MatchTargets(t.LoRA.Targets); err == nil && t.LoRA.Rank > 0 {
			e.Note = join(e.Note, "adapts "+joinComma(modules))
		}
		if cfg.Top == lm.TopScore { // the head is trained whatever the adapter is
			e.Adapter += head
		}
	}
	e.FLOPs = seen * (perWeight*float64(layers)*perRow + perWeight*float64(head)*passes*responses*v.response + 6*float64(e.Adapter)*perRow)
	trained := e.Base + e.Adapter + e.UserModel
	c.memory(&e, weightBytes(cfg, s.base.precision())+16*trained, s.base, true)
	return e
}

// passesPerRow is how often a step goes through an example, as the user and as user 0, and how often of these with the user's
// text (torch.units).
func passesPerRow(t *dsl.Train) (passes, withText float64) {
	passes = 1
	o, texts := t.Objective, explicit(t.UserModel)
	if differ := userModelConfig(t.UserModel).Personal() || texts && !o.GenericKeepsText; differ && o.Alpha > 0 && o.Alpha < 1 && o.RL == nil {
		passes = 2
	}
	switch {
	case !texts:
	case o.GenericKeepsText:
		withText = passes
	case o.Alpha > 0:
		withText = 1
	}
	return passes, withText
}

// userTextTokens is the mean length of the texts that users of the rows have, where rows and tokenizer are in the store.
func (c *compiler) userTextTokens(s *trainStage) float64 {
	if !explicit(s.spec.UserModel) {
		return 0
	}
	e, ok := c.stored(append(s.data.inputs(false), s.base.origin.tokenizer.node))
	if !ok {
		return 0
	}
	w, err := s.data.textsOnly().open(e)
	if err != nil {
		return 0
	}
	defer w.Close()
	rows, err := w.setRows(s.spec.Data)
	if err != nil || len(rows) == 0 || w.readTexts(e, s.base.origin.tokenizer) != nil {
		return 0
	}
	tokens := 0
	for _, r := range rows {
		tokens += len(w.userTexts[w.user(r)])
	}
	return float64(tokens) / float64(len(rows))
}

// users is m where the split is in the store or the spec tells it.
func (c *compiler) users(s *trainStage) int {
	if e, ok := c.stored(s.data.inputs(false)); ok {
		if w, err := s.data.textsOnly().open(e); err == nil {
			defer w.Close()
			if rows, err := w.setRows(s.spec.Data); err == nil {
				return len(w.seen(rows))
			}
		}
	}
	m := 0
	for _, d := range s.data {
		m += d.set.KnownUsers()
	}
	return m
}

func (c *compiler) generateEstimate(s *generateStage) Estimate {
	g := s.spec
	prompts := c.setVolume(s.data, g.Prompts)
	users, note := 1.0, ""
	if s.tellsUsersApart() && g.Users != nil {
		users, note = c.usersAsked(s.data, g.Users)
	}
	asked := prompts.rows * users
	texts := asked * float64(s.samples()) // those of one request share its prompt
	e := Estimate{Rows: round(texts), Tokens: round(asked*prompts.prompt + texts*float64(g.Sampling.MaxNewTokens)), Note: join(join(prompts.note, note), "at most: every text as long as max_new_tokens")}
	if s.policy.origin.known {
		layers, head := s.policy.origin.config.MatrixParameters()
		e.FLOPs = 2 * float64(layers+head) * float64(e.Tokens)
		c.memory(&e, weightBytes(s.policy.origin.config, s.policy.precision()), s.policy, false)
	}
	return e
}

// processBytes is what a process with libtorch takes before any weight: measured on Linux, 243 MiB at the peak of a scoring
// stage with a model of 0.3 M weights, whose tensors take 7.
const processBytes = 236 << 20

// weightBytes are those of the base model's weights.
func weightBytes(cfg lm.Config, precision string) int64 {
	if precision == "bf16" {
		return 2 * cfg.Parameters()
	}
	return 4 * cfg.Parameters()
}

// memory fills in what a stage holds at its peak: what stays, and what a micro-batch takes, which packs more tokens on a GPU.
func (c *compiler) memory(e *Estimate, stays int64, p *policy, backward bool) {
	e.BF16 = p.precision() == "bf16"
	e.GPUBytes = stays + activationBytes(p, backward, 8192)
	if e.PeakBytes = e.GPUBytes; c.opts.Device.Kind != "cuda" {
		e.PeakBytes = processBytes + stays + activationBytes(p, backward, 2048)
	}
}

// activationBytes of a micro-batch of so many tokens, as package torch packs them: about 16 vectors of model width per layer
// and token are kept for the backward pass, two without one, beside the logits of a chunk.
func activationBytes(p *policy, backward bool, tokens int64) int64 {
	cfg := p.origin.config
	size, kept := int64(4), int64(2)
	if p.precision() == "bf16" {
		size = 2
	}
	if backward {
		kept = 16 * int64(cfg.Layers)
	}
	return size * tokens * (kept*int64(cfg.Width) + int64(cfg.Vocab))
}
