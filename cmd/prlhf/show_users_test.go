package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner"
)

func clusterUsers() *runner.Users {
	nan := math.NaN()
	return &runner.Users{Known: 3, Clusters: true, Seeds: 2, RandIndex: dsl.Estimate{Mean: 0.5, SE: nan, Low: nan, High: nan, Median: nan, SDRuns: 0.25, N: 3},
		Users: []runner.ShownUser{
			{Name: "0", Weights: []float64{0.5, 0.5}},
			{Name: "1", Group: "majority", Distance: 0.25, Cluster: 2, Weights: []float64{0.125, 0.875}, Neighbours: []runner.Neighbour{{Name: "3", Cosine: 0.987}, {Name: "2", Cosine: -0.1}}},
			{Name: "2", Distance: 10.5, Cluster: 1, Weights: []float64{1, 0}, Neighbours: []runner.Neighbour{{Name: "1", Cosine: -0.1}}},
			{Name: "3", Group: "minority"},
		}}
}

func TestPrintUsers(t *testing.T) {
	var out bytes.Buffer
	printUsers(screen{Writer: &out}, clusterUsers(), false)
	const want = `  users
    3 users; of the first of 2 seeds. Distance is from user 0; nearest are those whose offsets from user 0 have the largest cosine. Clusters against groups: adjusted Rand index 0.5, n 3, sd over runs 0.25.
    user     group  distance  cluster    weights              nearest
    0            –         0        –  0.50 0.50                    –
    1     majority      0.25        2  0.12 0.88  3 (0.99), 2 (-0.10)
    2            –      10.5        1  1.00 0.00            1 (-0.10)
    3     minority         0        –                               –
`
	if out.String() != want {
		t.Errorf("printed\n%s\nwant\n%s", out.String(), want)
	}
}

// TestManyUsers: the first twenty and user 0, or all; and how many there are.
func TestManyUsers(t *testing.T) {
	u := &runner.Users{Known: 1_000_000, Seeds: 1}
	for i := range 2001 {
		u.Users = append(u.Users, runner.ShownUser{Name: fmt.Sprint(i), Distance: 1})
	}
	for all, lines := range map[bool]int{false: 3 + 21, true: 3 + 2001} {
		var out bytes.Buffer
		printUsers(screen{Writer: &out}, u, all)
		if n := strings.Count(out.String(), "\n"); n != lines {
			t.Errorf("all %v: %d lines; want %d", all, n, lines)
		}
		if strings.Contains(out.String(), "the first 20 (-all for the others)") == all || !strings.Contains(out.String(), "1000000 users, of which 2000 drawn by seed were compared") {
			t.Errorf("all %v: %.300s", all, out.String())
		}
		if n := len(usersObject(u, all).Users); n != lines-3 {
			t.Errorf("all %v: %d users in JSON", all, n)
		}
	}
}

func TestUsersAsJSON(t *testing.T) {
	got, err := json.Marshal(usersObject(clusterUsers(), false))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"known":3,"seeds":2,"rand_index":{"mean":0.5,"n":3,"sd_runs":0.25},"users":[{"user":"0","distance":0,"weights":[0.5,0.5]},` +
		`{"user":"1","group":"majority","distance":0.25,"cluster":2,"weights":[0.125,0.875],"neighbours":[{"user":"3","cosine":0.987},{"user":"2","cosine":-0.1}]},` +
		`{"user":"2","distance":10.5,"cluster":1,"weights":[1,0],"neighbours":[{"user":"1","cosine":-0.1}]},{"user":"3","group":"minority","distance":0}]}`
	if string(got) != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if usersObject(nil, true) != nil {
		t.Error("no users give an object")
	}
}
