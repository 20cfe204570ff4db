//go:build libtorch

package main

import (
	"context"
	"fmt"

	"github.com/prlhf/prlhf/torch"
)

// checkLogps compares the summed log-probs of policy and reference, the summands of the first row, the mean token
// cross-entropy of the chosen responses, and the batch losses that follow from our own numbers.
func (x *experiment) checkLogps(c *comparison) error {
	policy, err := x.score(torch.PolicyFiles{Model: x.model, Policy: x.policy}, x.examples(true))
	if err != nil {
		return err
	}
	reference, err := x.score(torch.PolicyFiles{Model: x.model}, x.examples(false))
	if err != nil {
		return err
	}
	var nll, tokens float64
	for i := range x.rows {
		where := fmt.Sprintf("row %d", i)
		c.absolute("policy", logpTolerance, policy[i].Sums[0], x.PolicyChosen[i], where+", chosen")
		c.absolute("policy", logpTolerance, policy[i].Sums[1], x.PolicyRejected[i], where+", rejected")
		c.absolute("reference", logpTolerance, reference[i].Sums[0], x.ReferenceChosen[i], where+", chosen")
		c.absolute("reference", logpTolerance, reference[i].Sums[1], x.ReferenceRejected[i], where+", rejected")
		nll -= policy[i].Sums[0]
		tokens += float64(policy[i].Tokens[0])
	}
	c.absolute("mean cross-entropy", logpTolerance, nll/tokens, x.NLL, "the batch")
	for i, l := range x.LossCases {
		o, ok := l.objective()
		if !ok {
			continue
		}
		losses := lossesOf(resultsOf(o, x.pairs(policy, reference)))
		c.relative("batch losses", stepTolerance, x.batchMean(l.Alpha, losses), l.Loss, fmt.Sprintf("case %d (%s)", i, l.LossType))
	}
	return x.checkTokens(c)
}

// checkTokens gets the log-prob of each token of the first row's chosen response from ever longer responses.
func (x *experiment) checkTokens(c *comparison) error {
	e := x.examples(true)[0]
	chosen := e.Responses[0]
	if len(chosen) != len(x.Row0) {
		c.problem("row 0 has %d chosen tokens, expected %d", len(chosen), len(x.Row0))
		return nil
	}
	e.Responses = nil
	for n := range chosen {
		e.Responses = append(e.Responses, chosen[:n+1])
	}
	got, err := x.score(torch.PolicyFiles{Model: x.model, Policy: x.policy}, examples{e})
	if err != nil {
		return err
	}
	before := 0.0
	for n, sum := range got[0].Sums {
		c.absolute("tokens of row 0", logpTolerance, sum-before, x.Row0[n], fmt.Sprintf("token %d", n))
		before = sum
	}
	return nil
}

func (x *experiment) score(policy torch.PolicyFiles, data examples) (out []torch.Logp, err error) {
	job := torch.LogpsJob{Inputs: x.inputs(policy), Data: data}
	err = torch.Logps(context.Background(), job, func(torch.Progress) {}, func(l torch.Logp) error {
		out = append(out, l)
		return nil
	})
	if err == nil && len(out) != len(data) {
		err = fmt.Errorf("%d scores of %d rows", len(out), len(data))
	}
	return out, err
}
