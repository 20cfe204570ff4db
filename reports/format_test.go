package reports

import (
	"math"
	"testing"
)

func TestFormatDecimal(t *testing.T) {
	for _, test := range []struct {
		x      float64
		places int
		want   string
	}{
		{0, 0, "0"}, {0, 2, "0.00"}, {-0.001, 2, "0.00"}, {math.Copysign(0, -1), 1, "0.0"},
		{999, 0, "999"}, {1000, 0, "1,000"}, {1234567.891, 1, "1,234,567.9"}, {-1234, 0, "-1,234"}, {999.999, 2, "1,000.00"},
		{0.125, 2, "0.12"}, {1e15, 0, "1,000,000,000,000,000"}, {-1.5e300, 2, "-1.500e+300"},
		{math.NaN(), 2, "–"}, {math.Inf(1), 2, "∞"}, {math.Inf(-1), 2, "-∞"}, {1, -3, "1"},
	} {
		if got := formatDecimal(test.x, test.places); got != test.want {
			t.Errorf("formatDecimal(%v, %d) = %q, want %q", test.x, test.places, got, test.want)
		}
	}
}

func TestCells(t *testing.T) {
	full := Estimate{Mean: 0.8926, SE: 0.0057, Low: 0.88, High: 0.9, Median: 1, SDRuns: 0.01, N: 1234}
	noted := PercentCell(Just(nan))
	noted.Note = "untrained"
	for _, test := range []struct {
		name string
		cell Cell
		want string
	}{
		{"share", ShareCell(0.8926), "89.26 %"},
		{"share of nothing", ShareCell(nan), "–"},
		{"percent", PercentCell(users(0.8926, 0.0057, 7)), "89.26 ± 0.57 % (n = 7)"},
		{"percent without SE", PercentCell(pooled(0.5, nan, nan, 3)), "50.00 % (n = 3)"},
		{"percent with everything", PercentCell(full), "89.26 ± 0.57 % [88.00, 90.00] (median 100.00, sd over runs 1.00, n = 1,234)"},
		{"percent with an interval alone", PercentCell(pooled(0.5, 0.25, 0.75, 9)), "50.00 % [25.00, 75.00] (n = 9)"},
		{"percent of nobody", PercentCell(users(0, 0, 0)), "–"},
		{"percent of nobody beside the paper", PercentCell(users(nan, nan, 0)).Beside(MeanSE(0.251, 0.0109)), "– / 25.10 ± 1.09 %"},
		{"paper", PercentCell(users(0.91, 0.01, 7)).Beside(Just(0.9104)), "91.00 ± 1.00 % (n = 7) / 91.04 %"},
		{"paper without a value", ShareCell(0.5).Beside(Just(nan)), "50.00 % / –"},
		{"note", noted, "– (untrained)"},
		{"count", CountCell(23299), "23,299"},
		{"count beside the paper", CountCell(10).Beside(Just(23299)), "10 / 23,299"},
		{"number", NumberCell(words(20.314, 0.12, 20, 7), 1), "20.3 ± 0.1 (median 20.0, n = 7)"},
		{"number alone", NumberCell(Just(2.5), 2), "2.50"},
		{"number below its places", NumberCell(Just(0.00004), 4), "< 0.0001"},
		{"number that is zero", NumberCell(Just(0), 4), "0.0000"},
		{"number of nothing", NumberCell(Just(nan), 2), "–"},
		{"dash", DashCell(), "–"},
		{"text", TextCell("as | it is"), "as | it is"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := formatCell(test.cell).line(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestPlacesOfAnAxis(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   int
	}{
		{nil, 0}, {[]float64{1, 2, 300}, 0}, {[]float64{20.4, nan, 2}, 2}, {[]float64{0.693, 0.1}, 4}, {[]float64{-71.5}, 2},
		{[]float64{12345.6}, 0}, {[]float64{5e-5}, 8}, {[]float64{1e-30}, maxPlaces}, {[]float64{math.Inf(1), 0.5}, 4},
	} {
		if got := placesFor(test.values); got != test.want {
			t.Errorf("placesFor(%v) = %d, want %d", test.values, got, test.want)
		}
	}
}

func TestClaimsSummary(t *testing.T) {
	holds, fails, unknown := Claim{Holds: true}, Claim{}, Claim{Error: "x"}
	noisy := Claim{Holds: true, Seeds: 2, SeedsHold: 1}
	for _, test := range []struct {
		claims []Claim
		want   string
	}{
		{[]Claim{holds}, "The claim holds."},
		{[]Claim{holds, holds}, "Both claims hold."},
		{[]Claim{holds, fails}, "1 of 2 claims holds, 1 does not."},
		{[]Claim{fails, fails, unknown}, "0 of 3 claims hold, 2 do not, 1 could not be evaluated."},
		{[]Claim{unknown}, "The claim could not be evaluated."},
		{[]Claim{fails}, "The claim does not hold."},
		{[]Claim{holds, holds, holds}, "All 3 claims hold."},
		{[]Claim{noisy}, "The claim holds; 1 inside the noise of seeds."},
		{[]Claim{noisy, holds, {Seeds: 2, SeedsHold: 1}}, "2 of 3 claims hold, 1 does not; 2 inside the noise of seeds."},
	} {
		if got := claimsSummary(test.claims); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
	if stateOf(Claim{Holds: true, Error: "x"}).Class != "unknown" {
		t.Error("a claim with an error never holds")
	}
}

func TestDetailsBreakBetweenNumbers(t *testing.T) {
	for detail, want := range map[string]string{
		"": "", "[1.00, 2.00]": "[1.00,\u00a02.00]", "(n = 5)": "(n\u00a0=\u00a05)",
		"[1.00, 2.00] (sd over runs 0.50, n = 1,000)": "[1.00,\u00a02.00] (sd over runs 0.50, n\u00a0=\u00a01,000)",
	} {
		if got := (printed{Detail: detail}).Unbroken(); got != want {
			t.Errorf("%q: %q; want %q", detail, got, want)
		}
	}
}
