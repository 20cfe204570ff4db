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
	"slices"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch/lm"
)

const (
	bytesPerToken = 4    // a usual figure for English text
	packedTokens  = 2048 // of a micro-batch, for peak memory
)

// volume is how much text a set of rows is.
type volume struct {
	rows             float64
	prompt, response float64 // mean tokens of a prompt, and of one response with its end token
	exact            bool
	note             string
}

// tokens of a pass over the rows: prompt once, both responses.
func (v volume) tokens() float64 { return v.rows * (v.prompt + 2*v.response) }

func (c *compiler) estimate(plan *Plan) {
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
		case *trainStage:
			n.Estimate = c.trainEstimate(s)
		case *scoreStage:
			passes := 1.0
			if s.policy.personal() {
				passes = 4 // own user, another, shuffled, user 0
			}
			n.Estimate = c.passEstimate(s.policy, c.setVolume(s.data, s.spec.Data), passes)
		case *generateStage:
			n.Estimate = c.generateEstimate(s)
		case *initStage:
			if cfg, err := initConfig(s.spec.Init, 0, 1); err == nil {
				n.Estimate = Estimate{Base: cfg.Parameters(), PeakBytes: 4 * cfg.Parameters(), Exact: true}
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
	return Estimate{Rows: round(v.rows), Note: v.note}
}

// countRows counts the rows of a table of a node whose artifact is there.
func (c *compiler) countRows(n *Node, file string) (int64, bool) {
	if c.st == nil || n == nil {
		return 0, false
	}
	a, ok := c.st.Get(n.Fingerprint)
	if !ok {
		return 0, false
	}
	t, err := arrowio.Open[arrowio.Comparison](a.Path(file))
	if err != nil {
		return 0, false
	}
	defer t.Close()
	return int64(t.Len()), true
}

// wholeVolume is that of a whole data set: counted from its ids, or expected, or guessed.
func (c *compiler) wholeVolume(d *dsl.Dataset, tokens *Node) volume {
	if v, ok := c.counted(tokens, nil); ok {
		return v
	}
	v := c.guessed(d)
	if n := c.data[d]; n != nil {
		if rows, ok := c.countRows(n.rows, comparisonsFile); ok {
			v.rows = float64(rows)
		}
	}
	return v
}

// counted sums up tokens.arrow where it is in the store; rows nil means all.
func (c *compiler) counted(tokens *Node, rows map[int64]bool) (volume, bool) {
	if c.st == nil || tokens == nil {
		return volume{}, false
	}
	a, ok := c.st.Get(tokens.Fingerprint)
	if !ok {
		return volume{}, false
	}
	t, err := arrowio.Open[arrowio.Tokens](a.Path(tokensFile))
	if err != nil {
		return volume{}, false
	}
	defer t.Close()
	v := volume{exact: true}
	for row, err := range t.All() {
		if err != nil {
			return volume{}, false
		}
		if rows == nil || rows[row.Row] {
			v.rows++
			v.prompt += float64(len(row.Prompt))
			v.response += float64(len(row.Chosen)+len(row.Rejected))/2 + 1
		}
	}
	if v.rows > 0 {
		v.prompt, v.response = v.prompt/v.rows, v.response/v.rows
	}
	return v, true
}

// guessed reckons with expect, then with what made-up data will be, then with the sizes of files.
func (c *compiler) guessed(d *dsl.Dataset) volume {
	v := volume{prompt: 400, response: 40, note: "lengths are a guess"}
	if d.Synthetic != nil {
		v.rows, v.prompt, v.response = float64(d.Synthetic.Comparisons), 60, 15
	}
	if d.MaxPromptTokens > 0 {
		v.prompt = min(v.prompt, float64(d.MaxPromptTokens))
	}
	for key, to := range map[string]*float64{"prompt_tokens": &v.prompt, "response_tokens": &v.response} {
		if n, ok := d.Expect[key]; ok {
			*to = float64(n)
			v.note = "lengths as expected by the spec"
		}
	}
	if n := d.Expect["train"] + d.Expect["test"]; n > 0 {
		v.rows = float64(n)
		v.note += ", rows as expected by the spec"
	} else if d.Synthetic == nil {
		v.rows = float64(c.sourceBytes(d)) / bytesPerToken / (v.prompt + 2*v.response)
		v.note += ", rows guessed from the size of the files"
	}
	return v
}

// setVolume is that of some rows: counted where split and ids are in the store, else a share of the data sets. Many nodes
// ask for the same rows: they are counted once.
func (c *compiler) setVolume(in dataInputs, s *dsl.Set) volume {
	key := describeSet(s, placeIn(in.sets()))
	for _, n := range in.inputs(true) {
		if n != nil && n.Kind != kindReference {
			key += " " + n.Fingerprint.String()
		}
	}
	if _, done := c.volumes[key]; !done {
		c.volumes[key] = c.measure(in, s)
	}
	return c.volumes[key]
}

func (c *compiler) measure(in dataInputs, s *dsl.Set) volume {
	if v, ok := c.countedSet(in, s); ok {
		return v
	}
	out := volume{}
	for _, d := range in {
		v := c.wholeVolume(d.set, d.tokens)
		share := shareOf(s, d.set)
		if n, ok := expectedRows(s, d.set); ok {
			share = n / max(v.rows, 1)
		}
		out.rows += share * v.rows
		out.prompt, out.response, out.note = max(out.prompt, v.prompt), max(out.response, v.response), v.note
	}
	if s.Op == dsl.SetSample {
		out.rows = min(out.rows, float64(s.N))
	}
	if out.note == "" {
		out.note = "rows are a share of the data set"
	}
	return out
}

// shareOf is the share of a data set's rows that a set takes, as far as the spec tells.
func shareOf(s *dsl.Set, d *dsl.Dataset) float64 {
	if s.Op == dsl.SetSplit {
		switch {
		case s.Dataset != d:
			return 0
		case s.Name == "train":
			return d.Split.Train
		}
		return 1 - d.Split.Train
	}
	share := 0.0
	for _, m := range s.Of {
		share += shareOf(m, d)
	}
	return min(share, 1)
}

func expectedRows(s *dsl.Set, d *dsl.Dataset) (float64, bool) {
	if s.Op == dsl.SetSplit && s.Dataset == d {
		n, ok := d.Expect[s.Name]
		return float64(n), ok
	}
	return 0, false
}

// countedSet evaluates the set where its data sets' artifacts are there.
func (c *compiler) countedSet(in dataInputs, s *dsl.Set) (volume, bool) {
	e, ok := c.stored(in.inputs(false))
	if !ok {
		return volume{}, false
	}
	w, err := in.textsOnly().open(e)
	if err != nil {
		return volume{}, false
	}
	defer w.Close()
	rows, err := w.setRows(s)
	if err != nil {
		return volume{}, false
	}
	sum := volume{exact: true}
	for k, d := range in {
		own := map[int64]bool{}
		for _, r := range rows {
			if r.data == k {
				own[int64(r.row)] = true
			}
		}
		v, ok := c.counted(d.tokens, own)
		if !ok {
			return volume{}, false
		}
		sum.prompt += v.rows * v.prompt
		sum.response += v.rows * v.response
		sum.rows += v.rows
	}
	if sum.rows > 0 {
		sum.prompt, sum.response = sum.prompt/sum.rows, sum.response/sum.rows
	}
	return sum, true
}

// setRows are the rows of a set, or those behind its responses or prompts.
func (w *world) setRows(s *dsl.Set) ([]rowRef, error) {
	switch s.Kind {
	case dsl.ResponseSet:
		return w.rowsBehind(s)
	case dsl.PromptSet:
		return w.prompts(s)
	}
	return w.rows(s)
}

// passEstimate is that of scoring.
func (c *compiler) passEstimate(p *policy, v volume, passes float64) Estimate {
	e := Estimate{Rows: round(v.rows), Tokens: round(passes * v.tokens()), Exact: v.exact, Note: v.note}
	if !p.origin.known {
		return e
	}
	layers, head := p.origin.config.MatrixParameters()
	e.FLOPs = passes * v.rows * (2*float64(layers)*(v.prompt+2*v.response) + 2*float64(head)*2*v.response)
	e.PeakBytes = weightBytes(p.origin.config, p.precision()) + activationBytes(p.origin.config, p.precision(), false)
	return e
}

func (c *compiler) trainEstimate(s *trainStage) Estimate {
	t := s.spec
	v := c.setVolume(s.data, t.Data)
	examples := v.rows
	perRow := v.prompt + 2*v.response
	responses := 2.0
	if t.Objective.Kind == "sft" {
		responses, perRow = 1, v.prompt+v.response
		if t.Data.Kind == dsl.ResponseSet {
			examples = 2 * v.rows // at most: equal responses count once
			v.exact = false
		}
	}
	steps := float64(stepsOf(t, round(examples)))
	passes := 1.0
	um := userModelConfig(t.UserModel)
	if um.Personal() && t.Objective.Alpha > 0 && t.Objective.Alpha < 1 {
		passes = 2
	}
	seen := steps * float64(t.BatchSize)
	perRow += float64(um.Tokens)
	e := Estimate{Rows: round(examples), Tokens: round(seen * passes * perRow), Exact: v.exact, Note: v.note}
	e.Note = join(e.Note, fmt.Sprintf("%.0f steps of %d", steps, t.BatchSize))
	if !s.base.origin.known {
		return e
	}
	cfg := s.base.origin.config
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
	}
	e.FLOPs = seen * passes * (perWeight*float64(layers)*perRow + perWeight*float64(head)*responses*v.response + 6*float64(e.Adapter)*perRow)
	trained := e.Base + e.Adapter + e.UserModel
	e.PeakBytes = weightBytes(cfg, s.base.precision()) + 16*trained + activationBytes(cfg, s.base.precision(), true)
	return e
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
		switch {
		case d.set.Split.SeenTop > 0:
			m += d.set.Split.SeenTop
		case d.set.Synthetic != nil:
			m += d.set.Synthetic.Users
		}
	}
	return m
}

