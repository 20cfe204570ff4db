package torch

import (
	"fmt"

	"github.com/prlhf/prlhf/torch/lm"
)

// NoUser is the user of an example that is scored without any soft prompt, as the reference model is.
const NoUser int32 = -1

// passKind tells whose soft prompt a pass has.
type passKind int

const (
	userPass    passKind = iota // the row's own user
	genericPass                 // user 0
	bothPasses                  // one pass in place of two equal ones
)

// unit is one example in one pass: what is packed as one group.
type unit struct {
	example int // index into the step's examples
	user    int32
	text    []int32
	weight  float64
	kind    passKind
	at      []int // where its responses are among those of the micro-batch; set when it is packed
}

// units lists the passes of a step (design.md section 2): alpha of the user's, 1 - alpha of the generic user's. A pass of
// weight 0 is left out; two equal passes are one of their joint weight.
func units(examples []Example, alpha float64, personal, genericKeepsText bool) []unit {
	var out []unit
	for i, e := range examples {
		own := unit{example: i, user: e.User, text: e.UserText, weight: alpha}
		generic := unit{example: i, user: 0, weight: 1 - alpha, kind: genericPass}
		if genericKeepsText {
			generic.text = e.UserText
		}
		if !personal { // all users are one
			own.user = min(own.user, 0)
		}
		sameUser := own.user <= 0
		sameText := genericKeepsText || len(e.UserText) == 0
		if sameUser && sameText {
			own.weight, own.kind = 1, bothPasses
			out = append(out, own)
			continue
		}
		for _, u := range []unit{own, generic} {
			if u.weight > 0 {
				out = append(out, u)
			}
		}
	}
	return out
}

// usersOf lists whose soft prompts the units have.
func usersOf(list []unit) []int32 {
	var users []int32
	for _, u := range list {
		if u.user != NoUser {
			users = append(users, u.user)
		}
	}
	return users
}

// micro is what one forward and backward pass works on.
type micro struct {
	batch lm.Batch
	units []unit
	users []int32 // whose soft prompts stand at batch.SoftAt, in that order
	heads []int32 // user of each response, whose vector is the head where users are linear heads
}

// packing is what every group of a job shares.
type packing struct {
	bos     int32
	soft    int  // T_u
	budget  int  // tokens per micro-batch
	context int  // positions of the model
	rewards bool // a reward model's: it reads each response's last token
}

// packMicros fills micro-batches up to budget tokens, in the order of the units; one that is longer gets its own.
func packMicros(list []unit, examples []Example, in packing) ([]micro, error) {
	groups := make([]*shared, len(list))
	for i, u := range list {
		g, err := groupOf(u, examples[u.example], in)
		if err != nil {
			return nil, err
		}
		groups[i] = alone(u, g)
	}
	return fill(groups, in), nil
}

// packEqual is packMicros where what several units ask for is computed once. Its units come in the order of their groups.
func packEqual(list []unit, examples []Example, in packing) ([]micro, error) {
	groups, err := bundle(list, examples, in)
	if err != nil {
		return nil, err
	}
	return fill(groups, in), nil
}

func fill(groups []*shared, in packing) []micro {
	var micros []micro
	fresh := micro{batch: lm.Batch{LastOnly: in.rewards}}
	current, tokens := fresh, 0
	for _, s := range groups {
		n := s.group.Tokens()
		if tokens > 0 && tokens+n > in.budget {
			micros = append(micros, current)
			current, tokens = fresh, 0
		}
		current.add(s)
		tokens += n
	}
	if tokens > 0 {
		micros = append(micros, current)
	}
	return micros
}

// add puts a group behind the others.
func (m *micro) add(s *shared) {
	before, user := len(m.batch.Responses), s.units[0].user
	m.batch.Add(s.group)
	if s.group.Soft > 0 {
		m.users = append(m.users, user)
	}
	for range s.group.Responses {
		m.heads = append(m.heads, max(user, 0)) // without a user, a head is the generic one
	}
	for _, u := range s.units {
		for i := range u.at {
			u.at[i] += before
		}
		m.units = append(m.units, u)
	}
}

func groupOf(u unit, e Example, in packing) (lm.Group, error) {
	soft := in.soft
	if u.user == NoUser {
		soft = 0
	}
	g := lm.Group{BOS: in.bos, Soft: soft, UserText: u.text, Prompt: e.Prompt, Responses: e.Responses, Offset: e.Offset}
	for _, r := range e.Responses {
		if len(r) == 0 {
			return g, fmt.Errorf("row %d has an empty response; expected at least the end token", e.Row)
		}
	}
	if g.Prefix() == 0 {
		return g, fmt.Errorf("row %d has an empty prompt and the tokenizer has no beginning-of-text token; expected at least one token before the response", e.Row)
	}
	return g, checkContext(g, e.Row, in.context)
}

// checkContext refuses a group that is longer than the model's positions.
func checkContext(g lm.Group, row int64, context int) error {
	longest := 0
	for _, r := range g.Responses {
		longest = max(longest, len(r))
	}
	if n := int(g.Offset) + g.Prefix() + longest; n > context {
		return fmt.Errorf("row %d has %d tokens with its soft prompt; the model has positions for %d. Set max_tokens in the dataset block to %d or less",
			row, n, context, context-g.Soft)
	}
	return nil
}
