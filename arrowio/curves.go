package arrowio

// Point is a row of curves.arrow: one value of a named curve of a training run.
type Point struct {
	Step  int64   `arrow:"step"` // optimizer steps done
	Name  string  `arrow:"name"` // loss, top, generic, average ...
	Value float64 `arrow:"value"`
}
