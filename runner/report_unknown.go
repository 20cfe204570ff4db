// Users whom a policy or reward model does not know: they are user 0 to it, and the report counts them.
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/dsl"
)

// scorers are the policies and reward models that rank, answer or score for users.
func scorers(item any) []dsl.Policy {
	switch item := item.(type) {
	case *dsl.Accuracy:
		return []dsl.Policy{item.Policy}
	case *dsl.Generate:
		if item.Reward != nil {
			return []dsl.Policy{item.Policy, item.Reward}
		}
		return []dsl.Policy{item.Policy}
	case *dsl.WinRate:
		return judgingPolicies(item.Judge)
	case *dsl.Agreement:
		return judgingPolicies(item.Judge)
	}
	return nil
}

func judgingPolicies(j *dsl.Judge) []dsl.Policy {
	var out []dsl.Policy
	for _, m := range judgedWith(j) {
		out = append(out, m.train)
	}
	return out
}

// hasUsers tells whether users have parameters of their own in the policy.
func (p *policy) hasUsers() bool {
	t := p.last()
	return t != nil && userModelConfig(t.spec.UserModel).Personal()
}

// unknownNotes count the users of the items' results whom a policy or reward model does not know.
func (d *drawing) unknownNotes(items []instance) ([]string, error) {
	var notes []string
	for _, i := range items {
		path := []string{"users"}
		if _, texts := i.item.(*dsl.Generate); texts {
			path = []string{"words", "users"}
		}
		ids := names([]dsl.Value{i.value}, path...)
		for _, p := range scorers(i.item) {
			of := d.stage.knowers[p]
			if of == nil {
				continue
			}
			seen, err := of.seen(d.env)
			if err != nil {
				return nil, err
			}
			unknown, index := 0, indexOf(seen)
			for _, id := range ids {
				if index[id] == 0 {
					unknown++
				}
			}
			if unknown > 0 {
				notes = append(notes, fmt.Sprintf("%d of %d users are unknown to %s, for which they are user 0.", unknown, len(ids), p.PolicyAddr()))
			}
		}
	}
	return distinct(notes, func(note string) string { return note }), nil
}
