package runner

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/torch"
)

// rewardSpec has reward models and what they are good for, and users who come later.
const rewardSpec = `
train "reward" {
  for_each = {
    soft_prompt = { kind = "individualized", tokens = 2 }
    linear_head = { kind = "cluster", clusters = 2, as = "linear_head" }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = each.value
  objective  = { kind = "reward" }
  steps      = 3
}

train "rloo" {
  base       = train.sft
  data       = dataset.posts.train
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "rloo", reward = train.reward["soft_prompt"], samples = 2 }
  steps      = 2
}

accuracy "reward" {
  for_each = train.reward
  reward   = each.value
  data     = dataset.posts.test
}

generate "best" {
  policy   = train.sft
  reward   = train.reward["soft_prompt"]
  best_of  = 3
  samples  = 2
  prompts  = sample(dataset.posts.test.prompts, 3)
  users    = [dataset.posts.users, generic_user]
  sampling = { temperature = 1, max_new_tokens = 8 }
}

adapt "late" {
  policy      = train.dpo["individual"]
  fit         = per_user(of_users(dataset.posts.test, dataset.posts.unseen_users), 4)
  data        = without(of_users(dataset.posts.test, dataset.posts.unseen_users), per_user(of_users(dataset.posts.test, dataset.posts.unseen_users), 4))
  comparisons = [0, 2, 3]
}

generate "late" {
  policy   = adapt.late
  prompts  = sample(dataset.posts.test.prompts, 2)
  users    = dataset.posts.unseen_users
  sampling = { max_new_tokens = 8 }
}

claim "rewards_are_numbers" {
  that = generate.best.reward.average.mean > -1000 && train.rloo.parameters.user_model > 0 && adapt.late.after[2].average.n == 2
}
`

func rewardLab(t *testing.T) *lab { return newLab(t, smallSpec+rewardSpec) }

// TestBestOfKeepsTheBest: of every three texts the one with the highest reward for its user is kept, and its reward is
// what the reward model gives.
func TestBestOfKeepsTheBest(t *testing.T) {
	t.Parallel()
	l := rewardLab(t)
	l.opts.Targets = []string{"generate.best"}
	l.apply()
	plan, st := l.plan(l.store()), l.store()
	node := func(kind string) *Node {
		for _, n := range plan.Nodes {
			if n.ID == kind+" generate.best" {
				return n
			}
		}
		t.Fatalf("no node %s", kind)
		return nil
	}
	read := func(n *Node) []arrowio.Response {
		a, _ := st.Get(n.Fingerprint)
		rows, err := arrowio.Read[arrowio.Response](a.Path(responsesFile))
		if err != nil {
			t.Fatal(err)
		}
		return rows
	}
	drawn, kept := read(node(kindGenerate)), read(node(kindRank))
	a, _ := st.Get(node(kindRank).Fingerprint)
	rewards, err := arrowio.Read[rewarded](a.Path(rewardsFile))
	if err != nil {
		t.Fatal(err)
	}
	users, err := arrowio.Read[arrowio.User](a.Path(usersFile))
	if err != nil {
		t.Fatal(err)
	}
	index := map[string]int32{}
	for _, u := range users {
		index[u.ID] = u.Index
	}
	if len(drawn) != 3*len(kept) || len(kept) != 3*5*2 || len(rewards) != len(kept) {
		t.Fatalf("%d drawn, %d kept, %d rewards; expected 3 prompts x 5 users x 2 texts of 3", len(drawn), len(kept), len(rewards))
	}
	if n := l.fakes.texts.Load(); n != 3*6 {
		t.Errorf("%d texts were drawn; a policy without users is asked once per prompt: 3 prompts x 6", n)
	}
	for i, k := range kept {
		from := drawn[3*i : 3*i+3]
		if want := from[rewards[i].Drawn]; k.Text != want.Text || k.User != want.User || k.Prompt != want.Prompt {
			t.Errorf("text %d is not the one that was drawn", i)
		}
		// The fake likes long texts of even users and short ones of odd users.
		for _, other := range from {
			better := other.Tokens > k.Tokens+1
			if index[k.User]%2 == 1 {
				better = other.Tokens < k.Tokens-1
			}
			if better {
				t.Errorf("for %q a text of %d tokens was kept, one of %d is better", k.User, k.Tokens, other.Tokens)
			}
		}
	}
}

