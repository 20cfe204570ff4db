package main

// What doctor reads from the machine: processor, memory, disk, driver, loaded libraries. Linux tells it in /proc; elsewhere
// the lines say that it is not known.

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/cpu"
)

func findCPU() finding {
	model, has := cpuModel(), cpuFeatures()
	if len(has) == 0 {
		return finding{absent, "CPU", model + ", no vector instructions that libtorch is fast with", ""}
	}
	return finding{good, "CPU", model + ": " + strings.Join(has, ", "), ""}
}

// cpuModel names the processor, with the numbers that tell generations apart: a virtual machine's name is often the vendor's
// alone.
func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	of := func(field string) string {
		if m := regexp.MustCompile(`(?m)^` + field + `\s*:\s*(.+)$`).FindSubmatch(text); m != nil {
			return string(m[1])
		}
		return ""
	}
	name := of("model name")
	if name == "" {
		return "unknown model"
	}
	if family := of("cpu family"); family != "" {
		name += fmt.Sprintf(" (family %s, model %s, stepping %s)", family, of("model"), of("stepping"))
	}
	return name
}

// cpuFeatures are the vector instructions that libtorch chooses its kernels by.
func cpuFeatures() []string {
	var has []string
	for _, f := range []struct {
		there bool
		name  string
	}{{cpu.X86.HasAVX2, "avx2"}, {cpu.X86.HasAVX512F, "avx512"}, {cpu.X86.HasAVX512BF16, "avx512-bf16"}, {cpu.X86.HasAMXBF16, "amx-bf16"},
		{cpu.ARM64.HasASIMD, "neon"}, {cpu.ARM64.HasSVE, "sve"}} {
		if f.there {
			has = append(has, f.name)
		}
	}
	return has
}

func findThreads() finding {
	n := runtime.GOMAXPROCS(0)
	return finding{good, "threads", fmt.Sprintf("%d (-threads changes it; it is part of the fingerprints of CPU work)", n), ""}
}

func findMemory() finding {
	total, available := machineMemory()
	if total == 0 {
		return finding{absent, "memory", "not known here", ""}
	}
	f := finding{good, "memory", fmt.Sprintf("%s, %s of it free", size(total), size(available)), ""}
	if total < 3<<30 {
		f.grade, f.advice = missing, "the first build compiles gotch, which takes 2 GiB"
	}
	return f
}

// machineMemory is that of the machine or the container, and how much of it is free; 0 where that is not known.
func machineMemory() (total, available int64) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, 0
	}
	total, available = kilobytes(text, "MemTotal"), kilobytes(text, "MemAvailable")
	if limit := cgroupLimit(); limit > 0 && limit < total {
		total, available = limit, min(available, limit)
	}
	return total, available
}

func kilobytes(meminfo []byte, name string) int64 {
	m := regexp.MustCompile(`(?m)^` + name + `:\s*([0-9]+) kB$`).FindSubmatch(meminfo)
	if m == nil {
		return 0
	}
	n, _ := strconv.ParseInt(string(m[1]), 10, 64)
	return n << 10
}

// cgroupLimit is the memory that a container may use, or 0.
func cgroupLimit() int64 {
	text, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n
}

// findDisk looks at the place of the store, or of the nearest folder above it that exists.
func findDisk(store string) finding {
	dir, err := filepath.Abs(store)
	if err != nil {
		return finding{missing, "store", err.Error(), ""}
	}
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		return finding{missing, "store", dir + ": " + err.Error(), "choose another folder with -store or PRLHF_STORE"}
	}
	free := int64(fs.Bavail) * int64(fs.Bsize)
	f := finding{good, "store", fmt.Sprintf("%s, %s free on its disk", store, size(free)), ""}
	if free < 1<<30 {
		f.grade, f.advice = missing, "make room, or choose another folder with -store or PRLHF_STORE"
	}
	return f
}

// driverVersion is that of the NVIDIA kernel driver, or "".
func driverVersion() string {
	text, err := os.ReadFile("/proc/driver/nvidia/version")
	if err != nil {
		return ""
	}
	return versionNumber.FindString(string(text))
}

// gpuModels are those that the NVIDIA driver tells of.
func gpuModels() []string {
	files, err := filepath.Glob("/proc/driver/nvidia/gpus/*/information")
	if err != nil {
		return nil
	}
	var models []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		if m := regexp.MustCompile(`(?m)^Model:\s*(.+)$`).FindSubmatch(text); err == nil && m != nil {
			models = append(models, string(m[1]))
		}
	}
	return models
}

// loadedLibrary is the path that a shared library of this process was loaded from, or "".
func loadedLibrary(name string) string {
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return ""
	}
	for _, l := range strings.Split(string(text), "\n") {
		if i := strings.IndexByte(l, '/'); i >= 0 && filepath.Base(l[i:]) == name {
			return l[i:]
		}
	}
	return ""
}
