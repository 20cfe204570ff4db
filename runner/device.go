// Who computes with how many threads. A product of small matrices is over before a second thread has woken up: two threads take as
// long as one for a model of a million weights or fewer. Its stages take one thread each, and several of them run at one time.
package runner

import "github.com/prlhf/prlhf/torch"

// smallModel is the number of weights below which a stage takes one thread of the CPU.
const smallModel = 1_000_000

// deviceFor is the device of a stage that computes with some policies. Nothing but the policies and the device decides the number
// of threads, since sums depend on it.
func (c *compiler) deviceFor(policies ...*policy) torch.Device {
	d := c.opts.Device
	if d.Kind != "cpu" {
		return d
	}
	for _, p := range policies {
		if !p.origin.known || p.origin.config.Parameters() >= smallModel {
			return d
		}
	}
	d.Threads = 1
	return d
}

// computes is a stage that may need the device; Threads 0 of it: this one does not.
type computes interface{ on() torch.Device }

func (s *trainStage) on() torch.Device     { return s.device }
func (s *adaptStage) on() torch.Device     { return s.device }
func (s *referenceStage) on() torch.Device { return s.device }
func (s *scoreStage) on() torch.Device     { return s.device }
func (s *generateStage) on() torch.Device  { return s.device }
func (s *rankStage) on() torch.Device      { return s.device }
func (s *mergeStage) on() torch.Device     { return s.device }

// on is the device of a judge that asks a reward model.
func (s *judgeStage) on() torch.Device {
	if len(s.rewards) == 0 {
		return torch.Device{}
	}
	return s.device
}

// load is what stages take together that compute at one time.
type load struct {
	stages, threads int
	memory          int64 // as the plan reckons
}

// loadOf is what one stage takes; zero where it does not compute with libtorch.
func loadOf(n *Node) load {
	s, ok := n.Stage.(computes)
	if !ok || s.on().Kind == "" {
		return load{}
	}
	return load{1, s.on().Threads, n.Estimate.PeakBytes}
}

// threadsOf is the most threads that one of the stages takes: 1 where all models are small.
func threadsOf(nodes []*Node) int {
	most := 1
	for _, n := range nodes {
		most = max(most, loadOf(n).threads)
	}
	return most
}

func (l *load) add(other load, sign int) {
	l.stages += sign * other.stages
	l.threads += sign * other.threads
	l.memory += int64(sign) * other.memory
}

// fits tells whether a stage may join those that compute already: one at a time on a GPU; on the CPU as many as there are threads
// and memory for, and as Parallel says. One alone always may.
func (o Options) fits(n, running load) bool {
	return running.stages == 0 || o.Device.Kind == "cpu" && running.stages < o.Parallel &&
		running.threads+n.threads <= o.Device.Threads && running.memory+n.memory <= o.Memory
}
