// Users for `prlhf show`: what the users stage of a train block found, in names that may be shown.
package runner

import (
	"strconv"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/runner/store"
)

// Users is what a trained user model says about its users, that of the first seed.
type Users struct {
	Known     int          // users of the model
	Clusters  bool         // it has weights of clusters
	RandIndex dsl.Estimate // of clusters against groups, over seeds; N 0: there are no groups
	Seeds     int
	Users     []ShownUser // user 0 first; a sample by seed where Known is more
}

// ShownUser is one user. Names are indices, or ids where a report of the spec shows ids.
type ShownUser struct {
	Name, Group string
	Distance    float64 // from user 0
	Cluster     int     // from 1; 0: none
	Weights     []float64
	Neighbours  []Neighbour
}

// Neighbour is another user with the cosine of their offset from user 0.
type Neighbour struct {
	Name   string
	Cosine float64
}

// UsersOf returns the users of a train block; nil where addr is no train block, where its policy has one soft prompt for
// everybody, and where the stage has not run. byID shows ids even where the spec does not ask for them.
func UsersOf(plan *Plan, st *store.Store, addr string, byID bool) (*Users, error) {
	for _, n := range plan.ofAddr[addr] {
		s, ok := n.Stage.(*usersStage)
		if !ok {
			continue
		}
		a, stored := st.Get(n.Fingerprint)
		if !stored {
			return nil, nil
		}
		rows, err := arrowio.Read[mappedUser](a.Path(mapFile))
		if err != nil {
			return nil, err
		}
		result, err := readResult(a.Path(resultFile))
		if err != nil {
			return nil, err
		}
		known, _ := result["known"].(float64)
		index, _ := result["rand_index"].(dsl.Estimate)
		return &Users{Known: int(known), Clusters: s.spec.UserModel.Kind == "cluster", RandIndex: index, Seeds: len(s.runs), Users: shownUsers(rows, byID || showsIDs(plan.Spec))}, nil
	}
	return nil, nil
}

func shownUsers(rows []mappedUser, byID bool) []ShownUser {
	names := map[int32]string{}
	for _, r := range rows {
		names[r.Index] = strconv.Itoa(int(r.Index))
		if byID && r.Index > 0 {
			names[r.Index] = r.User
		}
	}
	out := make([]ShownUser, len(rows))
	for i, r := range rows {
		u := ShownUser{Name: names[r.Index], Group: r.Group, Distance: r.Distance, Cluster: int(r.Cluster), Weights: r.Weights}
		for k, near := range r.Neighbours {
			u.Neighbours = append(u.Neighbours, Neighbour{names[near], r.Cosines[k]})
		}
		out[i] = u
	}
	return out
}
