package formats

import (
	"fmt"
	"slices"
	"testing"
)

func TestSplitByPromptKeepsPromptsWhole(t *testing.T) {
	var keys []Key
	var prompts []string
	for row := range 3000 {
		prompt := fmt.Sprint("prompt ", row*row%257)
		prompts = append(prompts, prompt)
		keys = append(keys, PromptKey(prompt))
	}
	sides := Split{Train: 0.9, Seed: 3}.Assign(keys)
	side, train := map[string]string{}, 0
	for i, s := range sides {
		if before, ok := side[prompts[i]]; ok && before != s {
			t.Fatalf("%q is in %s and %s", prompts[i], before, s)
		}
		side[prompts[i]] = s
		if s == Train {
			train++
		}
	}
	if train < 2670 || train > 2730 { // a prompt has at most 24 rows
		t.Errorf("%d of 3000 rows train; 2700 expected", train)
	}
	// The same set of prompts in another order is split alike.
	slices.Reverse(keys)
	other := Split{Train: 0.9, Seed: 3}.Assign(keys)
	slices.Reverse(other)
	if !slices.Equal(sides, other) {
		t.Error("the split depends on the order of the rows")
	}
	if slices.Equal(sides, Split{Train: 0.9, Seed: 4}.Assign(keys)) {
		t.Error("the split does not depend on the seed")
	}
}

func TestSplitByRow(t *testing.T) {
	for _, c := range []struct {
		rows  int
		train float64
		want  int
	}{{1000, 0.9, 900}, {10, 0.25, 3}, {3, 0.99, 2}, {3, 0.01, 1}, {3, 1, 3}, {3, 0, 0}, {1, 0.9, 1}, {0, 0.9, 0}} {
		var keys []Key
		for row := range c.rows {
			keys = append(keys, RowKey(int64(row)))
		}
		got := 0
		for _, s := range (Split{Train: c.train}).Assign(keys) {
			if s == Train {
				got++
			}
		}
		if got != c.want {
			t.Errorf("%g of %d rows: %d, want %d", c.train, c.rows, got, c.want)
		}
	}
}

func TestRankAndSeen(t *testing.T) {
	users := []UserCount{{"d", 5, 0}, {"b", 7, 1}, {"a", 5, 9}, {"z", 0, 4}, {"c", 5, 2}}
	Rank(users)
	var order string
	for _, u := range users {
		order += u.ID
	}
	if order != "bacdz" {
		t.Errorf("ranked %s", order)
	}
	for _, c := range []struct {
		got  []bool
		want string
	}{
		{SeenTop(users, 2), "11000"},
		{SeenTop(users, 9), "11110"}, // z has nothing to train on
		{SeenShare(users, 1, 0), "11110"},
		{SeenShare(users, 0, 0), "00000"},
	} {
		if got := bits(c.got); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
	half := SeenShare(users, 0.5, 1)
	if n := count(half); n != 2 || half[4] {
		t.Errorf("half of four users with training rows: %s", bits(half))
	}
	if n := count(SeenShare(users, 0.01, 1)); n != 1 {
		t.Errorf("a small share sees %d users; 1 expected", n)
	}
}

func bits(of []bool) (s string) {
	for _, b := range of {
		if b {
			s += "1"
		} else {
			s += "0"
		}
	}
	return s
}

func count(of []bool) (n int) {
	for _, b := range of {
		if b {
			n++
		}
	}
	return n
}

func TestDealKeepsHowOftenAUserAppears(t *testing.T) {
	var users, sides []string
	for i := range 400 {
		users = append(users, fmt.Sprint("u", i%7))
		sides = append(sides, []string{Train, Train, Test}[i%3])
	}
	dealt, err := Deal(users, sides, 1)
	if err != nil {
		t.Fatal(err)
	}
	if slices.Equal(dealt, users) {
		t.Error("nothing was dealt")
	}
	tally := func(of []string) map[string]int {
		n := map[string]int{}
		for i, u := range of {
			n[sides[i]+u]++
		}
		return n
	}
	before, after := tally(users), tally(dealt)
	for k, n := range before {
		if after[k] != n {
			t.Errorf("%s appears %d times; %d before", k, after[k], n)
		}
	}
	if _, err := Deal(users, sides[1:], 1); err == nil {
		t.Error("sides that do not fit are accepted")
	}
}
