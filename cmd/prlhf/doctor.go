package main

// prlhf doctor: what this machine has for prlhf, and what to do about what it has not.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"regexp"
	"runtime"
	"strings"

	"github.com/prlhf/prlhf/torch"
)

func doctorVerb() verb {
	return verb{
		name: "doctor", brief: "tell what was found on this machine and what to do about the rest",
		text: "ok: it is there and works. none: nothing that must be there, as a GPU, or what only building needs. missing: it keeps something " +
			"from working; then doctor exits 1.",
		bind: func(c *call, fs *flag.FlagSet) func(context.Context) error {
			c.storeFlag(fs)
			return func(ctx context.Context) error { return doctor(ctx, c) }
		},
	}
}

// finding is one line of the doctor.
type finding struct {
	grade  grade
	name   string
	text   string
	advice string // what to do; "" when nothing is to be done
}

type grade string

const (
	good    grade = "ok"
	missing grade = "missing" // keeps something from working
	absent  grade = "none"    // nothing that must be there
)

func doctor(ctx context.Context, c *call) error {
	if len(c.args) > 0 {
		return errors.New("doctor takes no specs")
	}
	s := c.screen(c.out)
	findings := []finding{
		{good, "prlhf", version + ", " + runtime.GOOS + "/" + runtime.GOARCH, ""},
		findLibtorch(), findCPU(), findThreads(), findMemory(), findDisk(c.store), findCUDA(),
		findTool(ctx, "go", "version", "building needs it: Go 1.26 or later from https://go.dev/dl"),
		findTool(ctx, "g++", "--version", "building needs it: apt-get install g++"),
		findTool(ctx, "python3", "--version", "fetching libtorch and make test-interop need it: apt-get install python3 python3-pip python3-venv"),
	}
	for _, f := range findings {
		printFinding(s, f)
	}
	return verdict(findings)
}

// verdict is an error where something is missing.
func verdict(findings []finding) error {
	for _, f := range findings {
		if f.grade == missing {
			return errReported
		}
	}
	return nil
}

func printFinding(s screen, f finding) {
	mark := map[grade]func(string) string{good: s.green, missing: s.red, absent: s.yellow}[f.grade]
	text := wrap(f.text, s.width-20)
	s.line(mark(fmt.Sprintf("%-7s", f.grade)) + fmt.Sprintf("  %-9s  %s", f.name, text[0]))
	for _, l := range text[1:] {
		s.line(strings.Repeat(" ", 20) + l)
	}
	if f.advice != "" {
		for _, l := range wrap(f.advice, s.width-20) {
			s.line(strings.Repeat(" ", 20) + s.cyan(l))
		}
	}
}

func findLibtorch() finding {
	v := torch.Version()
	if v == "" {
		return finding{missing, "libtorch", "this prlhf was built without it: it plans, and cannot train, score or generate", "in the source tree: make build"}
	}
	text := v + ", uses " + torch.CPUCapability()
	if path := loadedLibrary("libtorch_cpu.so"); path != "" {
		text += ", from " + path
	}
	return finding{good, "libtorch", text, ""}
}

// findCUDA asks torch, and says which part is missing when it has none.
func findCUDA() finding {
	ok, detail := torch.Cuda()
	return cudaFinding(ok, detail, torch.Version() != "", driverVersion())
}

// cudaFinding puts torch's answer (detail is the dynamic linker's own words, or CUDA's) beside the driver that is there, "" for
// none: without one, what torch lacks does not matter.
func cudaFinding(ok bool, detail string, libtorch bool, driver string) finding {
	switch {
	case ok:
		return finding{good, "CUDA", "a device answers" + driverNote(driver), ""}
	case !libtorch:
		return finding{absent, "CUDA", "this build has no libtorch to ask" + driverNote(driver), "in the source tree: make build"}
	case driver == "":
		return finding{absent, "CUDA", "no NVIDIA driver, so there is only the CPU", "for a GPU: install NVIDIA's driver, then make cuda"}
	}
	return finding{missing, "CUDA", detail + driverNote(driver), cudaAdvice(detail)}
}

// cudaAdvice tells missing libraries from a driver that gives no device.
func cudaAdvice(detail string) string {
	switch {
	case strings.Contains(detail, ".so"):
		return "add NVIDIA's libraries: make cuda"
	case strings.Contains(detail, "too old"):
		return "update NVIDIA's driver to 580 or later, which CUDA 13 needs"
	}
	return "nvidia-smi has to show a device; CUDA_VISIBLE_DEVICES must not hide it"
}

func driverNote(driver string) string {
	if driver == "" {
		return ""
	}
	return "; NVIDIA driver " + driver
}

var versionNumber = regexp.MustCompile(`[0-9]+\.[0-9]+(\.[0-9]+)?`)

// findTool runs a program to learn its version.
func findTool(ctx context.Context, name, arg, advice string) finding {
	path, err := exec.LookPath(name)
	if err != nil {
		return finding{absent, name, "not found", advice}
	}
	out, err := exec.CommandContext(ctx, path, arg).Output()
	if err != nil {
		return finding{absent, name, path + " does not run: " + err.Error(), advice}
	}
	return finding{good, name, versionNumber.FindString(string(out)) + " in " + path, ""}
}
