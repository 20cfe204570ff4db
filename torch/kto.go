//go:build libtorch

package torch

// z0 runs the policy on the step's mismatched responses: each prompt with a response of another row, seen by the same users
// as the passes are. It comes before the step's own passes, since every loss needs it, and has no gradient. Dropout is as in
// training, since z0 is compared with log-probs that have it.
func (t *Trainer) z0(examples []Example, list []unit) ([2]float64, error) {
	others := mismatched(examples)
	micros, err := packMicros(list, others, t.pack)
	if err != nil {
		return [2]float64{}, err
	}
	var all mismatches
	const behind = 1 << 19 // masks of their own, behind those of the step's other micro-batches
	for i := range micros {
		m := &micros[i]
		t.tokens += int64(len(m.batch.IDs))
		all.add(m, others, t.policy.values(m, t.dropout(behind+i)))
	}
	return all.z0(), nil
}