// TestReferenceWhereItIsNeeded: objectives without a reference model have no stage of its log-probs, neither for training nor
// for ranking, nor for new users; kto has one more, of its mismatched pairs.
func TestReferenceWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]int{"dpo": 1, "ipo": 1, "hinge": 1, "kto": 2, "simpo": 0, "orpo": 0, "cpo": 0, "reward": 0, "sft": 0} {
		spec := strings.Replace(smallSpec+rewardSpec, `{ kind = "dpo", beta = 0.3 }`, fmt.Sprintf("{ kind = %q }", kind), 1)
		l := rewardLab(t)
		l.spec = spec
		l.opts.Targets = []string{"accuracy.test", "adapt.late"}
		if kind == "reward" {
			l.spec = strings.Replace(spec, "policy   = each.value\n  data     = dataset.posts.test", "reward   = each.value\n  data     = dataset.posts.test", 1)
			l.edit("for_each = [train.sft, train.dpo]", "for_each = [train.sft]") // a reward model writes nothing
			l.edit("policy   = adapt.late", "policy   = train.sft")
			l.edit(`generate.summaries["individual"]`, `generate.summaries["sft"]`)
		}
		references := 0
		for _, n := range l.plan(l.store()).Nodes {
			if n.Kind == kindReference || n.Kind == kindMismatchReference {
				references++
			}
		}
		if references != want {
			t.Errorf("%s: %d stages of reference log-probs; want %d", kind, references, want)
		}
	}
}

// TestPolicyOptimisationIsTold: prompts once per user, no responses, and the user as the reward model knows them.
func TestPolicyOptimisationIsTold(t *testing.T) {
	t.Parallel()
	l := rewardLab(t)
	l.opts.Targets = []string{"train.rloo"}
	var seen int
	var rows *world // to tell equal prompts from those that were cut to the same ids
	l.fakes.onTrain = func(_ context.Context, job torch.TrainJob) error {
		if job.RL == nil {
			return nil
		}
		seen++
		rows = job.Data.(*examples).world
		if job.RL.Samples != 2 || job.RL.Passes != 4 || job.RL.Clip != 0.2 || job.RL.Sampling.Temperature != 1 || len(job.RL.EOS) == 0 || job.RL.Reward.Policy == "" {
			t.Errorf("settings %+v", job.RL)
		}
		asked := map[string]bool{}
		for i := range job.Data.Len() {
			e, err := job.Data.At(i)
			if err != nil {
				return err
			}
			key := fmt.Sprint(e.User, rows.promptKey(rowRef{0, int(e.Row)}))
			if asked[key] || len(e.Responses) > 0 || e.User == 0 || e.Rater.User != e.User {
				t.Errorf("row %d: user %d, rater %d, %d responses, asked before: %v", e.Row, e.User, e.Rater.User, len(e.Responses), asked[key])
			}
			asked[key] = true
		}
		return nil
	}
	l.apply()
	if seen != 1 {
		t.Errorf("%d runs of policy optimisation", seen)
	}
}

// TestAdaptFits: so many comparisons per new user, those of a smaller number among those of a larger, and the policy that
// is scored has the new users.
func TestAdaptFits(t *testing.T) {
	t.Parallel()
	l := rewardLab(t)
	l.opts.Targets = []string{"adapt.late", "generate.late"}
	real := l.fakes.jobs()
	fitted := map[int][]string{} // rows by comparisons per user
	jobs := real
	jobs.adapt = func(ctx context.Context, job torch.AdaptJob, progress func(torch.Progress)) error {
		var rows []string
		counts := map[int32]int{}
		for i := range job.Data.Len() {
			e, err := job.Data.At(i)
			if err != nil {
				return err
			}
			counts[e.User]++
			if len(e.Reference) != 2 {
				t.Errorf("row %d has no reference log-probs", e.Row)
			}
			rows = append(rows, fmt.Sprint(e.Row))
		}
		n := job.Data.Len() / job.Users
		for user, c := range counts {
			if c != n {
				t.Errorf("user %d has %d comparisons, another %d", user, c, n)
			}
		}
		fitted[n] = rows
		return real.adapt(ctx, job, progress)
	}
	st := l.store()
	if _, err := apply(context.Background(), l.plan(st), st, l.opts, jobs); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(fitted)); !slices.Equal(got, []int{0, 2, 3}) {
		t.Fatalf("fitted on %v comparisons per user; expected 0, 2 and 3", got)
	}
	for _, row := range fitted[2] {
		if !slices.Contains(fitted[3], row) {
			t.Errorf("row %s is among 2 comparisons and not among 3", row)
		}
	}
}

