//go:build libtorch

package tensor

import (
	"os"
	"sync"
	"testing"
)

// TestThreadsBesideOtherJobs: a job computes with the threads that it asked for, whatever number another one sets before it has
// computed anything.
func TestThreadsBesideOtherJobs(t *testing.T) {
	const jobs, others = 8, 24
	threads := func() int {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Skip("no /proc here: ", err)
		}
		return len(tasks)
	}
	var ready, all sync.WaitGroup
	var oneByOne sync.Mutex
	set := make(chan bool)
	ready.Add(jobs)
	for range jobs { // several, so that some are on OS threads that have never computed
		all.Go(func() {
			err := Run(func() error {
				Start(1)
				ready.Done()
				<-set
				oneByOne.Lock()
				defer oneByOne.Unlock()
				before := threads()
				s := NewScope()
				defer s.Close()
				x := s.Zeros(CPU, Float32, 1<<20)
				s.Softmax(s.View(s.Add(x, x), 1024, -1))
				if grown := threads() - before; grown >= others/2 {
					t.Errorf("a job of one thread has started %d more", grown)
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	ready.Wait()
	Start(others)
	defer Start(1)
	close(set)
	all.Wait()
}
