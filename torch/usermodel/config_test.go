package usermodel

import (
	"strings"
	"testing"
)

// Ten users, T_u = 4, width 8, K = 3.
func TestParametersAndPersonal(t *testing.T) {
	for _, c := range []struct {
		cfg      Config
		want     int64
		personal bool
	}{
		{Config{}, 0, false},
		{Config{Kind: "uniform", Tokens: 4}, 32, false},
		{Config{Kind: "uniform"}, 0, false},
		{Config{Kind: "individualized", Tokens: 4}, 11 * 32, true},
		{Config{Kind: "individualized"}, 0, false}, // T_u = 0 is vanilla
		{Config{Kind: "cluster", Clusters: 3}, 0, false},
		{Config{Kind: "cluster", Tokens: 4, Clusters: 3}, 3*32 + 11*3, true},
		{Config{Kind: "cluster", Tokens: 4, Clusters: 3, Weights: "given"}, 3 * 32, true},
	} {
		if got := c.cfg.Parameters(10, 8); got != c.want {
			t.Errorf("%+v has %d parameters; want %d", c.cfg, got, c.want)
		}
		if got := c.cfg.Personal(); got != c.personal {
			t.Errorf("%+v personal: %v", c.cfg, got)
		}
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, ""},
		{Config{Kind: "cluster", Tokens: 2, Clusters: 1}, ""},
		{Config{Kind: "prefix"}, `user model "prefix"`},
		{Config{Kind: "uniform", Tokens: -1}, "tokens is -1"},
		{Config{Kind: "cluster", Tokens: 2}, "clusters is 0"},
		{Config{Kind: "cluster", Tokens: 2, Clusters: 2, Weights: "given"}, ""},
		{Config{Kind: "cluster", Tokens: 2, Clusters: 2, Weights: "hard"}, `weights "hard" are not offered; there are softmax, free, given`},
	} {
		err := c.cfg.Check()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v; want %q", c.cfg, err, c.want)
		}
	}
}

func TestCheckAdapt(t *testing.T) {
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{Kind: "individualized", Tokens: 1}, ""},
		{Config{Kind: "cluster", Tokens: 1, Clusters: 2}, ""},
		{Config{Kind: "cluster", Tokens: 1, Clusters: 2, Weights: "free"}, ""},
		{Config{}, "no user model"},
		{Config{Kind: "individualized"}, "no user model"}, // T_u = 0 is vanilla
		{Config{Kind: "uniform", Tokens: 1}, "is uniform"},
		{Config{Kind: "cluster", Tokens: 1, Clusters: 2, Weights: "given"}, "weights are given"},
	} {
		err := c.cfg.CheckAdapt()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v; want %q", c.cfg, err, c.want)
		}
	}
}
