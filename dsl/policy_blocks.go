package dsl

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// model reads a model block: a folder, the folder of another policy, or a model from nothing.
func (f *fields) model(block Block, inst *instance) *Model {
	m := &Model{Block: block}
	f.oneOf("source", "init", "merge")
	m.Merge = f.merge()
	if v, ok := f.get("source"); ok {
		if v.Type() == cty.String {
			m.Source = f.path("source")
		} else {
			m.From = f.policy("source")
		}
	}
	f.hear(reading{path: "source", takes: "path or policy"})
	if in := f.object("init", initKeys); in != nil {
		m.Init = &Init{Shape: in.shape(), Seed: in.seed()}
		if v := m.Init.Vocabulary; v < 258 && !in.broken["vocabulary"] {
			in.say("vocabulary", "Out of range", "vocabulary is %d; a tokenizer from nothing needs 258 or more: the 256 bytes and two special tokens.", v)
		}
		if in.has("texts") {
			m.Init.Texts, _ = in.set("texts", RowSet)
		} else {
			f.say("init", "Missing key", "init needs texts: the rows that its tokenizer is trained on.")
		}
	}
	if in := f.object("expect", shapeKeys); in != nil {
		shape := in.shape()
		m.Expect = &shape
	}
	m.Get = f.text("get", "")
	template, precision := "own", "fp32"
	if from := m.madeFrom(); from != nil {
		template, precision = from.ChatTemplate, from.Precision
	}
	m.ChatTemplate = f.word("chat_template", template, "own", "tulu", "llama3", "none")
	m.Precision = f.word("precision", precision, "fp32", "bf16")
	formats, known := f.ev.formats()
	if !known {
		formats = nil
	}
	m.Prompt = f.rowExpr("prompt", inst, formats, true)
	return m
}

var families = []string{"llama", "gpt2", "gptj", "gpt_neo", "mistral", "qwen2"}

func (f *fields) shape() Shape {
	s := Shape{
		Family:     f.word("family", "llama", families...),
		Layers:     f.count("layers", 2, "the number of layers", 1),
		Width:      f.count("width", 96, "the model width", 1),
		Heads:      f.count("heads", 4, "the number of attention heads", 1),
		Vocabulary: f.count("vocabulary", 512, "the number of tokens known", 1),
		Context:    f.count("context", 512, "the most tokens of a sequence", 1),
		KVHeads:    f.count("kv_heads", 0, "the number of heads of keys and values", 1),
		Inner:      f.count("inner", 0, "the width of the feed-forward layer", 1),
	}
	if s.Width%s.Heads != 0 {
		f.say("width", "Out of range", "width is a multiple of heads (%d); this is %d.", s.Heads, s.Width)
	}
	switch {
	case s.KVHeads == 0 || f.broken["kv_heads"]:
	case slices.Contains([]string{"gpt2", "gptj", "gpt_neo"}, s.Family):
		f.belongs([]string{"kv_heads"}, "families whose heads may share keys and values (llama, mistral, qwen2)")
	case s.Heads%s.KVHeads != 0:
		f.say("kv_heads", "Out of range", "kv_heads divides heads (%d); this is %d.", s.Heads, s.KVHeads)
	}
	return s
}

// oneOf requires exactly one of some attributes.
func (f *fields) oneOf(names ...string) {
	var given []string
	for _, name := range names {
		if f.has(name) || f.broken[name] {
			given = append(given, name)
		}
	}
	switch {
	case len(given) > 1:
		f.say(given[1], "Two ways", "%s and %s exclude each other. Keep one.", given[0], given[1])
	case len(given) == 0:
		last := len(names) - 1
		f.ev.add(mistake(f.whole, "Missing attribute", fmt.Sprintf("%s needs %s or %s.", f.owner, strings.Join(names[:last], ", "), names[last])))
	}
}

// train reads a train block.
func (f *fields) train(block Block, inst *instance) *Train {
	t := &Train{Block: block, Base: f.policy("base"), Keep: f.word("keep", "last", "last", "best")}
	f.trainObjective(t)
	f.trainData(t)
	if built, in := f.setting("user_model", userModelKeys); in != nil {
		t.UserModel = in.userModel()
	} else if u, ok := built.(*UserModel); ok {
		t.UserModel = u
	}
	f.trainLength(t)
	t.BatchSize = f.count("batch_size", 32, "the number of comparisons per step", 1)
	t.Optimizer = f.optimizer()
	t.LoRA = f.lora(t.Base)
	if in := f.object("evaluate", evaluateKeys); in != nil {
		t.Evaluate = &Evaluate{Every: in.count("every", 100, "the number of steps between evaluations", 1)}
		if in.has("data") {
			t.Evaluate.Data, _ = in.set("data", RowSet)
			in.pairsOnly("data", t.Evaluate.Data, "An accuracy curve compares", "")
		} else {
			f.say("evaluate", "Missing key", "evaluate needs data, the rows that are scored.")
		}
	}
	f.trainTexts(t)
	if t.Keep == "best" && t.Evaluate == nil && !f.broken["evaluate"] && t.Objective.RL == nil {
		f.say("keep", "Missing attribute", `keep = "best" needs evaluate, which tells what is best.`)
	}
	t.Seeds = f.seeds()
	f.trainUsers(t)
	inst.shape = trainShape(t.Evaluate != nil, t.Objective.RL != nil)
	return t
}