func TestAdaptRefusesKnownUsers(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+`
adapt "known" {
  policy = train.dpo["individual"]
  fit    = dataset.posts.test
  data   = dataset.posts.train
}
`)
	l.opts.Targets = []string{"adapt.known"}
	_, err := l.try(context.Background())
	if err == nil || !strings.Contains(err.Error(), `users of fit were trained on by train.dpo["individual"]`) {
		t.Errorf("%v; expected a refusal of users that were trained on", err)
	}
}

// textSpec has users with texts: of a column, and of a template.
const textSpec = `
variable "reference_user_text" { default = false }

dataset "people" {
  format    = "jsonl"
  source    = "people.jsonl"
  user_text = "About: ${user.text}"
  split     = { train = 0.7, seen_share = 0.7 }
}

model "tiny" {
  init = { texts = dataset.people.train, width = 16, heads = 2, vocabulary = 300, context = 256 }
}

train "dpo" {
  for_each = {
    text_only = { kind = "uniform", tokens = 0, explicit = true }
    both      = { kind = "individualized", tokens = 2, explicit = true }
    neither   = null
  }

  base       = model.tiny
  data       = dataset.people.train
  user_model = each.value
  objective  = { kind = "dpo", reference_user_text = var.reference_user_text }
  steps      = 2
}

accuracy "test" {
  for_each = train.dpo
  policy   = each.value
  data     = dataset.people.test
}

generate "texts" {
  for_each = train.dpo
  policy   = each.value
  prompts  = sample(dataset.people.test.prompts, 2)
  users    = [dataset.people.users, dataset.people.unseen_users, generic_user]
  sampling = { max_new_tokens = 4 }
}
`

