// Env is what a running stage sees: its folders, its inputs' artifacts, the device, and a way to tell progress.
package runner

import (
	"fmt"
	"path/filepath"

	"github.com/prlhf/prlhf/runner/store"
)

// Env is handed to Stage.Run.
type Env struct {
	Dir     string // empty folder; what is left in it becomes the artifact
	Scratch string // folder of this fingerprint that survives a kill: checkpoints
	Answers string // folder of the store with answers of judges that were paid for, whoever asked
	node    *Node
	inputs  map[*Node]*store.Artifact
	emit    func(Event)
	jobs    jobs

	allowances *allowances
}

// Path returns the file name inside the artifact of an input.
func (e *Env) Path(input *Node, name string) string {
	a, ok := e.inputs[input]
	if !ok {
		panic(fmt.Sprintf("stage %q reads %q, which is not among its inputs", e.node.ID, input.ID))
	}
	return a.Path(name)
}

// File returns the path of a file to write.
func (e *Env) File(name string) string { return filepath.Join(e.Dir, name) }

// Progress tells how far the stage is. Total 0 means unknown.
func (e *Env) Progress(done, total int64, unit string) {
	e.emit(Event{Kind: Advanced, Node: e.node, Done: done, Total: total, Unit: unit})
}

// Say tells the user something that they should read.
func (e *Env) Say(format string, args ...any) {
	e.emit(Event{Kind: Said, Node: e.node, Note: fmt.Sprintf(format, args...)})
}
