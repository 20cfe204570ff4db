package runner

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/arrowio"
	"github.com/prlhf/prlhf/dsl"
	"github.com/prlhf/prlhf/torch"
	"github.com/prlhf/prlhf/torch/safetensors"
)

// usersLab has an individualized and a cluster model, trained for hand-made users: 1 and 2 are of the majority, 3 and 4 of the
// minority. Offsets are (3, 0), (4, 0), (0, -1), (0, -2) in the individualized model; in the cluster model users 1 to 3 lean
// to the first cluster and user 4 to the third. Of the second seed of either, user 2 lies beside user 3.
func usersLab(t *testing.T, seeds string) *lab {
	t.Helper()
	l := seedsLab(t, seeds)
	l.edit("    individual = { kind = \"individualized\", tokens = 2 }\n", "    individual = { kind = \"individualized\", tokens = 1 }\n    cluster = { kind = \"cluster\", tokens = 1, clusters = 3 }\n")
	return l
}

func (l *lab) applyWithUsers() *Result {
	l.t.Helper()
	real := l.fakes.jobs()
	jobs := real
	jobs.train = func(ctx context.Context, job torch.TrainJob, progress func(torch.Progress)) (torch.TrainResult, error) {
		result, err := real.train(ctx, job, progress)
		if err != nil || !job.UserModel.Personal() {
			return result, err
		}
		if job.Users != 4 {
			return result, fmt.Errorf("%d users", job.Users)
		}
		return result, safetensors.Write(filepath.Join(job.Out, userModelFile), handMade(job), nil)
	}
	st := l.store()
	result, err := apply(context.Background(), l.plan(st), st, l.opts, jobs)
	if err != nil {
		l.t.Fatal(err)
	}
	return result
}

func handMade(job torch.TrainJob) []safetensors.Tensor {
	second, leaning := []float32{4, 0}, []float32{5, 0, 0}
	if job.Seed == 2 {
		second, leaning = []float32{0, -1.5}, []float32{0, 0, 5}
	}
	if job.UserModel.Kind == "individualized" {
		rows := slices.Concat([]float32{7, 7}, []float32{3, 0}, second, []float32{0, -1}, []float32{0, -2})
		return []safetensors.Tensor{safetensors.FromFloat32s("user_embedding", []int64{5, 1, 2}, rows)}
	}
	weights := slices.Concat([]float32{0, 0, 0}, []float32{9, 0, 0}, leaning, []float32{2, 1, 0}, []float32{0, 0, 9})
	return []safetensors.Tensor{
		safetensors.FromFloat32s("cluster_embedding", []int64{3, 1, 2}, []float32{1, 0, 0, 1, -1, -1}),
		safetensors.FromFloat32s("user_weight", []int64{5, 3}, weights),
	}
}

// mapOf reads the map of a train block, by its address.
func (l *lab) mapOf(addr string) ([]mappedUser, map[string]dsl.Value) {
	l.t.Helper()
	st := l.store()
	for _, n := range l.plan(st).Nodes {
		if n.ID == "users "+addr {
			a, ok := st.Get(n.Fingerprint)
			if !ok {
				l.t.Fatalf("%s is not in the store", n.ID)
			}
			users, err := arrowio.Read[mappedUser](a.Path(mapFile))
			if err != nil {
				l.t.Fatal(err)
			}
			result, err := readResult(a.Path(resultFile))
			if err != nil {
				l.t.Fatal(err)
			}
			return users, result
		}
	}
	l.t.Fatalf("%s has no map of users", addr)
	return nil, nil
}

func TestUsersOfAnIndividualizedModel(t *testing.T) {
	t.Parallel()
	l := usersLab(t, "[1]")
	l.applyWithUsers()
	users, result := l.mapOf(`train.dpo["individual"]`)
	var who []string
	for _, u := range users {
		who = append(who, fmt.Sprintf("%d %s %g in %d", u.Index, u.Group, u.Distance, u.Cluster))
	}
	want := []string{"0  0 in 0", "1 majority 3 in 1", "2 majority 4 in 1", "3 minority 1 in 2", "4 minority 2 in 2"}
	if !slices.Equal(who, want) {
		t.Errorf("users %q; want %q", who, want)
	}
	if u := users[1]; !slices.Equal(u.Neighbours, []int32{2, 3, 4}) || !slices.Equal(u.Cosines, []float64{1, 0, 0}) || u.Weights != nil {
		t.Errorf("user 1: %+v", u)
	}
	if u := users[4]; !slices.Equal(u.Neighbours, []int32{3, 1, 2}) {
		t.Errorf("user 4: %+v", u)
	}
	// A plane keeps distances: users 1 and 2 are 1 apart, and user 1 is 3 from user 0.
	apart := func(a, b mappedUser) float64 { return math.Hypot(a.X-b.X, a.Y-b.Y) }
	if d := apart(users[1], users[2]); math.Abs(d-1) > 1e-4 {
		t.Errorf("users 1 and 2 are %g apart", d)
	}
	if d := apart(users[1], users[0]); math.Abs(d-3) > 1e-4 {
		t.Errorf("user 1 is %g from user 0", d)
	}
	if e := result["rand_index"].(dsl.Estimate); e.Mean != 1 || e.N != 4 || result["known"] != 4. || result["mapped"] != 4. {
		t.Errorf("result %v", result)
	}
}

