package reports

import "testing"

// What a claim says of its seeds: nothing where each of them agrees with their mean and it holds; on how many it holds
// otherwise; and that it is inside their noise where one of them would have decided otherwise.
func TestClaimsOverSeeds(t *testing.T) {
	for _, test := range []struct {
		name         string
		claim        Claim
		words, seeds string
	}{
		{"one seed", Claim{Holds: true}, "holds", ""},
		{"one seed, fails", Claim{}, "does not hold", ""},
		{"all seeds", Claim{Holds: true, Seeds: 3, SeedsHold: 3}, "holds", ""},
		{"most seeds", Claim{Holds: true, Seeds: 3, SeedsHold: 2}, "holds, inside the noise of its seeds", "holds for 2 of 3 seeds: inside their noise"},
		{"no seed but their mean", Claim{Holds: true, Seeds: 3}, "holds, inside the noise of its seeds", "holds for 0 of 3 seeds: inside their noise"},
		{"fails for all", Claim{Seeds: 3}, "does not hold", "holds for 0 of 3 seeds"},
		{"fails for most", Claim{Seeds: 3, SeedsHold: 1}, "does not hold, inside the noise of its seeds", "holds for 1 of 3 seeds: inside their noise"},
		{"fails for the mean alone", Claim{Seeds: 3, SeedsHold: 3}, "does not hold, inside the noise of its seeds", "holds for 3 of 3 seeds: inside their noise"},
		{"not decided", Claim{Error: "no value", Seeds: 3, SeedsHold: 1}, "could not be evaluated", ""},
	} {
		if words, seeds := stateOf(test.claim).Words, test.claim.SeedsText(); words != test.words || seeds != test.seeds {
			t.Errorf("%s: %q, %q; want %q, %q", test.name, words, seeds, test.words, test.seeds)
		}
	}
}
