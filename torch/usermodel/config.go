// Package usermodel maps users to soft prompts: f_im of design.md section 2 (paper Section 4.2).
package usermodel

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Config describes a user model. Kind "" is none at all (vanilla).
type Config struct {
	Kind     string // "", uniform, individualized, cluster
	Tokens   int    // T_u
	Clusters int    // K
	Weights  string // softmax free given
	Shared   bool   // individualized: e_0 + o_i
	Start    string // vocabulary uniform zeros text
	Head     bool   // reward models: the vector is the head, not a soft prompt (T_u = 1)
	Sparse   bool   // lazy AdamW on the rows of the users in a batch
}

// Personal tells whether two users can have different soft prompts.
func (c Config) Personal() bool {
	return c.Tokens > 0 && (c.Kind == "individualized" || c.Kind == "cluster")
}

// Parameters is the number of trainable numbers for m known users and model width d.
func (c Config) Parameters(users, width int) int64 {
	t, d, rows := int64(c.Tokens), int64(width), int64(users)+1
	if t == 0 {
		return 0 // vanilla
	}
	switch c.Kind {
	case "uniform":
		return t * d
	case "individualized":
		return rows * t * d
	case "cluster":
		if c.given() {
			return int64(c.Clusters) * t * d
		}
		return int64(c.Clusters)*t*d + rows*int64(c.Clusters)
	}
	return 0
}

// PerUser is how many of the numbers are one user's own, for model width d.
func (c Config) PerUser(width int) int64 {
	switch {
	case c.Tokens > 0 && c.Kind == "individualized":
		return int64(c.Tokens) * int64(width)
	case c.Tokens > 0 && c.Kind == "cluster" && !c.given():
		return int64(c.Clusters)
	}
	return 0
}

// given tells whether the cluster weights are fixed from the start.
func (c Config) given() bool { return c.Kind == "cluster" && c.Weights == "given" }

// weightKinds are the kinds of cluster weights; "" is softmax.
var weightKinds = []string{"softmax", "free", "given"}

// CheckAdapt says why new users cannot be fitted to a policy with this user model; nil: they can.
func (c Config) CheckAdapt() error {
	switch {
	case c.Kind == "" || c.Tokens == 0:
		return errors.New("the policy has no user model; adapt fits new users' part of an individualized or cluster one")
	case c.Kind == "uniform":
		return errors.New("the policy's user model is uniform, the same for every user; adapt fits new users' part of an individualized or cluster one")
	case c.given():
		return errors.New("the policy's cluster weights are given, not trained; adapt fits softmax or free weights")
	}
	return nil
}

// Check returns the first field that is out of range.
func (c Config) Check() error {
	switch {
	case c.Kind != "" && c.Kind != "uniform" && c.Kind != "individualized" && c.Kind != "cluster":
		return fmt.Errorf("user model %q is not offered; there are uniform, individualized and cluster", c.Kind)
	case c.Tokens < 0:
		return fmt.Errorf("tokens is %d; it must be 0 or more", c.Tokens)
	case c.Kind == "cluster" && c.Clusters < 1:
		return fmt.Errorf("clusters is %d; it must be 1 or more", c.Clusters)
	case c.Head && c.Tokens != 1:
		return fmt.Errorf("tokens is %d; a linear head is one vector per user", c.Tokens)
	case c.Kind == "cluster" && c.Weights != "" && !slices.Contains(weightKinds, c.Weights):
		return fmt.Errorf("cluster weights %q are not offered; there are %s", c.Weights, strings.Join(weightKinds, ", "))
	}
	return nil
}
