// Package tracking writes the curves of training runs as the files of experiment trackers: TensorBoard's event files and
// MLflow's file store.
//
// Both want a time for each point, and results have none, so that they are the same bytes whenever they are made. Step n
// therefore stands at n seconds after 1970 began: an axis of wall time or of time since the start shows steps.
package tracking

// Run is one training run.
type Run struct {
	Name   string
	ID     string // 32 hexadecimal digits, MLflow's name for it
	Params []Param
	Points []Point
}

// Param is a setting of a run.
type Param struct{ Name, Value string }

// Point is a value of a named curve after some steps.
type Point struct {
	Step  int64
	Name  string
	Value float64
}