func textLab(t *testing.T, spec string) *lab {
	l := newLab(t, spec)
	var b strings.Builder
	for i := range 60 {
		user := i % 6
		fmt.Fprintf(&b, `{"prompt": "Question %d?", "chosen": "Yes, number %d.", "rejected": "No.", "user": %d, "user_text": "person %d", "cluster": "%c"}`+"\n",
			i/3, i, user, user, 'a'+user%2)
	}
	if err := os.WriteFile(filepath.Join(l.dir, "people.jsonl"), []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return l
}

// TestUserTexts: who reads which text, in training, by the reference, and in generation.
func TestUserTexts(t *testing.T) {
	t.Parallel()
	for _, withReference := range []bool{false, true} {
		l := textLab(t, strings.Replace(textSpec, "default = false", fmt.Sprintf("default = %v", withReference), 1))
		real := l.fakes.jobs()
		jobs := real
		references := map[bool]int{} // with text -> scored
		generated := map[string]int{}
		jobs.logps = func(ctx context.Context, job torch.LogpsJob, p func(torch.Progress), yield func(torch.Logp) error) error {
			if job.Policy.Policy == "" {
				for i := range job.Data.Len() {
					e, err := job.Data.At(i)
					if err != nil {
						return err
					}
					references[len(e.UserText) > 0]++
				}
			}
			return real.logps(ctx, job, p, yield)
		}
		jobs.train = func(ctx context.Context, job torch.TrainJob, p func(torch.Progress)) (torch.TrainResult, error) {
			texts := map[string]bool{}
			for i := range job.Data.Len() {
				e, err := job.Data.At(i)
				if err != nil {
					return torch.TrainResult{}, err
				}
				texts[fmt.Sprint(e.UserText)] = true
			}
			want := map[bool]int{true: 4, false: 1}[job.UserModel.Kind != ""]
			if len(texts) != want || job.ReferenceUserText != (withReference && job.UserModel.Kind != "") {
				t.Errorf("%q: %d different texts of 4 seen users, reference %v", job.UserModel.Kind, len(texts), job.ReferenceUserText)
			}
			return real.train(ctx, job, p)
		}
		jobs.generate = func(ctx context.Context, job torch.GenerateJob, p func(torch.Progress)) ([]torch.Generated, error) {
			for _, r := range job.Prompts {
				generated[fmt.Sprintf("text %v user %v", len(r.UserText) > 0, r.User > 0)]++
			}
			return real.generate(ctx, job, p)
		}
		st := l.store()
		if _, err := apply(context.Background(), l.plan(st), st, l.opts, jobs); err != nil {
			t.Fatal(err)
		}
		if withReference != (references[true] > 0) || references[false] == 0 {
			t.Errorf("reference_user_text %v: %d texts read with user text, %d without", withReference, references[true], references[false])
		}
		// text_only asks 6 users and user 0; both 4 known, 2 unknown with text, user 0; neither once per prompt.
		want := map[string]int{"text true user true": 2 * (4 + 4), "text true user false": 2 * (2 + 2), "text false user false": 2 * 3}
		if !maps.Equal(generated, want) {
			t.Errorf("asked %v; expected %v", generated, want)
		}
	}
}

// TestUsersWithoutText: of a policy that reads texts, users without one have none of its ids, known or not; their own soft
// prompt stays, an empty text is none, and of an unseen user nothing but the text is known.
func TestUsersWithoutText(t *testing.T) {
	t.Parallel()
	l := textLab(t, strings.Replace(textSpec, `  user_text = "About: ${user.text}"`+"\n", "", 1))
	path := filepath.Join(l.dir, "people.jsonl")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	silent := func(ids ...string) func(id string) bool {
		return func(id string) bool { return slices.Contains(ids, id) }
	}
	l.apply() // who is seen
	w := l.open("dataset.people")
	var seen, unseen []string
	for _, u := range w.tables[0].users {
		if u.Seen {
			seen = append(seen, u.ID)
		} else {
			unseen = append(unseen, u.ID)
		}
	}
	w.Close()
	text := strings.ReplaceAll(string(data), `"user_text": "person `+seen[0]+`"`, `"user_text": ""`)
	text = strings.ReplaceAll(text, `, "user_text": "person `+seen[1]+`"`, "")
	text = strings.ReplaceAll(text, `"user_text": "person `+unseen[0]+`"`, `"user_text": ""`)
	l.write("people.jsonl", text)
	without := silent(seen[0], seen[1], unseen[0])
	index := func(id string) int32 { return int32(slices.Index(seen, id)) + 1 }

	real := l.fakes.jobs()
	jobs, trained := real, 0
	jobs.train = func(ctx context.Context, job torch.TrainJob, p func(torch.Progress)) (torch.TrainResult, error) {
		for i := range job.Data.Len() {
			e, err := job.Data.At(i)
			if err != nil {
				return torch.TrainResult{}, err
			}
			if explicit := job.UserModel.Kind != ""; explicit && (len(e.UserText) == 0) != without(seen[e.User-1]) {
				t.Errorf("user %d trains with the text %v", e.User, e.UserText)
			}
			trained++
		}
		return real.train(ctx, job, p)
	}
	asked := map[string]int{}
	jobs.generate = func(ctx context.Context, job torch.GenerateJob, p func(torch.Progress)) ([]torch.Generated, error) {
		for _, r := range job.Prompts {
			asked[fmt.Sprintf("user %d, text %v", r.User, len(r.UserText) > 0)]++
		}
		return real.generate(ctx, job, p)
	}
	l.opts.Targets = []string{`generate.texts["both"]`}
	st := l.store()
	if _, err := apply(context.Background(), l.plan(st), st, l.opts, jobs); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"user 0, text false": 2 * 2, "user 0, text true": 2} // user 0 and the unseen user without a text; the other
	for _, id := range seen {
		want[fmt.Sprintf("user %d, text %v", index(id), !without(id))] += 2
	}
	if trained == 0 || !maps.Equal(asked, want) {
		t.Errorf("asked %v; want %v", asked, want)
	}
}

