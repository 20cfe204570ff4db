// Claims in words: the same in every rendering, and never told by colour alone.

package reports

import "fmt"

// claimState is how a claim came out.
type claimState struct{ Mark, Words, Class string }

func stateOf(c Claim) claimState {
	switch {
	case c.Error != "":
		return claimState{"?", "could not be evaluated", "unknown"}
	case c.Holds:
		return claimState{"✓", "holds", "holds"}
	default:
		return claimState{"✗", "does not hold", "fails"}
	}
}

// remarksOf is what stands under a claim.
func remarksOf(c Claim) []Fact {
	var remarks []Fact
	for _, f := range []Fact{{"why", c.Error}, {"compared", c.Values}, {"note", c.Note}} {
		if f.Value != "" {
			remarks = append(remarks, f)
		}
	}
	return remarks
}

// claimsSummary counts them.
func claimsSummary(claims []Claim) string {
	holds, unknown := 0, 0
	for _, c := range claims {
		switch stateOf(c).Class {
		case "holds":
			holds++
		case "unknown":
			unknown++
		}
	}
	if holds == len(claims) {
		if holds == 1 {
			return "The claim holds."
		}
		return fmt.Sprintf("All %d claims hold.", holds)
	}
	text := fmt.Sprintf("%d of %d claims hold", holds, len(claims))
	if fails := len(claims) - holds - unknown; fails == 1 {
		text += ", 1 does not"
	} else if fails > 1 {
		text += fmt.Sprintf(", %d do not", fails)
	}
	if unknown > 0 {
		text += fmt.Sprintf(", %d could not be evaluated", unknown)
	}
	return text + "."
}
