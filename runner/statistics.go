// The numbers of a data set: comparisons, users, prompts; by side, by group, seen and unseen (language/README section 4).
package runner

import (
	"fmt"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// statistics is the value of dataset.D.statistics. Counts are of recorded comparisons, `kept` of usable ones. In data
// without conversations each prompt is one, of one turn.
func (v *view) statistics() map[string]dsl.Value {
	all, train, test := newTally(v.users), newTally(v.users), newTally(v.users)
	users, prompts, conversations, turns := newTally(v.users), newTally(v.users), newTally(v.users), newTally(v.users)
	known := map[int32]bool{}
	for i, r := range v.records {
		u, kept := v.user[i], r.Row >= 0
		all.add(u, "", kept)
		prompts.add(u, r.Prompt, kept)
		conversation, turn := r.Prompt, r.Prompt
		if r.Conversation != "" {
			conversation, turn = r.Conversation, fmt.Sprint(r.Conversation, " ", r.Turn)
		}
		conversations.add(u, conversation, kept)
		turns.add(u, turn, kept)
		switch v.sides[i] {
		case arrowio.Train:
			train.add(u, "", kept)
		case arrowio.Test:
			test.add(u, "", kept)
		}
		if kept && !known[u] {
			known[u] = true
			users.add(u, "", true)
		}
	}
	for u := range v.users {
		if !known[int32(u)] {
			users.add(int32(u), "", false)
		}
	}
	return map[string]dsl.Value{"comparisons": all.value(), "train": train.value(), "test": test.value(),
		"users": users.value(), "prompts": prompts.value(), "conversations": conversations.value(), "turns": turns.value()}
}

// likes adds to the statistics of unpaired data how many responses were liked, and how many not.
func (v *view) likes(statistics map[string]dsl.Value) {
	liked, not := newTally(v.users), newTally(v.users)
	for i, r := range v.records {
		if r.SecondChosen {
			not.add(v.user[i], "", r.Row >= 0)
		} else {
			liked.add(v.user[i], "", r.Row >= 0)
		}
	}
	statistics["liked"], statistics["not_liked"] = liked.value(), not.value()
}

// tally counts things of users under every name that statistics have. Things with a key count once under each name.
type tally struct {
	users  []arrowio.User
	counts map[string]float64
	byUser []float64
	met    map[string]map[string]bool // name -> keys
	metBy  []map[string]bool
}

func newTally(users []arrowio.User) *tally {
	t := &tally{users: users, counts: map[string]float64{}, byUser: make([]float64, len(users)),
		met: map[string]map[string]bool{}, metBy: make([]map[string]bool, len(users))}
	for _, name := range []string{"all", "seen", "unseen", "kept"} {
		t.counts[name] = 0
	}
	for _, u := range users {
		if u.Group != "" {
			t.counts[u.Group], t.counts["seen_"+u.Group], t.counts["unseen_"+u.Group] = 0, 0, 0
		}
	}
	return t
}

func (t *tally) add(user int32, key string, kept bool) {
	u := t.users[user]
	side := "unseen"
	if u.Seen {
		side = "seen"
	}
	names := []string{"all", side}
	if u.Group != "" {
		names = append(names, u.Group, side+"_"+u.Group)
	}
	if kept {
		names = append(names, "kept")
	}
	for _, name := range names {
		if t.met[name] == nil {
			t.met[name] = map[string]bool{}
		}
		if fresh(t.met[name], key) {
			t.counts[name]++
		}
	}
	if t.metBy[user] == nil {
		t.metBy[user] = map[string]bool{}
	}
	if fresh(t.metBy[user], key) {
		t.byUser[user]++
	}
}

// fresh notes a key and tells whether it is new; without a key everything is.
func fresh(met map[string]bool, key string) bool {
	if key == "" {
		return true
	}
	defer func() { met[key] = true }()
	return !met[key]
}

func (t *tally) value() dsl.Value {
	out := map[string]dsl.Value{}
	for _, name := range sortedKeys(t.counts) {
		out[name] = t.counts[name]
	}
	list := make([]dsl.Value, len(t.byUser))
	for i, n := range t.byUser {
		list[i] = n
	}
	out["by_user"] = list
	return out
}
