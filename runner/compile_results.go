// Nodes of what is done and measured: training, accuracy, generation, and the reports that read them.
package runner

import (
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/dsl"
)

// statistics returns the node that has a data set's numbers.
func (c *compiler) statistics(d *dsl.Dataset) *Node {
	n := c.dataset(d)
	if n == nil {
		return nil
	}
	c.results[d] = n.split
	return n.split
}

// train returns the policies of a train block, one per seed.
func (c *compiler) train(t *dsl.Train) []*policy {
	if p, done := c.trained[t]; done {
		return p
	}
	c.trained[t] = nil
	base := c.start(&t.Block, "base", t.Base)
	sets := []*dsl.Set{t.Data}
	if t.Evaluate != nil {
		sets = append(sets, t.Evaluate.Data)
	}
	data, ok := c.inputsOf(sets...)
	if base == nil || !ok || !c.offeredTrain(t, base) {
		return nil
	}
	c.tokenize(data, base, responsesOf(t))
	reward, ok := c.rewardOf(t, base)
	if !ok {
		return nil
	}
	if objectiveConfig(t.Objective).NeedsReference() && reward == nil { // that of texts is computed as they are written
		c.refer(data, base, t)
	}
	computing := []*policy{base}
	if reward != nil {
		computing = append(computing, reward)
	}
	var out []*policy
	for _, seed := range t.Seeds {
		data := c.mismatch(data, base, t, seed)
		stage := &trainStage{spec: t, seed: seed, base: base, reward: reward, data: data, device: c.deviceFor(computing...)}
		name := t.Addr.String()
		if len(t.Seeds) > 1 {
			name += fmt.Sprintf(" seed %d", seed)
		}
		c.checkClusters(stage)
		c.checkTable(stage)
		inputs := append(data.inputs(true), base.inputs()...)
		if reward != nil {
			inputs = append(inputs, reward.inputs()...)
		}
		n := c.node(kindTrain, name, &t.Block, stage, inputs...)
		out = append(out, &policy{name: name, origin: base.origin, chain: append(base.chain[:len(base.chain):len(base.chain)], n)})
	}
	c.trained[t] = out
	return out
}

// offeredTrain refuses what this version does not train, and targets that match no module.
func (c *compiler) offeredTrain(t *dsl.Train, base *policy) bool {
	before := len(c.diags)
	if generated(t.Data) {
		c.fail(&t.Block, "data", "Generated responses are not trained on yet", "%s has responses that a policy wrote; this version trains on those of data sets.", t.Data)
	}
	if base.origin.how.byUser() {
		c.fail(&t.Block, "base", "Trained on what users want", "%s is told of each user what its prompt says, and training on it would put that into the weights. Train from the model that it is made from; for a text about users there is explicit in user_model.", base.origin.spec.Addr)
	}
	if t.LoRA != nil && t.LoRA.Rank > 0 && base.origin.known {
		if _, err := base.origin.config.MatchTargets(t.LoRA.Targets); err != nil {
			c.fail(&t.Block, "lora.targets", "No such module", "targets: %v.", err)
		}
	}
	if t.LoRA != nil && t.LoRA.Rank == 0 && t.UserModel == nil {
		c.fail(&t.Block, "lora", "Nothing to train", "lora.rank is 0 and there is no user_model, so no parameter would change.")
	}
	return len(c.diags) == before
}

// generated tells whether a set has responses that a policy writes.
func generated(s *dsl.Set) bool {
	return s.Op == dsl.SetGenerated || slices.ContainsFunc(s.Of, generated)
}

// checkClusters warns of more clusters than users where only the data tells how many users there are, once it was split;
// what the spec tells, validate has warned of.
func (c *compiler) checkClusters(s *trainStage) {
	u := s.spec.UserModel
	if u == nil || u.Kind != "cluster" || slices.ContainsFunc(s.data, func(d dataInput) bool { return d.set.Synthetic != nil || d.set.Split.SeenTop > 0 }) {
		return
	}
	if m := c.users(s); m > 0 && u.Clusters > m {
		c.warn(&s.spec.Block, "user_model.clusters", "More clusters than users", "clusters is %d, but %s knows %d users (%s): more clusters than users.",
			u.Clusters, s.spec.Addr.Block(), m, s.spec.Data)
	}
}

// largeTable is from how many bytes on a dense table of users is worth a warning: values, gradients and two moments, fp32.
const largeTable = 1 << 30

