//go:build libtorch

// Command parity compares prlhf with numbers that the authors' code gave (testdata/README.md says what is recorded). It
// prints one line for each fixture and check, with the largest deviation seen, and a summary; its exit
// status is 1 when something differs, or when nothing was compared.
//
// Read fixtures.go for what is in a folder, compare.go for how numbers are judged, and one file for each check.
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	root := flag.String("fixtures", defaultRoot(), "folder of fixtures")
	device := flag.String("device", "cpu", "cpu or cuda")
	flag.Parse()
	if err := run(*root, *device); err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(1)
	}
}

func run(root, device string) error {
	place, err := newPlace(device)
	if err != nil {
		return err
	}
	fmt.Printf("parity: fixtures in %s\n", root)
	var all report
	if err := checkFolder(root, place, func(l line) {
		all.add(l)
		fmt.Println(l)
	}); err != nil {
		return err
	}
	fmt.Print(all.summary())
	if all.differing > 0 || all.matched == 0 {
		return fmt.Errorf("%d checks differ, %d match", all.differing, all.matched)
	}
	return nil
}

// defaultRoot is the folder that PRLHF_PARITY names, or ../shared/parity, or else the committed part. The latter two are
// seen from the root of the checkout, where make runs this program.
func defaultRoot() string {
	if root := os.Getenv("PRLHF_PARITY"); root != "" {
		return root
	}
	if _, err := os.Stat("../shared/parity"); err == nil {
		return "../shared/parity"
	}
	return "internal/parity/testdata/parity"
}
