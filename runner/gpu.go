// What a plan would take on a named GPU.
package runner

// GPU is a card as its vendor's data sheet has it. Rates are dense, multiply-adds counting two, sums in fp32.
type GPU struct {
	Name       string
	BF16, FP32 float64 // FLOPs a second
	Bytes      int64
}

// GPUs are those that plan reckons with; the first is the one of the paper's experiments (Appendix C.2).
var GPUs = []GPU{
	{"a100-80gb", 312e12, 19.5e12, 80 << 30},
	{"a100-40gb", 312e12, 19.5e12, 40 << 30},
	{"h100", 989e12, 67e12, 80 << 30},
	{"h200", 989e12, 67e12, 141 << 30},
	{"l40s", 362e12, 91.6e12, 48 << 30},
	{"rtx-4090", 165e12, 82.6e12, 24 << 30},
}

// Hours is what the stages that are not in the store yet take, when the card reaches the share mfu of its rate.
func (g GPU) Hours(p *Plan, mfu float64) float64 {
	seconds := 0.0
	for _, n := range p.Nodes {
		if n.Action == Reuse {
			continue
		}
		rate := g.FP32
		if n.Estimate.BF16 {
			rate = g.BF16
		}
		seconds += n.Estimate.FLOPs / (mfu * rate)
	}
	return seconds / 3600
}

// TooLarge are the stages to be run whose estimated memory is more than the card has.
func (g GPU) TooLarge(p *Plan) []*Node {
	var out []*Node
	for _, n := range p.Nodes {
		if n.Action != Reuse && n.Estimate.GPUBytes > g.Bytes {
			out = append(out, n)
		}
	}
	return out
}