func (f *fields) trainObjective(t *Train) {
	built, in := f.setting("objective", objectiveKeys)
	if in != nil {
		built = in.objective()
	}
	if o, ok := built.(*Objective); ok {
		t.Objective = *o
	}
}

// trainData: sft also takes responses, which have no rejected side, and policy optimisation takes prompts.
func (f *fields) trainData(t *Train) {
	kinds := []SetKind{RowSet}
	switch {
	case t.Objective.Kind == "sft", t.Objective.Kind == "kto", t.Objective.Kind == "": // what is not known yet is not complained about
		kinds = append(kinds, ResponseSet)
	case t.Objective.RL != nil:
		kinds = append(kinds, PromptSet)
	}
	t.Data, _ = f.set("data", kinds...)
	if t.Objective.Kind == "kto" && t.Data != nil && t.Data.Kind == ResponseSet {
		f.say("data", "Responses without labels", "kto trains on rows, which say whether a response was liked; %s is responses, which do not. Write dataset.NAME.train.", t.Data)
	}
	if kind := t.Objective.Kind; kind != "" && !slices.Contains(unpairedKinds, kind) {
		f.pairsOnly("data", t.Data, kind+" compares", " Objectives for such rows are kto and sft.")
	}
}

// trainTexts refuses what has no meaning where a policy is trained on texts that it writes itself: no rows of its own have a
// gradient, and its progress is the reward.
func (f *fields) trainTexts(t *Train) {
	if t.Objective.RL == nil {
		return
	}
	if t.Evaluate != nil {
		f.say("evaluate", "Does not apply", `evaluate belongs to objectives on data; %s has the curves reward, kl, entropy, length and clipped, and keep = "best" goes by reward.`, t.Objective.Kind)
	}
	if t.LoRA != nil && t.LoRA.Dropout > 0 {
		f.say("lora", "Does not apply", "dropout is %g in lora; %s compares a text's log-probs before and after a step, which dropout would change: leave it out.", t.LoRA.Dropout, t.Objective.Kind)
	}
	if t.Optimizer.StopNorm > 0 {
		f.say("optimizer", "Does not apply", "stop_norm belongs to objectives on data; %s has no gradient over rows.", t.Objective.Kind)
	}
}

// trainUsers checks what user model and objective ask of each other.
func (f *fields) trainUsers(t *Train) {
	u := t.UserModel
	if u == nil || t.Objective.Kind == "" {
		return
	}
	if u.As == "linear_head" && t.Objective.Kind != "reward" {
		f.say("user_model", "Does not apply", `as = "linear_head" is the head of a reward model; the objective is %s, which has no head.`, t.Objective.Kind)
	}
}

func (f *fields) trainLength(t *Train) {
	if f.has("steps") && f.has("epochs") {
		f.say("epochs", "Two lengths", "steps (line %d) and epochs (line %d) both say how long to train. Keep one.",
			f.names["steps"].Start.Line, f.names["epochs"].Start.Line)
		t.Epochs = 1
		return
	}
	t.Steps = f.count("steps", 0, "the number of optimizer steps", 1)
	if t.Steps == 0 {
		t.Epochs = f.number("epochs", 1, "how many times the data is gone through", above(0))
	}
}

func (f *fields) optimizer() Optimizer {
	in := f.object("optimizer", optimizerKeys)
	if in == nil {
		return Optimizer{LR: 5e-5, UserLR: 5e-5, MaxGradNorm: 1, Schedule: "cosine"}
	}
	o := Optimizer{
		LR:              in.number("lr", 5e-5, "the learning rate", above(0)),
		Schedule:        in.word("schedule", "cosine", "cosine", "linear", "constant"),
		WarmupSteps:     in.count("warmup_steps", 0, "the number of steps in which lr rises", 0),
		WeightDecay:     in.number("weight_decay", 0, "AdamW's decoupled decay", atLeast(0)),
		MaxGradNorm:     in.number("max_grad_norm", 1, "the norm that gradients are cut to", above(0)),
		UserWeightDecay: in.number("user_weight_decay", 0, "the decay of the user model", atLeast(0)),
		StopNorm:        in.number("stop_norm", 0, "the norm of the gradient at which training ends", above(0)),
	}
	o.UserLR = in.number("user_lr", o.LR, "the learning rate of the user model", above(0))
	return o
}

