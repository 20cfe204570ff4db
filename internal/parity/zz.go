//go:build libtorch
package main
import ("os";"strconv")
var budget = func() int { n, _ := strconv.Atoi(os.Getenv("BUDGET")); return n }()
