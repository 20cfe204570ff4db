package formats

// Simulated choices: by length, in characters, as the authors simulate them.

// Preferences of a simulated group.
const (
	Longer  = "longer"
	Shorter = "shorter"
)

// Prefer returns which of two texts someone who prefers Longer or Shorter ones chooses, 0 for a or 1 for b. Between
// texts of one length it is the first. prefers must be one of the two.
func Prefer(prefers, a, b string) int {
	la, lb := characters(a), characters(b)
	switch prefers {
	case Longer:
		if lb > la {
			return 1
		}
	case Shorter:
		if lb < la {
			return 1
		}
	default:
		panic("formats: prefers " + prefers)
	}
	return 0
}

// Simulate replaces the recorded choice of row n (its number in the order read) by that of a member of the group; with
// the group's noise, by the opposite.
func (r Row) Simulate(g Group, n, seed int64) Row {
	first, second := r.Chosen, r.Rejected
	if r.SecondChosen {
		first, second = second, first
	}
	choice := Prefer(g.Prefers, first, second)
	if g.Noise > 0 && newRandom(seed^n*0x5851f42d4c957f2d, "noise").Float64() < g.Noise {
		choice = 1 - choice
	}
	r.SecondChosen = choice == 1
	r.Chosen, r.Rejected = first, second
	if r.SecondChosen {
		r.Chosen, r.Rejected = second, first
	}
	return r
}
