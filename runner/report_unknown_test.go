package runner

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestUnknownUsersAreCounted: a policy, a reward model that scores and one that judges each say how many of the users they
// do not know; who has no parameters of users says nothing, and whom adapt fitted is known.
func TestUnknownUsersAreCounted(t *testing.T) {
	t.Parallel()
	l := newLab(t, strings.Replace(smallSpec, `report "small"`, `report "other"`, 1)+rewardSpec+`
train "few" {
  base       = train.sft
  data       = sample(dataset.posts.train, 1)
  user_model = { kind = "individualized", tokens = 2 }
  objective  = { kind = "reward" }
  steps      = 1
}

generate "asked" {
  policy   = train.dpo["individual"]
  reward   = train.few
  prompts  = sample(dataset.posts.test.prompts, 2)
  users    = [dataset.posts.users, dataset.posts.unseen_users, generic_user]
  sampling = { max_new_tokens = 8 }
}

generate "plain" {
  policy   = train.sft
  prompts  = sample(dataset.posts.test.prompts, 2)
  users    = [dataset.posts.users, dataset.posts.unseen_users, generic_user]
  sampling = { max_new_tokens = 8 }
}

win_rate "judged" {
  candidate = generate.asked
  baseline  = generate.plain
  judge     = { kind = "reward", reward = train.few }
}

report "small" {
  title = "Who is known"

  section "Asked" { show = generate.asked }
  section "Judged" { show = win_rate.judged }
  section "Ranked" { show = accuracy.test }
  section "Newcomers" { show = generate.late }
}
`)
	l.opts.Targets = []string{"report.small"}
	l.apply()
	text, err := os.ReadFile(filepath.Join(l.opts.Out, "small", "report.md"))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(string(text), "\n## ")
	met := 0
	for heading, want := range map[string][]string{
		"Asked":     {`2 of 6 users are unknown to train.dpo["individual"], for which they are user 0.`, "5 of 6 users are unknown to train.few, for which they are user 0."},
		"Judged":    {"5 of 6 users are unknown to train.few, for which they are user 0."},
		"Ranked":    {`2 of 6 users are unknown to train.dpo["individual"], for which they are user 0.`},
		"Newcomers": nil,
	} {
		for _, part := range parts {
			if !strings.HasPrefix(part, heading+"\n") {
				continue
			}
			met++
			var got []string
			for _, line := range strings.Split(part, "\n") {
				if strings.Contains(line, "are unknown to") {
					got = append(got, line)
				}
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("%s: %q; want %q", heading, got, want)
			}
		}
	}
	if met != 4 {
		t.Errorf("%d sections of 4 were found", met)
	}
}
