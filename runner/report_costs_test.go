package runner

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/internal/golden"
	"github.com/prlhf/prlhf/reports"
)

// methodsSpec measures methods of every kind: one policy, one that knows its users, one for each group, their mean, a prompt
// with the user in it, and the best of several by a reward model for each group.
const methodsSpec = postsSpec + `
train "dpo" {
  for_each = {
    vanilla = { user_model = null, lora = null }
    P-DPO   = { user_model = { kind = "individualized", tokens = 2 }, lora = { rank = 2 } }
  }

  base       = train.sft
  data       = dataset.posts.train
  user_model = each.value.user_model
  objective  = { kind = "dpo" }
  steps      = 4
  batch_size = 8
  lora       = each.value.lora
}

train "group" {
  for_each   = { majority = "dpo", minority = "dpo", majority-reward = "reward", minority-reward = "reward" }
  base       = train.sft
  data       = of_users(dataset.posts.train, dataset.posts.groups[split("-", each.key)[0]])
  objective  = { kind = each.value }
  steps      = 2
  batch_size = 8
}

model "mean" { merge = [train.group["majority"], train.group["minority"]] }

model "told" {
  source = train.sft
  prompt = "${user.group}: ${prompt}"
}

accuracy "one" {
  for_each = train.dpo
  policy   = each.value
  data     = dataset.posts.test
}

accuracy "own" {
  for_each = { majority = train.group["majority"], minority = train.group["minority"] }
  policy   = each.value
  data     = of_users(dataset.posts.test, dataset.posts.groups[each.key])
}

locals { prompts = sample(dataset.posts.test.prompts, 3) }

generate "sft" {
  policy   = train.sft
  prompts  = local.prompts
  sampling = { max_new_tokens = 8 }
}

generate "texts" {
  for_each = [train.dpo, model.mean, model.told]
  policy   = each.value
  prompts  = local.prompts
  users    = dataset.posts.users
  sampling = { max_new_tokens = 8 }
}

generate "best" {
  for_each = ["majority", "minority"]
  policy   = train.sft
  reward   = train.group["${each.key}-reward"]
  best_of  = 4
  prompts  = local.prompts
  users    = dataset.posts.groups[each.key]
  sampling = { temperature = 1, max_new_tokens = 8 }
}

judge "simulated" { kind = "rule" }

win_rate "against_sft" {
  for_each  = [generate.texts, generate.best]
  candidate = each.value
  baseline  = generate.sft
  judge     = judge.simulated
}

report "small" {
  title = "Methods"

  section "Quality and cost" {
    methods = {
      SFT               = generate.sft
      vanilla           = [accuracy.one["vanilla"], win_rate.against_sft["vanilla"]]
      P-DPO             = [accuracy.one["P-DPO"], win_rate.against_sft["P-DPO"]]
      "one per group"   = accuracy.own
      "their mean"      = win_rate.against_sft["mean"]
      "told"            = [generate.texts["told"], win_rate.against_sft["told"]]
      "best of 4, own"  = [win_rate.against_sft["majority"], win_rate.against_sft["minority"]]
    }
  }
}
`

func TestMethodsReport(t *testing.T) {
	t.Parallel()
	l := newLab(t, methodsSpec)
	l.fakes.weights = 1000
	l.apply()
	text, _, _ := strings.Cut(l.report(), "\n## Data")
	golden.Compare(t, "testdata/methods.md.golden", []byte(text))
	if again := l.apply(); len(again.of(Started)) > 0 {
		t.Errorf("a second apply ran %v", again.of(Started))
	}
}

// methods is the table of methods that an apply wrote.
func (l *lab) methods() *reports.Table {
	l.t.Helper()
	for _, s := range l.written("small").Sections {
		for _, b := range s.Blocks {
			if t, ok := b.(*reports.Table); ok && strings.HasPrefix(t.Name, "methods.") {
				return t
			}
		}
	}
	l.t.Fatal("the report has no table of methods")
	return nil
}

// cell is the number under a column.
func cell(t *testing.T, table *reports.Table, row, column string) float64 {
	t.Helper()
	for _, r := range table.Rows {
		for i, c := range table.Columns {
			if r.Name == row && c == column {
				return r.Cells[i].Value.Mean
			}
		}
	}
	t.Fatalf("no cell %s / %s in %v", row, column, table.Columns)
	return math.NaN()
}

// What several policies cost is the sum; a mean of weights costs its members and is stored once; what all rest on is not
// counted; the best of four reads and writes four times, and ranks.
func TestCostsAddUp(t *testing.T) {
	t.Parallel()
	l := newLab(t, methodsSpec)
	l.fakes.weights = 1000
	l.apply()
	table := l.methods()
	at := func(row, column string) float64 { return cell(t, table, row, column) }
	for _, c := range []struct {
		row, column string
		want        float64
	}{
		{"SFT", "trained: base", 0}, {"SFT", "training, tokens", 0}, {"SFT", "stored", 1000},
		{"vanilla", "trained: base", 1000}, {"vanilla", "stored", 1000}, {"vanilla", "stored for each user", 0},
		{"P-DPO", "trained: user model", 80}, {"P-DPO", "trained: adapter", 1000}, {"P-DPO", "trained: base", 0}, // 5 x 2 x 8: the fake's width
		{"P-DPO", "stored", 2080}, {"P-DPO", "stored for each user", 32},
		{"one per group", "trained: base", 2000}, {"one per group", "stored", 2000}, {"one per group", "stored for each user", 0},
		{"their mean", "training, tokens", at("one per group", "training, tokens")},
		{"told", "training, tokens", 0}, {"told", "stored", 1000},
		{"best of 4, own", "trained: base", 2000}, {"best of 4, own", "stored", 3000},
	} {
		if got := at(c.row, c.column); got != c.want {
			t.Errorf("%s, %s: %v; want %v", c.row, c.column, got, c.want)
		}
	}
	if told, plain := at("told", "a text, MFLOP"), at("SFT", "a text, MFLOP"); told <= plain {
		t.Errorf("a longer prompt costs %v, the prompt %v", told, plain)
	}
	if best, plain := at("best of 4, own", "a text, MFLOP"), at("SFT", "a text, MFLOP"); best <= 2*plain {
		t.Errorf("the best of four costs %v, one text %v", best, plain)
	}
	if row := printedRow(table, "one per group"); strings.Count(row, " | - | - | ") != 1 {
		t.Errorf("one policy per group has accuracies and no win rates: %s", row)
	}
}

