package rounding

import (
	"testing"

	"github.com/prlhf/prlhf/torch"
)

func text(finished bool, ids ...int32) torch.Generated {
	return torch.Generated{IDs: ids, Finished: finished}
}

func TestCompare(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b torch.Generated
		want Share
	}{
		{"equal, cut", text(false, 1, 2, 3), text(false, 1, 2, 3), Share{1, 0, 3, 0}},
		{"equal, ended", text(true, 1, 2), text(true, 1, 2), Share{1, 0, 3, 0}},
		{"equal, ended at once", text(true), text(true), Share{1, 0, 1, 0}},
		{"nothing behind the first difference counts", text(false, 1, 2, 3, 4), text(false, 1, 9, 3, 8), Share{1, 1, 2, 1}},
		{"one ends where the other goes on", text(true, 1), text(false, 1, 5, 6), Share{1, 1, 2, 1}},
		{"the first token", text(false, 7), text(false, 8), Share{1, 1, 1, 1}},
	} {
		if got := Compare([]torch.Generated{c.a}, []torch.Generated{c.b}); got != c.want {
			t.Errorf("%s: %+v; want %+v", c.name, got, c.want)
		}
	}
	a := []torch.Generated{text(false, 1, 2, 3), text(true, 4)}
	got := Compare(a, []torch.Generated{text(false, 1, 2, 3), text(true, 5)})
	got.Add(Compare(a, a))
	if want := (Share{4, 1, 9, 1}); got != want || got.Rate() != 1.0/9 {
		t.Errorf("%+v, rate %g; want %+v", got, got.Rate(), want)
	}
	if got := got.String(); got != "1 of 9 sampled tokens differ (111.11 per 1,000), 1 of 4 texts" {
		t.Error(got)
	}
	if rate := Compare(nil, nil).Rate(); rate != 0 {
		t.Errorf("rate %g of nothing", rate)
	}
}
