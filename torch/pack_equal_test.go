package torch

import (
	"reflect"
	"testing"
)

func pairOf(user int32, prompt, chosen, rejected []int32) Example {
	return Example{User: user, Prompt: prompt, Responses: [][]int32{chosen, rejected}}
}

// Every unit of one user, text, prompt and offset is in one group, with each response once; others are apart.
func TestPackEqual(t *testing.T) {
	x, z, a, b, c := []int32{3, 4}, []int32{3}, []int32{5, 1}, []int32{6, 1}, []int32{7, 8, 1}
	text, moved := pairOf(1, x, a, b), pairOf(1, x, a, b)
	text.UserText, moved.Offset = []int32{9}, 2
	for _, test := range []struct {
		name     string
		examples []Example
		groups   []int   // tokens of each group: BOS, a soft token, text, prompt, responses
		at       [][]int // per unit, in the order of the groups
		rows     []int
	}{
		{"a vote, and one the other way round", []Example{pairOf(1, x, a, b), pairOf(1, x, b, a)}, []int{8}, [][]int{{0, 1}, {1, 0}}, []int{0, 1}},
		{"another response beside", []Example{pairOf(1, x, a, b), pairOf(1, x, c, a)}, []int{11}, [][]int{{0, 1}, {2, 0}}, []int{0, 1}},
		{"the same twice in a pair", []Example{pairOf(1, x, a, a)}, []int{6}, [][]int{{0, 0}}, []int{0}},
		{"another user", []Example{pairOf(1, x, a, b), pairOf(2, x, a, b)}, []int{8, 8}, [][]int{{0, 1}, {2, 3}}, []int{0, 1}},
		{"another prompt", []Example{pairOf(1, x, a, b), pairOf(1, z, a, b)}, []int{8, 7}, [][]int{{0, 1}, {2, 3}}, []int{0, 1}},
		{"a text, positions", []Example{pairOf(1, x, a, b), text, moved}, []int{8, 9, 8}, [][]int{{0, 1}, {2, 3}, {4, 5}}, []int{0, 1, 2}},
		{"the end of a prompt is no text", []Example{{User: 1, UserText: x[:1], Prompt: x[1:], Responses: [][]int32{a}}, {User: 1, Prompt: x, Responses: [][]int32{a}}},
			[]int{6, 6}, [][]int{{0}, {1}}, []int{0, 1}},
		{"met again later", []Example{pairOf(1, x, a, b), pairOf(1, z, a, b), pairOf(1, x, b, c)}, []int{11, 7}, [][]int{{0, 1}, {1, 2}, {3, 4}}, []int{0, 2, 1}},
	} {
		var list []unit
		for i, e := range test.examples {
			list = append(list, unit{example: i, user: e.User, text: e.UserText, weight: 1})
		}
		micros, err := packEqual(list, test.examples, packing{bos: 0, soft: 1, budget: 99, context: 99})
		if err != nil || len(micros) != 1 {
			t.Fatalf("%s: %d micro-batches, %v", test.name, len(micros), err)
		}
		m, tokens := micros[0], 0
		for _, n := range test.groups {
			tokens += n
		}
		var at [][]int
		var rows []int
		for _, u := range m.units {
			at, rows = append(at, u.at), append(rows, u.example)
			for i, k := range u.at { // what is there is what was asked for
				span, want := m.batch.Responses[k], test.examples[u.example].Responses[i]
				for j := range want {
					if span.Len != len(want) || m.batch.Targets[span.Start+j] != int64(want[j]) {
						t.Errorf("%s: row %d, response %d is at another place", test.name, u.example, i)
					}
				}
			}
		}
		if len(m.batch.IDs) != tokens || len(m.users) != len(test.groups) || len(m.heads) != len(m.batch.Responses) || !reflect.DeepEqual(at, test.at) || !reflect.DeepEqual(rows, test.rows) {
			t.Errorf("%s: %d tokens, %d prefixes, rows %v at %v; want %d, %d, %v at %v", test.name, len(m.batch.IDs), len(m.users), rows, at, tokens, len(test.groups), test.rows, test.at)
		}
	}
}

// A prompt with more responses than a micro-batch holds is packed in several groups, each within the budget.
func TestPackEqualKeepsTheBudget(t *testing.T) {
	var examples []Example
	var list []unit
	for i := range int32(10) {
		examples = append(examples, pairOf(1, []int32{3}, []int32{4 + i, 1}, []int32{4 + (i+1)%10, 1}))
		list = append(list, unit{example: int(i), user: 1})
	}
	micros, err := packEqual(list, examples, packing{bos: 0, budget: 11, context: 99})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, m := range micros {
		seen += len(m.units)
		if len(m.batch.IDs) > 11 {
			t.Errorf("%d tokens; the budget is 11", len(m.batch.IDs))
		}
	}
	if seen != 10 || len(micros) != 4 { // 2 tokens of prefix and up to 4 responses, each pair bringing one new one
		t.Errorf("%d units in %d micro-batches; want 10 in 4", seen, len(micros))
	}
}

// Where nothing stands twice, every number of every micro-batch is as without looking for it.
func TestPackEqualOfDifferentRows(t *testing.T) {
	var examples []Example
	for i := range int32(12) {
		examples = append(examples, pairOf(i%3, []int32{2 + i, 3}, []int32{4, 5 + i}, make([]int32, 1+i%4)))
	}
	list := units(examples, 0.5, true, true)
	for _, rewards := range []bool{false, true} {
		in := packing{bos: 0, soft: 2, budget: 40, context: 99, rewards: rewards}
		want, err1 := packMicros(list, examples, in)
		got, err2 := packEqual(list, examples, in)
		if err1 != nil || err2 != nil || len(want) < 3 || !reflect.DeepEqual(got, want) {
			t.Errorf("%d micro-batches differ from %d (%v, %v)", len(got), len(want), err1, err2)
		}
	}
}
