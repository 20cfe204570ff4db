package formats

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Expected values were made with numpy 2.4.6 (the legacy stream is frozen):
//
//	python3 -c "import numpy as np; r = np.random.RandomState(SEED); print([r.random_sample() for _ in range(4)])"
func TestMT19937(t *testing.T) {
	for seed, want := range map[uint32][4]float64{
		0:          {0.5488135039273248, 0.7151893663724195, 0.6027633760716439, 0.5448831829968969},
		1:          {0.417022004702574, 0.7203244934421581, 0.00011437481734488664, 0.30233257263183977},
		123:        {0.6964691855978616, 0.28613933495037946, 0.2268514535642031, 0.5513147690828912},
		4294967295: {0.0976320289940138, 0.9123828453026218, 0.78903530185164, 0.7800035981134678},
	} {
		m := newMT19937(seed)
		for i, w := range want {
			if got := m.float64(); got != w {
				t.Errorf("seed %d: number %d is %v, want %v", seed, i, got, w)
			}
		}
	}
	m := newMT19937(3456) // number 700 is past the second refill of the state
	for range 699 {
		m.float64()
	}
	if got := m.float64(); got != 0.8566018181403496 {
		t.Errorf("number 700 of seed 3456 is %v", got)
	}
}

// python3 -c "import numpy as np; r = np.random.RandomState(SEED);
// print(”.join(str(r.choice([0, 1, 2], p=[.5, .3, .2])) for _ in range(60)))"
func TestChoiceOfThree(t *testing.T) {
	groups := []Group{{"a", 0.5, Longer, 0}, {"b", 0.3, Shorter, 0}, {"c", 0.2, Longer, 0}}
	for seed, want := range map[int64]string{
		0:   "111101022011120002122101010210010101112100101100001020001000",
		1:   "010000000101020101002201220002002110120121010020000100001011",
		123: "100110210001000100111211100001000000022110002002110211000121",
	} {
		of, err := Draw(DrawNumpy, make([]bool, 60), groups, seed)
		if err != nil {
			t.Fatal(err)
		}
		if got := digits(of); got != want {
			t.Errorf("seed %d: %s, want %s", seed, got, want)
		}
	}
}

func digits(of []int) string {
	var b strings.Builder
	for _, n := range of {
		fmt.Fprint(&b, n)
	}
	return b.String()
}

var paper = []Group{{"majority", 0.7, Longer, 0}, {"minority", 0.3, Shorter, 0}}

// The paper's groups: 7 : 3 of the top 10 workers, of which 4, 5 and 6 prefer shorter, and 26 : 14 of the top 40.
// python3 -c "import numpy as np; np.random.seed(3456); print([np.random.choice(a=[0, 1], p=[0.7, 0.3]) for _ in range(40)])"
func TestTheAuthorsDraw(t *testing.T) {
	of, err := Draw(DrawNumpy, make([]bool, 40), paper, 3456)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := digits(of), "0001110000010000001110011110100000010100"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if top10, top40 := total(of[:10]), total(of); top10 != 3 || top40 != 14 {
		t.Errorf("the minority has %d of 10 and %d of 40; 3 and 14 expected", top10, top40)
	}
}

func TestQuota(t *testing.T) {
	three := []Group{{"a", 0.5, Longer, 0}, {"b", 0.3, Shorter, 0}, {"c", 0.2, Longer, 0}}
	for _, c := range []struct {
		seen, unseen int
		groups       []Group
		want         string // count per group among seen, unseen
	}{
		{10, 2, paper, "[7 3] [1 1]"},
		{10, 0, paper, "[7 3] [0 0]"},
		{40, 1, paper, "[28 12] [1 0]"},
		{2, 0, paper, "[1 1] [0 0]"}, // round(0.3 x 2) = 1
		{3, 0, []Group{{"a", 0.9, Longer, 0}, {"b", 0.1, Shorter, 0}}, "[2 1] [0 0]"}, // at least once among the seen
		{3, 9, three, "[1 1 1] [4 3 2]"},
		{4, 0, []Group{{"a", 0, Longer, 0}, {"b", 1, Shorter, 0}}, "[0 4] [0 0]"},
		{5, 1, []Group{{"a", 0.02, Longer, 0}, {"b", 0.49, Shorter, 0}, {"c", 0.49, Longer, 0}}, "[1 2 2] [1 0 0]"},
		{5, 1, []Group{{"a", 0, Longer, 0}, {"b", 0.5, Shorter, 0}, {"c", 0.5, Longer, 0}}, "[0 2 3] [0 0 1]"},
	} {
		seen := append(slices.Repeat([]bool{true}, c.seen), make([]bool, c.unseen)...)
		of, err := Draw(DrawQuota, seen, c.groups, 1)
		if err != nil {
			t.Fatal(err)
		}
		counts := [2][]int{make([]int, len(c.groups)), make([]int, len(c.groups))}
		for i, g := range of {
			if seen[i] {
				counts[0][g]++
			} else {
				counts[1][g]++
			}
		}
		if got := fmt.Sprint(counts[0], " ", counts[1]); got != c.want {
			t.Errorf("%d seen, %d unseen of %v: %s, want %s", c.seen, c.unseen, c.groups, got, c.want)
		}
	}
}

