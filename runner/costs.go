// What a method costs: arithmetic of its trainings, parameters that are stored to serve it, and arithmetic of one text that it
// writes. Only what two runs agree on: no clock. Arithmetic is reckoned as in estimate.go, with the rows and tokens that there
// were; so a report of a method can only be made where its data is in the store.
package runner

import (
	"fmt"
	"slices"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// method is a row of a table of methods with all that is behind it.
type method struct {
	name      string
	measured  []measured
	trainings []*dsl.Train // that it rests on, each once, oldest first
}

// measured is one measurement of a method, with the policies and reward models that are needed to serve what was measured.
type measured struct {
	item     any // *dsl.Accuracy *dsl.Generate *dsl.WinRate
	policies []*policy
	writes   []*Node // generate, and rank where the best of several is kept; of the first seed
}

// behind finds what is behind the rows of a table of methods.
func (c *compiler) behind(rows []dsl.Method) []*method {
	var out []*method
	for _, row := range rows {
		m := &method{name: row.Name}
		for _, item := range row.Measured {
			one := measured{item: item}
			switch item := item.(type) {
			case *dsl.Accuracy:
				c.servedBy(&one, m, item.Policy)
			case *dsl.Generate:
				c.writtenBy(&one, m, item)
			case *dsl.WinRate:
				for _, g := range generatesOf(item.Candidate) {
					c.writtenBy(&one, m, g)
				}
			}
			m.measured = append(m.measured, one)
		}
		out = append(out, m)
	}
	return out
}

// generatesOf are the generate blocks that wrote the responses of a set.
func generatesOf(s *dsl.Set) []*dsl.Generate {
	if s.Op == dsl.SetGenerated {
		return []*dsl.Generate{s.Generate}
	}
	var out []*dsl.Generate
	for _, m := range s.Of {
		out = append(out, generatesOf(m)...)
	}
	return out
}

func (c *compiler) writtenBy(one *measured, m *method, g *dsl.Generate) {
	c.servedBy(one, m, g.Policy)
	if g.BestOf > 1 {
		c.servedBy(one, m, g.Reward)
	}
	if n := c.results[g]; n != nil {
		one.writes = append(one.writes, n.Stage.(*wordsStage).texts[0])
	}
}

func (c *compiler) servedBy(one *measured, m *method, p dsl.Policy) {
	if of := c.policies(p); len(of) > 0 {
		one.policies = append(one.policies, of[0])
	}
	for _, t := range restsOn(p) {
		if !slices.Contains(m.trainings, t) {
			m.trainings = append(m.trainings, t)
		}
	}
}

// restsOn are the trainings that made a policy, those of what it started from, was merged from and was rewarded by too.
func restsOn(p dsl.Policy) []*dsl.Train {
	switch p := p.(type) {
	case *dsl.Model:
		var out []*dsl.Train
		if p.From != nil {
			out = restsOn(p.From)
		}
		for _, member := range p.Merge {
			out = append(out, restsOn(member)...)
		}
		return out
	case *dsl.Adapt:
		return restsOn(p.Policy)
	case *dsl.Train:
		out := restsOn(p.Base)
		if rl := p.Objective.RL; rl != nil {
			out = append(out, restsOn(rl.Reward)...)
		}
		return append(out, p)
	}
	return nil
}

// inputs are the nodes that the row is made of.
func (m *method) inputs(c *compiler) []*Node {
	var out []*Node
	for _, one := range m.measured {
		out = append(append(out, c.results[one.item]), one.writes...)
	}
	for _, t := range m.trainings {
		out = append(out, c.results[t])
	}
	return out
}

// sharedBy are the trainings that all methods rest on, where there are several methods.
func sharedBy(methods []*method) []*dsl.Train {
	if len(methods) < 2 {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(methods[0].trainings), func(t *dsl.Train) bool {
		return slices.ContainsFunc(methods[1:], func(m *method) bool { return !slices.Contains(m.trainings, t) })
	})
}

// costing reckons with what is in the store now. Its compiler has volumes of its own: those of the plan were guesses.
type costing struct {
	c       *compiler
	results dsl.Results
}

func newCosting(c *compiler, results dsl.Results) *costing {
	own := *c
	own.volumes = map[string]volume{}
	return &costing{&own, results}
}

// training is what one run of a train block took.
func (k *costing) training(t *dsl.Train) (Estimate, error) {
	run := took{}
	value := k.results[t.Addr.String()]
	if steps, ok := estimateOf(at(value, "run", "steps")); ok {
		run.steps = steps.Mean
	}
	if lengths, ok := at(value, "curves", "length").([]dsl.Value); ok && len(lengths) > 0 {
		for _, n := range lengths {
			run.length += n.(float64) / float64(len(lengths))
		}
	}
	e := k.c.trainCost(k.c.trained[t][0].chain[len(k.c.trained[t][0].chain)-1].Stage.(*trainStage), run)
	if !e.Exact {
		return e, fmt.Errorf("the data that %s was trained on is not in the store", t.Addr)
	}
	return e, nil
}

// component is something that is stored: a model, an adapter, the vectors of users.
type component struct {
	node *Node  // that made it
	leaf string // or the digest of a folder
	user bool   // a user model
}

// stored adds to parts what serving p needs, with its number of parameters; ok is false where a model's shape is not known.
func (k *costing) stored(p *policy, parts map[component]int64) (ok bool) {
	whole := component{node: p.origin.init, leaf: p.origin.leaf.digest}
	parameters, ok := p.origin.config.Parameters(), p.origin.known
	var adapters []*Node
	for _, n := range p.chain {
		if n.Stage.(*trainStage).full() {
			whole, parameters, ok, adapters = component{node: n}, k.count(n, "base"), true, nil
		} else {
			adapters = append(adapters, n)
		}
	}
	parts[whole] = parameters
	for _, n := range adapters {
		parts[component{node: n}] = k.count(n, "adapter")
	}
	if p.last() != nil {
		n := p.chain[len(p.chain)-1]
		parts[component{node: n, user: true}] = k.count(n, "user_model")
	}
	return ok
}

// count is a number of parameters that a training had.
func (k *costing) count(n *Node, name string) int64 {
	e, _ := estimateOf(at(k.results[n.Stage.(*trainStage).spec.Addr.String()], "parameters", name))
	return int64(e.Mean)
}

// text is the mean arithmetic of a text that a node wrote, with all that were drawn for it and ranked, and how many texts it
// is the mean of; ok is false where the model's shape is not known.
func (k *costing) text(n *Node) (flops float64, texts int, ok bool, err error) {
	draws, ranks := 1.0, 0.0
	stage, generated := n.Stage, n
	if r, best := stage.(*rankStage); best {
		generated = r.texts
		if r.spec.BestOf > 1 {
			draws = float64(r.spec.BestOf)
			layers, _ := r.reward.origin.config.MatrixParameters()
			ranks = 2 * float64(layers)
			if !r.reward.origin.known {
				return 0, 0, false, nil
			}
		}
	}
	g := generated.Stage.(*generateStage)
	if !g.policy.origin.known {
		return 0, 0, false, nil
	}
	e, stored := k.c.stored(append(g.data.inputs(false), generated, g.policy.origin.tokenizer.node))
	if !stored {
		return 0, 0, false, fmt.Errorf("the texts of %s are not in the store", g.spec.Addr)
	}
	prompt, texts, err := g.promptTokens(e)
	if err != nil {
		return 0, 0, false, err
	}
	responses, err := arrowio.Read[arrowio.Response](e.Path(generated, responsesFile))
	if err != nil {
		return 0, 0, false, err
	}
	written := 0.0
	for _, r := range responses {
		written += float64(r.Tokens) / float64(len(responses))
	}
	layers, head := g.policy.origin.config.MatrixParameters()
	flops = 2*float64(layers)*(prompt+draws*written) + 2*float64(head)*draws*written + ranks*draws*(prompt+written)
	return flops, texts, true, nil
}

// promptTokens is the mean length of what is asked, soft prompt and user's text with it, and how often something is.
func (s *generateStage) promptTokens(e *Env) (mean float64, asked int, err error) {
	world, err := s.data.open(e)
	if err != nil {
		return 0, 0, err
	}
	defer world.Close()
	asks, wanted, err := s.asks(e, world)
	if err != nil || len(wanted) == 0 {
		return 0, 0, err
	}
	tokens := 0
	for _, r := range wanted {
		tokens += len(asks.ids[asks.of(r)]) + len(world.userTexts[r.user])
	}
	soft := 0
	if t := s.policy.last(); t != nil {
		if um := userModelConfig(t.spec.UserModel); !um.Head {
			soft = um.Tokens
		}
	}
	return float64(soft) + float64(tokens)/float64(len(wanted)), len(wanted), nil
}