func (c *compiler) generateEstimate(s *generateStage) Estimate {
	g := s.spec
	prompts := c.setVolume(s.data, g.Prompts)
	users := 1.0
	if s.policy.personal() && g.Users != nil {
		users = c.usersAsked(s.data, g.Users)
	}
	texts := prompts.rows * users * float64(max(g.Samples, 1))
	e := Estimate{Rows: round(texts), Tokens: round(texts * (prompts.prompt + float64(g.Sampling.MaxNewTokens))), Note: join(prompts.note, "at most: every text as long as max_new_tokens")}
	if s.policy.origin.known {
		layers, head := s.policy.origin.config.MatrixParameters()
		e.FLOPs = 2 * float64(layers+head) * float64(e.Tokens)
		e.PeakBytes = weightBytes(s.policy.origin.config, s.policy.precision()) + activationBytes(s.policy.origin.config, s.policy.precision(), false)
	}
	return e
}

func (c *compiler) usersAsked(in dataInputs, users *dsl.Set) float64 {
	if e, ok := c.stored(in.inputs(false)); ok {
		if w, err := in.textsOnly().open(e); err == nil {
			defer w.Close()
			if u, err := w.users(users); err == nil {
				return float64(len(u.ids)) + map[bool]float64{true: 1}[u.generic]
			}
		}
	}
	n := 0.0
	for _, d := range datasetsOf(users) {
		n += float64(d.Split.SeenTop)
	}
	if hasGeneric(users) {
		n++
	}
	return max(n, 1)
}

func hasGeneric(s *dsl.Set) bool {
	return s.Op == dsl.SetGeneric || slices.ContainsFunc(s.Of, hasGeneric)
}

// weightBytes are those of the base model's weights.
func weightBytes(cfg lm.Config, precision string) int64 {
	if precision == "bf16" {
		return 2 * cfg.Parameters()
	}
	return 4 * cfg.Parameters()
}

// activationBytes of a micro-batch: about 16 vectors of model width per layer and token are kept for the backward pass,
// two without one, beside the logits of a chunk.
func activationBytes(cfg lm.Config, precision string, backward bool) int64 {
	size, kept := int64(4), int64(2)
	if precision == "bf16" {
		size = 2
	}
	if backward {
		kept = 16 * int64(cfg.Layers)
	}
	return size * packedTokens * (kept*int64(cfg.Width) + int64(cfg.Vocab))
}