// TestGenericPassAndTexts: as user 0, a policy is still told the text of whoever asks and a reward model is not (Section 4.4
// and Appendix F.2 of the paper), in training and in the control of an accuracy; the spec may say otherwise.
func TestGenericPassAndTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind, more string
		keeps      bool
	}{
		{"dpo", "", true}, {"reward", "", false},
		{"dpo", ", generic_keeps_text = false", false}, {"reward", ", generic_keeps_text = true", true},
	} {
		spec := textSpec
		if c.kind == "reward" {
			spec = strings.Replace(spec, "policy   = each.value\n  data", "reward   = each.value\n  data", 1)
			spec = spec[:strings.Index(spec, "generate ")]
		}
		spec = strings.Replace(spec, `{ kind = "dpo", reference_user_text = var.reference_user_text }`, fmt.Sprintf("{ kind = %q%s }", c.kind, c.more), 1)
		l := textLab(t, spec)
		l.opts.Targets = []string{`accuracy.test["both"]`}
		trained := false
		l.fakes.onTrain = func(_ context.Context, job torch.TrainJob) error {
			if trained = true; job.GenericKeepsText != c.keeps {
				t.Errorf("%s%s trains with generic_keeps_text = %v", c.kind, c.more, job.GenericKeepsText)
			}
			return nil
		}
		l.apply()
		w := l.open("dataset.people")
		st, met := l.store(), 0
		for _, n := range l.plan(st).Nodes {
			s, ok := n.Stage.(*scoreStage)
			if !ok {
				continue
			}
			if a, _ := st.Get(n.Fingerprint); a == nil {
				continue
			}
			rows := w.split(w.sets[0], arrowio.Test)
			for _, pass := range s.passes(w, rows, w.tables[0].users[:4]) {
				if pass.name != arrowio.PassGeneric {
					continue
				}
				for i, u := range pass.users {
					if u == nobody {
						continue
					}
					met++
					if u.index != 0 || (u.text == w.user(rows[i])) != c.keeps {
						t.Errorf("%s%s: user %s as user 0 is %+v", c.kind, c.more, w.user(rows[i]), u)
					}
				}
			}
		}
		w.Close()
		if !trained || met == 0 {
			t.Errorf("%s%s: trained %v, %d rows as user 0", c.kind, c.more, trained, met)
		}
	}
}

// TestGivenClusters: numbers of the column's values in order; a user without one is named.
func TestGivenClusters(t *testing.T) {
	t.Parallel()
	spec := strings.Replace(textSpec, `{ kind = "individualized", tokens = 2, explicit = true }`, `{ kind = "cluster", clusters = 2, weights = "given", tokens = 2 }`, 1)
	l := textLab(t, spec)
	var clusters []int
	l.fakes.onTrain = func(_ context.Context, job torch.TrainJob) error {
		if job.UserModel.Weights == "given" {
			clusters = job.Clusters
		}
		return nil
	}
	l.apply()
	w := l.open("dataset.people")
	defer w.Close()
	for i, u := range w.tables[0].users[:len(clusters)] {
		if want := int(u.ID[0]-'0') % 2; clusters[i] != want {
			t.Errorf("user %s is in cluster %d; expected %d", u.ID, clusters[i], want)
		}
	}
	if len(clusters) != 4 {
		t.Errorf("%d users have clusters; expected the 4 seen ones", len(clusters))
	}
	l.spec = strings.Replace(spec, "clusters = 2, weights", "clusters = 1, weights", 1)
	if _, err := l.try(context.Background()); err == nil || !strings.Contains(err.Error(), "the data has 2 clusters (a, b); clusters is 1") {
		t.Errorf("%v; expected a refusal of too many clusters", err)
	}
	l.spec = strings.Replace(spec, `format    = "jsonl"`, "format    = \"jsonl\"\n  columns   = { cluster = \"nothing\" }", 1)
	if _, diags := Compile(l.load(), l.store(), l.opts); !diagsSay(diags, "people.jsonl has no field nothing (for cluster) in its first 60 rows") {
		t.Errorf("users without clusters: %v", diags)
	}
}

// TestRewardNeedsOneTokenizer: texts are rated in the loop as ids.
func TestRewardNeedsOneTokenizer(t *testing.T) {
	t.Parallel()
	l := newLab(t, smallSpec+rewardSpec+`
model "other" {
  init = { texts = dataset.posts.test, width = 16, heads = 2, vocabulary = 290, context = 256 }
}

train "foreign" {
  base      = model.other
  data      = dataset.posts.train.prompts
  objective = { kind = "ppo", reward = train.reward["soft_prompt"] }
}
`)
	_, diags := Compile(l.load(), l.store(), l.opts)
	if !diagsSay(diags, "the texts that are rated in the loop are ids of one tokenizer") {
		t.Errorf("%v", diags)
	}
}
