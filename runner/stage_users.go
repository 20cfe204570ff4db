// The users stage: what a trained user model says about its users. Whose parameters lie near whose, a map of all of them,
// and whether the groups of the data set are found again in what was learned from comparisons alone.
package runner

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/judges"
	"github.com/prlhf/prlhf/torch/usermodel"
)

const (
	kindUsers    = "users"
	usersVersion = 1

	mapFile       = "map.arrow"
	userModelFile = "user_model.safetensors"

	mappedUsers = 2000       // more are sampled: every two of them are compared
	neighbours  = 5          // of each user
	mapSeed     = 0x75736572 // of the sample; any fixed number
)

// usersStage reads the user models of a train block, one per seed. The map is of the first seed, since the directions of
// different runs have nothing to do with each other; how well groups are found again is told over all.
type usersStage struct {
	spec *dsl.Train
	runs []*Node
}

func (s *usersStage) Describe(w io.Writer) {
	line(w, "version", usersVersion)
	line(w, "seeds", len(s.runs))
	line(w, "users", fmt.Sprintf("at most %d, neighbours %d", mappedUsers, neighbours))
}

// mappedUser is a row of map.arrow: a user where the map has them. The first row is user 0.
type mappedUser struct {
	Index      int32     `arrow:"index"` // 0 is the generic user
	User       string    `arrow:"user"`
	Group      string    `arrow:"group"`
	X          float64   `arrow:"x"` // the first two principal components of the users' offsets from user 0
	Y          float64   `arrow:"y"`
	Distance   float64   `arrow:"distance"` // length of the offset
	Cluster    int32     `arrow:"cluster"`  // from 1; 0: none. That of the largest weight, or by k-means
	Weights    []float64 `arrow:"weights"`  // of a cluster model
	Neighbours []int32   `arrow:"neighbours"`
	Cosines    []float64 `arrow:"cosines"` // of each neighbour's offset with the user's
}

// usersMap returns the node with the map of a training's users; nil where it has one soft prompt for everybody.
func (c *compiler) usersMap(t *dsl.Train) *Node {
	of := c.train(t)
	if len(of) == 0 || !userModelConfig(t.UserModel).Personal() {
		return nil
	}
	stage := &usersStage{spec: t}
	for _, p := range of {
		stage.runs = append(stage.runs, p.chain[len(p.chain)-1])
	}
	return c.node(kindUsers, t.Addr.String(), &t.Block, stage, stage.runs...)
}

func (s *usersStage) Run(_ context.Context, e *Env) error {
	var runs []dsl.Value
	for i, n := range s.runs {
		users, result, err := s.mapOf(e, n)
		if err != nil {
			return err
		}
		runs = append(runs, result)
		if i > 0 {
			continue
		}
		if err := arrowio.Write(e.File(mapFile), users); err != nil {
			return err
		}
	}
	return writeRuns(e, runs)
}

// mapOf looks at one trained user model.
func (s *usersStage) mapOf(e *Env, run *Node) ([]mappedUser, dsl.Value, error) {
	known, err := arrowio.Read[arrowio.User](e.Path(run, usersFile))
	if err != nil {
		return nil, nil, err
	}
	vectors, err := usermodel.OpenVectors(e.Path(run, userModelFile), userModelConfig(s.spec.UserModel), len(known))
	if err != nil {
		return nil, nil, err
	}
	defer vectors.Close()
	chosen := mapSample(len(known))
	geometry, err := vectors.Geometry(chosen)
	if err != nil {
		return nil, nil, err
	}
	plane, err := geometry.Plane()
	if err != nil {
		return nil, nil, err
	}
	users := []mappedUser{{X: short(plane.Origin[0]), Y: short(plane.Origin[1]), Weights: shortAll(vectors.Weights(0))}}
	for i, index := range chosen {
		u := mappedUser{Index: index, User: known[index-1].ID, Group: known[index-1].Group,
			X: short(plane.Points[i][0]), Y: short(plane.Points[i][1]), Distance: short(geometry.Distance(i))}
		near, cosines := geometry.Nearest(i, neighbours)
		for _, j := range near {
			u.Neighbours = append(u.Neighbours, chosen[j])
		}
		u.Cosines = shortAll(cosines)
		if weights := vectors.Weights(index); weights != nil {
			u.Weights, u.Cluster = shortAll(weights), int32(slices.Index(weights, slices.Max(weights)))+1
		}
		users = append(users, u)
	}
	if s.spec.UserModel.Kind != "cluster" {
		clusterByGroups(users[1:], geometry)
	}
	return users, map[string]dsl.Value{
		"known": float64(len(known)), "mapped": float64(len(chosen)),
		"shares":     []dsl.Value{short(plane.Share[0]), short(plane.Share[1])},
		"rand_index": randIndex(users[1:]),
	}, nil
}

// mapSample draws at most mappedUsers of the users 1..m, and keeps their order.
func mapSample(m int) []int32 {
	var chosen []int32
	for _, i := range rand.New(rand.NewPCG(mapSeed, uint64(m))).Perm(m)[:min(m, mappedUsers)] {
		chosen = append(chosen, int32(i)+1)
	}
	slices.Sort(chosen)
	return chosen
}

// clusterByGroups deals users whose model has no clusters to as many as there are groups, by k-means on their offsets. Where
// the data has no groups there is nothing to compare with, and nobody is dealt.
func clusterByGroups(users []mappedUser, g usermodel.Geometry) {
	if k := len(groupsOf(users)); k > 1 {
		for i, c := range g.Cluster(k) {
			users[i].Cluster = int32(c) + 1
		}
	}
}

// groupsOf lists the groups of the users, sorted; those of nobody's group are left out.
func groupsOf(users []mappedUser) []string {
	groups := map[string]bool{}
	for _, u := range users {
		if u.Group != "" {
			groups[u.Group] = true
		}
	}
	return sortedKeys(groups)
}

// randIndex compares clusters with groups, over the users that have both.
func randIndex(users []mappedUser) dsl.Value {
	e := dsl.Estimate(judges.None())
	if len(groupsOf(users)) < 2 {
		return e
	}
	var groups []string
	var clusters []int32
	for _, u := range users {
		if u.Group != "" && u.Cluster > 0 {
			groups, clusters = append(groups, u.Group), append(clusters, u.Cluster)
		}
	}
	e.Mean, e.N = judges.AdjustedRandIndex(groups, clusters), len(groups)
	return e
}

// short keeps six significant digits: a map has no more, and sums that another machine adds in another order give the same.
func short(x float64) float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'e', 5, 64), 64)
	if err != nil {
		return x
	}
	return rounded + 0 // no negative zero
}

func shortAll(xs []float64) []float64 {
	var out []float64
	for _, x := range xs {
		out = append(out, short(x))
	}
	return out
}
