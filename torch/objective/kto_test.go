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

// Losses and slopes of TRL 0.10.1 (KTOTrainer.kto_loss in fp64; its definition is the same in 1.16), once with z0 above 0
// and once with a mean below it.
func TestKTOIsTRLs(t *testing.T) {
	c := Config{Kind: "kto", Beta: 0.3, LambdaChosen: 1.5, LambdaRejected: 0.7}
	chosen, rejected := []float64{-12 + 13.5, -9.5 + 9}, []float64{-20 + 18, -8 + 8.75, -3 + 4}
	for _, trl := range []struct {
		z0             float64
		losses, slopes []float64
	}{
		{0.55,
			[]float64{0.6438425821582623, 0.8671578493264639, 0.22229318846485463, 0.36049685113358704, 0.3735891848030306},
			[]float64{-0.11024612052743496, -0.10975480766823956, 0.04551041583751151, 0.052452778335548275, 0.05226152158299791}},
		{0,
			[]float64{0.584041149076167, 0.8061447680156244, 0.2480405856419432, 0.38920972338123394, 0.4021097617681612},
			[]float64{-0.10699153196000818, -0.11186955300489437, 0.04804469049589803, 0.051841113253871605, 0.05133624545505662}},
	} {
		for i, ratio := range append(append([]float64{}, chosen...), rejected...) {
			loss, slope := c.KTO(i < len(chosen), ratio, trl.z0)
			near(t, "loss", loss, trl.losses[i], 1e-12)
			near(t, "slope", slope, trl.slopes[i], 1e-12)
		}
	}
}
