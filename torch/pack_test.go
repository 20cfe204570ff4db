package torch

import (
	"reflect"
	"strings"
	"testing"
)

func TestUnits(t *testing.T) {
	text := []int32{5, 6}
	known, generic := Example{User: 3}, Example{User: 0}
	knownText, genericText := Example{User: 3, UserText: text}, Example{User: 0, UserText: text}
	own := func(e Example, weight float64) unit { return unit{user: e.User, text: e.UserText, weight: weight} }
	both := func(text []int32) unit { return unit{text: text, weight: 1, kind: bothPasses} }
	zero := func(text []int32, weight float64) unit { return unit{text: text, weight: weight, kind: genericPass} }
	for _, c := range []struct {
		name      string
		example   Example
		alpha     float64
		personal  bool
		keepsText bool
		want      []unit
	}{
		{"both passes", known, 0.3, true, true, []unit{own(known, 0.3), zero(nil, 0.7)}},
		{"alpha 1: the user's alone", known, 1, true, true, []unit{own(known, 1)}},
		{"alpha 0: the generic one alone", known, 0, true, true, []unit{zero(nil, 1)}},
		{"user 0: one pass of full weight", generic, 0.3, true, true, []unit{both(nil)}},
		{"vanilla: one pass, all users being one", known, 0.3, false, true, []unit{both(nil)}},
		{"the generic pass keeps the text", knownText, 0.5, true, true, []unit{own(knownText, 0.5), zero(text, 0.5)}},
		{"the generic pass drops the text", knownText, 0.5, true, false, []unit{own(knownText, 0.5), zero(nil, 0.5)}},
		{"user 0, text dropped: the texts differ", genericText, 0.5, true, false, []unit{own(genericText, 0.5), zero(nil, 0.5)}},
		{"user 0, text kept: one pass", genericText, 0.5, true, true, []unit{both(text)}},
		{"vanilla, text dropped: the texts differ", knownText, 0.25, false, false, []unit{own(genericText, 0.25), zero(nil, 0.75)}},
	} {
		if got := units([]Example{c.example}, c.alpha, c.personal, c.keepsText); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, c.want)
		}
	}
	all := units([]Example{known, generic}, 0.5, true, true)
	if len(all) != 3 || all[0].example != 0 || all[1].example != 0 || all[2].example != 1 {
		t.Errorf("two examples: %+v", all)
	}
}

// tokens makes an example of one response with n tokens in all, BOS and T_u = 2 included.
func exampleOf(n int) Example {
	return Example{Row: int64(100 + n), User: 1, Prompt: make([]int32, n-4), Responses: [][]int32{{1}}}
}

func TestPackMicros(t *testing.T) {
	for _, c := range []struct {
		name    string
		lengths []int
		want    [][]int // example indices per micro-batch
	}{
		{"up to the budget", []int{10, 10, 10}, [][]int{{0, 1}, {2}}},
		{"exactly full", []int{5, 15, 20}, [][]int{{0, 1}, {2}}},
		{"a long one alone", []int{5, 30, 5, 5}, [][]int{{0}, {1}, {2, 3}}},
		{"nothing", nil, nil},
	} {
		var examples []Example
		var list []unit
		for i, n := range c.lengths {
			examples = append(examples, exampleOf(n))
			list = append(list, unit{example: i, user: 1})
		}
		micros, err := packMicros(list, examples, packing{bos: 0, soft: 2, budget: 20, context: 64})
		if err != nil {
			t.Fatal(err)
		}
		var got [][]int
		for _, m := range micros {
			var in []int
			tokens := 0
			for _, u := range m.units {
				in = append(in, u.example)
				tokens += c.lengths[u.example]
			}
			got = append(got, in)
			if len(m.batch.IDs) != tokens || len(m.users) != len(m.units) || len(m.batch.SoftAt) != 2*len(m.units) {
				t.Errorf("%s: %d tokens, %d users, %d soft places in %v", c.name, len(m.batch.IDs), len(m.users), len(m.batch.SoftAt), in)
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v; want %v", c.name, got, c.want)
		}
	}
}

func TestNoUserHasNoSoftPrompt(t *testing.T) {
	examples := []Example{exampleOf(8), exampleOf(8)}
	micros, err := packMicros([]unit{{example: 0, user: NoUser}, {example: 1, user: 4}}, examples, packing{bos: 0, soft: 2, budget: 99, context: 99})
	if err != nil {
		t.Fatal(err)
	}
	m := micros[0]
	if want := []int64{7, 8}; !reflect.DeepEqual(m.batch.SoftAt, want) || !reflect.DeepEqual(m.users, []int32{4}) || len(m.batch.IDs) != 14 {
		t.Errorf("soft prompt at %v of users %v in %d tokens; want only the second example's, at %v", m.batch.SoftAt, m.users, len(m.batch.IDs), want)
	}
}

func TestPackMicrosRefuses(t *testing.T) {
	for _, c := range []struct {
		name    string
		example Example
		pack    packing
		want    string
	}{
		{"empty response", Example{Row: 7, Prompt: []int32{1}, Responses: [][]int32{{1}, {}}}, packing{bos: 0, context: 9}, "row 7 has an empty response"},
		{"empty prefix", Example{Row: 8, Responses: [][]int32{{1}}}, packing{bos: -1, context: 9}, "row 8 has an empty prompt"},
		{"too long", Example{Row: 9, Prompt: make([]int32, 5), Responses: [][]int32{{1}, make([]int32, 3)}}, packing{bos: 0, soft: 2, context: 10},
			"row 9 has 11 tokens with its soft prompt; the model has positions for 10. Set max_tokens in the dataset block to 8 or less"},
	} {
		_, err := packMicros([]unit{{}}, []Example{c.example}, c.pack)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.name, err, c.want)
		}
	}
	fits := Example{Prompt: make([]int32, 4), Responses: [][]int32{{1}, make([]int32, 3)}}
	if _, err := packMicros([]unit{{}}, []Example{fits}, packing{bos: 0, soft: 2, context: 10}); err != nil {
		t.Errorf("a row of exactly the model's positions: %v", err)
	}
}
