package usermodel

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Geometry is how the offsets of n users from user 0 lie to one another: all that is needed of them are their inner
// products, which stay small however long a soft prompt is.
type Geometry struct {
	dots *mat.SymDense // [n, n]
}

// blockWidth is how many columns of the offsets are in memory at once.
const blockWidth = 4096

// Geometry compares these users. A parameter that is not finite is an error.
func (v *Vectors) Geometry(users []int32) (Geometry, error) {
	n := len(users)
	if n == 0 {
		return Geometry{}, fmt.Errorf("no user to compare")
	}
	g := Geometry{mat.NewSymDense(n, nil)}
	for from := 0; from < v.Width; from += blockWidth {
		block := mat.NewDense(n, min(blockWidth, v.Width-from), nil)
		for i, u := range users {
			v.offset(u, from, block.RawRowView(i))
		}
		g.dots.SymRankK(g.dots, 1, block)
	}
	for i, u := range users {
		if x := g.dots.At(i, i); math.IsNaN(x) || math.IsInf(x, 0) {
			return g, fmt.Errorf("the vectors of user %d or of user 0 are not finite", u)
		}
	}
	return g, nil
}

// Len is n.
func (g Geometry) Len() int { return g.dots.SymmetricDim() }

// Distance is the length of user i's offset: how far the user is from user 0.
func (g Geometry) Distance(i int) float64 { return math.Sqrt(max(0, g.dots.At(i, i))) }

// Nearest lists the at most k other users whose offsets point most in the direction of user i's, by their cosine; of equal
// ones the first. Offsets of length 0 have no direction: they are nobody's neighbours and have none.
func (g Geometry) Nearest(i, k int) (users []int, cosines []float64) {
	if g.dots.At(i, i) <= 0 {
		return nil, nil
	}
	cosine := make([]float64, g.Len())
	for j := range cosine {
		if j != i && g.dots.At(j, j) > 0 {
			users = append(users, j)
			exact := g.dots.At(i, j) / math.Sqrt(g.dots.At(i, i)*g.dots.At(j, j))
			cosine[j] = math.Round(1e9*exact) / 1e9 // what only rounding tells apart is equal
		}
	}
	slices.SortStableFunc(users, func(a, b int) int { return cmp.Compare(cosine[b], cosine[a]) })
	users = users[:min(k, len(users))]
	for _, j := range users {
		cosines = append(cosines, cosine[j])
	}
	return users, cosines
}

// Plane is users in the plane of the first two principal components of their offsets.
type Plane struct {
	Points [][2]float64 // of each user
	Origin [2]float64   // of user 0, which is put into the same plane and has no part in choosing it
	Share  [2]float64   // of the users' variance that each component has; NaN where all are equal
}

// Plane is the principal component analysis of the offsets, from the eigenvectors of their centred inner products
// (Gower 1966). The sign of a component, which is arbitrary, is such that its largest coordinate is positive.
func (g Geometry) Plane() (Plane, error) {
	n := g.Len()
	mean, all := make([]float64, n), 0.0 // of a row of inner products, of all of them
	for i := range n {
		for j := range n {
			mean[i] += g.dots.At(i, j) / float64(n)
		}
		all += mean[i] / float64(n)
	}
	centred := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			centred.SetSym(i, j, g.dots.At(i, j)-mean[i]-mean[j]+all)
		}
	}
	p := Plane{Points: make([][2]float64, n), Share: [2]float64{math.NaN(), math.NaN()}}
	variance := mat.Trace(centred)
	if variance <= 1e-12*mat.Trace(g.dots) || n < 2 {
		return p, nil // all in one place
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(centred, true) {
		return p, fmt.Errorf("the principal components of %d users did not converge", n)
	}
	values := eigen.Values(nil) // ascending
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for c := range p.Share {
		at := n - 1 - c
		value := max(0, values[at])
		p.Share[c] = value / variance
		if p.Share[c] < 1e-12 {
			continue // a direction in which nobody differs
		}
		u := mat.Col(nil, at, &vectors)
		flip := signOf(u)
		for i := range u {
			p.Points[i][c] = flip * u[i] * math.Sqrt(value)
			p.Origin[c] += flip * u[i] * (all - mean[i]) / math.Sqrt(value)
		}
	}
	return p, nil
}

