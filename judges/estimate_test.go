package judges

import (
	"math"
	"slices"
	"testing"
)

var nan = math.NaN()

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

// Table 1 of the paper: win rates per user, their mean, and a standard error that only ddof 0 gives.
var table1 = []struct {
	name         string
	perUser      []float64
	mean, se     float64 // as printed
	sampleStdErr float64 // by hand: printed one times sqrt(6/5)
}{
	{"Tulu SFT w/o Pref", []float64{91.67, 86.36, 100, 59.57, 96, 100}, 88.93, 5.70, 6.24},
	{"Tulu vanilla DPO", []float64{95.92, 86.67, 100, 63.04, 100, 100}, 90.94, 5.45, 5.97},
	{"Tulu SFT w/ Pref", []float64{73.47, 74.42, 90.48, 48, 59.09, 76}, 70.24, 5.50, 6.03},
}

func TestPaperTable1(t *testing.T) {
	for _, row := range table1 {
		t.Run(row.name, func(t *testing.T) {
			e := OverUsers(row.perUser)
			near(t, "mean", e.Mean, row.mean, 0.005)
			near(t, "ddof 0", e.PopulationSE(), row.se, 0.005)
			near(t, "SE", e.SE, row.sampleStdErr, 0.01)
			if e.N != 6 {
				t.Errorf("N = %d, want 6", e.N)
			}
			if !(slices.Min(row.perUser) <= e.Low && e.Low < e.Mean && e.Mean < e.High && e.High <= slices.Max(row.perUser)) {
				t.Errorf("interval [%v, %v] around %v", e.Low, e.High, e.Mean)
			}
		})
	}
}

func TestOverUsers(t *testing.T) {
	for _, test := range []struct {
		name     string
		perUser  []float64
		mean, se float64
		n        int
	}{
		{"nobody", nil, nan, nan, 0},
		{"one", []float64{0.5}, 0.5, nan, 1},
		{"two", []float64{0, 1}, 0.5, 0.5, 2},
		{"four: sample variance 5/3", []float64{1, 2, 3, 4}, 2.5, math.Sqrt(5.0/3) / 2, 4},
		{"all equal", []float64{0.25, 0.25, 0.25}, 0.25, 0, 3},
		{"users without a value are left out", []float64{nan, 0, nan, 1}, 0.5, 0.5, 2},
		{"nobody with a value", []float64{nan, nan}, nan, nan, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := OverUsers(test.perUser)
			near(t, "mean", e.Mean, test.mean, 1e-12)
			near(t, "SE", e.SE, test.se, 1e-12)
			if e.N != test.n {
				t.Errorf("N = %d, want %d", e.N, test.n)
			}
			if math.IsNaN(e.Low) != (test.n < 2) || math.IsNaN(e.High) != (test.n < 2) {
				t.Errorf("interval [%v, %v] for n = %d", e.Low, e.High, test.n)
			}
			if !math.IsNaN(e.Median) || !math.IsNaN(e.SDRuns) {
				t.Errorf("median %v and sd over runs %v should be NaN", e.Median, e.SDRuns)
			}
		})
	}
}

// With two users of values 0 and 1 a draw's mean is 0, 1/2 or 1 with probability 1/4, 1/2, 1/4: the interval is [0, 1].
func TestIntervalOfTwoUsers(t *testing.T) {
	e := OverUsers([]float64{0, 1})
	near(t, "low", e.Low, 0, 0)
	near(t, "high", e.High, 1, 0)
}

// The bootstrap of a mean over many users has the standard deviation of the population's standard error, so that its
// interval is mean +- 1.96 SE to within the noise of 2,000 draws.
func TestIntervalOfManyUsers(t *testing.T) {
	values := make([]float64, 400)
	for i := range values {
		values[i] = float64(i%20) / 20
	}
	e := OverUsers(values)
	near(t, "low", e.Low, e.Mean-1.96*e.SE, 0.15*e.SE)
	near(t, "high", e.High, e.Mean+1.96*e.SE, 0.15*e.SE)
}

func TestOfItems(t *testing.T) {
	items := []float64{1, 1, 1, 0, 4, nan}
	users := []string{"a", "a", "a", "b", "b", "c"}
	e := OfItems(items, users)
	near(t, "mean", e.Mean, 7.0/5, 1e-12)
	near(t, "median", e.Median, 1, 0)
	// Draws of two clusters: aa 1, ab 7/5, bb 2.
	near(t, "low", e.Low, 1, 1e-12)
	near(t, "high", e.High, 2, 1e-12)
	// Mean 29/20, mean of squares (1 + 2 x 49/25 + 4)/4: the standard deviation is 0.3571.
	near(t, "SE", e.SE, 0.3571, 0.02)
	if e.N != 5 {
		t.Errorf("N = %d, want 5", e.N)
	}
}

func TestOfItemsEdges(t *testing.T) {
	if e := OfItems(nil, nil); e.N != 0 || !math.IsNaN(e.Mean) || !math.IsNaN(e.Median) {
		t.Errorf("of nothing: %+v", e)
	}
	e := OfItems([]float64{1, 2, 3, 10}, []string{"a", "a", "a", "a"})
	near(t, "mean", e.Mean, 4, 0)
	near(t, "median", e.Median, 2.5, 0)
	if !math.IsNaN(e.SE) || !math.IsNaN(e.Low) || !math.IsNaN(e.High) {
		t.Errorf("one cluster has no interval: %+v", e)
	}
	defer func() {
		if recover() == nil {
			t.Error("two items with one cluster should panic")
		}
	}()
	OfItems([]float64{1, 2}, []string{"a"})
}

// Items of one user move together: the clustered interval is wider than one that takes them for independent.
func TestOfItemsIsClustered(t *testing.T) {
	var items []float64
	var users, singles []string
	for user := range 8 {
		for item := range 50 {
			items = append(items, float64(user%2))
			users = append(users, string(rune('a'+user)))
			singles = append(singles, string(rune(1000+user*50+item)))
		}
	}
	clustered, independent := OfItems(items, users), OfItems(items, singles)
	if clustered.SE < 4*independent.SE {
		t.Errorf("clustered SE %v, independent SE %v", clustered.SE, independent.SE)
	}
}

func TestSameInputSameBits(t *testing.T) {
	first, second := OverUsers(table1[0].perUser), OverUsers(table1[0].perUser)
	if first.Low != second.Low || first.High != second.High {
		t.Errorf("%+v then %+v", first, second)
	}
}

func TestOverRuns(t *testing.T) {
	runs := []Estimate{
		{Mean: 0.8, SE: 0.1, Low: 0.7, High: 0.9, Median: nan, SDRuns: nan, N: 7},
		{Mean: 0.9, SE: 0.2, Low: 0.8, High: 1.0, Median: nan, SDRuns: nan, N: 7},
	}
	e := OverRuns(runs)
	near(t, "mean", e.Mean, 0.85, 1e-12)
	near(t, "SE", e.SE, 0.15, 1e-12)
	near(t, "low", e.Low, 0.75, 1e-12)
	near(t, "high", e.High, 0.95, 1e-12)
	near(t, "median", e.Median, nan, 0)
	near(t, "sd over runs", e.SDRuns, 0.1/math.Sqrt2, 1e-12)
	if one := OverRuns(runs[:1]); !math.IsNaN(one.SDRuns) || one.Mean != 0.8 {
		t.Errorf("one run: %+v", one)
	}
	if none := OverRuns(nil); none.N != 0 || !math.IsNaN(none.Mean) {
		t.Errorf("no run: %+v", none)
	}
}
