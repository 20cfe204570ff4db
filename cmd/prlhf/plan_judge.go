package main

// What plan says of judges that are paid for.

import (
	"fmt"
	"math"

	"github.com/prlhf/prlhf/runner"
)

// calls say what a stage's judges will be asked, in words; "" where no server is.
func calls(k *runner.Calls) string {
	if k == nil {
		return ""
	}
	mark := "≈"
	if k.Exact {
		mark = ""
	}
	text := fmt.Sprintf("%s%s calls, ≈%s tokens in, at most %s out", mark, count(k.Requests), short(float64(k.TokensIn)), short(float64(k.TokensOut)))
	if k.Kept > 0 {
		text += fmt.Sprintf("; %s answered already", count(k.Kept))
	}
	return text + ": " + price(k)
}

func price(k *runner.Calls) string {
	if math.IsNaN(k.USD) {
		return "the spec gives no price"
	}
	return "at most ≈" + k.Dollars()
}

// callsToMake is the sum over stages that will run; nil where no server will be asked.
func callsToMake(p *runner.Plan) *runner.Calls {
	var sum *runner.Calls
	for _, n := range p.Nodes {
		k := n.Estimate.Calls
		if k == nil {
			continue
		}
		if sum == nil {
			sum = &runner.Calls{Exact: true}
		}
		sum.Requests, sum.Kept, sum.TokensIn, sum.TokensOut = sum.Requests+k.Requests, sum.Kept+k.Kept, sum.TokensIn+k.TokensIn, sum.TokensOut+k.TokensOut
		sum.USD += k.USD
		sum.Exact = sum.Exact && k.Exact
	}
	return sum
}

type callsJSON struct {
	Requests  int64    `json:"requests"`
	Kept      int64    `json:"answered_already"`
	TokensIn  int64    `json:"tokens_in"`
	TokensOut int64    `json:"tokens_out_at_most"`
	USD       *float64 `json:"usd_at_most"` // null: no price
	Exact     bool     `json:"exact"`       // of requests; tokens and price are estimates
}

func callsObject(k *runner.Calls) *callsJSON {
	if k == nil {
		return nil
	}
	out := &callsJSON{Requests: k.Requests, Kept: k.Kept, TokensIn: k.TokensIn, TokensOut: k.TokensOut, Exact: k.Exact}
	if !math.IsNaN(k.USD) {
		out.USD = &k.USD
	}
	return out
}
