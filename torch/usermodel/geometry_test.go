package usermodel

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/prlhf/prlhf/torch/safetensors"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// geometryOf is that of these offsets, each of one user.
func geometryOf(t testing.TB, offsets [][]float32) Geometry {
	t.Helper()
	width := len(offsets[0])
	numbers := make([]float32, width) // user 0
	users := make([]int32, len(offsets))
	for i, o := range offsets {
		numbers = append(numbers, o...)
		users[i] = int32(i) + 1
	}
	tensor := safetensors.FromFloat32s("user_embedding", []int64{int64(len(offsets)) + 1, 1, int64(width)}, numbers)
	g, err := opened(t, written(t, tensor), Config{Kind: "individualized", Tokens: 1, Shared: true}, len(offsets)).Geometry(users)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// drawn is n offsets around centres that lie apart.
func drawn(n, width int, centres int, spread float64, seed uint64) [][]float32 {
	random := rand.New(rand.NewPCG(seed, 1))
	middle := make([][]float64, centres)
	for c := range middle {
		for range width {
			middle[c] = append(middle[c], 3*random.NormFloat64())
		}
	}
	out := make([][]float32, n)
	for i := range out {
		for j := range width {
			out[i] = append(out[i], float32(middle[i%centres][j]+spread*random.NormFloat64()))
		}
	}
	return out
}

// Points on a rectangle of 6 x 2 around (10, 1): the components are its sides, with 9/10 and 1/10 of the variance, and user
// 0 is where (0, 0) is.
func TestPlaneOfARectangle(t *testing.T) {
	p, err := geometryOf(t, [][]float32{{13, 2}, {7, 2}, {7, 0}, {13, 0}}).Plane()
	if err != nil {
		t.Fatal(err)
	}
	want := [][2]float64{{3, 1}, {-3, 1}, {-3, -1}, {3, -1}}
	for i := range want {
		for c := range 2 {
			if math.Abs(p.Points[i][c]-want[i][c]) > 1e-9 {
				t.Errorf("point %d at %v; want %v", i, p.Points[i], want[i])
			}
		}
	}
	if math.Abs(p.Origin[0]+10) > 1e-9 || math.Abs(p.Origin[1]+1) > 1e-9 || math.Abs(p.Share[0]-0.9) > 1e-12 || math.Abs(p.Share[1]-0.1) > 1e-12 {
		t.Errorf("user 0 at %v, shares %v", p.Origin, p.Share)
	}
}

// The plane is that of gonum's own principal components, which come from a singular value decomposition of the offsets.
// More columns than one block has, and fewer users than columns and the other way round.
func TestPlaneIsThePrincipalComponents(t *testing.T) {
	for _, size := range [][2]int{{12, blockWidth + 50}, {40, 5}} {
		n, width := size[0], size[1]
		offsets := drawn(n, width, 3, 1, 7)
		p, err := geometryOf(t, offsets).Plane()
		if err != nil {
			t.Fatal(err)
		}
		rows := mat.NewDense(n, width, nil)
		means := make([]float64, width)
		for i, o := range offsets {
			for j, x := range o {
				rows.Set(i, j, float64(x))
				means[j] += float64(x) / float64(n)
			}
		}
		var pc stat.PC
		if !pc.PrincipalComponents(rows, nil) {
			t.Fatal("no components")
		}
		var axes mat.Dense
		pc.VectorsTo(&axes)
		variances := pc.VarsTo(nil)
		total := 0.0
		for _, v := range variances {
			total += v
		}
		for c := range 2 {
			place := func(x func(j int) float64) (sum float64) {
				for j := range width {
					sum += (x(j) - means[j]) * axes.At(j, c)
				}
				return sum
			}
			sign := math.Copysign(1, place(func(j int) float64 { return rows.At(0, j) })*p.Points[0][c])
			for i := range n {
				if want := sign * place(func(j int) float64 { return rows.At(i, j) }); math.Abs(p.Points[i][c]-want) > 1e-6 {
					t.Fatalf("%v: component %d of user %d is %g; want %g", size, c, i, p.Points[i][c], want)
				}
			}
			if want := sign * place(func(int) float64 { return 0 }); math.Abs(p.Origin[c]-want) > 1e-6 {
				t.Errorf("%v: component %d of user 0 is %g; want %g", size, c, p.Origin[c], want)
			}
			if math.Abs(p.Share[c]-variances[c]/total) > 1e-9 {
				t.Errorf("%v: share %g; want %g", size, p.Share[c], variances[c]/total)
			}
			largest := slices.MaxFunc(p.Points, func(a, b [2]float64) int { return int(math.Copysign(1, math.Abs(a[c])-math.Abs(b[c]))) })
			if largest[c] < 0 {
				t.Errorf("%v: the largest coordinate of component %d is %g; its sign is to be positive", size, c, largest[c])
			}
		}
	}
}

func TestPlaneOfFew(t *testing.T) {
	for _, test := range []struct {
		name    string
		offsets [][]float32
		second  bool // there is a second direction
		first   bool
	}{
		{"one user", [][]float32{{1, 2}}, false, false},
		{"all equal", [][]float32{{0.1, 0.2}, {0.1, 0.2}, {0.1, 0.2}}, false, false},
		{"on a line", [][]float32{{1, 0}, {2, 0}, {5, 0}}, false, true},
	} {
		p, err := geometryOf(t, test.offsets).Plane()
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range p.Points {
			if (at[0] != 0) != test.first || math.Abs(at[1]) > 1e-9 || math.IsNaN(at[0]+at[1]) {
				t.Errorf("%s: user %d at %v", test.name, i, at)
			}
		}
		if math.IsNaN(p.Share[0]) == test.first {
			t.Errorf("%s: share %v", test.name, p.Share)
		}
	}
}

// Cosines by hand: 45 degrees, a right angle, opposite; a user without an offset is nobody's neighbour.
func TestNearest(t *testing.T) {
	g := geometryOf(t, [][]float32{{2, 0}, {3, 3}, {0, 0}, {0, 1}, {-4, 0}})
	users, cosines := g.Nearest(0, 10)
	if !slices.Equal(users, []int{1, 3, 4}) {
		t.Errorf("neighbours %v", users)
	}
	for i, want := range []float64{math.Sqrt2 / 2, 0, -1} {
		if math.Abs(cosines[i]-want) > 1e-9 {
			t.Errorf("cosine %d is %g; want %g", i, cosines[i], want)
		}
	}
	if users, _ := g.Nearest(0, 2); !slices.Equal(users, []int{1, 3}) {
		t.Errorf("two neighbours: %v", users)
	}
	if users, _ := g.Nearest(2, 2); users != nil {
		t.Errorf("a user without an offset has neighbours %v", users)
	}
	if d := g.Distance(1); math.Abs(d-math.Sqrt(18)) > 1e-12 {
		t.Errorf("distance %g", d)
	}
}

// Clusters that lie apart are found; where they do not, no division of eight users in two has a smaller spread than the one
// that is found, and in three likewise.
func TestCluster(t *testing.T) {
	for i, c := range geometryOf(t, drawn(30, 6, 3, 0.1, 3)).Cluster(3) {
		if c != i%3 {
			t.Fatalf("user %d is in cluster %d; want %d", i, c, i%3)
		}
	}
	for seed := range uint64(5) {
		offsets := drawn(8, 2, 1, 1, seed)
		g := geometryOf(t, offsets)
		for k := 2; k <= 3; k++ {
			best := math.Inf(1)
			division := make([]int, len(offsets))
			for code := range int(math.Pow(float64(k), 8)) {
				for i := range division {
					division[i], code = code%k, code/k
				}
				best = min(best, spreadOf(offsets, division))
			}
			if got := spreadOf(offsets, g.Cluster(k)); got > best+1e-9 {
				t.Errorf("seed %d, %d clusters: spread %g; the least is %g", seed, k, got, best)
			}
		}
	}
	if got := geometryOf(t, [][]float32{{1, 1}, {1, 1}, {2, 2}}).Cluster(3); !slices.Equal(got, []int{0, 0, 1}) {
		t.Errorf("three clusters of two places: %v", got)
	}
	first, second := geometryOf(t, drawn(50, 4, 2, 2, 9)), geometryOf(t, drawn(50, 4, 2, 2, 9))
	if !slices.Equal(first.Cluster(4), second.Cluster(4)) {
		t.Error("the same users are dealt to other clusters")
	}
}

// spreadOf is the sum of squared distances to the means of a division.
func spreadOf(offsets [][]float32, division []int) (sum float64) {
	for c := range slices.Max(division) + 1 {
		mean := make([]float64, len(offsets[0]))
		n := 0.0
		for i, o := range offsets {
			if division[i] == c {
				n++
				for j, x := range o {
					mean[j] += float64(x)
				}
			}
		}
		for i, o := range offsets {
			if division[i] == c {
				for j, x := range o {
					d := float64(x) - mean[j]/n
					sum += d * d
				}
			}
		}
	}
	return sum
}

func TestGeometryRefuses(t *testing.T) {
	nan := float32(math.NaN())
	v := opened(t, written(t, embedding(3, 0, 0, 1, 2, nan, 4)), Config{Kind: "individualized", Tokens: 2, Shared: true}, 2)
	if _, err := v.Geometry([]int32{1}); err != nil {
		t.Error(err)
	}
	if _, err := v.Geometry([]int32{1, 2}); err == nil || !strings.Contains(err.Error(), "user 2") {
		t.Errorf("NaN parameters: %v", err)
	}
	if _, err := v.Geometry(nil); err == nil {
		t.Error("nobody gives no error")
	}
}