func TestUsersOfAClusterModel(t *testing.T) {
	t.Parallel()
	l := usersLab(t, "[1]")
	l.applyWithUsers()
	users, result := l.mapOf(`train.dpo["cluster"]`)
	var clusters []int32
	for _, u := range users {
		clusters = append(clusters, u.Cluster)
		if sum := u.Weights[0] + u.Weights[1] + u.Weights[2]; math.Abs(sum-1) > 1e-4 {
			t.Errorf("weights of user %d: %v", u.Index, u.Weights)
		}
	}
	if !slices.Equal(clusters, []int32{0, 1, 1, 1, 3}) {
		t.Errorf("clusters %v", clusters)
	}
	// exp(2), exp(1) and 1 over their sum.
	if w := users[3].Weights; math.Abs(w[0]-0.665241) > 1e-6 || math.Abs(w[1]-0.244728) > 1e-6 {
		t.Errorf("weights of user 3: %v", w)
	}
	// Groups 2 + 2, clusters 3 + 1: pairs together 1, by group 2, by cluster 3, in all 6: (1 - 1) / (5/2 - 1) = 0.
	if e := result["rand_index"].(dsl.Estimate); math.Abs(e.Mean) > 1e-12 || e.N != 4 {
		t.Errorf("adjusted Rand index %v", e)
	}
}

// TestUsersOverSeeds: the number is a mean over seeds, the map the first seed's; a vanilla policy has none.
func TestUsersOverSeeds(t *testing.T) {
	t.Parallel()
	l := usersLab(t, "[1, 2]")
	l.applyWithUsers()
	users, result := l.mapOf(`train.dpo["individual"]`)
	// Of seed 2, user 1 is alone: groups 2 + 2, clusters 1 + 3: 0 again. Mean 1/2, sample standard deviation 1/sqrt(2).
	if e := result["rand_index"].(dsl.Estimate); math.Abs(e.Mean-0.5) > 1e-12 || math.Abs(e.SDRuns-math.Sqrt(0.5)) > 1e-12 {
		t.Errorf("adjusted Rand index %+v", e)
	}
	if users[2].Distance != 4 {
		t.Errorf("user 2 lies %g from user 0; expected the first seed's 4", users[2].Distance)
	}
	for _, n := range l.plan(l.store()).Nodes {
		if n.Kind == kindUsers && (strings.Contains(n.ID, "vanilla") || strings.Contains(n.ID, "sft")) {
			t.Errorf("%s: there is one soft prompt for everybody", n.ID)
		}
	}
}

// TestUsersAreShownByIndex, or by id where the report asks for that; nobody is shown before there is a map, or of a policy
// that has none.
func TestUsersAreShownByIndex(t *testing.T) {
	t.Parallel()
	l := usersLab(t, "[1]")
	show := func(addr string) *Users {
		t.Helper()
		st := l.store()
		u, err := UsersOf(l.plan(st), st, addr, false)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if u := show(`train.dpo["cluster"]`); u != nil {
		t.Errorf("before apply: %+v", u)
	}
	l.applyWithUsers()
	if u := show(`train.dpo["vanilla"]`); u != nil {
		t.Errorf("vanilla: %+v", u)
	}
	u := show(`train.dpo["cluster"]`)
	if u.Known != 4 || !u.Clusters || u.Seeds != 1 || u.RandIndex.N != 4 || len(u.Users) != 5 || u.Users[0].Name != "0" || u.Users[4].Name != "4" ||
		u.Users[4].Cluster != 3 || len(u.Users[4].Weights) != 3 || u.Users[4].Neighbours[0].Name != "1" {
		t.Errorf("shown by index: %+v", u)
	}
	rows, _ := l.mapOf(`train.dpo["cluster"]`)
	l.edit("report \"small\" {", "report \"small\" {\n  users = \"id\"")
	u = show(`train.dpo["cluster"]`)
	for i, row := range rows[1:] {
		if u.Users[i+1].Name != row.User || row.User == "" {
			t.Errorf("user %d is shown as %q; want the id %q", row.Index, u.Users[i+1].Name, row.User)
		}
	}
	if u.Users[0].Name != "0" || u.Users[4].Neighbours[0].Name != rows[1].User {
		t.Errorf("shown by id: %+v", u)
	}
	l.apply()
	report := l.report()
	if label := "\n| " + rows[4].User + " "; !strings.Contains(report, label) {
		t.Errorf("the map has no user %q", rows[4].User)
	}
}

// TestMapSample: many users are sampled, always the same ones, and keep their order.
func TestMapSample(t *testing.T) {
	if got := mapSample(3); !slices.Equal(got, []int32{1, 2, 3}) {
		t.Errorf("of three: %v", got)
	}
	got := mapSample(1_000_000)
	if len(got) != mappedUsers || !slices.IsSorted(got) || len(slices.Compact(slices.Clone(got))) != mappedUsers || got[0] < 1 || got[mappedUsers-1] > 1_000_000 {
		t.Errorf("%d users from %d to %d", len(got), got[0], got[len(got)-1])
	}
	if !slices.Equal(got, mapSample(1_000_000)) {
		t.Error("another sample of the same users")
	}
	if mean := float64(got[mappedUsers/2]); math.Abs(mean-500_000) > 60_000 { // five standard deviations of a sample's median
		t.Errorf("the median of the sample is user %g", mean)
	}
}

func TestShort(t *testing.T) {
	for x, want := range map[float64]float64{1. / 3: 0.333333, -123456.7: -123457, 1e-20 / 3: 3.33333e-21, 0: 0} {
		if got := short(x); got != want {
			t.Errorf("%g is %g; want %g", x, got, want)
		}
	}
	if math.Signbit(short(math.Copysign(0, -1))) || !math.IsNaN(short(math.NaN())) {
		t.Error("a zero has no sign, and NaN stays")
	}
}
