package runner

import (
	"maps"
	"strings"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
)

// askedUsersVersion is that of whom an expression means where several data sets have the user.
const askedUsersVersion = 2

// choicesVersion is that of what a user chose where several data sets have them.
const choicesVersion = 2

// mostChoices is how many of a user's training comparisons what is asked may show.
const mostChoices = 16

// askedUsers are the users of data sets as what is asked may name them. Whoever is nobody's, as the generic user, has every
// field empty and chose nothing.
type askedUsers struct {
	world *world
	how   prompting
	known map[string]map[string]dsl.Value
	rows  map[string][]rowRef // of each user in training, in the order of the data; nil until they are asked for
}

func newAskedUsers(w *world, how prompting) *askedUsers {
	return &askedUsers{world: w, how: how, known: map[string]map[string]dsl.Value{}}
}

// of is a user who is asked a row's prompt. Comparisons on that very prompt are not among their choices, nor on what was said
// after it: they would tell the answer.
func (a *askedUsers) of(id string, c arrowio.Comparison) (map[string]dsl.Value, error) {
	user, err := a.fields(id)
	if err != nil || a.how.expr == nil || !a.how.expr.ReadsChoices {
		return user, err
	}
	user = maps.Clone(user)
	user[dsl.Choices], err = a.choices(id, c.Prompt)
	return user, err
}

func (a *askedUsers) fields(id string) (map[string]dsl.Value, error) {
	if user, ok := a.known[id]; ok {
		return user, nil
	}
	if k, u, ok := a.find(id); ok {
		user, err := userValues(a.world.sets[k], u)
		if err != nil {
			return nil, err
		}
		a.known[id] = user
		return user, nil
	}
	a.known[id] = nobodysFields()
	return a.known[id], nil
}

// nobodysFields are all empty: nobody's prompts may be of a format that has no users.
func nobodysFields() map[string]dsl.Value {
	fields := map[string]dsl.Value{}
	for _, name := range dsl.AllUserFields() {
		fields[name] = emptyField(name)
	}
	return fields
}

// find is a user by id: of several data sets that have them the first with a text (as in readTexts), else the first.
func (a *askedUsers) find(id string) (set int, user arrowio.User, ok bool) {
	for k, t := range a.world.tables {
		for _, u := range t.users {
			if id != "" && u.ID == id && (!ok || user.Text == "" && u.Text != "") {
				set, user, ok = k, u, true
			}
		}
	}
	return set, user, ok
}

func (a *askedUsers) choices(id, prompt string) ([]dsl.Value, error) {
	if a.rows == nil {
		a.rows = map[string][]rowRef{}
		for _, d := range a.world.sets {
			for _, r := range a.world.split(d, arrowio.Train) {
				a.rows[a.world.user(r)] = append(a.rows[a.world.user(r)], r)
			}
		}
	}
	out := []dsl.Value{}
	if id == "" {
		return out, nil
	}
	told := map[textKey]bool{} // two data sets may be of the same files
	for _, r := range a.rows[id] {
		c, err := a.world.comparison(r)
		if err != nil {
			return nil, err
		}
		later := c.Turns != "" && strings.HasPrefix(c.Prompt, prompt) // of the same conversation: its prompt has what was chosen
		key := keyOf(c.Prompt, c.Chosen, c.Rejected)
		if c.Prompt == prompt || later || c.Chosen == "" || c.Rejected == "" || told[key] {
			continue
		}
		told[key] = true
		if out = append(out, map[string]dsl.Value{"prompt": c.Prompt, "chosen": c.Chosen, "rejected": c.Rejected}); len(out) == mostChoices {
			break
		}
	}
	return out, nil
}
