package objective

import (
	"math"
	"testing"
)

// Losses, slopes and z0 of TRL 0.10.1 (KTOTrainer.kto_loss in fp64; its definition is the same in 1.16), once with z0 above 0
// and once with a mean below it.
func TestKTOIsTRLs(t *testing.T) {
	c := Config{Kind: "kto", Beta: 0.3, LambdaChosen: 1.5, LambdaRejected: 0.7}
	chosen, rejected := []float64{-12 + 13.5, -9.5 + 9}, []float64{-20 + 18, -8 + 8.75, -3 + 4}
	for _, trl := range []struct {
		mismatched     []float64
		z0             float64
		losses, slopes []float64
	}{
		{[]float64{-14 + 15, -6 + 7.5, -21 + 20.25, -9 + 9.5, -2.5 + 3}, 0.55,
			[]float64{0.6438425821582623, 0.8671578493264639, 0.22229318846485463, 0.36049685113358704, 0.3735891848030306},
			[]float64{-0.11024612052743496, -0.10975480766823956, 0.04551041583751151, 0.052452778335548275, 0.05226152158299791}},
		{[]float64{-18 + 15, -9 + 7.5, -21 + 20.25, -9 + 9.5, -2.5 + 3}, 0,
			[]float64{0.584041149076167, 0.8061447680156244, 0.2480405856419432, 0.38920972338123394, 0.4021097617681612},
			[]float64{-0.10699153196000818, -0.11186955300489437, 0.04804469049589803, 0.051841113253871605, 0.05133624545505662}},
	} {
		z0 := Z0(trl.mismatched)
		near(t, "z0", z0, trl.z0, 1e-12)
		for i, ratio := range append(append([]float64{}, chosen...), rejected...) {
			r := c.KTO(i < len(chosen), ratio, z0)
			near(t, "loss", r.Loss, trl.losses[i], 1e-12)
			near(t, "slope", r.Slope, trl.slopes[i], 1e-12)
			near(t, "reward", r.Reward, 0.3*ratio, 1e-12)
		}
	}
}

func TestKTOSlopeIsTheDerivative(t *testing.T) {
	const h = 1e-5
	c := Config{Kind: "kto", Beta: 0.4, LambdaChosen: 1.2, LambdaRejected: 0.5}
	for _, desirable := range []bool{true, false} {
		for ratio := -30.0; ratio <= 30; ratio += 1.3 {
			r := c.KTO(desirable, ratio, 1.7)
			want := (c.KTO(desirable, ratio+h, 1.7).Loss - c.KTO(desirable, ratio-h, 1.7).Loss) / (2 * h)
			near(t, "slope", r.Slope, want, 1e-8)
			if (r.Slope > 0) == desirable {
				t.Errorf("desirable %v: the slope is %g", desirable, r.Slope)
			}
		}
	}
	for _, ratio := range []float64{-1e6, 1e6} {
		if r := c.KTO(true, ratio, 0); math.IsNaN(r.Loss+r.Slope) || r.Loss < 0 || r.Loss > 1.2 {
			t.Errorf("at %g: %+v", ratio, r)
		}
	}
}

func TestZ0OfNothingIsZero(t *testing.T) {
	if z := Z0(nil); z != 0 {
		t.Errorf("z0 of no pairs is %g", z)
	}
}

func TestKTORewardsRankPairs(t *testing.T) {
	chosen, rejected := Config{Kind: "kto", Beta: 0.5}.Rewards(Pair{Chosen: -3, Rejected: -8, RefChosen: -4, RefRejected: -2})
	near(t, "chosen", chosen, 0.5, 1e-12)
	near(t, "rejected", rejected, -3, 1e-12)
}