// checkTable warns of a table of users that is gone through whole in every step, where the sparse one would cost what the
// users of the step cost.
func (c *compiler) checkTable(s *trainStage) {
	u := s.spec.UserModel
	if u == nil || u.Sparse || !userModelConfig(u).Personal() {
		return
	}
	m := c.users(s)
	if bytes := 4 * 4 * userModelConfig(u).Parameters(m, s.base.origin.config.Width); m > 0 && bytes >= largeTable {
		c.warn(&s.spec.Block, "user_model", "A large table of users", "%d users have %.1f GiB of parameters, gradients and moments, and every step goes through all of them. "+
			"With sparse = true (lazy AdamW) a step costs what its own users cost.", m, float64(bytes)/(1<<30))
	}
}

// curves returns the node whose result.json has a training run's parameters and curves.
func (c *compiler) curves(t *dsl.Train) *Node {
	of := c.train(t)
	if len(of) == 0 {
		return nil
	}
	if len(of) == 1 {
		c.results[t] = of[0].chain[len(of[0].chain)-1]
		return c.results[t]
	}
	runs := &trainRunsStage{}
	for _, p := range of {
		runs.runs = append(runs.runs, p.chain[len(p.chain)-1])
	}
	c.results[t] = c.node(kindTrainRuns, t.Addr.String(), &t.Block, runs, runs.runs...)
	return c.results[t]
}

// accuracy returns the node with the shares of an accuracy block.
func (c *compiler) accuracy(a *dsl.Accuracy) *Node {
	if n := c.accuracyOf(a.Block, a.Addr.String(), a.Data, c.policies(a.Policy)); n != nil {
		c.results[a] = n
	}
	return c.results[a]
}

// accuracyOf scores rows under the policies of one spec block, one per seed, and joins them.
func (c *compiler) accuracyOf(block dsl.Block, name string, rows *dsl.Set, policies []*policy) *Node {
	stage := &accuracyStage{}
	var inputs []*Node
	for _, p := range policies {
		data, ok := c.inputsOf(rows)
		if !ok {
			return nil
		}
		c.tokenize(data, p, allResponses)
		if p.objective().NeedsReference() {
			c.refer(data, p.last().base, p.last().spec)
		}
		score := &scoreStage{rows: rows, policy: p, data: data, device: c.deviceFor(p)}
		n := c.node(kindScore, name+ofSeed(p), &block, score, append(data.inputs(true), p.inputs()...)...)
		stage.scores, stage.data = append(stage.scores, n), append(stage.data, data.withIDs())
		inputs = append(append(inputs, n), data.withIDs().inputs(true)...)
	}
	if len(stage.scores) == 0 {
		return nil
	}
	return c.node(kindAccuracy, name, &block, stage, inputs...)
}

// words returns the node with the lengths of a generate block's texts.
func (c *compiler) words(g *dsl.Generate) *Node {
	sets := []*dsl.Set{g.Prompts}
	if g.Users != nil {
		sets = append(sets, g.Users)
	}
	stage := &wordsStage{rewarded: g.Reward != nil}
	var reward *policy
	var limits *dsl.Dataset
	if g.Reward != nil {
		var ok bool
		if limits, ok = c.cutAlike(&g.Block, "reward", g.Prompts); !ok {
			return nil
		}
		if reward = c.start(&g.Block, "reward", g.Reward); reward == nil {
			return nil
		}
	}
	for _, p := range c.policies(g.Policy) {
		data, ok := c.inputsOf(sets...)
		if !ok {
			return nil
		}
		if n, context := g.Sampling.MaxNewTokens, p.origin.config.Context; p.origin.known && n >= context {
			c.fail(&g.Block, "sampling", "No room for prompts", "max_new_tokens is %d, and %s has positions for %d tokens, prompt and text together. Lower max_new_tokens%s.",
				n, p.origin.spec.Addr, context, map[bool]string{true: ", or raise context in init"}[p.origin.spec.Init != nil])
			return nil
		}
		generate := &generateStage{spec: g, policy: p, data: data, device: c.deviceFor(p)}
		name := g.Addr.String() + ofSeed(p)
		texts := c.node(kindGenerate, name, &g.Block, generate, append(data.inputs(false), p.inputs()...)...)
		if reward != nil {
			rank := &rankStage{spec: g, texts: texts, reward: reward, data: data, limits: limits, device: c.deviceFor(reward)}
			texts = c.node(kindRank, name, &g.Block, rank, append(append(data.inputs(false), texts), reward.inputs()...)...)
		}
		stage.texts = append(stage.texts, texts)
	}
	if len(stage.texts) == 0 {
		return nil
	}
	c.results[g] = c.node(kindWords, g.Addr.String(), &g.Block, stage, stage.texts...)
	return c.results[g]
}

// ofSeed tells the nodes of several seeds apart.
func ofSeed(p *policy) string {
	if t := p.last(); t != nil && len(t.spec.Seeds) > 1 {
		return fmt.Sprintf(" of seed %d", t.seed)
	}
	return ""
}
