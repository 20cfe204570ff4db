package torch

import "context"

// MergeJob averages the weights of policies that were trained from one model. Their user models are left out.
type MergeJob struct {
	Device  Device
	Members []PolicyFiles // without Policy: models, adapters merged into them
	Scratch string        // folder for what lies between; the caller removes it
	Out     string        // folder to fill: config.json and weights
}

// Merge runs a job. Models of different shapes are an error.
func Merge(ctx context.Context, job MergeJob) error { return merge(ctx, job) }
