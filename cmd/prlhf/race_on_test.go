//go:build race

package main

// raceDetector tells whether programs of tests are built with it: it has memory of its own.
const raceDetector = true
