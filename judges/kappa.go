// Agreement beyond chance.

package judges

// Kappa is (share agreed - 1/2) / (1/2) over decided items: Cohen's kappa where, as in a comparison whose two sides are
// shown in either order, both sides are as likely by chance. It runs from -1 to 1; ties and failures are left out.
func Kappa(items []Item) Estimate {
	e := Rates(items, ExcludeTies, PaperRule).PerSample
	to := func(share float64) float64 { return 2*share - 1 }
	e.Mean, e.Low, e.High, e.SE = to(e.Mean), to(e.Low), to(e.High), 2*e.SE
	return e
}