// Two passes of alpha, by hand: 4 steps of 8 rows, twice a prompt, two responses and the soft prompt.
func TestTrainingIsReckonedWithWhatThereWas(t *testing.T) {
	t.Parallel()
	l := newLab(t, methodsSpec)
	l.apply()
	plan := l.plan(l.store())
	for _, n := range plan.Nodes {
		if s, ok := n.Stage.(*trainStage); ok && n.ID == `train train.dpo["P-DPO"]` {
			c := &compiler{st: l.store(), volumes: map[string]volume{}}
			v := c.setVolume(s.data, s.spec.Data)
			want := round(4 * 8 * 2 * (v.prompt + 2*v.response + 2))
			if got := cell(t, l.methods(), "P-DPO", "training, tokens"); !v.exact || got != float64(want) {
				t.Errorf("%v tokens; want %v", got, want)
			}
			return
		}
	}
	t.Fatal("no such training")
}

// A policy for each user: users are groups of one where group_by is their id, and a for_each over the ids trains on each.
func TestPolicyForEachUser(t *testing.T) {
	t.Parallel()
	l := newFileLab(t)
	l.fakes.weights = 1000
	l.spec = `
dataset "people" {
  format   = "jsonl"
  source   = "people.jsonl"
  split    = { train = 0.5, by = "row" }
  group_by = user.id
}

model "base" { source = "base" }

train "own" {
  for_each  = ["0", "1", "3"]
  base      = model.base
  data      = of_users(dataset.people.train, dataset.people.groups[each.key])
  objective = { kind = "dpo" }
  steps     = 2
}

accuracy "own" {
  for_each = train.own
  policy   = each.value
  data     = of_users(dataset.people.test, dataset.people.groups[each.key])
}

report "small" {
  title = "Three users"
  section "Three" { methods = { "a policy for each user" = accuracy.own } }
}
`
	if events := l.apply(); kinds(events.of(Finished))["train"] != 3 {
		t.Errorf("%v: a training for each user is wanted", events.of(Finished))
	}
	table := l.methods()
	if stored, each := cell(t, table, "a policy for each user", "stored"), cell(t, table, "a policy for each user", "stored for each user"); each != 1000 || stored <= 3000 {
		t.Errorf("stored %v, for each user %v", stored, each)
	}
	results := l.resultsOf().results
	for _, id := range []string{"0", "1", "3"} {
		own, ok := estimateOf(at(results[fmt.Sprintf("accuracy.own[%q]", id)], "users", id))
		if !ok || own.N == 0 {
			t.Fatalf("user %s was not measured", id)
		}
		if got := cell(t, table, "a policy for each user", "accuracy, "+id); got != own.Mean {
			t.Errorf("user %s: %v; want %v", id, got, own.Mean)
		}
	}
}

// Where several measurements have users of one group, a method has the mean over all of them: of an accuracy over those who were
// seen in training, of a user who was measured twice the mean.
func TestQualityOfSeveralPolicies(t *testing.T) {
	t.Parallel()
	share := func(x float64) dsl.Value { return dsl.Estimate{Mean: x, N: 4} }
	users := func(shares map[string]dsl.Value) dsl.Value {
		return map[string]dsl.Value{"users": shares, "groups": map[string]dsl.Value{"g": share(0.5)}, "average": share(0.5)}
	}
	first, second := &dsl.Accuracy{Block: dsl.Block{Addr: dsl.Addr{Type: "accuracy", Name: "first"}}}, &dsl.Accuracy{Block: dsl.Block{Addr: dsl.Addr{Type: "accuracy", Name: "second"}}}
	d := &drawing{results: dsl.Results{
		"accuracy.first":  users(map[string]dsl.Value{"a": share(1), "b": share(0.5), "unseen": share(0)}),
		"accuracy.second": users(map[string]dsl.Value{"b": share(0.25), "c": share(0), "h": share(1)}),
	}, people: map[string]arrowio.User{"a": {ID: "a", Group: "g", Seen: true}, "b": {ID: "b", Group: "g", Seen: true}, "c": {ID: "c", Group: "g", Seen: true},
		"h": {ID: "h", Group: "another", Seen: true}, "unseen": {ID: "unseen", Group: "g"}}}
	m := &method{measured: []measured{{item: first}, {item: second}}}
	all := func(any) bool { return true }
	for group, want := range map[string]float64{"g": (1 + 0.375 + 0) / 3, "": (1 + 0.375 + 0 + 1) / 4} {
		path := []string{"groups", group}
		if group == "" {
			path = []string{"average"}
		}
		got := d.qualityCell(m, all, group, false, path...).Value
		if math.Abs(got.Mean-want) > 1e-12 || got.N != map[string]int{"g": 3, "": 4}[group] {
			t.Errorf("group %q: %+v; want %v", group, got, want)
		}
	}
}
