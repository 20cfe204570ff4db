package objective

import "testing"

// sigmoid(log 3) = 3/4: a liked response log 3 above z0 loses 1/4, one that was not liked 3/4.
func TestKTOByHand(t *testing.T) {
	c := Config{Kind: "kto", Beta: 0.5, LambdaChosen: 2, LambdaRejected: 3}
	const twoLog3 = 2 * 1.0986122886681098
	loss, slope := c.KTO(true, 1+twoLog3, 1)
	near(t, "liked", loss, 2*0.25, 1e-12)
	near(t, "liked, slope", slope, -2*0.5*3.0/16, 1e-12)
	loss, slope = c.KTO(false, 1+twoLog3, 1)
	near(t, "not liked", loss, 3*0.75, 1e-12)
	near(t, "not liked, slope", slope, 3*0.5*3.0/16, 1e-12)
}

func TestKTOSlope(t *testing.T) {
	const h = 1e-5
	c := Config{Kind: "kto", Beta: 0.3, LambdaChosen: 1.5, LambdaRejected: 0.7}
	for _, liked := range []bool{true, false} {
		for r := -9.0; r < 9; r += 0.7 {
			above, _ := c.KTO(liked, r+h, 0.4)
			below, _ := c.KTO(liked, r-h, 0.4)
			_, slope := c.KTO(liked, r, 0.4)
			near(t, "slope", slope, (above-below)/(2*h), 1e-7)
		}
	}
}

func TestKTORewards(t *testing.T) {
	chosen, rejected := Config{Kind: "kto", Beta: 0.5}.Rewards(Pair{Chosen: -2, Rejected: -6, RefChosen: -3, RefRejected: -4})
	near(t, "chosen", chosen, 0.5, 1e-12)
	near(t, "rejected", rejected, -1, 1e-12)
}
