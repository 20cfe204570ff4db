// Nodes of judges, win rates and agreements.
package runner

import (
	"fmt"
	"path/filepath"

	"github.com/prlhf/prlhf/dsl"
)

// winRate returns the node with the value of a win_rate block.
func (c *compiler) winRate(w *dsl.WinRate) *Node {
	candidates, ok := c.texts(w.Candidate)
	baselines, alsoOK := c.texts(w.Baseline)
	if !ok || !alsoOK {
		return nil
	}
	stage := &winRateStage{spec: w}
	runs := runsTogether(len(candidates), len(baselines))
	for i := range runs {
		candidate, baseline := candidates[min(i, len(candidates)-1)], baselines[min(i, len(baselines)-1)]
		name := w.Addr.String()
		if runs > 1 {
			name += fmt.Sprintf(" run %d", i+1)
		}
		n := c.judge(&w.Block, name, w.Judge, twoMethods{candidate, baseline}, datasetsOf(peopleOf(w.Candidate)...), promptsOf(w.Candidate))
		if n == nil {
			return nil
		}
		stage.verdicts = append(stage.verdicts, n)
	}
	c.results[w] = c.node(kindWinRate, w.Addr.String(), &w.Block, stage, stage.verdicts...)
	return c.results[w]
}

// agreement returns the node with the value of an agreement block.
func (c *compiler) agreement(a *dsl.Agreement) *Node {
	inputs, ok := c.inputsOf(a.Data)
	if !ok {
		return nil
	}
	n := c.judge(&a.Block, a.Addr.String(), a.Judge, ownChoices{a.Data, inputs}, datasetsOf(a.Data), a.Data)
	if n == nil {
		return nil
	}
	c.results[a] = c.node(kindAgreement, a.Addr.String(), &a.Block, &agreementStage{spec: a, verdicts: n}, n)
	return c.results[a]
}

// judge returns the node with a judge's verdicts on pairs for the users of some data sets, whose prompts come from a set; nil
// when a diagnostic says why there is none.
func (c *compiler) judge(block *dsl.Block, name string, j *dsl.Judge, source pairSource, people []*dsl.Dataset, prompts *dsl.Set) *Node {
	stage := &judgeStage{spec: j, source: source, rewards: map[*dsl.Judge]*policy{}, files: map[*dsl.Judge]leaf{}, device: c.opts.Device}
	inputs := source.nodes()
	for _, d := range people {
		n := c.dataset(d)
		if n == nil {
			return nil
		}
		stage.people = append(stage.people, dataInput{set: d, rows: n.rows, split: n.split})
	}
	inputs = append(inputs, stage.people.inputs(false)...)
	if !c.rewardsOf(block, j, stage) {
		return nil
	}
	rewards := stage.rewardsInOrder(j)
	if len(rewards) > 0 {
		var ok bool
		if stage.limits, ok = c.cutAlike(block, "judge", prompts); !ok {
			return nil
		}
	}
	for _, p := range rewards {
		inputs = append(inputs, p.inputs()...)
	}
	return c.node(kindJudge, name, block, stage, inputs...)
}

// rewardsOf finds the reward models of a judge and of its members.
func (c *compiler) rewardsOf(block *dsl.Block, j *dsl.Judge, stage *judgeStage) bool {
	if !c.judgeFiles(block, j, stage) {
		return false
	}
	if j.Kind == "reward" {
		p := c.start(block, "judge", j.Reward)
		if p == nil {
			return false
		}
		stage.rewards[j] = p
	}
	for _, m := range j.Members {
		if !c.rewardsOf(block, m, stage) {
			return false
		}
	}
	return true
}

// judgeFiles hashes the file that a judge reads: recorded verdicts, or a template.
func (c *compiler) judgeFiles(block *dsl.Block, j *dsl.Judge, stage *judgeStage) bool {
	path, what := j.Verdicts, "recorded verdicts"
	if j.TemplateFile != "" {
		path, what = j.TemplateFile, "template"
	}
	if path == "" {
		return true
	}
	l, err := c.leaves.leaf(path, []string{filepath.Base(path)}, func(string) string { return path })
	if err != nil {
		c.fail(block, "judge", "No such file", "The %s of the judge cannot be read: %v.", what, err)
		return false
	}
	stage.files[j] = l
	return true
}

// texts finds the responses of a set, once per seed.
func (c *compiler) texts(s *dsl.Set) ([]texts, bool) {
	if s.Op == dsl.SetGenerated {
		n := c.words(s.Generate)
		if n == nil {
			return nil, false
		}
		var out []texts
		for _, node := range n.Stage.(*wordsStage).texts {
			out = append(out, texts{set: s, node: node})
		}
		return out, true
	}
	inputs, ok := c.inputsOf(s)
	return []texts{{set: s, inputs: inputs}}, ok
}

// peopleOf are the sets whose data sets say who the users of some responses are.
func peopleOf(s *dsl.Set) []*dsl.Set {
	if s.Op != dsl.SetGenerated {
		return []*dsl.Set{s}
	}
	if s.Generate.Users != nil {
		return []*dsl.Set{s.Generate.Users}
	}
	return []*dsl.Set{s.Generate.Prompts}
}
