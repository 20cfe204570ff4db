// Command prlhf turns a declarative experiment in personalised preference training into a report: it loads a spec,
// compiles it to stages, runs those that are not in the store, and writes what came out.
//
// Read do.go for how a command line becomes a verb, and the file with a verb's name for what it does. What the verbs
// print is made in the files named after it: table.go, paint.go, progress_*.go. docs/cli.md is the user's side of it.
package main

import "os"

// version is set by make build.
var version = "unknown"

func main() { os.Exit(Do(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
