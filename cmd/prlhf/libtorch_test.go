//go:build libtorch

package main

import "testing"

func TestLibtorchScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the stories that train were left out")
	}
	runScripts(t, "testdata/libtorch")
}