func TestQuotaDependsOnTheSeedAlone(t *testing.T) {
	seen := slices.Repeat([]bool{true}, 20)
	draws := map[string]bool{}
	for seed := range int64(5) {
		a, _ := Draw(DrawQuota, seen, paper, seed)
		b, _ := Draw(DrawQuota, seen, paper, seed)
		if !slices.Equal(a, b) {
			t.Error("two draws with one seed differ")
		}
		draws[digits(a)] = true
	}
	if len(draws) < 4 {
		t.Errorf("5 seeds give %d draws", len(draws))
	}
}

func TestDrawRefuses(t *testing.T) {
	for want, err := range map[string]error{
		"add up to 0.9":          drawError(DrawQuota, 3, []Group{{"a", 0.6, Longer, 0}, {"b", 0.3, Shorter, 0}}, 0),
		"share 1.5":              drawError(DrawNumpy, 3, []Group{{"a", 1.5, Longer, 0}, {"b", -0.5, Shorter, 0}}, 0),
		`prefers "brief"`:        drawError(DrawNumpy, 3, []Group{{"a", 1, "brief", 0}}, 0),
		"no group":               drawError(DrawNumpy, 3, nil, 0),
		"numpy takes seeds from": drawError(DrawNumpy, 3, paper, -1),
		"cannot make 2 groups":   drawError(DrawQuota, 1, paper, 0),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func drawError(draw string, n int, groups []Group, seed int64) error {
	_, err := Draw(draw, slices.Repeat([]bool{true}, n), groups, seed)
	return err
}

func TestPrefer(t *testing.T) {
	for _, c := range []struct {
		prefers, a, b string
		want          int
	}{
		{Longer, "aa", "b", 0}, {Longer, "a", "bb", 1}, {Longer, "a", "b", 0},
		{Shorter, "aa", "b", 1}, {Shorter, "a", "bb", 0}, {Shorter, "a", "b", 0},
		{Longer, "éé", "abc", 1}, // characters, not bytes
		{Shorter, "小", "ab", 0},
	} {
		if got := Prefer(c.prefers, c.a, c.b); got != c.want {
			t.Errorf("Prefer(%s, %q, %q) = %d", c.prefers, c.a, c.b, got)
		}
	}
}

func TestSimulate(t *testing.T) {
	for _, second := range []bool{false, true} { // whichever was recorded
		row := Row{Chosen: "first", Rejected: "second", SecondChosen: second}
		if second {
			row.Chosen, row.Rejected = row.Rejected, row.Chosen
		}
		got := row.Simulate(Group{Prefers: Longer}, 0, 0)
		if got.Chosen != "second" || got.Rejected != "first" || !got.SecondChosen {
			t.Errorf("longer: %+v", got)
		}
		got = row.Simulate(Group{Prefers: Shorter}, 0, 0)
		if got.Chosen != "first" || got.Rejected != "second" || got.SecondChosen {
			t.Errorf("shorter: %+v", got)
		}
	}
	tie := Row{Chosen: "bb", Rejected: "aa", SecondChosen: true}
	if got := tie.Simulate(Group{Prefers: Shorter}, 0, 0); got.Chosen != "aa" {
		t.Errorf("between equals the first is chosen: %+v", got)
	}
	flipped := 0
	for n := range int64(2000) {
		row := Row{Chosen: "longer", Rejected: "short"}.Simulate(Group{Prefers: Longer, Noise: 0.2}, n, 7)
		if row.Chosen == "short" {
			flipped++
		}
	}
	if flipped < 340 || flipped > 460 { // 400, standard deviation 18
		t.Errorf("noise 0.2 flips %d of 2000", flipped)
	}
}
