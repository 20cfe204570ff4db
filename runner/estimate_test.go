package runner

import "testing"

// TestEstimatesBecomeExact: what plan guesses before is counted after.
func TestEstimatesBecomeExact(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	guesses := map[string]Estimate{}
	for _, n := range l.plan(l.store()).Nodes {
		guesses[n.ID] = n.Estimate
	}
	l.apply()
	for _, n := range l.plan(l.store()).Nodes {
		if n.Kind != kindTrain && n.Kind != kindScore && n.Kind != kindReference && n.Kind != kindTokenize {
			continue
		}
		guess, e := guesses[n.ID], n.Estimate
		personal := n.ID == `score accuracy.test["individual"]` // equal texts for one user are not counted
		if guess.Exact || e.Exact == personal {
			t.Errorf("%s: exact before %v, after %v; expected false, %v", n.ID, guess.Exact, e.Exact, !personal)
		}
		if guess.Rows == 0 || e.Rows == 0 || e.Tokens == 0 {
			t.Errorf("%s: %+v before, %+v after", n.ID, guess, e)
		}
		if n.Kind != kindTokenize && (e.FLOPs == 0 || e.PeakBytes == 0) {
			t.Errorf("%s has no arithmetic: %+v", n.ID, e)
		}
	}
}

// TestEqualTextsCountOnce: the plan's rows of sft are the texts that are trained on.
func TestEqualTextsCountOnce(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	l.apply()
	st := l.store()
	for _, n := range l.plan(st).Nodes {
		if n.ID != "train train.sft" {
			continue
		}
		a, _ := st.Get(n.Fingerprint)
		result, err := readResult(a.Path(resultFile))
		if err != nil {
			t.Fatal(err)
		}
		if got := at(result, "run", "examples"); got != float64(n.Estimate.Rows) {
			t.Errorf("trained on %v texts; the plan says %d", got, n.Estimate.Rows)
		}
	}
}

// TestTrainedParameters: one user model of 4 seen users and user 0, T_u = 2, width 16; and all weights.
func TestTrainedParameters(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	for _, n := range l.plan(nil).Nodes {
		switch n.ID {
		case `train train.dpo["individual"]`:
			if n.Estimate.UserModel != 5*2*16 {
				t.Errorf("%d parameters of the user model; expected %d", n.Estimate.UserModel, 5*2*16)
			}
		case `train train.dpo["vanilla"]`:
			if n.Estimate.UserModel != 0 || n.Estimate.Base == 0 {
				t.Errorf("vanilla trains %+v", n.Estimate)
			}
		}
	}
	f := newFileLab(t)
	for _, n := range f.plan(nil).Nodes {
		if n.ID == `train train.dpo["real"]` && (n.Estimate.Adapter != 2*(8+8) || n.Estimate.Base != 0) {
			t.Errorf("the adapter has %d parameters, the base %d; expected %d (rank 2 on one 8 x 8 projection) and none", n.Estimate.Adapter, n.Estimate.Base, 2*(8+8))
		}
	}
}

// TestAlphaDoublesTheTokens: a personal policy goes through each comparison twice, and once more per soft token.
func TestAlphaDoublesTheTokens(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	tokens := map[string]int64{}
	for _, n := range l.plan(nil).Nodes {
		tokens[n.ID] = n.Estimate.Tokens
	}
	vanilla, personal := tokens[`train train.dpo["vanilla"]`], tokens[`train train.dpo["individual"]`]
	if soft := int64(4 * 32 * 2); personal != 2*(vanilla+soft) {
		t.Errorf("%d tokens with users, %d without; expected twice as many and the soft prompts", personal, vanilla)
	}
}

// TestSamplesShareTheirPrompt: more texts of a request cost what they are long, not its prompt again.
func TestSamplesShareTheirPrompt(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec)
	estimate := func() Estimate {
		for _, n := range l.plan(nil).Nodes {
			if n.ID == `generate generate.summaries["individual"]` {
				return n.Estimate
			}
		}
		t.Fatal("no such stage")
		return Estimate{}
	}
	one := estimate()
	l.edit("sampling = { max_new_tokens = 8 }", "sampling = { max_new_tokens = 8 }\n  samples  = 3")
	if three := estimate(); three.Rows != 3*one.Rows || three.Tokens != one.Tokens+2*8*one.Rows {
		t.Errorf("%d rows, %d tokens; expected three times %d rows, and 8 tokens for each more than the %d", three.Rows, three.Tokens, one.Rows, one.Tokens)
	}
}

// TestEstimateOfPrompts: prompts, which have no responses, are counted too.
func TestEstimateOfPrompts(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+`
synthetic "questions" {
  format  = "prompts"
  prompts = 10
}
dataset "asked" {
  format = "prompts"
  source = synthetic.questions
}
train "reward" {
  base      = train.sft
  data      = dataset.posts.train
  objective = { kind = "reward" }
  steps     = 1
}
train "rloo" {
  base      = train.sft
  data      = dataset.asked.prompts
  objective = { kind = "rloo", reward = train.reward, samples = 2 }
  steps     = 1
}
`)
	l.apply()
	for _, n := range l.plan(l.store()).Nodes {
		if n.Kind == kindTokenize && (n.Estimate.Tokens <= 0 || n.Estimate.Rows <= 0) {
			t.Errorf("%s: %+v", n.ID, n.Estimate)
		}
	}
}
