package torch

import "context"

// ExportJob writes a policy as a Hugging Face folder for other programs: adapters merged, and users, if asked for, as tokens.
type ExportJob struct {
	Inputs               // Policy, and where and how to measure
	Before   PolicyFiles // what training started from
	BaseOnly bool        // write the model that the policy's own adapter stands on, instead of the policy
	Users    []int32     // whose soft prompts become tokens, T_u each, in this order; nil: nobody's
	EOS      []int32     // for a folder without generation_config.json
	Texts    Examples    // measured on: users numbered as in the policy, each of them one of Users if there are any
	Limit    float64     // more probability than this for added tokens is an error
	Out      string      // empty folder to fill: config.json, generation_config.json, weights
}

// ExportResult says what was written and how it measures on the texts.
type ExportResult struct {
	FirstToken   int     // id of the first added token
	Added        int     // tokens
	Quiet        string  // how added tokens are kept from being written; "" where there are none, and for reward models
	WidthBefore  int     // of the policy's model
	Width        int     // of the written one: larger where it got a channel to keep added tokens quiet
	Probability  float64 // largest total probability of the added tokens at a place that predicts a response token
	Places       int     // such places
	Difference   float64 // largest |log-prob of a response, or reward, under the folder - under the policy|
	Responses    int
	TrainedParts bool // some weight differs from what training started from
}

// Export runs a job. What it cannot vouch for is an error, and then job.Out is of no use.
func Export(ctx context.Context, job ExportJob, progress func(Progress)) (ExportResult, error) {
	return export(ctx, job, progress)
}
