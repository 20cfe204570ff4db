// Claims in words: the same in every rendering, and never told by colour alone.

package reports

import "fmt"

// claimState is how a claim came out.
type claimState struct{ Mark, Words, Class string }

func stateOf(c Claim) claimState {
	switch {
	case c.Error != "":
		return claimState{"?", "could not be evaluated", "unknown"}
	case c.Holds && c.noisy():
		return claimState{"✓", "holds, inside the noise of its seeds", "noisy"}
	case c.noisy():
		return claimState{"✗", "does not hold, inside the noise of its seeds", "fails"}
	case c.Holds:
		return claimState{"✓", "holds", "holds"}
	default:
		return claimState{"✗", "does not hold", "fails"}
	}
}

// noisy tells whether one seed alone would have decided otherwise.
func (c Claim) noisy() bool {
	agree := 0
	if c.Holds {
		agree = c.Seeds
	}
	return c.Error == "" && c.SeedsHold != agree
}

// SeedsText says on how many seeds the claim holds, where it does not hold on all of them; "" where it does, or where it
// was not checked on each. A claim is inside the noise of its seeds when one seed alone would have decided otherwise than
// the means over seeds do.
func (c Claim) SeedsText() string {
	if c.Error != "" || c.Seeds == 0 || c.Holds && !c.noisy() {
		return ""
	}
	text := fmt.Sprintf("holds for %d of %d seeds", c.SeedsHold, c.Seeds)
	if c.noisy() {
		text += ": inside their noise"
	}
	return text
}

// remarksOf is what stands under a claim.
func remarksOf(c Claim) []Fact {
	var remarks []Fact
	for _, f := range []Fact{{"why", c.Error}, {"compared", c.Values}, {"seeds", c.SeedsText()}, {"note", c.Note}} {
		if f.Value != "" {
			remarks = append(remarks, f)
		}
	}
	return remarks
}

// claimsSummary counts them.
func claimsSummary(claims []Claim) string {
	holds, unknown, noisy := 0, 0, 0
	for _, c := range claims {
		switch {
		case c.Error != "":
			unknown++
		case c.Holds:
			holds++
		}
		if c.noisy() {
			noisy++
		}
	}
	end := "."
	if noisy > 0 {
		end = fmt.Sprintf("; %d inside the noise of seeds.", noisy)
	}
	if holds == len(claims) {
		switch holds {
		case 1:
			return "The claim holds" + end
		case 2:
			return "Both claims hold" + end
		}
		return fmt.Sprintf("All %d claims hold%s", holds, end)
	}
	if len(claims) == 1 {
		if unknown == 1 {
			return "The claim could not be evaluated" + end
		}
		return "The claim does not hold" + end
	}
	text := fmt.Sprintf("%d of %d claims hold", holds, len(claims))
	if holds == 1 {
		text += "s"
	}
	if fails := len(claims) - holds - unknown; fails == 1 {
		text += ", 1 does not"
	} else if fails > 1 {
		text += fmt.Sprintf(", %d do not", fails)
	}
	if unknown > 0 {
		text += fmt.Sprintf(", %d could not be evaluated", unknown)
	}
	return text + end
}
