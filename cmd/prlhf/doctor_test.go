package main

import "testing"

// What is said of CUDA does not quote the dynamic linker where a driver is what is missing; apply, plan and generate say
// what the doctor says.
func TestWithoutCUDA(t *testing.T) {
	const linker = "libcudart.so.13: cannot open shared object file: No such file or directory"
	const old = "CUDA initialization: The NVIDIA driver on your system is too old (found version 12040)"
	const hidden = "the CUDA libraries are here, but no device answers"
	for _, c := range []struct {
		ok, libtorch   bool
		detail, driver string
		want           string // of -device cuda; "" for none
	}{
		{true, true, "", "580.1", ""},
		{false, true, linker, "", "-device cuda: no NVIDIA driver, so there is only the CPU; for a GPU: install NVIDIA's driver, then make cuda"},
		{false, true, linker, "580.1", "-device cuda: " + linker + "; NVIDIA driver 580.1; add NVIDIA's libraries: make cuda"},
		{false, true, old, "550.1", "-device cuda: " + old + "; NVIDIA driver 550.1; update NVIDIA's driver to 580 or later, which CUDA 13 needs"},
		{false, true, hidden, "580.1", "-device cuda: " + hidden + "; NVIDIA driver 580.1; nvidia-smi has to show a device; CUDA_VISIBLE_DEVICES must not hide it"},
		{false, false, "", "", "-device cuda: this build has no libtorch to ask; in the source tree: make build"},
	} {
		got := ""
		if err := wantCUDA(cudaFinding(c.ok, c.detail, c.libtorch, c.driver)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

// The doctor's exit code: what is missing fails, what need not be there does not.
func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		grades []grade
		fails  bool
	}{{nil, false}, {[]grade{good, absent, good}, false}, {[]grade{good, missing, good}, true}} {
		var findings []finding
		for _, g := range c.grades {
			findings = append(findings, finding{grade: g})
		}
		if got := verdict(findings) != nil; got != c.fails {
			t.Errorf("%v: fails %v", c.grades, got)
		}
	}
}
