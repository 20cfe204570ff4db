package lm

import (
	"fmt"
	"math"
)

// Ways to keep tokens that were added for users out of what a model writes. Every added token gets the same row of the output
// matrix, and its logit is far below the others' at every place of every text: the network makes sure of it, not the texts
// that one looked at. (A row fitted to hidden states was probable below 1e-12 on held-out texts of a small LLaMA, and the
// likeliest token of another text.)
const (
	// QuietBias: the output layer has a bias (GPT-J), which is -1e4 for added tokens, their row zero.
	QuietBias = "bias"
	// QuietNorm: the last layer is a LayerNorm, whose output has the same inner product with one direction everywhere: with
	// z = 1 / w, <z, w * n + b> = sum(n) + sum(b / w), and sum(n) = 0. A row along z has that constant as its logit.
	QuietNorm = "norm"
	// QuietChannel: an RMSNorm leaves no direction constant, so the model gets one more channel (and with it as many as keep
	// the width even) which every embedding fills with the same small number, which no layer reads or writes, and which the
	// last norm passes on. The row reads that channel alone. All other numbers stay, up to the square of the small number.
	QuietChannel = "channel"
)

// QuietWay is the one that fits the family.
func (c Config) QuietWay() string {
	switch n := c.names(); {
	case n.headBias:
		return QuietBias
	case n.normBias:
		return QuietNorm
	}
	return QuietChannel
}

const (
	quietBias  = -1e4
	quietLogit = 1e3 // below zero, for QuietNorm

	// The new channel: its input against the root mean square of the embeddings, and the factor that the last norm and the
	// row have each. The input's square must vanish in a mean square; the product of all three, divided by the root mean
	// square of the last hidden state, which grows over the layers, is the logit. Each fits F16.
	channelInput = 1e-3
	channelGain  = 3e4
)

// widen is the shape with new channels: a multiple of 8, and of the number of heads, since transformers divides the width
// by it for LLaMA; vLLM divides for Qwen2 and rounds down, so there fewer channels than heads leave the heads' width.
func (c *Config) widen() {
	more := 8
	if c.Family != "qwen2" {
		more = leastCommonMultiple(8, c.Heads)
	}
	c.NormEps *= float64(c.Width) / float64(c.Width+more)
	c.Width += more
}

func leastCommonMultiple(a, b int) int {
	x, y := a, b
	for y != 0 {
		x, y = y, x%y
	}
	return a / x * b
}

// quietNorm is QuietNorm for one model: the direction z and what it takes to make its constant usable.
type quietNorm struct {
	z        []float64 // 1 / w
	constant float64   // of the direction, after the shift
	shift    float64   // t: the norm's bias becomes b + t z, and each row W of the output W - t <W, z> z, which changes no logit
}

// newQuietNorm makes it from weight and bias of the last LayerNorm. Where the constant is small against the errors of
// rounding, as it is before biases were trained, the bias is shifted along z so that it becomes 1:
// <h + t z, W - t <W, z> z> = <h, W> + t <W, z> (1 - <h + t z, z>) = <h, W>.
func newQuietNorm(w, b []float32) (*quietNorm, error) {
	q := &quietNorm{z: make([]float64, len(w))}
	length := 0.0
	for i, v := range w {
		if v == 0 {
			return nil, fmt.Errorf("weight %d of the last norm is zero; then no direction of the output keeps added tokens quiet", i)
		}
		q.z[i] = 1 / float64(v)
		q.constant += float64(b[i]) * q.z[i]
		length += q.z[i] * q.z[i]
	}
	if math.Abs(q.constant) < 1 {
		q.shift = (1 - q.constant) / length
		q.constant = 1
	}
	return q, nil
}

// row is that of every added token.
func (q *quietNorm) row() []float32 {
	row := make([]float32, len(q.z))
	for i, z := range q.z {
		row[i] = float32(-quietLogit * z / q.constant)
	}
	return row
}

// shifted is the norm's new bias.
func (q *quietNorm) shifted(b []float32) []float32 {
	out := make([]float32, len(b))
	for i, v := range b {
		out[i] = float32(float64(v) + q.shift*q.z[i])
	}
	return out
}

// head is the new output matrix [V, d] of the tokens that were there before.
func (q *quietNorm) head(values []float32) []float32 {
	if q.shift == 0 {
		return values
	}
	d := len(q.z)
	for at := 0; at < len(values); at += d {
		row := values[at : at+d]
		inner := 0.0
		for i, v := range row {
			inner += float64(v) * q.z[i]
		}
		for i := range row {
			row[i] = float32(float64(row[i]) - q.shift*inner*q.z[i])
		}
	}
	return values
}
