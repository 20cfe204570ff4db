package main

// The users of a trained user model, below what show prints of a train block.

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner"
)

// firstUsers is how many users show prints without -all, besides user 0.
const firstUsers = 20

// shown are the users to print: user 0 and the first of the others, or all.
func shownUsers(u *runner.Users, all bool) []runner.ShownUser {
	if all || len(u.Users) <= firstUsers+1 {
		return u.Users
	}
	return u.Users[:firstUsers+1]
}

func printUsers(s screen, u *runner.Users, all bool) {
	users := shownUsers(u, all)
	s.line("  " + s.bold("users"))
	for _, l := range wrap(usersIntroduction(u, len(users)), s.width-4) {
		s.line("    " + s.dim(l))
	}
	t := table{head: []string{"    user", "group", "distance", "cluster"}}
	if u.Clusters {
		t.head = append(t.head, "weights")
	}
	t.head = append(t.head, "nearest")
	for _, user := range users {
		cells := []string{"    " + user.Name, orDash(user.Group), numberText(user.Distance), orDash(clusterText(user.Cluster))}
		if u.Clusters {
			cells = append(cells, weightsText(user.Weights))
		}
		t.add(nil, append(cells, orDash(neighboursText(user.Neighbours)))...)
	}
	t.print(s)
}

// usersIntroduction says what the columns are, and of how many users there are.
func usersIntroduction(u *runner.Users, printed int) string {
	text := fmt.Sprintf("%d users", u.Known)
	if mapped := len(u.Users) - 1; mapped < u.Known {
		text += fmt.Sprintf(", of which %d drawn by seed were compared", mapped)
	}
	if printed < len(u.Users) {
		text += fmt.Sprintf("; the first %d (-all for the others)", printed-1)
	}
	if u.Seeds > 1 {
		text += fmt.Sprintf("; of the first of %d seeds", u.Seeds)
	}
	text += ". Distance is from user 0; nearest are those whose offsets from user 0 have the largest cosine."
	if u.RandIndex.N > 0 {
		text += " Clusters against groups: adjusted Rand index " + estimateText(u.RandIndex) + "."
	}
	return text
}

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

func clusterText(cluster int) string {
	if cluster == 0 {
		return ""
	}
	return strconv.Itoa(cluster)
}

func weightsText(weights []float64) string {
	var parts []string
	for _, w := range weights {
		parts = append(parts, strconv.FormatFloat(w, 'f', 2, 64))
	}
	return strings.Join(parts, " ")
}

func neighboursText(neighbours []runner.Neighbour) string {
	var parts []string
	for _, n := range neighbours {
		parts = append(parts, fmt.Sprintf("%s (%.2f)", n.Name, n.Cosine))
	}
	return strings.Join(parts, ", ")
}

type usersJSON struct {
	Known     int        `json:"known"`
	Seeds     int        `json:"seeds"`
	RandIndex any        `json:"rand_index,omitempty"`
	Users     []userJSON `json:"users"`
}

type userJSON struct {
	User       string          `json:"user"`
	Group      string          `json:"group,omitempty"`
	Distance   float64         `json:"distance"`
	Cluster    int             `json:"cluster,omitempty"`
	Weights    []float64       `json:"weights,omitempty"`
	Neighbours []neighbourJSON `json:"neighbours,omitempty"`
}

type neighbourJSON struct {
	User   string  `json:"user"`
	Cosine float64 `json:"cosine"`
}

func usersObject(u *runner.Users, all bool) *usersJSON {
	if u == nil {
		return nil
	}
	j := &usersJSON{Known: u.Known, Seeds: u.Seeds, Users: []userJSON{}}
	if u.RandIndex.N > 0 && !math.IsNaN(u.RandIndex.Mean) {
		j.RandIndex = plainValue(dsl.Value(u.RandIndex))
	}
	for _, user := range shownUsers(u, all) {
		one := userJSON{User: user.Name, Group: user.Group, Distance: user.Distance, Cluster: user.Cluster, Weights: user.Weights}
		for _, n := range user.Neighbours {
			one.Neighbours = append(one.Neighbours, neighbourJSON{n.Name, n.Cosine})
		}
		j.Users = append(j.Users, one)
	}
	return j
}
