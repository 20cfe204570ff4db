// The adapt stage: users who were not in training get parameters of their own, fitted to a handful of their comparisons
// with everything else frozen. Its artifact has users.arrow (the new users, indexed 1..m) and the user model that stands in
// for the policy's.
package runner

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
)

const (
	kindAdapt    = "adapt"
	adaptVersion = 2
)

type adaptStage struct {
	spec        *dsl.Adapt
	policy      *policy
	data        dataInputs
	comparisons int // per user
	device      torch.Device
}

func (s *adaptStage) Describe(w io.Writer) {
	a := s.spec
	line(w, "version", adaptVersion)
	s.policy.describe(w)
	s.data.describe(w, "fit", a.Fit)
	line(w, "comparisons", s.comparisons)
	line(w, "steps", a.Steps)
	line(w, "lr", a.LR)
	line(w, "seed", a.Seed)
	describeDevice(w, s.device, s.policy.precision())
}

func (s *adaptStage) leaves() []leaf { return s.policy.leaves() }

func (s *adaptStage) Run(ctx context.Context, e *Env) error {
	world, err := s.data.open(e)
	if err != nil {
		return err
	}
	defer world.Close()
	items, users, err := s.items(e, world)
	if err != nil {
		return err
	}
	special, err := s.policy.special(e)
	if err != nil {
		return err
	}
	t := s.policy.last().spec
	if explicit(t.UserModel) {
		if err := world.readTexts(e, s.policy.origin.tokenizer); err != nil {
			return err
		}
	}
	o := objectiveConfig(t.Objective)
	job := torch.AdaptJob{
		Inputs: torch.Inputs{Policy: s.policy.files(e), Device: s.device, Precision: s.policy.precision(), BOS: special.bos},
		Data:   &examples{world: world, items: items, end: special.end, reference: o.NeedsReference(), texts: explicit(t.UserModel)},
		Users:  len(users), Objective: o,
		Steps: s.spec.Steps, LR: s.spec.LR, Out: e.Dir,
	}
	if err := e.jobs.adapt(ctx, job, func(p torch.Progress) { e.Progress(int64(p.Done), int64(p.Total), "steps") }); err != nil {
		return err
	}
	for i := range users {
		users[i].Index, users[i].Seen = int32(i)+1, true
	}
	return arrowio.Write(e.File(usersFile), users)
}

// items are the comparisons to fit: of each new user so many, chosen by seed, so that those of a smaller number are among
// those of a larger one.
func (s *adaptStage) items(e *Env, w *world) ([]item, []arrowio.User, error) {
	rows, err := w.rows(s.spec.Fit)
	if err != nil {
		return nil, nil, err
	}
	rows, _ = w.kept(rows)
	users := w.seen(rows)
	if err := s.refuseKnown(e, users); err != nil {
		return nil, nil, err
	}
	index := indexOf(users)
	byUser := make([][]rowRef, len(users)+1)
	for _, r := range rows {
		u := index[w.user(r)]
		byUser[u] = append(byUser[u], r)
	}
	var items []item
	for u, rows := range byUser {
		for _, r := range sample(rows, s.comparisons, s.spec.Seed, w.rowKey) {
			items = append(items, item{r, bothSides, int32(u)})
		}
		if u > 0 && len(rows) < s.comparisons {
			e.Say("a new user has %d comparisons to fit, not %d: all are used", len(rows), s.comparisons)
		}
	}
	return items, users, nil
}

// refuseKnown refuses users whom the policy was trained on: their parameters would be fitted twice.
func (s *adaptStage) refuseKnown(e *Env, users []arrowio.User) error {
	known, err := s.policy.seen(e)
	if err != nil {
		return err
	}
	index := indexOf(known)
	var names []string
	for _, u := range users {
		if index[u.ID] > 0 {
			names = append(names, u.ID)
		}
	}
	if len(users) == 0 {
		return fmt.Errorf("%s: fit has no comparison of anybody", s.spec.Addr)
	}
	if len(names) > 0 {
		return fmt.Errorf("%s: %d users of fit were trained on by %s (%s); adapt is for new ones: of_users(ROWS, dataset.NAME.unseen_users)",
			s.spec.Addr, len(names), s.policy.name, strings.Join(names[:min(len(names), namedRows)], ", "))
	}
	return nil
}

// adaptedStage joins the accuracies by number of comparisons to the value of adapt.A.
type adaptedStage struct {
	comparisons []int
	accuracies  []*Node
}

const (
	kindAdapted    = "adapted"
	adaptedVersion = 1
)

func (s *adaptedStage) Describe(w io.Writer) {
	line(w, "version", adaptedVersion)
	line(w, "comparisons", fmt.Sprint(s.comparisons))
}

func (s *adaptedStage) Run(_ context.Context, e *Env) error {
	runs := make([]dsl.Value, s.seeds())
	for k := range runs {
		after := map[string]dsl.Value{}
		for i, n := range s.accuracies {
			accuracies, err := resultsOf(e, n)
			if err != nil {
				return err
			}
			after[fmt.Sprint(s.comparisons[i])] = accuracies[k]
		}
		runs[k] = map[string]dsl.Value{"after": after}
	}
	return writeRuns(e, runs)
}