// signOf is that of the first coordinate that is as large as any, to within what rounding can change.
func signOf(u []float64) float64 {
	largest := 0.0
	for _, x := range u {
		largest = max(largest, math.Abs(x))
	}
	for _, x := range u {
		if math.Abs(x) > (1-1e-6)*largest {
			return math.Copysign(1, x)
		}
	}
	return 1
}

const (
	kmeansStarts = 10
	kmeansRounds = 100
	kmeansSeed   = 0x75736572 // any fixed number
)

// Cluster deals the users to at most k clusters by k-means on their offsets: the best of ten starts by k-means++ (Arthur and
// Vassilvitskii 2007) from a fixed seed. Clusters are numbered from 0 in the order of their first user.
func (g Geometry) Cluster(k int) []int {
	random := rand.New(rand.NewPCG(kmeansSeed, uint64(k)))
	var best []int
	least := math.Inf(1)
	for range kmeansStarts {
		if assigned, spread := g.kmeans(g.starts(k, random)); spread < least {
			best, least = assigned, spread
		}
	}
	return numbered(best)
}

// between is the squared distance of two users' offsets.
func (g Geometry) between(i, j int) float64 {
	return max(0, g.dots.At(i, i)+g.dots.At(j, j)-2*g.dots.At(i, j))
}

// starts chooses k users, each with a probability that grows with the squared distance to those before, and deals the others
// to the nearest.
func (g Geometry) starts(k int, random *rand.Rand) []int {
	n := g.Len()
	assigned := make([]int, n)
	nearest := make([]float64, n)
	chosen := random.IntN(n)
	for i := range n {
		nearest[i] = g.between(i, chosen)
	}
	for c := 1; c < k; c++ {
		total := 0.0
		for _, d := range nearest {
			total += d
		}
		if total == 0 {
			break // fewer places than clusters
		}
		at := random.Float64() * total
		for chosen = 0; chosen < n-1 && at >= nearest[chosen]; chosen++ {
			at -= nearest[chosen]
		}
		for i := range n {
			if d := g.between(i, chosen); d < nearest[i] {
				nearest[i], assigned[i] = d, c
			}
		}
	}
	return assigned
}

// kmeans moves users to the nearest mean until nobody moves. spread is the sum of squared distances to the means. The
// distance to a mean is had from inner products: |o - mean|^2 = o.o - 2 mean_j(o.o_j) + mean_jl(o_j.o_l).
func (g Geometry) kmeans(assigned []int) (_ []int, spread float64) {
	n := g.Len()
	k := slices.Max(assigned) + 1
	for range kmeansRounds {
		size, inner := make([]float64, k), make([]float64, k)
		to := make([]float64, n*k) // [n, k]: mean inner product of user i with cluster c
		for i := range n {
			size[assigned[i]]++
			for j := range n {
				to[i*k+assigned[j]] += g.dots.At(i, j)
			}
		}
		for i := range n {
			for c := range k {
				to[i*k+c] /= size[c]
			}
		}
		for i := range n {
			inner[assigned[i]] += to[i*k+assigned[i]] / size[assigned[i]]
		}
		moved := false
		spread = 0
		next := slices.Clone(assigned)
		for i := range n {
			least := math.Inf(1)
			for c := range k {
				if size[c] == 0 {
					continue
				}
				d := g.dots.At(i, i) - 2*to[i*k+c] + inner[c]
				if d < least || d == least && c == assigned[i] {
					least, next[i] = d, c
				}
			}
			moved = moved || next[i] != assigned[i]
			spread += max(0, least)
		}
		assigned = next
		if !moved {
			break
		}
	}
	return assigned, spread
}

// numbered renames clusters in the order of their first user.
func numbered(assigned []int) []int {
	name := map[int]int{}
	out := make([]int, len(assigned))
	for i, c := range assigned {
		if _, met := name[c]; !met {
			name[c] = len(name)
		}
		out[i] = name[c]
	}
	return out
}
