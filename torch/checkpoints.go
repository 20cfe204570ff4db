package torch

import (
	"fmt"
	"os"
	"slices"
)

const checkpointPattern = "step-%08d"

func checkpointName(step int) string { return fmt.Sprintf(checkpointPattern, step) }

// checkpointSteps lists the checkpoints of a folder, oldest first.
func checkpointSteps(dir string) []int {
	if dir == "" {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // no folder yet
	}
	var steps []int
	for _, e := range entries {
		var step int
		if n, _ := fmt.Sscanf(e.Name(), checkpointPattern, &step); n == 1 && e.Name() == checkpointName(step) {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps
}

// lastCheckpoint is the step of the newest checkpoint; 0: none.
func lastCheckpoint(dir string) int {
	steps := checkpointSteps(dir)
	if len(steps) == 0 {
		return 0
	}
	return steps[len(steps)-1]
}