// lora reads lora. null, written out, means all weights. Where nothing is written, a model from nothing has all its
// weights trained, and so have policies that were trained from it: low-rank updates to random weights make no sense, and
// a second adapter over a tiny model only adds to the first. Other models get the default adapter.
func (f *fields) lora(base Policy) *LoRA {
	_, written := f.exprs["lora"]
	if !f.has("lora") && (written || fromNothing(base)) {
		return nil
	}
	l := &LoRA{Rank: 8, Alpha: 16, Targets: []string{"q", "k", "v", "o", "mlp"}}
	in := f.object("lora", loraKeys)
	if in == nil {
		return l
	}
	l.Rank = in.count("rank", l.Rank, "the rank of the update, 0 for the user model only", 0)
	l.Alpha = in.number("alpha", l.Alpha, "the scale of the update, over rank", above(0))
	l.Dropout = in.number("dropout", 0, "the share of inputs dropped", span{0, 0.999, false, "from 0 to below 1"})
	l.Targets = in.texts("targets", l.Targets)
	if len(l.Targets) == 0 && l.Rank > 0 {
		in.say("targets", "Nothing to adapt", `targets is empty, so nothing would be adapted. For the user model only, write rank = 0.`)
	}
	if m := root(base); m != nil && !in.broken["targets"] {
		in.checkTargets(m, l.Targets)
	}
	return l
}

// root follows a policy to the model that it started from.
func root(p Policy) *Model {
	for range 1000 { // no cycle: blocks are resolved in order
		switch b := p.(type) {
		case *Train:
			if b == nil {
				return nil
			}
			p = b.Base
		case *Model:
			switch {
			case b == nil || b.From == nil && len(b.Merge) == 0:
				return b
			case len(b.Merge) > 0:
				p = b.Merge[0]
			default:
				p = b.From
			}
		case *Adapt:
			if b == nil || b.Policy == nil {
				return nil
			}
			p = b.Policy
		default:
			return nil
		}
	}
	return nil
}

// madeFrom is the model block that m takes over from what it does not say itself: the nearest one below its source or the
// first of its members; nil where there is none.
func (m *Model) madeFrom() *Model {
	p := m.From
	if len(m.Merge) > 0 {
		p = m.Merge[0]
	}
	for {
		switch b := p.(type) {
		case *Train:
			if b == nil {
				return nil
			}
			p = b.Base
		case *Adapt:
			if b == nil {
				return nil
			}
			p = b.Policy
		case *Model:
			return b
		default:
			return nil
		}
	}
}

func fromNothing(p Policy) bool {
	m := root(p)
	return m != nil && m.Init != nil
}

// modules names the projections of a family by their role.
func modules(family string) (names []string) {
	switch family {
	case "gpt2":
		return []string{"c_attn", "attn.c_proj", "c_fc", "mlp.c_proj", "wte"}
	case "gptj":
		return []string{"q_proj", "k_proj", "v_proj", "out_proj", "fc_in", "fc_out", "wte"}
	case "gpt_neo":
		return []string{"q_proj", "k_proj", "v_proj", "out_proj", "c_fc", "c_proj", "wte"}
	}
	return []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "embed_tokens"}
}

var roles = []string{"q", "k", "v", "o", "mlp", "embedding"}

// checkTargets refuses targets that match no module. Without the folder, the shape is known from init or expect only;
// the others are checked when the model is there.
func (f *fields) checkTargets(m *Model, targets []string) {
	shape := m.Expect
	if m.Init != nil {
		shape = &m.Init.Shape
	}
	if shape == nil {
		return
	}
	names := modules(shape.Family)
	for _, target := range targets {
		matches := slices.ContainsFunc(names, func(n string) bool { return n == target || strings.HasSuffix(n, "."+target) })
		if !matches && !slices.Contains(roles, target) {
			f.say("targets", "No such module", "targets: no module %s in %s (%s, %d layers). It has %s; roles: %s.",
				target, m.Addr, shape.Family, shape.Layers, strings.Join(names, ", "), strings.Join(roles, " "))
			return
		}
	}
}

// seeds reads seed, or seeds: a run of the training for each of them.
func (f *fields) seeds() []int64 {
	if f.has("seed") && f.has("seeds") {
		f.say("seeds", "Two ways", "seed and seeds exclude each other. Keep one.")
		return []int64{0}
	}
	f.hear(reading{path: "seeds", takes: "list of whole numbers"})
	v, ok := f.get("seeds")
	if !ok {
		return []int64{f.seed()}
	}
	if !isList(v) {
		f.wrongType("seeds", "a list of numbers", v)
		return []int64{0}
	}
	if v.LengthInt() == 0 {
		f.say("seeds", "No seed", "seeds is empty, so there would be no run. Write a seed for each.")
		return []int64{0}
	}
	var seeds []int64
	for _, item := range v.AsValueSlice() {
		if item.IsNull() {
			f.wrongType("seeds", "a list of numbers", item)
			return []int64{0}
		}
		one := &fields{ev: f.ev, vals: map[string]cty.Value{"seed": item}, broken: map[string]bool{}, whole: f.at("seeds")}
		seed := one.seed()
		if one.broken["seed"] {
			return []int64{0}
		}
		if slices.Contains(seeds, seed) {
			f.say("seeds", "Seed twice", "seeds has %d twice: two runs of one seed are one run.", seed)
			return []int64{0}
		}
		seeds = append(seeds, seed)
	}
	return seeds
}
