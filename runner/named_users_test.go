package runner

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/torch"
)

const namedSpec = `
generate "some" {
  policy   = train.dpo["individual"]
  prompts  = sample(dataset.posts.test.prompts, 2)
  users    = [dataset.posts.users["SEEN"], dataset.posts.unseen_users["UNSEEN"], generic_user]
  sampling = { max_new_tokens = 8 }
}

accuracy "one" {
  policy = train.dpo["individual"]
  data   = of_users(dataset.posts.test, dataset.posts.users["SEEN"])
}
`

// TestNamedUsers: users chosen by id are asked and scored, and nobody else.
func TestNamedUsers(t *testing.T) {
	t.Parallel()
	l, seen, unseen := namedLab(t)
	l.opts.Targets = []string{"generate.some", "accuracy.one"}
	l.apply()
	for kind, addr := range map[string]string{kindGenerate: "generate.some", kindScore: "accuracy.one"} {
		file, want := responsesFile, []string{"", seen, unseen}
		if kind == kindScore {
			file, want = scoresFile, []string{seen}
		}
		var got []string
		if _, err := arrowio.Values(l.artifact(kind, addr).Path(file), "user", func(_ int, id string) { got = append(got, id) }); err != nil {
			t.Fatal(err)
		}
		slices.Sort(got)
		if got = slices.Compact(got); !slices.Equal(got, want) {
			t.Errorf("%s is about %q; want %q", addr, got, want)
		}
	}
}

// namedLab chooses a seen and an unseen user by id, after a first apply has told who there is.
func namedLab(t *testing.T) (l *lab, seen, unseen string) {
	t.Helper()
	l = newLab(t, smallSpec)
	l.opts.Targets = []string{"dataset.posts"}
	l.apply()
	for _, u := range l.open("dataset.posts").tables[0].users {
		if u.Seen {
			seen = u.ID
		} else {
			unseen = u.ID
		}
	}
	l.spec += strings.NewReplacer("UNSEEN", unseen, "SEEN", seen).Replace(namedSpec)
	return l, seen, unseen
}

// TestUnknownNamedUsers: plan names the place where the data was split before; else apply does, before anything is computed.
func TestUnknownNamedUsers(t *testing.T) {
	t.Parallel()
	known, seen, unseen := namedLab(t)
	spec := known.spec
	for what, c := range map[string]struct{ old, written, want string }{
		"misspelt":        {seen, seen + "x", `dataset.posts.users has no user "` + seen + `x"; it has 4 users, and ids are the field worker of its files`},
		"unseen as seen":  {seen, unseen, `user "` + unseen + `" is not among dataset.posts.users; write dataset.posts.unseen_users["` + unseen + `"]`},
		"seen as unseen":  {unseen, seen, `user "` + seen + `" is not among dataset.posts.unseen_users; write dataset.posts.users["` + seen + `"]`},
		"nobody's number": {seen, "17", `dataset.posts.users has no user "17"; it has 4 users`},
	} {
		known.spec = strings.ReplaceAll(spec, `"`+c.old+`"`, `"`+c.written+`"`)
		_, diags := Compile(known.load(), known.store(), known.opts)
		if !diagsSay(diags, c.want) {
			t.Errorf("%s: %v; want %s", what, diags, c.want)
		}
		for _, d := range diags {
			if text := strings.Split(known.spec, "\n")[d.Subject.Start.Line-1]; !strings.Contains(text, `"`+c.written+`"`) {
				t.Errorf("%s: the place is %q", what, text)
			}
		}
		fresh := newLab(t, known.spec)
		fresh.fakes.onTrain = func(context.Context, torch.TrainJob) error {
			t.Error("something was trained first")
			return nil
		}
		if _, err := fresh.try(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), ".hcl:") {
			t.Errorf("%s, in a fresh store: %v; want %s", what, err, c.want)
		}
	}
}
